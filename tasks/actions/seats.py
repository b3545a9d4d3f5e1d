"""Opening funded seats, and taking back those that nobody holds."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection, transaction

from accounts.roles import Permission, authorise
from core.actors import Actor
from core.copying import copy_in, refresh_statistics
from core.events import record
from core.ids import new_id
from payments.actions import release, reserve
from payments.queries import free_funds_locked
from projects.models import Project
from tasks.models import Seat

MANY = 500
"""Seats at once after which the table's statistics are made anew."""

_COLUMNS = ("public_id", "task_id", "project_id", "number", "priority", "pay", "fee", "currency", "status", "extended")

# A seat counts towards its task's overlap unless it was cancelled or its work was not accepted. Every seat of a task
# comes before the first of the next one: with little money some tasks get all their answers, not all tasks one.
_SHORT = """
SELECT short.id, short.priority, short.next + n
FROM (
    SELECT task.id, task.priority, coalesce(seats.next, 0) AS next, task.overlap - coalesce(seats.good, 0) AS lack
    FROM tasks_task task
    LEFT JOIN (
        SELECT seat.task_id, max(seat.number) + 1 AS next,
            count(*) FILTER (WHERE seat.status = 'funded'
                OR seat.status = 'claimed' AND work.status <> 'rejected'
                OR seat.status = 'settled' AND work.status = 'accepted') AS good
        FROM tasks_seat seat
        LEFT JOIN tasks_submission work ON work.seat_id = seat.id AND work.status <> 'released'
        WHERE seat.project_id = %(project)s AND (%(tasks)s IS NULL OR seat.task_id = ANY(%(tasks)s))
        GROUP BY seat.task_id
    ) seats ON seats.task_id = task.id
    WHERE task.project_id = %(project)s AND task.status = 'open'
        AND (%(tasks)s IS NULL OR task.id = ANY(%(tasks)s))
        AND (%(pilot)s IS NULL OR task.id IN (
            SELECT id FROM tasks_task WHERE project_id = %(project)s ORDER BY id LIMIT %(pilot)s))
) short, generate_series(0, short.lack - 1) n
ORDER BY short.priority, short.id, n
LIMIT %(room)s
"""


@transaction.atomic
def open_seats(*, project: Project, by: Actor, tasks: Collection[int] | None = None) -> int:
    """Open the seats that free funds pay for, on all tasks that lack some or on `tasks` (keys). Returns how many.

    Nothing opens while the project is not open; in the pilot only the first tasks get seats. Safe to run twice.
    """
    authorise(by, Permission.TASK_EDIT, lab=project.lab)
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if project.status != Project.Status.OPEN:
        return 0
    room = free_funds_locked(project.public_id, project.currency) // project.seat_cost
    rows = _missing(project, tasks, room) if room > 0 else []
    if not rows:
        return 0
    reserve(
        ref=project.public_id,
        key=f"seats:{rows[0][0]}",
        amount=len(rows) * project.seat_cost,
        currency=project.currency,
        by=by,
        cause={"seats": len(rows)},
    )
    copy_in(Seat, _COLUMNS, rows)
    if len(rows) >= MANY:
        refresh_statistics(Seat)
    record("project.seats_opened", project.public_id, by=by, data={"seats": len(rows)})
    return len(rows)


def _missing(project: Project, tasks: Collection[int] | None, room: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _SHORT,
            {
                "project": project.pk,
                "tasks": None if tasks is None else list(tasks),
                "pilot": project.pilot_tasks if project.in_pilot else None,
                "room": room,
            },
        )
        same = (project.pay, project.fee, project.currency, Seat.Status.FUNDED, "f")
        return [
            (new_id("sea"), task, project.pk, number, priority, *same) for task, priority, number in cursor.fetchall()
        ]


@transaction.atomic
def cancel_seats(
    *, project: Project, by: Actor, why: str = "", tasks: Collection[int] | None = None, about: str = ""
) -> int:
    """Take back every seat that nobody holds (of `tasks`, or of the project) and return its reserve to the funds.

    `why` (of payments.causes.WHY) and `about` (a public id) stand in the lab's ledger. Returns how many. One event for
    the batch: a seat that nobody saw has no history of its own.
    """
    authorise(by, Permission.TASK_EDIT, lab=project.lab)
    with connection.cursor() as cursor:
        # Skips a seat that is being claimed at this moment: its holder came first.
        cursor.execute(
            """
            UPDATE tasks_seat SET status = 'cancelled' WHERE id IN (
                SELECT id FROM tasks_seat WHERE project_id = %(project)s AND status = 'funded'
                    AND (%(tasks)s IS NULL OR task_id = ANY(%(tasks)s))
                ORDER BY id FOR UPDATE SKIP LOCKED)
            RETURNING public_id, pay + fee
            """,
            {"project": project.pk, "tasks": None if tasks is None else list(tasks)},
        )
        gone = sorted(cursor.fetchall())
    if gone:
        amount = sum(cost for _, cost in gone)
        key = f"cancel:{gone[0][0]}"
        cause = {"why": why, "about": about, "seats": len(gone)}
        release(ref=project.public_id, key=key, amount=amount, currency=project.currency, by=by, cause=cause)
        record("project.seats_cancelled", project.public_id, by=by, data={"seats": len(gone)})
    return len(gone)
