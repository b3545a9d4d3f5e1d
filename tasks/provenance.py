"""What leaves the house with each answer: where it comes from, who judged it, and under which agreements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from accounts.models import AgreementKind
from experts.models import Credential
from projects.kinds.base import content_sha256, provenance, pseudonym
from projects.models import Project
from tasks.models import Review, Submission, Task

Json = dict[str, Any]

CHUNK = 500
"""Rows that a server-side cursor brings at once."""
VERIFIED_BY = "document"  # people of Quorum compared the degree with its document
PAID = {"accepted": "earned", "rejected": "part_earned", "released": "part_earned"}
_FIELDS = (
    "public_id", "status", "response", "started_at", "submitted_at", "active_seconds", "expert_id",
    "expert__public_id", "instructions__number", "consent__public_id",
    "task__public_id", "task__external_id", "task__payload",
)  # fmt: skip


class Work(NamedTuple):
    """One submission as a kind's `rows` take it."""

    payload: Json
    response: Json
    meta: Json


def handed_in(project: Project, format: str) -> QuerySet[Submission]:
    """What an export holds: for `lossless` everything that was handed in, else accepted work on tasks that stand."""
    found = Submission.objects.filter(project=project, submitted_at__isnull=False).order_by("pk")
    if format == "lossless":
        return found
    return found.filter(status=Submission.Status.ACCEPTED).exclude(task__status=Task.Status.WITHDRAWN)


def exported(project: Project, format: str) -> Iterator[Work]:
    """Every submission of an export, oldest first, in constant memory."""
    reviews = Review.objects.filter(submission=OuterRef("pk")).order_by("pk")
    as_json = reviews.values(
        json=JSONObject(verdict="verdict", reason_code="reason", at="at", reviewer="reviewer__public_id")
    )
    found = handed_in(project, format).annotate(judged=ArraySubquery(as_json))
    facts = {**_facts_of(project)}
    credentials = credentials_of(project)
    for values in found.values_list(*_FIELDS, "judged").iterator(chunk_size=CHUNK):
        yield _work(values, facts, credentials, project)


def _facts_of(project: Project) -> Json:
    licence = project.agreements.filter(kind=AgreementKind.DATA_LICENCE).order_by("-version").first()
    return {"kind": project.kind, "licence": str(licence) if licence else None}


def credentials_of(project: Project) -> dict[int, Json]:
    """Expert key → what their verified credentials say, and their name towards this lab."""
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


def _work(values: tuple[Any, ...], facts: Json, credentials: dict[int, Json], project: Project) -> Work:
    (
        public_id, status, response, started_at, submitted_at, active_seconds, expert,
        expert_id, instructions, consent, task, external_id, payload, judged,
    ) = values  # fmt: skip
    about = credentials.setdefault(expert, {})
    if "expert_pid" not in about:
        about["expert_pid"] = pseudonym(settings.SECRET_KEY, project.lab.public_id, expert_id)
    meta = provenance(
        **facts,
        **about,
        item_id=task,
        external_id=external_id or None,
        submission_id=public_id,
        content_sha256=content_sha256(payload, response),
        instruction_version=instructions,
        started_at=_iso(started_at),
        submitted_at=_iso(submitted_at),
        active_seconds=active_seconds,
        review=json.dumps([_review(one) for one in judged]),
        consent_id=consent,
        paid_status=PAID.get(status, "pending"),
    )
    return Work(payload, response, meta)


def _review(one: Json) -> Json:
    """The role in place of the name: a lab's export names nobody."""
    person = one.pop("reviewer")
    return {"role": "lab" if person else "clock", **one}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
