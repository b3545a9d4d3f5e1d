"""What is paid beside accepted tasks: qualifications, onboarding from project funds; top-ups from ours."""

from __future__ import annotations

import pytest
from django.db import transaction

from core.actors import SYSTEM
from payments import actions, ledger, queries
from payments.audit import ledger_check
from payments.balances import balance_of
from payments.errors import InsufficientFunds, KeyReused
from payments.models import AccountKind, Earning, Outbox, Payout
from tests import people
from tests.payments.stories import PROJECT, earned, funded, payee
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db
KINDS = (Earning.Kind.QUALIFICATION, Earning.Kind.ONBOARDING)


def topped_up(amount: int = 1_500, *, source: str = "sub_aaaaaaaaaaaaaaaa") -> Earning:
    """Emil's hourly pay fell under the promise; the platform pays the rest."""
    return actions.top_up(
        payee=people.user("Emil"),
        ref=PROJECT,
        source=source,
        amount=amount,
        currency="usd",
        memo="Top-up to $30.00 an hour",
        by=SYSTEM,
    )


def from_funds(kind: str, pay: int = 1_000, fee: int = 200) -> Earning:
    return actions.earn_from_funds(
        ref=PROJECT,
        source="qlf_aaaaaaaaaaaaaaaa",
        payee=people.user("Emil"),
        kind=kind,
        pay=pay,
        fee=fee,
        currency="usd",
        memo="Qualification: Preference pairs in physics",
        by=SYSTEM,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_seat_reserved_is_paid_from_the_projects_free_funds(stripe: LocalStripe, kind: str) -> None:
    funded(stripe)
    before = balance_of(PROJECT)
    first = from_funds(kind)
    assert from_funds(kind) == first  # however many ask, it is paid once
    spent = balance_of(PROJECT)
    assert (first.kind, first.pay) == (kind, 1_000)
    assert (before.free - spent.free, spent.pay, spent.fees) == (1_200, 1_000, 200)
    with pytest.raises(KeyReused), transaction.atomic():
        from_funds(kind, pay=2_000)
    assert not ledger_check()


def test_free_funds_that_do_not_reach_pay_nothing(stripe: LocalStripe) -> None:
    with pytest.raises(InsufficientFunds, match="free funds do not cover"), transaction.atomic():
        from_funds(Earning.Kind.ONBOARDING)
    with pytest.raises(ValueError, match="positive"), transaction.atomic():
        from_funds(Earning.Kind.ONBOARDING, pay=0)
    with pytest.raises(ValueError, match="not negative"), transaction.atomic():
        from_funds(Earning.Kind.ONBOARDING, fee=-1)
    assert not Earning.objects.exists()


def test_a_top_up_is_booked_once_and_costs_the_project_nothing(stripe: LocalStripe) -> None:
    funded(stripe)
    before = balance_of(PROJECT)
    first = topped_up()
    assert topped_up() == first
    assert balance_of(PROJECT) == before
    assert ledger.balance(AccountKind.GOODWILL) == 1_500
    assert ledger.balance(AccountKind.EXPERT_PAYABLE, people.user("Emil").public_id) == 1_500
    with pytest.raises(KeyReused), transaction.atomic():
        topped_up(1_600)
    with pytest.raises(ValueError, match="positive"), transaction.atomic():
        topped_up(0, source="sub_other")
    assert not ledger_check()


def test_a_top_up_draws_on_no_labs_charge(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    emil = payee(stripe).user
    earned(emil)
    top_up = topped_up()
    assert actions.make_payouts() == 2
    ours = Payout.objects.get(funding=None)
    assert ours.allocations.get().earning == top_up
    assert "from the platform" in str(ours.allocations.get())
    assert Payout.objects.get(funding=funding).amount == 4_000
    stripe.days_pass(2)
    actions.dispatch()
    sources = {transfer["amount"]: transfer["source_transaction"] for transfer in stripe.transfers()}
    assert sources == {4_000: funding.charge_id, 1_500: None}
    assert queries.earning_totals(emil).on_its_way == 5_500
    assert not ledger_check()


def test_a_top_up_waits_for_available_funds_and_then_goes_once(stripe: LocalStripe) -> None:
    funded(stripe)  # paid by card today: pending at Stripe
    payee(stripe)
    topped_up()
    actions.make_payouts()
    actions.dispatch()
    payout = Payout.objects.get()
    assert (payout.status, Outbox.objects.latest("pk").run) == (
        Payout.Status.PENDING,
        2,
    )  # under a new key: the old one would repeat its no
    first, second = Outbox.objects.order_by("pk")
    assert (first.state, second.state) == (Outbox.State.FAILED, Outbox.State.PENDING)
    assert "insufficient available funds" in first.last_error
    assert second.due_at > first.due_at
    assert not ledger_check()  # the money is in flight all the while
    assert actions.dispatch() == 0

    stripe.days_pass(2)
    Outbox.objects.filter(pk=second.pk).update(due_at=first.due_at)  # an hour has passed
    actions.dispatch()
    actions.dispatch()
    payout.refresh_from_db()
    assert payout.status == Payout.Status.SENT
    assert [transfer["amount"] for transfer in stripe.transfers()] == [1_500]
    assert not ledger_check()
