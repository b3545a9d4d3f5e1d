"""A lab hears that money runs low before experts find nothing to do: once at each level, and on the project page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Notice
from core.actors import SYSTEM
from core.events import drain
from projects.actions import pause_project
from tasks import jobs
from tasks.actions import open_seats, watch_funds
from tasks.runway import ENOUGH, LOW, OUT, Runway
from tests.people import sign_in, user
from tests.tasks.scene import fund, handed_in, project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_seats_are_few(settings: Any) -> None:
    settings.QUORUM_LOW_FUNDS_SEATS, settings.QUORUM_LOW_FUNDS_PERCENT = 2, 0


def heard(name: str = "Mina") -> list[str]:
    drain()
    found = Notice.objects.filter(user=user(name), title__startswith="Why ice floats: ")
    return [title.removeprefix("Why ice floats: ") for title in found.order_by("pk").values_list("title", flat=True)]


@pytest.mark.parametrize(
    ("planned", "covered", "opened", "affordable", "level"),
    [
        (100, 0, 100, 0, ENOUGH),  # all of it is paid for
        (100, 60, 15, 5, ENOUGH),
        (100, 60, 9, 0, LOW),
        (100, 60, 4, 5, LOW),  # an unreserved cent counts like an open seat
        (300, 60, 20, 0, LOW),  # under a tenth of the plan
        (100, 60, 0, 0, OUT),
        (100, 100, 0, 0, ENOUGH),
        (0, 0, 0, 0, ENOUGH),
    ],
)
def test_levels(planned: int, covered: int, opened: int, affordable: int, level: str) -> None:
    assert Runway(planned, covered, opened, affordable).level(seats=10, percent=10) == level


def test_each_level_is_told_once_until_money_comes(mina: Client) -> None:
    ice = project(tasks=6, seats_for=3, claims_per_expert=6)
    page = reverse("tasks:project", args=[ice.public_id])
    jobs.watch_funds()
    assert heard() == []
    assert "Funds run low" not in mina.get(page).content.decode()
    for _ in range(2):
        handed_in(ice)
    assert [watch_funds(), watch_funds()] == [1, 0]
    assert heard() == heard("Ada") == ["funds for 1 more answer"]
    assert heard("Rosa") == []
    shown = mina.get(page).content.decode()
    assert "Funds run low" in shown
    assert "Experts can begin 1 more answer; 3 planned answers are not paid for yet." in shown
    handed_in(ice)
    assert watch_funds() == 1
    assert heard() == ["funds for 1 more answer", "the funds are used up"]
    assert "The funds are used up" in mina.get(page).content.decode()

    fund(ice, ice.seat_cost)
    open_seats(project=ice, by=SYSTEM)
    assert watch_funds() == 0  # better, and told before
    fund(ice, 2 * ice.seat_cost)
    open_seats(project=ice, by=SYSTEM)
    assert watch_funds() == 1
    assert len(heard()) == 2  # enough again is no news to write about
    assert "planned answer" not in mina.get(page).content.decode()


def test_a_project_whose_whole_plan_is_paid_for_is_left_in_peace(mina: Client) -> None:
    ice = project(tasks=2, claims_per_expert=2)
    handed_in(ice)
    assert watch_funds() == 0
    assert "Funds run low" not in mina.get(reverse("tasks:project", args=[ice.public_id])).content.decode()


def test_the_plan_counts_before_its_tasks_are_there() -> None:
    ice = project(tasks=1)
    ice.planned_tasks = 50
    ice.save()
    assert watch_funds() == 1
    assert heard() == ["funds for 1 more answer"]


def test_a_project_that_rests_says_nothing() -> None:
    ice = project(tasks=2, seats_for=0)
    pause_project(project=ice, by=user("Mina"))
    assert watch_funds() == 0


@pytest.fixture
def mina(client: Client) -> Client:
    return sign_in(client, user("Mina"))
