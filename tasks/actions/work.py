"""Work: drafts that are never lost, and handing in."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import Actor
from core.clock import business_deadline
from core.errors import Invalid, Refused
from core.transitions import step
from projects.kinds import clean_response, kind
from projects.kinds.base import unstorable
from tasks import measured
from tasks.actions.held import hold, refuse_unless_holder
from tasks.models import Submission

Json = dict[str, Any]

MAX_DRAFT = 1_000_000
"""Characters of a draft as JSON."""


class StaleDraft(Refused):
    """A newer draft was saved, in another tab or on another device: it comes with the refusal."""

    code = "stale_draft"

    def __init__(self, draft: Json, version: int) -> None:
        super().__init__("A newer draft of this work was saved elsewhere.")
        self.draft = draft
        self.version = version


@transaction.atomic
def save_draft(*, submission: Submission, response: Json, version: int, by: Actor, seconds: int = 0) -> Submission:
    """Keep an unfinished answer. `version`: the draft it was made from; the saved one's is higher by one.

    `seconds`: active time since the last save as the browser says; no more is believed than passed on the wall.
    Raises StaleDraft, Invalid (not an object, or too large), Refused.
    """
    authorise(by, Permission.TASK_WORK, owner=submission.expert.user)
    _refuse_shapeless(response)
    rows = Submission.objects.select_for_update(of=("self",), no_key=True).select_related("task", "project")
    submission = rows.get(pk=submission.pk)
    if not submission.open_to_expert:
        raise Refused("This work can no longer be changed.", code="not_open")
    if version != submission.draft_version:
        raise StaleDraft(submission.draft, submission.draft_version)
    submission.draft = {**response, **_fixed(submission)}
    submission.draft_version += 1
    now = timezone.now()
    submission.active_seconds += measured.believed(seconds, _passed(submission, now))
    submission.saved_at = now
    submission.save(update_fields=["draft", "draft_version", "saved_at", "active_seconds"])
    return submission


def _passed(submission: Submission, now: datetime) -> timedelta:
    """Since the browser could last tell how long somebody was at it: the claim, the last save or the return."""
    marks = (submission.started_at, submission.saved_at, submission.decided_at)
    return now - max(mark for mark in marks if mark)


def _fixed(submission: Submission) -> Json:
    """What the product says of the answer, not the expert: such as the order in which things were shown."""
    return kind(submission.project.kind).start(submission.task.payload, submission.public_id)


def _refuse_shapeless(response: Any) -> None:
    if not isinstance(response, dict):
        raise Invalid("A draft is a JSON object.", code="invalid")
    if fault := unstorable(response):
        raise Invalid(fault, code="invalid")
    if len(json.dumps(response)) > MAX_DRAFT:
        raise Invalid(f"A draft has at most {MAX_DRAFT:,} characters.", code="invalid")


@transaction.atomic
def submit(*, submission: Submission, response: Json, by: Actor, seconds: int = 0) -> Submission:
    """Hand the answer in; it is then waiting for a decision with a clock.

    Handing in the same answer again returns the same submission and changes nothing. A lease that ran out does not
    matter while the seat is still held. Raises Invalid with a fault per field, Refused (`seat_lost`,
    `handed_in_before`), NotAllowed.
    """
    authorise(by, Permission.TASK_WORK, owner=submission.expert.user)
    held = hold(submission)
    refuse_unless_holder(held)
    answer = clean_response(held.project.kind, {**response, **_fixed(held)}, payload=held.task.payload)
    if not held.open_to_expert:
        if answer == held.response:
            return held
        raise Refused("This work was handed in before, with another answer.", code="handed_in_before")
    now = timezone.now()
    submitted = step(
        held,
        Submission.Status.SUBMITTED,
        by=by,
        response=answer,
        draft={},
        active_seconds=held.active_seconds + measured.believed(seconds, _passed(held, now)),
        submitted_at=now,
        decide_by=_decision_clock(held, now),
    )
    submitted.seat.lease_until = None
    submitted.seat.save(update_fields=["lease_until"])
    return submitted


def _decision_clock(held: Submission, now: datetime) -> datetime:
    """The lab's business days from now. After rework: what was left of them, and at least one."""
    lab = held.project.lab
    days = held.project.decision_days
    if held.decide_by is None or held.decided_at is None:
        return business_deadline(now, days, zone=lab.time_zone, country=lab.country)
    left = max(held.decide_by - held.decided_at, timedelta(0))
    return max(now + left, business_deadline(now, 1, zone=lab.time_zone, country=lab.country))
