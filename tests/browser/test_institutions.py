"""The institution of a claim is found as one types, and chosen by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from tests import people
from tests.browser.conftest import axe, picture, sideways, sign_in
from tests.browser.test_foundation import Opener

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("look", ["desktop", "phone", "dark"])
def test_the_institution_is_chosen_by_keyboard(open_page: Opener, live_server: LiveServer, look: str) -> None:
    emil = people.expert("Emil", verified=False)
    page = open_page(look)
    sign_in(page, emil.user, live_server.url)
    page.goto(f"{live_server.url}/expert/credentials/new/")
    page.get_by_label("Name of the institution").press_sequentially("tampere uni")
    first = page.get_by_role("radio", name="Tampere University Tampere, Finland", exact=True)
    expect(first).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(first).to_be_checked()
    expect(page.get_by_text("existed until 2018, now part of Tampere University")).to_be_visible()
    picture(page, f"institution-{look}")
    assert axe(page) == []
    assert sideways(page) == 0
