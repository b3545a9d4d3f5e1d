"""In Chromium: from a claim to a verified degree, with every interaction counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from experts.mailboxes import code_of
from experts.models import Credential, MailboxCode
from tests import people
from tests.browser.conftest import axe, sideways, sign_in

DESK = "/admin/experts/credential/desk/"


class Hand:
    """Whoever sits before the page: each field filled, each click and each key is one interaction."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.did: list[str] = []

    def fill(self, field: Locator, text: str) -> None:
        self.did.append(f"fill {text}")
        field.fill(text)

    def click(self, target: Locator) -> None:
        self.did.append("click")
        target.click()

    def press(self, key: str) -> None:
        self.did.append(key)
        self.page.keyboard.press(key)


@pytest.mark.django_db(transaction=True)
def test_from_claim_to_verified_by_mailbox_in_twelve_interactions_and_six_keys(
    open_page: Callable[..., Page], live_server: LiveServer
) -> None:
    emil = people.expert("Emil", verified=False)
    page = open_page()
    sign_in(page, emil.user, live_server.url)
    page.goto(f"{live_server.url}/expert/credentials/new/")
    hand = Hand(page)
    hand.fill(page.get_by_role("textbox", name="Degree"), "PhD in Physics")
    expect(page.get_by_label("Level")).to_have_value("8")  # both read from the title
    expect(page.locator("#field-choices input:checked")).to_have_value("0533")
    hand.fill(page.get_by_label("Name of the institution"), "Copenhagen")
    hand.click(page.locator("#institution-choices label").first)
    hand.fill(page.get_by_label("Year of the degree"), "2015")
    hand.click(page.get_by_role("button", name="Claim", exact=True))
    hand.fill(page.get_by_label("Your address there"), "emil@ku.dk")
    hand.click(page.get_by_role("button", name="Send a code"))
    expect(page.get_by_role("heading", name="Type the code")).to_be_visible()
    assert axe(page) == []
    assert sideways(page) == 0
    hand.fill(page.get_by_label("Code", exact=True), code_of(MailboxCode.objects.get().public_id))
    hand.click(page.get_by_role("button", name="Confirm", exact=True))
    expect(page.get_by_text("We answer by")).to_be_visible()
    credential = Credential.objects.get(expert=emil)
    assert (credential.status, credential.institution and credential.institution.name) == (
        "evidenced",
        "University of Copenhagen",
    )
    assert len(hand.did) <= 12, hand.did

    sign_in(page, people.ops(), live_server.url)
    page.goto(f"{live_server.url}{DESK}")
    expect(page.get_by_role("heading", name="Emil Sørensen")).to_be_visible()
    olu = Hand(page)
    olu.press("a")
    expect(page.get_by_text("The queue is empty")).to_be_visible()
    assert len(olu.did) <= 6
    people.a_minute_passes()
    credential.refresh_from_db()
    assert (credential.status, credential.method) == ("verified", "mailbox")
