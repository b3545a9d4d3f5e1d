"""The parts themselves, in Chromium: the policy holds, nothing is inaccessible, and the scripts do what they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import LOOKS, axe, picture, sideways

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.browser.kitchen")]
PAGES = ("kitchen", "bench", "steps", "desk")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_parts_are_accessible_and_fit(
    open_page: Callable[..., Page], live_server: LiveServer, name: str, look: str
) -> None:
    page = open_page(look)
    page.goto(f"{live_server.url}/{name}/")
    expect(page.locator("html[data-js]")).to_be_attached()
    picture(page, f"{name}-{look}")
    assert axe(page) == []
    assert sideways(page) == 0
