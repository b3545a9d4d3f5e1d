"""A claim costs the same however long the queue, also for one expert who does it all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actors import SYSTEM
from core.copying import copy_in
from projects.models import Project
from tasks.actions import open_seats, queue
from tasks.models import Seat, Submission
from tests.people import api_client_for
from tests.tasks.scene import accepted, add_tasks, answer, claimed, fund, project

pytestmark = pytest.mark.django_db

TASKS = 3_000


TABLES = ("tasks_seat", "tasks_submission", "tasks_task")

NEVER = "never analysed"
EMPTY = "analysed while the tables were empty"
FUNDED = "analysed when nobody had claimed anything"
HALF = "only the seats analysed"
GONE = "analysed, but for the sizes, which are of rows long gone"
FRESH = "analysed now"


@pytest.fixture(params=[FUNDED, FRESH])
def long_way_in(request: pytest.FixtureRequest) -> Project:
    """Emil has done the first 2,900 of 3,000 tasks; the second seats of all of them are still funded."""
    statistics = request.param
    forget_statistics()
    if statistics == EMPTY:
        analyse(*TABLES)
    ice = project(tasks=0, overlap=2, claims_per_expert=5)
    add_tasks(ice, TASKS)
    fund(ice, 2 * TASKS * ice.seat_cost)
    open_seats(project=ice, by=SYSTEM)
    if statistics == FUNDED:
        analyse(*TABLES)
    emil, now = accepted("Emil", ice), timezone.now()
    first = Seat.objects.filter(project=ice, number=0).order_by("pk")[: TASKS - 100]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tasks_seat SET status = 'claimed', expert_id = %s, claimed_at = %s + id * interval '1 ms'"
            " WHERE id = ANY(%s)",
            [emil.pk, now, [seat.pk for seat in first]],
        )
    columns = ("public_id", "seat_id", "task_id", "project_id", "expert_id", "status", "response", "draft",
               "draft_version", "active_seconds", "started_at", "submitted_at", "decide_by", "reason")  # fmt: skip
    rest: tuple[Any, ...] = ("submitted", {}, {}, 0, 0, now, now, now, "")
    copy_in(
        Submission,
        columns,
        [(f"sub_{seat.pk}", seat.pk, seat.task_id, ice.pk, emil.pk, *rest) for seat in first],
    )
    if statistics in (HALF, FRESH, GONE):
        analyse(*TABLES[: 1 if statistics == HALF else 3])
    if statistics == GONE:
        believe(rows=0, pages=50)
    return ice


def forget_statistics() -> None:
    """As in a new database, whatever the tests before this one left; and locked: no autovacuum comes between."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(TABLES)} IN SHARE UPDATE EXCLUSIVE MODE")
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = ANY(%s::regclass[])", [list(TABLES)])
    believe(rows=-1, pages=0)


def believe(*, rows: int, pages: int) -> None:
    """What PostgreSQL takes for the size of the tables and of their indexes; -1 rows stand for "unknown"."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET reltuples = %(rows)s, relpages = %(pages)s WHERE oid = ANY(%(tables)s::regclass[])"
            " OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = ANY(%(tables)s::regclass[]))",
            {"rows": rows, "pages": pages, "tables": list(TABLES)},
        )


def analyse(*tables: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(tables)}")


def plan_of(statement: str, values: dict[str, Any]) -> dict[str, Any]:
    settings, sql = statement.rsplit("; ", 1)
    with connection.cursor() as cursor:
        cursor.execute(f"{settings}; EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        [(plan,)] = cursor.fetchall()
    found: dict[str, Any] = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return found


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


def looked_at(plan: dict[str, Any]) -> float:
    """Rows that the statement touched, over all its steps."""
    touched: float = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in nodes(plan)
    )
    return touched


def values(of: Project) -> dict[str, Any]:
    who = accepted_expert(of)
    place = queue.standing(of, who)
    assert place.last is not None
    now = timezone.now()
    return {"expert": who.pk, "project": of.pk, "window": queue.WINDOW, "now": now, "until": now,
            "priority": place.last[0], "last": place.last[1]}  # fmt: skip


def accepted_expert(of: Project) -> Any:
    return of.applications.get().expert


@pytest.mark.parametrize("long_way_in", [NEVER, EMPTY, FUNDED, HALF, GONE, FRESH], indirect=True)
def test_every_look_but_the_last_touches_a_handful_of_rows_and_walks_the_queue_index(long_way_in: Project) -> None:
    emil = values(long_way_in)
    newcomer = emil | {"expert": emil["expert"] + 1}
    asked = [(queue.STANDING, emil), (queue.AT_HEAD, emil), (queue.STANDING, newcomer), (queue.ONWARDS, emil)]
    for look, given in asked:
        plan = plan_of(look, given)
        assert looked_at(plan) < 250, json.dumps(plan, indent=1)
        assert not [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"], look
        assert [node for node in nodes(plan) if node.get("Index Name") == "seat_queue"], look


@pytest.mark.parametrize("long_way_in", [NEVER, EMPTY, FUNDED, HALF, GONE, FRESH], indirect=True)
def test_the_last_look_goes_once_over_what_the_expert_did(long_way_in: Project) -> None:
    assert looked_at(plan_of(queue.ANYWHERE, values(long_way_in))) < 5 * TASKS


def test_the_planner_is_left_as_it_was(long_way_in: Project) -> None:
    emil = accepted_expert(long_way_in)
    place = queue.standing(long_way_in, emil)
    assert not switched_off()
    assert queue.take(long_way_in, emil, place, timezone.now(), timezone.now()) is not None
    assert not switched_off()
    nothing_there = Project(pk=0)
    assert queue.take(nothing_there, emil, place, timezone.now(), timezone.now()) is None
    assert not switched_off()


def switched_off() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_settings WHERE name LIKE 'enable_%' AND setting <> reset_val")
        return list(cursor.fetchall())


def test_the_negative_control_without_a_place_to_go_on_from_walks_everything(long_way_in: Project) -> None:
    whole = queue.ONWARDS.replace("(seat.priority, seat.id) > (%(priority)s, %(last)s)", "true")
    assert whole != queue.ONWARDS
    assert looked_at(plan_of(whole, values(long_way_in))) > TASKS


def test_after_thousands_of_tasks_the_next_one_is_new(long_way_in: Project) -> None:
    done = set(Submission.objects.values_list("task_id", flat=True))
    mine = [claimed(long_way_in).task_id for _ in range(3)]
    assert not done & set(mine)
    assert mine == sorted(mine)


def test_claim_and_hand_in_stay_within_their_statements(long_way_in: Project) -> None:
    api = api_client_for(accepted_expert(long_way_in).user)
    with CaptureQueriesContext(connection) as claim:
        work = api.post(f"/api/v1/projects/{long_way_in.public_id}/claims/").json()
    with CaptureQueriesContext(connection) as submit:
        reply = api.post(f"/api/v1/work/{work['id']}/submit/", {"response": answer()}, format="json")
    assert reply.status_code == 200
    assert statements(claim) <= 8
    assert statements(submit) <= 7


def statements(captured: CaptureQueriesContext) -> int:
    return len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]])
