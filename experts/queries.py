"""Questions about fields and what waits for ops."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.db.models.functions import Least
from django.utils import timezone

from core.events import history
from core.models import Event
from experts.fields import field_called, search
from experts.models import (
    Assertion,
    Credential,
    Decision,
    Evidence,
    Expert,
    Field,
    Opening,
    Road,
    Strength,
    Verdict,
)


def fields_matching(text: str, limit: int = 12) -> list[Field]:
    """The fields that somebody may mean who types this, best first."""
    codes = [found.code for found in search(text, limit)]
    rows = Field.objects.select_related("parent__parent").in_bulk(codes, field_name="code")
    return [rows[code] for code in codes]


def field_from_text(text: str) -> Field | None:
    """The field of exactly this code, label or other name."""
    wanted = text.strip()
    known = Field.objects.filter(Q(code=wanted) | Q(label__iexact=wanted)).order_by("-code").first()
    return known or Field.objects.filter(code=field_called(wanted)).first()


def fields_within(field: Field) -> list[Field]:
    """The field itself and those below it, as the classification lists them."""
    return list(Field.objects.filter(code__startswith=field.code).order_by("code"))


def review_queue() -> QuerySet[Credential]:
    """What waits for ops, oldest promise first. What was decided this minute is on its way."""
    held = Verdict.objects.filter(credential=OuterRef("pk"), status=Verdict.Status.HELD)
    waiting = Credential.objects.filter(~Exists(held), status=Credential.Status.EVIDENCED)
    waiting = waiting.select_related("expert__user", "field", "institution", "look__by")
    return waiting.prefetch_related("verdicts__by", "appeals").order_by("answer_by", "pk")


def today() -> date:
    """The day on which licences end and re-checks fall due, the same for everybody: UTC."""
    return timezone.now().astimezone(UTC).date()


def ending(until: date) -> QuerySet[Credential]:
    """Verified credentials whose last day lies before `until`, with that day as `last_day`."""
    verified = Credential.objects.filter(status=Credential.Status.VERIFIED)
    return verified.annotate(last_day=Least("expires_on", "recheck_on")).filter(last_day__lt=until).order_by("pk")


def duplicates(credential: Credential) -> QuerySet[Credential]:
    """Credentials of other experts that came with the very same document."""
    digests = credential.evidence.values("sha256")
    others = Credential.objects.filter(evidence__sha256__in=digests).exclude(expert=credential.expert)
    return others.select_related("expert__user").annotate(documents=Count("evidence")).order_by("pk")


@dataclass(frozen=True)
class Happening:
    """One line of a credential's history, in words. `tone` is a class of the timeline: done, now, bad or none."""

    title: str
    event: Event
    tone: str = ""


WORDS = {
    "credential.claimed": ("Claimed", "done"),
    "credential.edited": ("Claim corrected", ""),
    "credential.evidenced": ("Handed in for review", "done"),
    "credential.needs_more": ("More was asked for", "now"),
    "credential.verified": ("Verified", "done"),
    "credential.refused": ("Not verified", "bad"),
    "credential.revoked": ("Verification withdrawn", "bad"),
    "credential.expired": ("Expired", "bad"),
    "credential.institution_named": ("The institution was found", ""),
    "credential.flagged": ("A second person was asked for", "now"),
    "credential.ending": ("We said that it ends soon", "now"),
    "credential.recheck_planned": ("Next look planned", ""),
    "credential.narrowed": ("Narrowed with the expert's consent", ""),
}


AMONG_OPS = ("credential.flagged",)


def credential_history(credential: Credential, *, for_ops: bool = False) -> list[Happening]:
    """Everything that happened to it, oldest first. What ops tell each other is for ops."""
    return [
        Happening(title, event, tone)
        for event in history(credential.public_id)
        if for_ops or event.name not in AMONG_OPS
        for title, tone in [WORDS.get(event.name, (event.name, ""))]
    ]


def strongest(credential: Credential) -> tuple[str, int]:
    """The road and strength of its best proof: what others confirmed, else the documents that people looked at."""
    confirmed = credential.assertions.filter(verdict=Assertion.Verdict.HOLDS).order_by("-strength", "pk").first()
    if confirmed is not None and confirmed.strength >= Strength.FAIR:
        return confirmed.road, confirmed.strength
    return Road.DOCUMENT, Strength.FAIR


def appealable(credential: Credential) -> bool:
    """Whether its expert can still ask that somebody else looks at the last refusal."""
    refusals = credential.verdicts.filter(status=Verdict.Status.DELIVERED, decision=Decision.REFUSE)
    last = refusals.select_related("appeal").last()
    return credential.status == Credential.Status.REFUSED and last is not None and not hasattr(last, "appeal")


_Status = Credential.Status
DECIDED = (_Status.VERIFIED, _Status.REFUSED, _Status.EXPIRED, _Status.REVOKED)


def idle_documents(before: datetime) -> QuerySet[Evidence]:
    """Documents still kept of credentials that were decided before then."""
    decided = Q(credential__status__in=DECIDED, credential__decided_at__lt=before)
    return Evidence.objects.filter(decided, deleted_at=None).select_related("credential__expert__user").order_by("pk")


SEEN = 200  # openings on one page


def openings(expert: Expert) -> dict[str, Any]:
    """The expert's documents, newest first, with how often each was `seen`; and who opened what, newest first."""
    mine = Evidence.objects.filter(credential__expert=expert).select_related("credential")
    can_go = Q(credential__status__in=DECIDED)
    counted = mine.annotate(seen=Count("openings"), can_go=ExpressionWrapper(can_go, BooleanField()))
    seen = Opening.objects.filter(evidence__credential__expert=expert).select_related("evidence", "by")
    return {
        "documents": list(counted.order_by("-pk")),
        "seen": list(seen.order_by("-pk")[:SEEN]),
        "days": settings.QUORUM_DOCUMENT_DAYS,
    }


def documents(credential: Credential) -> list[Evidence]:
    """Its documents with their page images, oldest first."""
    return list(credential.evidence.prefetch_related("pages").order_by("pk"))


SHOWN = (
    *("kind", "title", "level", "field_id", "institution_id", "institution_name", "country", "year"),
    *("profession", "jurisdiction", "number", "expires_on", "name_on_document"),
)


def version_of(credential: Credential) -> str:
    """A digest of all that ops judge: the claim, the account's name, the documents and whether their pages are there.

    It changes whenever somebody who looked before would have to look again.
    """
    claim = [getattr(credential, name) for name in SHOWN] + [credential.expert.user.name]
    held = credential.evidence.order_by("pk").values_list("public_id", "rendered_at", "render_error")
    pages = [(evidence, rendered is not None, error) for evidence, rendered, error in held]
    said = list(credential.assertions.order_by("pk").values_list("public_id", flat=True))
    return sha256(json.dumps([claim, pages, said], default=str).encode()).hexdigest()
