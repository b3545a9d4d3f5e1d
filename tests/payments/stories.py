"""The beginnings that money tests share: Meridian AI pays, Emil can be paid, Emil has earned."""

from __future__ import annotations

from datetime import date

from accounts.models import Lab, User
from core.actors import SYSTEM
from payments import actions
from payments.models import Due, Earning, Funding, Payee
from tests import people
from tests.sandbox import LocalStripe

PROJECT = "prj_aaaaaaaaaaaaaaaa"
BACK = "http://localhost:8000/fundings/{FUNDING}/"


def ordered(
    amount: int = 100_000, *, ref: str = PROJECT, lab: Lab | None = None, method: str = Funding.Method.CARD
) -> Funding:
    """Mina has been sent to Stripe's payment page."""
    lab = lab or people.lab()
    mina = people.user("Mina")
    funding = actions.open_funding(
        ref=ref,
        lab=lab,
        amount=amount,
        currency="usd",
        method=method,
        title="Funds for Preference pairs in physics",
        success_url=BACK,
        cancel_url=BACK,
        by=mina,
    )
    actions.start_checkout(funding=funding, by=mina)
    funding.refresh_from_db()
    return funding


def funded(stripe: LocalStripe, amount: int = 100_000, *, ref: str = PROJECT, method: str = "card") -> Funding:
    """Mina has paid, and the webhook has told us."""
    funding = ordered(amount, ref=ref, method="card" if method == "card" else "bank")
    stripe.pay(funding.checkout_session_id or "", method)
    stripe.deliver()
    actions.process()
    funding.refresh_from_db()
    return funding


def payee(stripe: LocalStripe, name: str = "Emil", *, outcome: str = "verified") -> Payee:
    """The person has gone through Stripe's form."""
    user = people.user(name)
    row = actions.choose_country(user=user, country="DK", by=user)
    actions.onboarding_link(payee=row, return_url="http://localhost/a", refresh_url="http://localhost/a", by=user)
    row.refresh_from_db()
    stripe.onboard(row.stripe_account_id or "", outcome)
    return actions.refresh_payee(payee=row)


def earned(
    user: User, pay: int = 4_000, fee: int = 800, *, source: str = "sub_aaaaaaaaaaaaaaaa", ref: str = PROJECT
) -> Earning:
    """A seat was funded and its work accepted."""
    actions.reserve(ref=ref, key=source, amount=pay + fee, currency="usd", by=SYSTEM)
    return actions.earn(
        ref=ref,
        source=source,
        payee=user,
        kind=Earning.Kind.TASK,
        pay=pay,
        fee=fee,
        currency="usd",
        memo="Preference pairs in physics, task 1",
        by=SYSTEM,
    )


def owed_a_minimum(user: User, amount: int = 500) -> Due:
    """A week of theirs paid less than the least an hour; the project's free funds make it up."""
    return actions.owe(
        ref=PROJECT,
        payee=user,
        source="sub_week",
        kind=Earning.Kind.MINIMUM,
        since=date(2026, 11, 2),
        amount=amount,
        currency="usd",
        memo="Made up to $30.00 an hour",
        by=SYSTEM,
    )
