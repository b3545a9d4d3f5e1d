"""The pages that newcomers see before they have an account, at each look."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload, expect
from pytest_django.live_server_helper import LiveServer

from experts.actions import make_partner, take_audience
from experts.audience import digest
from experts.letters import unsubscribe_path
from experts.models import Institution
from tests import people
from tests.browser.conftest import Watch, axe, picture, sideways, sign_in
from tests.browser.test_foundation import Opener
from tests.browser.test_ops import STOCK
from tests.experts.test_audience import BO, NADIA, cell, file
from tests.experts.test_joining import png
from tests.marketplace.test_fields import project

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("look", ["desktop", "phone", "dark"])
def test_fields_with_and_without_work(open_page: Opener, live_server: LiveServer, look: str) -> None:
    for pay in (2_250, 4_000, 6_000):
        project(pay, "0533")
    page = open_page(look)
    places = {
        "fields": "",
        "fields-found": "?q=orthopaedics",
        "fields-none": "?q=xyzzyx",
        "field-broad": "05-natural-sciences-mathematics-and-statistics/",
        "field": "0533-physics/",
        "field-empty": "0912-medicine/",
    }
    for name, path in places.items():
        page.goto(f"{live_server.url}/fields/{path}")
        picture(page, f"{name}-{look}")
        assert axe(page) == []
        assert sideways(page) == 0


@pytest.mark.parametrize("look", ["desktop", "phone", "dark"])
def test_links_that_bring_people(open_page: Opener, live_server: LiveServer, look: str) -> None:
    words = "Members work on questions of **their own field**.\n\n- Paid by task\n- Reviewed by labs"
    place = Institution.objects.get(name="University of Copenhagen")
    make_partner(
        name="Danish Physical Society", slug="dfs", logo=png(), blurb=words, institution=place, by=people.ops()
    )
    emil = people.expert()
    page = open_page(look)
    for name, path in {"join": f"/join/{emil.join_code}/", "partner": "/partners/dfs/"}.items():
        page.goto(live_server.url + path)
        picture(page, f"{name}-{look}")
        assert axe(page) == []
        assert sideways(page) == 0
    sign_in(page, emil.user, live_server.url)
    for name, path in {"invite": "/expert/invite/", "join-member": f"/join/{emil.join_code}/"}.items():
        page.goto(live_server.url + path)
        picture(page, f"{name}-{look}")
        assert axe(page) == []
        assert sideways(page) == 0


@pytest.mark.parametrize("look", ["desktop", "phone", "dark"])
def test_a_no_in_one_press(open_page: Opener, live_server: LiveServer, look: str) -> None:
    page = open_page(look)
    page.goto(live_server.url + unsubscribe_path(digest("nadia@people.example")))
    picture(page, f"unsubscribe-{look}")
    assert axe(page) == []
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are off the list")).to_be_visible()
    picture(page, f"unsubscribed-{look}")
    assert axe(page) == []
    assert sideways(page) == 0


@pytest.mark.parametrize("look", ["desktop", "phone", "dark"])
def test_olus_desk_of_invitations(open_page: Opener, live_server: LiveServer, watch: Watch, look: str) -> None:
    made = take_audience(content=file(NADIA, BO), filename="physicists.csv", by=people.ops())
    page = open_page(look)
    sign_in(page, people.ops(), live_server.url)
    places = {"list": "", "one": f"{made.pk}/change/", "ask": f"{made.pk}/do/confirm/", "take": "take/"}
    for name, path in places.items():
        page.goto(f"{live_server.url}/admin/experts/audience/{path}")
        picture(page, f"audience-{name}-{look}")
        assert [line for line in axe(page) if not line.startswith(STOCK)] == []
    watch.expect("422")
    faulty = FilePayload(name="people.csv", mimeType="text/csv", buffer=cell(name="=1+1", consent=""))
    page.set_input_files("input[type=file]", faulty)
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_role("heading", name="Nothing was taken")).to_be_visible()
    picture(page, f"audience-faults-{look}")
    assert [line for line in axe(page) if not line.startswith(STOCK)] == []
