"""Seats exist only when they are paid for."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from core.errors import NotAllowed
from core.models import Event
from projects.models import Project
from tasks.actions import cancel_seats, open_seats, reject, seats
from tasks.models import Seat
from tests.people import user
from tests.tasks.scene import add_tasks, claimed, fresh, fund, handed_in, money, project

pytestmark = pytest.mark.django_db


def test_as_many_seats_open_as_the_funds_pay_for() -> None:
    ice = project(tasks=3, overlap=2, seats_for=3)
    assert money(ice) == (0, 3 * 1_200)
    first, second, _ = ice.tasks.order_by("pk")
    opened = list(Seat.objects.order_by("pk").values_list("task", "number"))
    assert opened == [(first.pk, 0), (first.pk, 1), (second.pk, 0)]


def test_a_cent_short_opens_nothing() -> None:
    ice = project(tasks=1, seats_for=0)
    fund(ice, 1_199)
    assert open_seats(project=ice, by=user("Mina")) == 0
    fund(ice, 1)
    assert open_seats(project=ice, by=user("Mina")) == 1
    assert open_seats(project=ice, by=user("Mina")) == 0
    assert money(ice) == (0, 1_200)


def test_urgent_tasks_get_seats_first() -> None:
    ice = project(tasks=2, seats_for=0)
    [urgent] = add_tasks(ice, 1, priority=-1)
    fund(ice, 1_200)
    open_seats(project=ice, by=user("Mina"))
    assert Seat.objects.get().task == urgent


@pytest.mark.parametrize("status", ["draft", "paused", "closed"])
def test_a_project_that_is_not_open_opens_no_seats(status: str) -> None:
    ice = project(tasks=1, status=status)
    assert Seat.objects.count() == 0
    assert money(ice) == (1_200, 0)


def test_in_the_pilot_only_its_tasks_have_seats() -> None:
    ice = project(tasks=5, overlap=2, pilot_tasks=2)
    assert Seat.objects.count() == 4
    Project.objects.filter(pk=ice.pk).update(pilot_confirmed_at=ice.created_at)
    assert open_seats(project=ice, by=user("Mina")) == 6


def test_a_reviewer_does_not_open_seats() -> None:
    with pytest.raises(NotAllowed):
        open_seats(project=project(), by=user("Rosa"))


def test_a_rejection_makes_room_for_another_answer_once_there_are_funds() -> None:
    ice = project(tasks=1)
    work = handed_in(ice)
    reject(submission=work, by=user("Rosa"), reason="incorrect", note="The lattice is not named.")
    assert open_seats(project=ice, by=user("Mina"), tasks=[work.task_id]) == 0
    fund(ice, 1_200)
    assert open_seats(project=ice, by=user("Mina"), tasks=[work.task_id]) == 1
    assert list(work.task.seats.order_by("number").values_list("number", "status")) == [(0, "claimed"), (1, "funded")]
    assert open_seats(project=ice, by=user("Mina")) == 0


def test_seats_that_nobody_holds_return_their_reserve() -> None:
    ice = project(tasks=3)
    held = claimed(ice)
    assert cancel_seats(project=ice, by=user("Mina")) == 2
    assert cancel_seats(project=ice, by=user("Mina")) == 0
    assert money(ice) == (2 * 1_200, 1_200)
    assert fresh(held.seat).status == "claimed"
    assert Event.objects.filter(name="project.seats_cancelled").count() == 1


def test_after_many_seats_the_database_looks_at_the_table_anew(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """Else the first claims would be planned for a table that is still empty."""
    monkeypatch.setattr(seats, "MANY", 2)
    with django_capture_on_commit_callbacks(execute=True):
        project(3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'tasks_seat'")
        assert cursor.fetchone() == (3,)
