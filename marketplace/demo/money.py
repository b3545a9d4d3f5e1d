"""The demo's money: paid in and onboarded at the sandbox's own pages, as a person would click there."""

from __future__ import annotations

import time
from collections.abc import Callable

import requests
from django.conf import settings

from accounts.models import User
from core import events
from payments import actions as payments
from payments.models import Funding, Payee
from payments.queries import route_to
from projects import actions as projects
from projects.models import Project
from projects.pricing import price

PATIENCE = 60.0  # seconds
BANK = {"account": "0000123456789", "code": "DEMO0001", "bank": "Bank of the Demo"}


class SandboxSilent(RuntimeError):
    """The sandbox did not do what its page says."""


def sandbox_is_here() -> bool:
    """Whether payments lead to the sandbox: real Stripe is never asked to pretend."""
    return bool(settings.STRIPE_API_BASE) and settings.STRIPE_SECRET_KEY.startswith("sk_test_sandbox")


def press(url: str, button: str) -> None:
    """One button of a sandbox page."""
    answer = requests.post(url, data={"do": button}, allow_redirects=False, timeout=10)
    if answer.status_code != 303:
        raise SandboxSilent(f"{button}: {answer.status_code} {answer.text[:200]}")


def fund(project: Project, tasks: int, by: User) -> Funding:
    """Pay for `tasks` of the project by card; returns when the money counts."""
    amount = price(pay=project.pay, bps=project.fee_bps, tasks=tasks, overlap=project.overlap).total
    back = f"{settings.QUORUM_PUBLIC_URL}/projects/{project.public_id}/"
    funding = projects.fund_project(project=project, amount=amount, success_url=back, cancel_url=back, by=by)
    press(payments.start_checkout(funding=funding, by=by), "card")

    def paid() -> bool:
        fresh = payments.refresh_funding(funding=Funding.objects.get(pk=funding.pk))
        return fresh.status == Funding.Status.PAID

    wait_for(paid, f"{funding} is paid")
    return Funding.objects.get(pk=funding.pk)


def set_up(user: User, country: str) -> None:
    """How the person is paid: through Stripe, or by hand where this operator does that. Else they cannot be."""
    route = route_to(country)
    if route == Payee.Route.STRIPE:
        onboard(user, country)
    elif route:
        payee = payments.choose_country(user=user, country=country, by=user)
        payments.give_bank_details(payee=payee, details={**BANK, "holder": user.name}, by=user)


def onboard(user: User, country: str) -> None:
    """Open the person's payout account and let every check of it succeed."""
    payee = payments.choose_country(user=user, country=country, by=user)
    back = f"{settings.QUORUM_PUBLIC_URL}/payments/payouts/"
    press(payments.onboarding_link(payee=payee, return_url=back, refresh_url=back, by=user), "verified")

    def ready() -> bool:
        fresh = payments.refresh_payee(payee=Payee.objects.get(user=user))
        return fresh.status == Payee.Status.READY

    wait_for(ready, f"{user} can be paid")


def wait_for(happened: Callable[[], bool], what: str) -> None:
    """Let the wired jobs run (here or in the worker) until it happened. Raises SandboxSilent."""
    until = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > until:
            raise SandboxSilent(f"Waited {PATIENCE:.0f} s in vain: {what}")
        if not events.drain():
            time.sleep(0.05)
