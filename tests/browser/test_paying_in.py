"""How a lab pays, in Chromium: the choice of card or bank, what is pending, the clock of unspent money, low funds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from payments import actions
from payments.models import Funding
from projects.models import Project
from tests.browser.conftest import LOOKS, axe, picture, sideways, sign_in
from tests.payments.stories import funded, ordered
from tests.people import user
from tests.sandbox import LocalStripe, stripe
from tests.tasks.scene import project

__all__ = ["stripe"]
pytestmark = [pytest.mark.django_db(transaction=True)]


def paid_in_four_ways(stripe: LocalStripe) -> tuple[Project, dict[str, Funding]]:
    """Paid by card two months ago; by bank: on its way, bounced; one page still open."""
    ice = project(tasks=3, seats_for=0)
    paid = funded(stripe, ref=ice.public_id)
    Funding.objects.update(paid_at=timezone.now() - timedelta(days=62), idle_warned_at=timezone.now())
    Project.objects.filter(pk=ice.pk).update(planned_tasks=200)
    coming, bounced = (ordered(500_000, ref=ice.public_id, method="bank") for _ in range(2))
    stripe.pay(coming.checkout_session_id or "", "customer_balance")
    stripe.pay(bounced.checkout_session_id or "", "us_bank_account")
    stripe.sandbox.settle(bounced.checkout_session_id or "", arrives=False)
    stripe.deliver()
    actions.process()
    waiting = ordered(20_000, ref=ice.public_id)
    return ice, {"paid": paid, "coming": coming, "bounced": bounced, "waiting": waiting}


@pytest.mark.parametrize("look", LOOKS)
def test_paying_in_is_clear_in_every_look(
    stripe: LocalStripe, live_server: LiveServer, open_page: Callable[..., Page], look: str
) -> None:
    ice, fundings = paid_in_four_ways(stripe)
    page = open_page(look)
    sign_in(page, user("Mina"), live_server.url)
    pages = {
        "fund": reverse("projects:fund", args=[ice.public_id]),
        "spend": reverse("tasks:spend", args=[ice.public_id]),
        "overview": reverse("tasks:project", args=[ice.public_id]),
        **{name: reverse("payments:funding", args=[one.public_id]) for name, one in fundings.items()},
    }
    for name, url in pages.items():
        page.goto(live_server.url + url)
        picture(page, f"paying-in-{name}-{look}")
        assert axe(page) == []
        assert sideways(page) == 0


def test_a_manager_cancels_a_payment_and_is_asked_first(
    stripe: LocalStripe, live_server: LiveServer, open_page: Callable[..., Page]
) -> None:
    funding = ordered()
    page = open_page()
    sign_in(page, user("Mina"), live_server.url)
    page.goto(live_server.url + reverse("payments:funding", args=[funding.public_id]))
    page.get_by_role("button", name="Cancel this payment").click()
    page.get_by_role("button", name="Cancel the payment").click()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    actions.dispatch()
    assert stripe.sandbox.find("session", funding.checkout_session_id or "")["status"] == "expired"
