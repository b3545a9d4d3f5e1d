"""Single tasks: adding one, taking one back, mending one that was wrong. Whoever holds a seat is paid."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid, Refused
from core.events import record
from core.transitions import step
from payments.models import Earning
from projects.kinds import clean_payload
from projects.models import Project
from tasks.actions import settling
from tasks.actions.held import hold
from tasks.actions.seats import cancel_seats
from tasks.models import Seat, Submission, Task
from tasks.rows import sha256_of
from tasks.shares import by_time

Json = dict[str, Any]

CLOSED = (Project.Status.CLOSED, Project.Status.CANCELLED)


@transaction.atomic
def add_task(*, project: Project, payload: Json, by: Actor, external_id: str = "", priority: int = 0) -> Task:
    """One task, checked like a row of an import. Its seats open when funds allow. Raises Invalid, Refused."""
    authorise(by, Permission.TASK_EDIT, lab=project.lab)
    refuse_closed(project)
    clean = clean_payload(project.kind, payload)
    task = _write_once(project, clean, external_id, priority)
    record("task.added", task.public_id, by=by, after=Task.Status.OPEN)
    return task


def refuse_closed(project: Project) -> None:
    """Raises Refused where the project takes no more tasks."""
    if project.status in CLOSED:
        raise Refused("This project is closed: it takes no more tasks.", code="project_closed")


@transaction.atomic
def withdraw_task(*, task: Task, by: Actor, note: str = "") -> Task:
    """Take a task back. What was handed in is paid in full, what was started by time (shares.by_time), a rejection
    keeps its appeal; seats that nobody holds return their reserve. Raises WrongState."""
    authorise(by, Permission.TASK_EDIT, lab=task.project.lab)
    return _withdraw(task, by=by, note=note.strip())


@transaction.atomic
def repair_task(*, task: Task, payload: Json, by: Actor, note: str = "") -> Task:
    """Correct a payload. Returns the task that carries it from now on.

    While nobody has started, that is the same task. Otherwise the old one is withdrawn, its holders are paid as
    `withdraw_task` says, and a new one takes over external id, priority and overlap. Raises Invalid, WrongState.
    """
    authorise(by, Permission.TASK_EDIT, lab=task.project.lab)
    clean = clean_payload(task.project.kind, payload)
    seats = list(Seat.objects.select_for_update(no_key=True).filter(task=task).order_by("pk"))
    if all(seat.status in (Seat.Status.FUNDED, Seat.Status.CANCELLED) for seat in seats) and task.status == "open":
        task.payload, task.payload_sha256 = clean, sha256_of(clean)
        task.save(update_fields=["payload", "payload_sha256"])
        record("task.repaired", task.public_id, by=by, note=note)
        return task
    old = _withdraw(task, by=by, note=note or "The task was wrong and is replaced by a corrected one.")
    external_id, old.external_id = old.external_id, ""
    old.save(update_fields=["external_id"])
    new = _write(old.project, clean, external_id, old.priority, old.overlap)
    record("task.repaired", new.public_id, by=by, note=note, data={"instead_of": old.public_id})
    return new


def _write_once(project: Project, payload: Json, external_id: str, priority: int) -> Task:
    """The look before spares most a failed write; of two at this very moment the database lets one pass."""
    _refuse_taken(project, external_id)
    try:
        with transaction.atomic():
            return _write(project, payload, external_id, priority)
    except IntegrityError:
        _refuse_taken(project, external_id)
        raise


def _refuse_taken(project: Project, external_id: str) -> None:
    if external_id and Task.objects.filter(project=project, external_id=external_id).exists():
        fault = Fault("Another task has this external_id.", "external_id")
        raise Invalid("This task is in the project already.", faults=(fault,))


def _write(project: Project, payload: Json, external_id: str, priority: int, overlap: int | None = None) -> Task:
    return Task.objects.create(
        project=project,
        external_id=external_id,
        payload=payload,
        payload_sha256=sha256_of(payload),
        priority=priority,
        overlap=project.overlap if overlap is None else overlap,
    )


def _withdraw(task: Task, *, by: Actor, note: str) -> Task:
    # Seats first, in order: the lock order of actions/held.py. What is claimed while we wait is seen afterwards.
    list(Seat.objects.select_for_update(no_key=True).filter(task=task).order_by("pk"))
    cancel_seats(project=task.project, by=by, why="withdrawn", tasks=[task.pk], about=task.public_id)
    for work in Submission.objects.filter(task=task, seat__status=Seat.Status.CLAIMED).order_by("seat_id"):
        _pay_off(hold(work), by=by, note=note)
    locked = Task.objects.select_for_update(no_key=True).select_related("project__lab").get(pk=task.pk)
    return step(locked, Task.Status.WITHDRAWN, by=by, note=note)


def _pay_off(held: Submission, *, by: Actor, note: str) -> None:
    status, data = held.status, {"cause": "withdrawn"}
    if status in (Submission.Status.REJECTED, Submission.Status.RELEASED):
        return  # its appeal window decides; or an earlier holder's, who gave the seat back
    if status == Submission.Status.SUBMITTED:
        step(held, Submission.Status.ACCEPTED, by=by, note=note, data=data, decided_at=timezone.now())
        settling.pay_in_full(held, by=by, kind=Earning.Kind.WITHDRAWN)
        return
    released = step(held, Submission.Status.RELEASED, by=by, note=note, data=data)
    if status == Submission.Status.RETURNED:
        settling.pay_in_full(released, by=by, kind=Earning.Kind.WITHDRAWN)
        return
    project, elapsed = held.project, timezone.now() - held.started_at
    share = by_time(settling.price(held.seat), elapsed, project.minutes, project.partial_pay_percent)
    settling.pay_part(released, share, Earning.Kind.WITHDRAWN, by=by)
