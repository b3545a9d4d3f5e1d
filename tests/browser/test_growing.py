"""The pages that newcomers see before they have an account, at each look."""

from __future__ import annotations

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import axe, picture, sideways
from tests.browser.test_foundation import Opener
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
