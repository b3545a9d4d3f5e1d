"""The money pages as people see them, and the sandbox's: no fault for axe, none for the policy, none sideways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test.testcases import LiveServerThread
from django.utils import timezone
from playwright.sync_api import Page

from core.events import drain
from payments import actions, gateway
from payments.models import Dispute, Payout, Refund
from payments.sandbox import disputes
from tasks.actions import accept, reject
from tests.browser.conftest import axe, picture, sideways, sign_in
from tests.payments.stories import earned, funded, ordered, payee
from tests.people import user
from tests.sandbox import LocalStripe, stripe
from tests.tasks.scene import handed_in, project

__all__ = ["stripe"]

pytestmark = pytest.mark.django_db(transaction=True)


OUTSIDE = """[...document.querySelectorAll(".tabs [aria-current], .nav [aria-current]")].some((here) =>
    here.getBoundingClientRect().right > here.closest(".tabs, .nav-box").getBoundingClientRect().right + 1)"""


def look(page: Page, url: str, name: str) -> list[str]:
    page.goto(url)
    picture(page, f"money-{name}")
    faults = [f"{name}: {fault}" for fault in axe(page)]
    faults += [f"{name}: the tab one is on is not seen"] if page.evaluate(OUTSIDE) else []
    return faults + ([f"{name} scrolls sideways"] if sideways(page) else [])


def story(stripe: LocalStripe) -> None:
    """Emil has one earning in the bank, one that the bank sent back, and one waiting."""
    funded(stripe)
    row = payee(stripe)
    for source, bank in (("sub_aaaaaaaaaaaaaaaa", "ok"), ("sub_bbbbbbbbbbbbbbbb", "account_closed")):
        stripe.sandbox.set_bank(row.stripe_account_id or "", bank)
        earned(row.user, source=source)
        actions.make_payouts()
        actions.dispatch()
        stripe.days_pass(2)
        stripe.deliver()
        actions.process()
    earned(row.user, source="sub_cccccccccccccccc")
    assert set(Payout.objects.values_list("status", flat=True)) == {"paid", "failed"}


@pytest.mark.parametrize("kind", ["desktop", "phone", "dark"])
def test_the_money_pages(
    stripe: LocalStripe, live_server: LiveServerThread, open_page: Callable[..., Page], kind: str
) -> None:
    story(stripe)
    base: Any = live_server.url  # type: ignore[attr-defined]
    page = open_page(kind)
    sign_in(page, user("Emil"), base)
    faults = look(page, f"{base}/earnings/", f"earnings-{kind}")
    faults += look(page, f"{base}/earnings/statements/", f"statements-{kind}")
    faults += look(page, f"{base}/payouts/", f"payouts-{kind}")
    faults += look(page, f"{base}/payouts/setup/", f"setup-{kind}")
    faults += look(page, f"{base}/payouts/setup/done/", f"return-{kind}")
    sign_in(page, user("Farah"), base)
    faults += look(page, f"{base}/earnings/", f"empty-{kind}")
    faults += look(page, f"{base}/payouts/setup/", f"country-{kind}")
    sign_in(page, user("Mina"), base)
    faults += look(page, f"{base}/fundings/{ordered().public_id}/", f"funding-{kind}")
    assert faults == []


@pytest.mark.parametrize("kind", ["desktop", "phone"])
def test_the_sandboxs_pages(stripe: LocalStripe, open_page: Callable[..., Page], kind: str) -> None:
    story(stripe)
    funding = ordered()
    account = next(stripe.sandbox.store.all("account"))["id"]
    link = gateway.onboarding_url(account, return_url="http://localhost/a", refresh_url="http://localhost/a")
    page = open_page(kind)
    faults = look(page, funding.checkout_url, f"sandbox-pay-{kind}")
    faults += look(page, link, f"sandbox-onboard-{kind}")
    faults += look(page, f"{stripe.url}/", f"sandbox-home-{kind}")
    faults += look(page, f"{stripe.url}/deliveries", f"sandbox-deliveries-{kind}")
    faults += look(page, f"{stripe.url}/objects/account", f"sandbox-account-{kind}")
    faults += look(page, f"{stripe.url}/clock", f"sandbox-clock-{kind}")
    assert faults == []


@pytest.mark.parametrize("kind", ["desktop", "phone", "dark"])
def test_a_labs_money(
    stripe: LocalStripe, live_server: LiveServerThread, open_page: Callable[..., Page], kind: str
) -> None:
    """Mina reads where her lab's money is: one project's balance and ledger, all projects' months, one on paper."""
    ice = project(tasks=3, seats_for=0, claims_per_expert=3)
    funded(stripe, ref=ice.public_id)
    drain()
    accept(submission=handed_in(ice), by=user("Rosa"))
    reject(submission=handed_in(ice), by=user("Rosa"), reason="incorrect", note="It is the other way round.")
    base: Any = live_server.url  # type: ignore[attr-defined]
    page = open_page(kind)
    sign_in(page, user("Mina"), base)
    at, lab = f"{base}/projects/{ice.public_id}", f"{base}/billing/{ice.lab.public_id}"
    faults = look(page, f"{at}/spend/", f"lab-money-{kind}")
    faults += look(page, f"{at}/ledger/", f"lab-ledger-{kind}")
    faults += look(page, f"{at}/ledger/?group=refund", f"lab-ledger-empty-{kind}")
    faults += look(page, f"{lab}/", f"lab-billing-{kind}")
    faults += look(page, f"{lab}/{timezone.now():%Y-%m}/", f"lab-statement-{kind}")
    assert faults == []


@pytest.mark.parametrize("kind", ["desktop", "phone", "dark"])
def test_money_that_goes_back(
    stripe: LocalStripe, live_server: LiveServerThread, open_page: Callable[..., Page], kind: str
) -> None:
    """The lab's page with refunds of each kind and a dispute; the sandbox's desk, where they come from; the notice."""
    ice = project()
    first, second = funded(stripe, 30_000, ref=ice.public_id), funded(stripe, 20_000, ref=ice.public_id)
    for amount, reason in ((2_000, "The work is done."), (1_500, "Too much was paid in."), (700, "A part that waits.")):
        actions.refund_funds(
            ref=ice.public_id, lab=ice.lab, amount=amount, currency="usd", reason=reason, by=user("Ada")
        )  # fmt: skip
        if amount != 700:
            actions.dispatch()
    stripe.sandbox.fail_refund(Refund.objects.get(amount=1_500).refund_id or "")
    base: Any = live_server.url  # type: ignore[attr-defined]
    page = open_page(kind)
    sign_in(page, user("Ada"), base)
    faults = look(page, f"{base}/projects/{ice.public_id}/refunds/", f"refunds-{kind}")
    for funding in (first, second):
        disputes.dispute(stripe.sandbox, funding.charge_id or "")
    stripe.deliver()
    actions.process()
    disputes.close(stripe.sandbox, Dispute.objects.get(funding=first).stripe_id, "lost")
    stripe.deliver()
    actions.process()
    drain()
    faults += look(page, f"{base}/projects/{ice.public_id}/refunds/", f"disputes-{kind}")
    faults += look(page, f"{base}/projects/{ice.public_id}/", f"frozen-{kind}")
    faults += look(page, f"{base}/notices/", f"notices-{kind}")
    faults += look(page, f"{stripe.url}/_sandbox", f"desk-{kind}")
    assert faults == []
