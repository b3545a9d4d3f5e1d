"""What leaves the house with each answer: where it comes from, who judged it, and under which agreements."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, JSONField, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast, JSONObject

from accounts.models import AgreementKind
from experts.models import Credential
from projects.kinds.base import content_sha256, provenance, pseudonym
from projects.models import Project
from tasks.models import Review, Submission, Task

Json = dict[str, Any]

LOSSLESS = "lossless"
"""The format that every kind has: payload and response as they are kept, and the provenance."""
CHUNK = 500
"""Rows that a server-side cursor brings at once."""
VERIFIED_BY = "document"  # people of Quorum compared the degree with its document
PAID = {"accepted": "earned", "rejected": "part_earned", "released": "part_earned"}
_FIELDS = (
    "public_id", "status", "started_at", "submitted_at", "active_seconds", "expert_id",
    "expert__public_id", "instructions__number", "consent__public_id",
    "task__public_id", "task__external_id",
)  # fmt: skip


class Work(NamedTuple):
    """One submission as a kind's `rows` take it; its JSON also as the text that PostgreSQL keeps."""

    payload: Json
    response: Json
    meta: Json
    payload_text: str
    response_text: str


def handed_in(project: Project, format: str) -> QuerySet[Submission]:
    """What an export holds: for `lossless` everything that was handed in, else accepted work on tasks that stand."""
    found = Submission.objects.filter(project=project, submitted_at__isnull=False).order_by("pk")
    if format == LOSSLESS:
        return found
    return found.filter(status=Submission.Status.ACCEPTED).exclude(task__status=Task.Status.WITHDRAWN)


def exported(project: Project, format: str) -> Iterator[Work]:
    """Every submission of an export, oldest first, in constant memory.

    PostgreSQL makes text of it: reading three texts costs a fifth of reading fifteen columns.
    """
    reviews = Review.objects.filter(submission=OuterRef("pk")).order_by("pk")
    judged = ArraySubquery(
        reviews.values(json=JSONObject(verdict="verdict", reason_code="reason", at="at", reviewer="reviewer_id"))
    )
    rest = Func(*_FIELDS, judged, function="json_build_array", output_field=JSONField())
    texts = [Cast(each, TextField()) for each in ("task__payload", "response", rest)]
    known = _known_of(project)
    for payload, response, values in handed_in(project, format).values_list(*texts).iterator(chunk_size=CHUNK):
        yield _work(payload, response, values, known)


def _known_of(project: Project) -> Callable[[int, str], Json]:
    """(expert key, expert's public id) → the columns that are the same in all rows of one expert; the rest empty."""
    facts, credentials, lab = _facts_of(project), credentials_of(project), project.lab.public_id

    @cache
    def known(expert: int, expert_id: str) -> Json:
        name = pseudonym(settings.SECRET_KEY, lab, expert_id)
        return provenance(**facts, **credentials.get(expert, {}), expert_pid=name)

    return known


def _facts_of(project: Project) -> Json:
    licence = project.agreements.filter(kind=AgreementKind.DATA_LICENCE).order_by("-version").first()
    return {"kind": project.kind, "licence": str(licence) if licence else None}


def credentials_of(project: Project) -> dict[int, Json]:
    """Expert key → what their verified credentials say."""
    experts = project.applications.values("expert")
    found: dict[int, Json] = {}
    held = Credential.objects.filter(expert__in=experts, status=Credential.Status.VERIFIED).order_by("pk")
    for credential in held.select_related("field"):
        known = found.setdefault(
            credential.expert_id, {"credential_level": 0, "field": "", "verification_method": VERIFIED_BY}
        )
        known["credential_level"] = max(known["credential_level"], credential.level)
        known["field"] = ",".join(filter(None, (known["field"], credential.field.code)))
        known["verified_at"] = _iso(credential.decided_at)
    return found


def _work(payload_text: str, response_text: str, rest: str, known: Callable[[int, str], Json]) -> Work:
    payload, response, values = json.loads(f"[{payload_text},{response_text},{rest}]")  # one call, not three
    (
        public_id, status, started_at, submitted_at, active_seconds, expert,
        expert_id, instructions, consent, task, external_id, judged,
    ) = values  # fmt: skip
    meta = {
        **known(expert, expert_id),
        "meta_item_id": task,
        "meta_external_id": external_id or None,
        "meta_submission_id": public_id,
        "meta_content_sha256": content_sha256(payload, response),
        "meta_instruction_version": instructions,
        "meta_started_at": _to_seconds(started_at),
        "meta_submitted_at": _to_seconds(submitted_at),
        "meta_active_seconds": active_seconds,
        "meta_review": json.dumps([_review(one) for one in judged]) if judged else "[]",
        "meta_consent_id": consent,
        "meta_paid_status": PAID.get(status, "pending"),
    }
    return Work(payload, response, meta, payload_text, response_text)


def _review(one: Json) -> Json:
    """The role in place of the name: a lab's export names nobody."""
    person = one.pop("reviewer")
    return {"role": "lab" if person else "clock", **one}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _to_seconds(moment: str) -> str:
    """The same of PostgreSQL's text; Django's connections speak UTC."""
    return moment[:19] + "Z"
