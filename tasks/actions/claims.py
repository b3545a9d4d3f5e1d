"""Claims: one expert gets the next funded seat for the length of a lease, keeps it, or gives it back."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Refused, WrongState
from core.events import record
from core.transitions import step
from experts.models import Expert
from payments.queries import route_to
from projects.kinds import kind
from projects.models import Project
from projects.policies import may_claim
from tasks.actions import queue
from tasks.actions.held import NOBODY, hold, hold_if_free, refuse_unless_holder
from tasks.actions.settling import pay_partial
from tasks.actions.sweeping import sweep
from tasks.models import Seat, Submission


class NothingToClaim(Refused):
    """No funded seat of this project is left for this expert."""

    code = "no_task"


@transaction.atomic
def claim_next(*, project: Project, expert: Expert, by: Actor) -> Submission:
    """Hand the expert the next seat; returns the new DRAFT submission with its task and seat loaded.

    Raises Refused: `claims_full`, `no_task`, `country_unpaid`, or as `projects.policies.may_claim` does.
    Five statements, two more at the end of the queue.
    """
    authorise(by, Permission.TASK_WORK, owner=expert.user)
    right = _right_to_claim(project, expert)
    standing = queue.standing(project, expert)
    if standing.live >= project.claims_per_expert:
        message = f"You hold {standing.live} tasks of this project. Hand one in or give it back first."
        raise Refused(message, code="claims_full")
    now = timezone.now()
    seat = queue.take(project, expert, standing, now, now + timedelta(minutes=project.lease_minutes))
    if seat is None:
        raise NothingToClaim("No task of this project is waiting for you at the moment.")
    submission = Submission(
        seat=seat,
        task=seat.task,
        project=project,
        expert=expert,
        instructions=right.instructions,
        consent_id=right.consent_id,
        started_at=now,
    )
    submission.draft = kind(project.kind).start(seat.task.payload, submission.public_id)
    submission.save(force_insert=True)
    data = {"submission": submission.public_id}
    record("seat.claimed", seat.public_id, by=by, before=Seat.Status.FUNDED, after=Seat.Status.CLAIMED, data=data)
    return submission


def _right_to_claim(project: Project, expert: Expert) -> queue.Right:
    right = queue.lock_right(project, expert)
    if right is None or not right.eligible or right.consent_id is None or project.status != Project.Status.OPEN:
        may_claim(project=project, expert=expert)  # says which rule it is
        raise Refused("Try again: something about this project changed just now.", code="changed")
    if not route_to(expert.country):
        raise Refused("We cannot pay people in your country yet.", code="country_unpaid")
    return right


@transaction.atomic
def extend_lease(*, submission: Submission, by: Actor) -> Submission:
    """One more lease on top of what is left; the workbench asks for it while its expert is at work. Once per claim."""
    authorise(by, Permission.TASK_WORK, owner=submission.expert.user)
    submission = hold(submission)
    refuse_unless_holder(submission)
    seat = submission.seat
    if seat.lease_until is None:
        raise WrongState("This work is handed in: it has no lease.")
    if seat.extended:
        raise Refused("The time for this task was extended once already.", code="extended_before")
    seat.lease_until += timedelta(minutes=submission.project.lease_minutes)
    seat.extended = True
    seat.save(update_fields=["lease_until", "extended"])
    record("seat.extended", seat.public_id, by=by, data={"submission": submission.public_id})
    return submission


@transaction.atomic
def release(*, submission: Submission, by: Actor, note: str = "") -> Submission:
    """Give a task back. Work that was handed in once and came back earns the partial pay (see shares.partial)."""
    authorise(by, Permission.TASK_WORK, owner=submission.expert.user)
    return _give_back(hold(submission), by=by, note=note, cause="released")


@transaction.atomic
def _expire_one(pk: int) -> bool:
    held = hold_if_free(pk)
    if held is None or not held.open_to_expert:
        return False
    lease = held.seat.lease_until
    if lease is None or lease > timezone.now():
        return False
    _give_back(held, by=SYSTEM, note="The time for this task ran out.", cause="expired")
    return True


def expire_claims(*, limit: int = 1000) -> int:
    """The sweep: give back what is held past its lease. Returns how many. Until then a late hand-in is welcome."""
    over = Submission.objects.filter(
        seat__status=Seat.Status.CLAIMED,
        seat__lease_until__lte=timezone.now(),
        status__in=[Submission.Status.DRAFT, Submission.Status.RETURNED],
    )
    return sweep(_expire_one, over.order_by("seat__lease_until").values_list("pk", flat=True)[:limit])


def _give_back(held: Submission, *, by: Actor, note: str, cause: str) -> Submission:
    refuse_unless_holder(held)
    if not held.open_to_expert:
        raise WrongState("This work is handed in: it cannot be given back.")
    handed_in = held.status == Submission.Status.RETURNED
    submission = step(held, Submission.Status.RELEASED, by=by, note=note, data={"cause": cause})
    if handed_in:
        pay_partial(submission, by=by, final=True)
    else:
        step(submission.seat, Seat.Status.FUNDED, by=by, note=note, **NOBODY)
    return submission
