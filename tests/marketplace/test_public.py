"""The roof's own pages, and the frame around all pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import Delivery, Event
from marketplace.shell import ACCOUNT, FOOT, NAV, SIDES
from tests import people

pytestmark = pytest.mark.django_db


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_every_place_of_the_menus_exists() -> None:
    for label, name, _icon in (*ACCOUNT, *FOOT, *(row for rows in NAV.values() for row in rows)):
        assert reverse(name), label


def test_a_visitor_finds_two_doors(client: Client) -> None:
    page = text(client, "/")
    assert "Sign up as a lab" in page
    assert "Sign up as an expert" in page
    assert "20%" in page


def test_who_has_begun_goes_on_to_their_side(client: Client) -> None:
    people.lab()
    client.force_login(people.user("Mina"))
    assert client.get("/").headers["Location"] == reverse("tasks:dashboard")
    client.force_login(people.expert("Emil").user)
    assert client.get("/").headers["Location"] == reverse("tasks:work")
    client.force_login(people.ops())
    assert client.get("/").headers["Location"] == reverse("admin:desk")


def test_who_has_not_begun_is_shown_the_doors_from_inside(client: Client) -> None:
    client.force_login(people.user("Sam"))
    page = text(client, "/")
    assert reverse("accounts:lab_new") in page
    assert "Become an expert" in page


def test_one_login_switches_between_lab_and_expert(client: Client) -> None:
    """Emil also reviews for a lab: the menu shows one side at a time and remembers which."""
    people.lab().memberships.create(user=people.expert("Emil").user, role="reviewer")
    client.force_login(people.user("Emil"))
    assert client.get("/").headers["Location"] == reverse("tasks:dashboard")
    assert 'name="side" value="expert"' in text(client, "/status/")
    response = client.post("/side/", {"side": "expert"})
    assert response.headers["Location"] == "/"
    assert client.get("/").headers["Location"] == reverse("tasks:work")


def test_a_side_that_one_does_not_stand_on_is_ignored(client: Client) -> None:
    client.force_login(people.expert("Emil").user)
    client.post("/side/", {"side": "ops"})
    assert client.get("/").headers["Location"] == reverse("tasks:work")
    assert client.post("/side/", {"side": "moon"}).status_code == 400
    assert client.get("/side/").status_code == 405
    assert {side.key for side in SIDES} == {"lab", "expert", "ops"}


def test_the_menu_marks_where_one_is(client: Client) -> None:
    client.force_login(people.expert("Emil").user)
    page = text(client, reverse("tasks:my_work"))
    assert f'<a href="{reverse("tasks:my_work")}" aria-current="page">' in page
    assert f'<a href="{reverse("tasks:work")}">' in page


def test_the_bell_counts_what_is_unread(client: Client) -> None:
    emil = people.expert("Emil").user
    for title in ("Accepted", "Paid"):
        emil.notices.create(title=title)
    client.force_login(emil)
    assert 'aria-label="Notices, ' in text(client, "/status/")
    unread = emil.notices.filter(read_at=None).count()
    assert f"Notices, {unread} unread" in text(client, "/status/")


def test_status_tells_when_background_work_is_late(client: Client) -> None:
    assert "Everything works" in text(client, "/status/")
    event = Event.objects.create(name="funding.paid", subject="fnd_1")
    Delivery.objects.create(event=event, job="x", due_at=timezone.now() - timedelta(minutes=1))
    assert "Everything works" in text(client, "/status/")
    Delivery.objects.create(event=event, job="y", due_at=timezone.now() - timedelta(minutes=3))
    page = text(client, "/status/")
    assert "Some things are slow" in page
    assert "Behind" in page


def test_pay_is_explained_to_everybody(client: Client) -> None:
    assert "From a lab&#x27;s card" in text(client, "/how-pay-works/") or "From a lab's card" in text(
        client, "/how-pay-works/"
    )


def test_preview_renders_for_people_who_are_signed_in(client: Client) -> None:
    assert client.post("/preview/", {"text": "**a**"}).status_code == 302
    client.force_login(people.user("Sam"))
    assert client.post("/preview/", {"text": "**a** <script>"}).content == b"<p><strong>a</strong> &lt;script&gt;</p>\n"
    assert client.get("/preview/").status_code == 405
    assert len(client.post("/preview/", {"text": "a" * 60_000}).content) < 50_100


def test_pages_that_refuse(client: Client) -> None:
    assert "This page is not here" in client.get("/nowhere/").content.decode()
