"""Claims: one expert gets the next funded seat for the length of a lease, keeps it, or gives it back."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Refused, WrongState
from core.events import record
from core.transitions import step
from experts.models import Expert
from payments.money import PAYABLE_COUNTRIES
from projects.kinds import kind
from projects.matching.requirements import qualified
from projects.models import Application, InstructionVersion, Project
from projects.policies import may_claim
from tasks.actions.held import NOBODY, hold, hold_if_free, refuse_unless_holder
from tasks.actions.settling import pay_partial
from tasks.models import Seat, Submission

WINDOW = 20
"""How many of the first funded seats are looked at before the look continues after the expert's last one."""

# All that a claim needs to know of the expert's seats, in one statement, seen after the lock on their application.
_STANDING = """
SELECT (SELECT count(*) FROM tasks_seat
        WHERE expert_id = %(expert)s AND project_id = %(project)s AND status = 'claimed' AND lease_until IS NOT NULL),
    EXISTS (SELECT 1 FROM (SELECT task_id FROM tasks_seat WHERE project_id = %(project)s AND status = 'funded'
            ORDER BY priority, id LIMIT %(window)s) head
        WHERE NOT EXISTS (SELECT 1 FROM tasks_submission
            WHERE task_id = head.task_id AND expert_id = %(expert)s)),
    last.priority, last.id
FROM (VALUES (1)) one LEFT JOIN LATERAL (
    SELECT priority, id FROM tasks_seat WHERE expert_id = %(expert)s AND project_id = %(project)s
    ORDER BY claimed_at DESC LIMIT 1) last ON true
"""


class Standing(NamedTuple):
    """Of one expert on one project: seats held now, whether the head of the queue has a task that is new to them,
    and the place (priority, key) of the last seat they got, if any."""

    live: int
    fresh_head: bool
    last: tuple[int, int] | None


class NothingToClaim(Refused):
    """No funded seat of this project is left for this expert."""

    code = "no_task"


@transaction.atomic
def claim_next(*, project: Project, expert: Expert, by: Actor) -> Submission:
    """Hand the expert the next seat; returns the new DRAFT submission with its task and seat loaded.

    Raises Refused: `claims_full`, `no_task`, or what `lock_right_to_claim` says. Seven statements, mostly six.
    """
    authorise(by, Permission.TASK_WORK, owner=expert.user)
    application = lock_right_to_claim(project, expert)
    standing = _standing(application)
    if standing.live >= project.claims_per_expert:
        message = f"You hold {standing.live} tasks of this project. Hand one in or give it back first."
        raise Refused(message, code="claims_full")
    seat = next_seat(application, standing)
    if seat is None:
        raise NothingToClaim("No task of this project is waiting for you at the moment.")
    return _claim(seat, application, by)


def lock_right_to_claim(project: Project, expert: Expert) -> Application:
    """The accepted application, locked: one expert's claims on a project queue up, different experts' do not.

    Raises Refused as `projects.policies.may_claim` does, and `country_unpaid`.
    """
    versions = InstructionVersion.objects.filter(project=project).order_by("-number")
    application = (
        Application.objects.filter(project=project, expert=expert, status=Application.Status.ACCEPTED)
        .annotate(
            eligible=Exists(qualified(project).filter(expert=OuterRef("expert_id"))),
            instructions_id=Subquery(versions.values("pk")[:1]),
        )
        .select_for_update(of=("self",), no_key=True)
        .first()
    )
    if application is None or not _in_order(application, project):
        may_claim(project=project, expert=expert)  # says which rule it is
        raise Refused("Try again: something about this project changed just now.", code="changed")
    if expert.country not in PAYABLE_COUNTRIES:
        raise Refused("We cannot pay people in your country yet.", code="country_unpaid")
    application.project, application.expert = project, expert
    return application


def _in_order(application: Application, project: Project) -> bool:
    eligible: bool = application.eligible  # type: ignore[attr-defined]  # annotated above
    return eligible and application.consent_id is not None and project.status == Project.Status.OPEN


def _standing(application: Application) -> Standing:
    keys = {"expert": application.expert_id, "project": application.project_id, "window": WINDOW}
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, keys)
        live, fresh_head, priority, seat = cursor.fetchone()
    return Standing(live, fresh_head, None if seat is None else (priority, seat))


def next_seat(application: Application, standing: Standing) -> Seat | None:
    """The first funded seat on a task that the expert has not had, locked, with its task.

    With an overlap of two and more, the second seats of everything an expert did stay at the head of the queue. Walking
    over them would cost more with each task, so: a window at the head (urgent and returned seats are there), else on
    from the expert's last seat, and only then all of it, where a task that they gave back may come again.
    """
    queue = Seat.objects.filter(project=application.project_id, status=Seat.Status.FUNDED).order_by("priority", "pk")
    new = ~Exists(Submission.objects.filter(task=OuterRef("task"), expert=application.expert_id))
    unheld = ~Exists(Seat.objects.filter(task=OuterRef("task"), expert=application.expert_id))
    seat = None
    if standing.fresh_head:
        seat = _lock_first(Seat.objects.filter(new, pk__in=queue.values("pk")[:WINDOW]).order_by("priority", "pk"))
    if seat is None and standing.last is not None:
        seat = _lock_first(queue.filter(TupleGreaterThan(Tuple("priority", "pk"), standing.last), new))
    return seat or _lock_first(queue.filter(unheld))


def _lock_first(seats: QuerySet[Seat]) -> Seat | None:
    return seats.select_for_update(of=("self",), skip_locked=True).select_related("task").first()


def _claim(seat: Seat, application: Application, by: Actor) -> Submission:
    project, now = application.project, timezone.now()
    submission = Submission(
        task=seat.task,
        project=project,
        expert=application.expert,
        instructions_id=application.instructions_id,  # type: ignore[attr-defined]  # annotated above
        consent_id=application.consent_id,
        started_at=now,
    )
    submission.draft = kind(project.kind).start(seat.task.payload, submission.public_id)
    submission.seat = step(
        seat,
        Seat.Status.CLAIMED,
        by=by,
        data={"submission": submission.public_id},
        expert=application.expert,
        claimed_at=now,
        lease_until=now + timedelta(minutes=project.lease_minutes),
        extended=False,
    )
    submission.save(force_insert=True)
    return submission


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
    return sum(map(_expire_one, list(over.order_by("seat__lease_until").values_list("pk", flat=True)[:limit])))


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
