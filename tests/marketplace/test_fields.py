"""Whoever looks for paid work in their field finds a page that says what is open, and nothing of whose it is."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from marketplace.fields import Work, headline, labels, market, rates_of, row, touched
from projects.kinds import kind
from projects.models import Project
from tests import people

pytestmark = pytest.mark.django_db


def project(pay: int, *fields: str, **more: Any) -> Project:
    """Open, half an hour a task."""
    given = {"title": "Secret of Meridian", "kind": "preference", "minutes": 30, "status": "open", **more}
    return Project.objects.create(
        lab=people.lab(), created_by=people.user("Mina"), pay=pay, fields=list(fields), **given
    )


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def test_physics_with_its_projects_and_what_an_hour_pays(client: Client) -> None:
    project(2_250, "0533")
    project(6_000, "0533", "0421", kind="stepwise")
    project(3_010, "053")  # whoever asks for physical sciences takes physicists
    project(9_900, "0532")
    project(9_900, "0533", status="paused")
    project(1_000)
    html = text(client, "/fields/0533-physics/")
    assert "<title>Physics: 3 projects, $45–120/h · Quorum</title>" in html
    assert "3 open projects ask for it; they pay $45–120/h." in html
    assert "1 more takes people of every field." in html
    assert '<meta name="description" content="Physics: 3 projects, $45–120/h.' in html
    assert '<link rel="canonical" href="http://localhost:8000/fields/0533-physics/">' in html
    assert html.index('href="/fields/05-natural-sciences-mathematics-and-statistics/"') < html.index("<h1>Physics")
    for slug in ("preference", "stepwise"):
        assert f'<li class="chip">{kind(slug).label}</li>' in html
    assert "Meridian" not in html
    broad = text(client, "/fields/05-natural-sciences-mathematics-and-statistics/")
    assert "not elsewhere classified" not in broad
    project(5_000, "0599")
    cache.clear()
    assert "not elsewhere classified" in text(client, "/fields/05-natural-sciences-mathematics-and-statistics/")


def test_one_projects_price_is_not_told(client: Client) -> None:
    for _ in range(2):
        project(5_000, "0533")
    html = text(client, "/fields/0533-physics/")
    assert "2 open projects ask for it." in html
    assert "$100" not in html
    assert "told here once three or more are open" in html


def test_a_field_without_work_says_what_happens_next(client: Client) -> None:
    html = text(client, "/fields/0533-physics/")
    assert "<title>Physics: paid expert work · Quorum</title>" in html
    assert "Nothing open right now" in html
    assert 'href="/accounts/signup/">Sign up</a>' in html
    people.sign_in(client, people.expert().user)
    assert "Find other work" in text(client, "/fields/0533-physics/")


def test_experts_are_told_in_tens() -> None:
    for n in range(11):
        people.expert(f"Physicist{n}")
    assert market().experts["0533"] == 10
    people.expert("Unproven", verified=False)
    cache.clear()
    assert market().experts["05"] == 10


def test_the_whole_tree_costs_two_statements_and_then_none(client: Client) -> None:
    project(5_000, "0533")
    with CaptureQueriesContext(
        connection,
    ) as first:
        html = text(client, "/fields/")
    assert len(first) == 2
    assert "Natural sciences, mathematics and statistics" in html
    with CaptureQueriesContext(connection) as second:
        text(client, "/fields/")
    assert len(second) == 0


def test_a_field_is_found_by_what_people_call_it(client: Client) -> None:
    html = text(client, "/fields/?q=orthopaedics")
    assert 'href="/fields/0912-medicine/"' in html
    assert "<small>orthopaedics</small>" in html.lower()
    assert "noindex" in html
    assert "No field of that name" in text(client, "/fields/?q=xyzzyx")
    assert "<script>alert" not in text(client, "/fields/?q=<script>alert(1)</script>")


@pytest.mark.parametrize("asked", ["0533", "0533-", "0533-alchemy", "0533-PHYSICS"])
def test_every_field_has_one_address(client: Client, asked: str) -> None:
    response = client.get(f"/fields/{asked}/")
    assert (response.status_code, response["Location"]) == (301, "/fields/0533-physics/")


@pytest.mark.parametrize("asked", ["9999-x", "physics", "-", "05333", "0533%0aSet-Cookie:x"])
def test_what_is_no_field_is_not_here(client: Client, asked: str) -> None:
    assert client.get(f"/fields/{asked}/").status_code == 404


def test_whom_a_project_wants() -> None:
    assert touched([]) == set()
    assert {"05", "053", "0533"} <= touched(["0533"])
    assert "0532" not in touched(["0533"])
    assert {"05", "053", "0531", "0532", "0533"} <= touched(["053"])


def test_ranges_in_words() -> None:
    rows = [(4_510, "preference", "usd"), (4_590, "preference", "usd"), (4_600, "preference", "usd")]
    assert rates_of(rows) == "$45–46/h"
    assert rates_of([(4_500, "preference", "usd")] * 3) == "$45/h"
    assert rates_of(rows[:2]) == ""
    mixed = [*rows, (9_900, "preference", "eur")]
    assert rates_of(mixed) == "$45–46/h"
    assert headline(row("0533", market())) == "Physics: paid expert work"
    assert Work().kinds == ()


def test_search_engines_are_told_every_field_and_no_private_page(client: Client, settings: Settings) -> None:
    settings.QUORUM_PUBLIC_URL = "https://experts.example.org"
    robots = client.get("/robots.txt")
    assert robots["Content-Type"].startswith("text/plain")
    assert "Disallow: /admin/\n" in robots.text
    assert "Sitemap: https://experts.example.org/sitemap.xml\n" in robots.text
    listed = client.get("/sitemap.xml")
    assert listed["Content-Type"].startswith("application/xml")
    addresses = [node.text for node in ElementTree.fromstring(listed.content).iter() if node.text and node.text.strip()]
    assert "https://experts.example.org/fields/0533-physics/" in addresses
    assert len(addresses) == len(set(addresses)) == len(labels()) + 3
    for address in addresses[:6]:
        assert address
        assert client.get(address.removeprefix("https://experts.example.org")).status_code == 200


def test_the_foot_of_every_page_leads_there(client: Client) -> None:
    assert '<a href="/fields/">Fields</a>' in text(client, "/status/")
