"""Decisions on work: accept, return, reject; and acceptance by the clock where nobody decided."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Invalid, WrongState
from core.transitions import step
from tasks import policies
from tasks.actions.held import hold, hold_if_free
from tasks.actions.settling import Kind, finish, give_rest_back, pay_in_full, pay_partial
from tasks.actions.sweeping import sweep
from tasks.models import Appeal, RejectReason, Review, Submission

APPEAL_WINDOW = timedelta(days=7)
REWORK_LEASE = timedelta(days=3)
"""Time for rework: experts are not waiting at their desks when a lab decides."""

Status = Submission.Status


@transaction.atomic
def accept(*, submission: Submission, by: Actor, note: str = "") -> Submission:
    """The work is good: the expert has earned the pay, in this transaction. Raises Refused (`own_work`), WrongState."""
    authorise(by, Permission.SUBMISSION_REVIEW, lab=submission.project.lab)
    held = hold(submission)
    policies.refuse_own_work(held, by)
    return _accept(held, by=by, note=note.strip())


@transaction.atomic
def return_for_rework(*, submission: Submission, by: Actor, note: str) -> Submission:
    """Ask for a better answer, saying what to mend. The decision clock stands still until it is handed in again."""
    authorise(by, Permission.SUBMISSION_REVIEW, lab=submission.project.lab)
    note = policies.words(note, "what to mend")
    held = hold(submission)
    policies.refuse_own_work(held, by)
    policies.refuse_further_return(held)
    now = timezone.now()
    returned = step(
        held,
        Status.RETURNED,
        by=by,
        note=note,
        decided_at=now,
        draft=held.response,
        draft_version=held.draft_version + 1,
    )
    record_review(returned, Review.Verdict.RETURN, by, note)
    returned.seat.lease_until = now + max(REWORK_LEASE, timedelta(minutes=held.project.lease_minutes))
    returned.seat.extended = False
    returned.seat.save(update_fields=["lease_until", "extended"])
    return returned


@transaction.atomic
def reject(*, submission: Submission, by: Actor, reason: str, note: str) -> Submission:
    """Not accepted, for a reason of the published list, in words. The partial pay is earned at once; the rest stays
    reserved while the expert may appeal (`appeal_by`). Raises Invalid, Refused (`own_work`), WrongState."""
    authorise(by, Permission.SUBMISSION_REVIEW, lab=submission.project.lab)
    note = policies.words(note, "why")
    if reason not in dict(RejectReason.of_labs()):
        raise Invalid("Choose one of the published reasons.", code="invalid")
    held = hold(submission)
    policies.refuse_own_work(held, by)
    if held.status != Status.SUBMITTED:
        raise WrongState(f"This submission is {held.status}; it cannot become {Status.REJECTED}.")
    now = timezone.now()
    rejected = step(
        held, Status.REJECTED, by=by, note=note, reason=reason, decided_at=now, appeal_by=now + APPEAL_WINDOW
    )
    record_review(rejected, Review.Verdict.REJECT, by, note, reason)
    pay_partial(rejected, by=by, final=False)
    return rejected


def auto_accept_due(*, limit: int = 1000) -> int:
    """The sweep: what nobody decided in time is accepted. Returns how many."""
    due = Submission.objects.filter(status=Status.SUBMITTED, decide_by__lte=timezone.now())
    return sweep(_auto_accept, due.order_by("decide_by").values_list("pk", flat=True)[:limit])


@transaction.atomic
def _auto_accept(pk: int) -> bool:
    held = hold_if_free(pk)
    if held is None or held.status != Status.SUBMITTED or held.decide_by is None or held.decide_by > timezone.now():
        return False
    _accept(held, by=SYSTEM, note="Nobody decided in the promised time.")
    return True


def settle_rejections_due(*, limit: int = 1000) -> int:
    """The sweep: rejections whose appeal window closed without an appeal are final. Returns how many."""
    due = Submission.objects.filter(status=Status.REJECTED, appeal_by__lte=timezone.now(), seat__status="claimed")
    unopposed = due.exclude(appeal__isnull=False).order_by("appeal_by")
    return sweep(_settle_rejection, unopposed.values_list("pk", flat=True)[:limit])


@transaction.atomic
def _settle_rejection(pk: int) -> bool:
    held = hold_if_free(pk)
    if held is None or held.seat.status != "claimed" or Appeal.objects.filter(submission=held).exists():
        return False
    give_rest_back(held, by=SYSTEM)
    return True


def _accept(held: Submission, *, by: Actor, note: str) -> Submission:
    if held.status != Status.SUBMITTED:  # a rejection becomes accepted by appeal only
        raise WrongState(f"This submission is {held.status}; it cannot become {Status.ACCEPTED}.")
    earned_by = Kind.REWORK if held.decided_at else Kind.TASK  # an earlier decision can only have returned it
    accepted = step(held, Status.ACCEPTED, by=by, note=note, decided_at=timezone.now())
    record_review(accepted, Review.Verdict.ACCEPT, by, note)
    pay_in_full(accepted, by=by, kind=earned_by)
    finish(accepted, by=by)
    return accepted


def record_review(submission: Submission, verdict: str, by: Actor, note: str, reason: str = "") -> Review:
    reviewer = by if isinstance(by, User) else None
    return Review.objects.create(submission=submission, reviewer=reviewer, verdict=verdict, reason=reason, note=note)
