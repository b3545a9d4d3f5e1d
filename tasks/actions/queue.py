"""The queue of funded seats, in SQL: this is the hottest place of the product, and each statement is made for it.

Its promises: a claim costs the same with a hundred tasks and with a hundred thousand, one seat is never handed to two
people (SKIP LOCKED), and one expert's claims on a project wait for each other (a lock on their application).

Statistics are no help here. Those of a project that was just funded say that nobody has claimed anything; a hundred
thousand claims later PostgreSQL still takes any index for as good as the right one, and sorts what it finds. So these
statements leave it one way only, along the index (`_by_index`). tests/tasks/test_queue.py asserts the plans.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.db import connection, models

from experts.models import Expert
from projects.matching.requirements import qualified
from projects.models import InstructionVersion, Project
from tasks.models import Seat, Task

WINDOW: Final = 20
"""How many of the first funded seats are looked at before the look goes on from the expert's last one."""


class Right(NamedTuple):
    """What an accepted application says at this moment."""

    consent_id: int | None
    eligible: bool
    instructions: InstructionVersion | None  # the latest, without its text


class Standing(NamedTuple):
    """Of one expert on one project: seats held now, whether the head of the queue has a task that is new to them,
    and the place (priority, key) of the last seat they got, if any."""

    live: int
    fresh_head: bool
    last: tuple[int, int] | None


_RIGHT = """
SELECT application.consent_id, EXISTS ({eligible}), version.id, version.number
FROM projects_application application
LEFT JOIN LATERAL (SELECT id, number FROM projects_instructionversion
    WHERE project_id = application.project_id ORDER BY number DESC LIMIT 1) version ON true
WHERE application.project_id = %s AND application.expert_id = %s AND application.status = 'accepted'
    AND EXISTS (SELECT FROM projects_project project WHERE project.id = application.project_id
        AND project.status = 'open')
FOR NO KEY UPDATE OF application
"""

# What a hundred thousand rows must not go through is off while a statement is planned, and on again once it has run.
_WAYS: Final = ("sort", "bitmapscan", "seqscan", "hashjoin", "mergejoin")
_OFF: Final = "; ".join(f"SET LOCAL enable_{way} = off" for way in _WAYS)
_BACK: Final = ", ".join(f"set_config('enable_{way}', NULL, true)" for way in _WAYS)


def _by_index(statement: str) -> str:
    """The same with one row more often: of nulls where it has none, and with `_BACK` at the row's end."""
    return f"{_OFF}; WITH found AS ({statement}) SELECT found.*, {_BACK} FROM (VALUES (1)) one LEFT JOIN found ON true"  # noqa: S608 constants


# Counted, not NOT EXISTS, since PostgreSQL never turns a count into a join; `+ 0`, so that it looks the task up, which
# has a few submissions, and not the expert, who may have a hundred thousand. Whatever it believes about the tables.
_NEW = """(SELECT count(*) FROM tasks_submission had
    WHERE had.task_id = seat.task_id AND had.expert_id + 0 = %(expert)s) = 0"""
_HEAD = """SELECT id, task_id, priority FROM tasks_seat WHERE project_id = %(project)s AND status = 'funded'
    ORDER BY priority, id LIMIT %(window)s"""

# A range of one expert, in the order of seat_live: no other index has it. Else it might count all they ever did.
STANDING = _by_index(f"""
SELECT (SELECT count(*) FROM (SELECT project_id FROM tasks_seat
        WHERE expert_id BETWEEN %(expert)s AND %(expert)s AND status = 'claimed' AND lease_until IS NOT NULL
        ORDER BY expert_id, lease_until) held WHERE project_id = %(project)s) live,
    EXISTS (SELECT 1 FROM ({_HEAD}) seat WHERE {_NEW}) fresh_head,
    last.priority, last.id
FROM (VALUES (1)) one LEFT JOIN LATERAL (
    SELECT priority, id FROM tasks_seat WHERE expert_id = %(expert)s AND project_id = %(project)s
    ORDER BY claimed_at DESC LIMIT 1) last ON true
""")  # noqa: S608 constants

# Each look finds one seat and locks it, or finds none. Only the last may have to walk over what the expert did.
_LOOK_AT_HEAD = f"""
    SELECT seat.id FROM tasks_seat seat
    WHERE seat.project_id = %(project)s AND seat.status = 'funded' AND (seat.priority, seat.id) <=
        (SELECT priority, id FROM ({_HEAD}) head ORDER BY priority DESC, id DESC LIMIT 1) AND {_NEW}
    ORDER BY seat.priority, seat.id LIMIT 1 FOR UPDATE SKIP LOCKED"""  # noqa: S608 constants
_LOOK_ONWARDS = f"""
    SELECT seat.id FROM tasks_seat seat
    WHERE seat.project_id = %(project)s AND seat.status = 'funded'
        AND (seat.priority, seat.id) > (%(priority)s, %(last)s) AND {_NEW}
    ORDER BY seat.priority, seat.id LIMIT 1 FOR UPDATE SKIP LOCKED"""  # noqa: S608 constants
