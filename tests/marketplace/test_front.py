"""The front door tells what is open right now, and nothing that is not."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from marketplace.front import OpenWork, open_work
from tests.tasks.scene import accepted, claimed, project

pytestmark = pytest.mark.django_db


def test_a_market_without_work_shows_no_table(client: Client) -> None:
    project(tasks=2, seats_for=0)
    project(tasks=2, status="paused", fields=["0533"])
    assert open_work() == []
    assert "Open work right now" not in client.get("/").content.decode()


def test_fields_with_their_seats_and_medians(client: Client) -> None:
    project(tasks=3, fields=["0533"], pay=1_000, minutes=30)
    project(tasks=2, fields=["0533", "0421"], pay=3_000, minutes=60)
    project(tasks=1, minutes=15)
    assert open_work() == [
        OpenWork(code="0533", name="Physics", seats=5, pay=1_000, hourly=2_000, currency="usd"),
        OpenWork(code="0421", name="Law", seats=2, pay=3_000, hourly=3_000, currency="usd"),
        OpenWork(code="", name="Any field", seats=1, pay=1_000, hourly=4_000, currency="usd"),
    ]
    html = client.get("/").content.decode()
    assert "Open work right now" in html
    assert "$30.00" in html
    assert '<a href="/fields/0533-physics/">Physics</a>' in html
    assert '<a href="/fields/">Any field</a>' in html


def test_a_seat_that_somebody_holds_is_not_open() -> None:
    physics = project(tasks=3, fields=["0533"])
    accepted("Emil", physics)
    claimed(physics, "Emil")
    assert [row.seats for row in open_work()] == [2]


def test_the_numbers_are_at_most_a_minute_old() -> None:
    project(tasks=1)
    assert len(open_work()) == 1
    project(tasks=1, fields=["0533"])
    assert len(open_work()) == 1
    cache.clear()
    assert len(open_work()) == 2
