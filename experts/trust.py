"""Signed diplomas against the list that ops keep: is the issuer an institution we know, and the one that is claimed?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from experts.diplomas.https import Https, Sparing
from experts.diplomas.issuers import Fetch
from experts.diplomas.verdicts import Finding, Outcome, Reason, Verdict
from experts.diplomas.verifier import verify
from experts.models import Assertion, Institution, Road, TrustedIssuer


@dataclass(frozen=True)
class Examined:
    """`institution`: whose the issuer is, by the list; None where it is not on it."""

    verdict: Verdict
    institution: Institution | None


def network() -> Fetch:
    """What one credential may ask of the world, in some seconds."""
    return Sparing(Https(seconds=4))


def trusted(at: datetime) -> QuerySet[TrustedIssuer]:
    """Whose signatures count at this moment."""
    running = TrustedIssuer.objects.filter(Q(until=None) | Q(until__gt=at), since__lte=at)
    return running.select_related("institution").order_by("pk")


def unknown_issuers(limit: int = 20) -> list[tuple[str, int]]:
    """Who signed diplomas that we could not judge, and on how many credentials: for ops to decide on."""
    waiting = Assertion.objects.filter(road=Road.DIPLOMA, verdict=Assertion.Verdict.UNVERIFIABLE).exclude(source="")
    listed = TrustedIssuer.objects.filter(until=None).values("issuer")
    counted = waiting.exclude(source__in=listed).values("source").annotate(count=Count("credential", distinct=True))
    return [(each["source"], each["count"]) for each in counted.order_by("-count", "source")[:limit]]


def examine(raw: bytes, *, at: datetime, fetch: Fetch, claimed: Institution | None = None) -> Examined:
    """Verify and ask who the issuer is. `claimed`: the institution that it has to be, where one is claimed.

    Never raises for what a stranger handed in. Asks the network, so call it outside of a transaction.
    """
    listed = {each.issuer: each for each in trusted(at)}
    pinned = {name: tuple(each.keys) for name, each in listed.items() if each.keys}
    verdict = verify(raw, at=at, fetch=fetch, pinned=pinned)
    known = listed.get(verdict.issuer.id)
    if known is None:
        unknown = Finding(Reason.ISSUER_UNKNOWN, verdict.issuer.id)
        return Examined(verdict if verdict.outcome is Outcome.REFUSED else verdict.with_finding(unknown), None)
    if claimed is not None and known.institution_id != claimed.pk:
        verdict = verdict.with_finding(Finding(Reason.WRONG_INSTITUTION, known.institution.name))
    return Examined(verdict, known.institution)