_LOOK_ANYWHERE = """
    SELECT seat.id FROM tasks_seat seat
    WHERE seat.project_id = %(project)s AND seat.status = 'funded' AND (SELECT count(*) FROM tasks_seat held
        WHERE held.task_id = seat.task_id AND held.expert_id + 0 = %(expert)s) = 0
    ORDER BY seat.priority, seat.id LIMIT 1 FOR UPDATE SKIP LOCKED"""

# Locking, checking and taking are one statement, so the seat's step FUNDED -> CLAIMED is written here.
# ANY(ARRAY[]) leaves no order to join by: seat and task are found by their keys, never by walking all of them.
_TAKE = """
UPDATE tasks_seat SET status = 'claimed', expert_id = %(expert)s, claimed_at = %(now)s, lease_until = %(until)s,
    extended = false
FROM tasks_task task
WHERE task.id = ANY(ARRAY[tasks_seat.task_id]) AND tasks_seat.id = ({look})
RETURNING {columns}
"""


def _columns(model: type[models.Model], table: str) -> list[str]:
    return [f"{table}.{field.column}" for field in model._meta.concrete_fields]


def _fields(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


_RETURNED = ", ".join(_columns(Seat, "tasks_seat") + _columns(Task, "task"))
AT_HEAD, ONWARDS, ANYWHERE = (
    _by_index(_TAKE.format(look=look, columns=_RETURNED)) for look in (_LOOK_AT_HEAD, _LOOK_ONWARDS, _LOOK_ANYWHERE)
)


def lock_right(project: Project, expert: Expert) -> Right | None:
    """The accepted application, locked until the transaction ends; None without one."""
    eligible, params = _eligible(project)
    with connection.cursor() as cursor:
        mine = [expert.pk if value == _ANYBODY else value for value in params]
        cursor.execute(_RIGHT.format(eligible=eligible), [*mine, project.pk, expert.pk])
        row = cursor.fetchone()
    if row is None:
        return None
    consent, holds, version, number = row
    known = InstructionVersion.from_db(None, ["id", "number"], [version, number]) if version else None
    return Right(consent, holds, known)


def standing(project: Project, expert: Expert) -> Standing:
    """A statement of its own: it must see what an earlier claim of the same expert committed while we waited."""
    values = {"expert": expert.pk, "project": project.pk, "window": WINDOW}
    live, fresh_head, priority, seat = _run(STANDING, values)
    return Standing(live, fresh_head, None if seat is None else (priority, seat))


def take(project: Project, expert: Expert, standing: Standing, now: datetime, until: datetime) -> Seat | None:
    """The first funded seat on a task that the expert has not had: theirs from now on, with its task.

    With an overlap of two and more, the second seats of everything an expert did stay at the head of the queue. Walking
    over them would cost more with each task, so: a window at the head (urgent and returned seats are there), else on
    from the expert's last seat, and only then all of it, where a task that they gave back may come again.
    """
    priority, last = standing.last or (None, None)
    values = {"expert": expert.pk, "project": project.pk, "window": WINDOW, "now": now, "until": until}
    values |= {"priority": priority, "last": last}
    looks = [(AT_HEAD, standing.fresh_head), (ONWARDS, last is not None), (ANYWHERE, True)]
    for look, useful in looks:
        if useful and (seat := _take(look, values)):
            return seat
    return None


def _run(statement: str, values: dict[str, Any]) -> tuple[Any, ...]:
    """Its only row. A statement that fails ends the transaction, and the settings with it."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[Any, ...] = cursor.fetchone()
    return row[: -len(_WAYS)]


def _take(look: str, values: dict[str, Any]) -> Seat | None:
    row = _run(look, values)
    if row[0] is None:
        return None
    seat = Seat.from_db(connection.alias, _SEAT, row[: len(_SEAT)])
    seat.task = Task.from_db(connection.alias, _TASK, row[len(_SEAT) :])
    seat.task.payload = json.loads(seat.task.payload)  # what Django's own queries do
    return seat


_SEAT, _TASK = _fields(Seat), _fields(Task)
_ANYBODY: Final = -(2**40)
"""Stands for the expert's key in the condition below; no key is negative."""


def _eligible(project: Project) -> tuple[str, tuple[Any, ...]]:
    """The project's requirements as SQL. Making it costs more than running it: it is kept while they are the same."""
    values = (getattr(project, name) for name in _PROJECT)
    return _eligible_sql(tuple(tuple(value) if isinstance(value, list) else value for value in values))


@lru_cache(maxsize=1024)
def _eligible_sql(values: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    project = Project.from_db(None, _PROJECT, [list(value) if isinstance(value, tuple) else value for value in values])
    sql, params = qualified(project).filter(expert=_ANYBODY).values("pk").query.sql_with_params()
    return sql, tuple(params)


_PROJECT = [field.attname for field in Project._meta.concrete_fields if field.attname not in ("brief", "title")]
