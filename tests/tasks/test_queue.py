"""A claim costs the same however long the queue, also for one expert who does it all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actors import SYSTEM
from projects.models import Project
from tasks.actions import open_seats, queue
from tasks.actions.copying import copy_in
from tasks.models import Seat, Submission
from tests.people import api_client_for
from tests.tasks.scene import accepted, add_tasks, answer, claimed, fund, project

pytestmark = pytest.mark.django_db

TASKS = 3_000


@pytest.fixture(params=["after ANALYZE", "with no statistics yet"])
def long_way_in(request: pytest.FixtureRequest) -> Project:
    """Emil has done the first 2,900 of 3,000 tasks; the second seats of all of them are still funded."""
    ice = project(tasks=0, overlap=2, claims_per_expert=5)
    add_tasks(ice, TASKS)
    fund(ice, 2 * TASKS * ice.seat_cost)
    open_seats(project=ice, by=SYSTEM)
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
    with connection.cursor() as cursor:
        if request.param == "after ANALYZE":
            cursor.execute("ANALYZE tasks_seat, tasks_submission, tasks_task")
    return ice


def plan_of(sql: str, values: dict[str, Any]) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
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


def test_every_look_but_the_last_touches_a_handful_of_rows_and_walks_the_queue_index(long_way_in: Project) -> None:
    given = values(long_way_in)
    for look in (queue._STANDING, queue.AT_HEAD, queue.ONWARDS):
        plan = plan_of(look, given)
        assert looked_at(plan) < 250, look
        assert not [node for node in nodes(plan) if node["Node Type"] == "Seq Scan"], look
        assert [node for node in nodes(plan) if node.get("Index Name") == "seat_queue"], look


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
