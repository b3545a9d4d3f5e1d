"""The whole way of the money, with real requests over HTTP: paid in, earned, sent, in the bank."""

from __future__ import annotations

import pytest

from core.actors import SYSTEM
from payments import actions, ledger, queries
from payments.audit import ledger_check
from payments.balances import Balance, balance_of
from payments.models import AccountKind, Funding, InboxEvent, Outbox, Payee, Payout
from tests.payments.stories import PROJECT, earned, funded, ordered, payee
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db


def test_from_the_labs_card_to_the_experts_bank(stripe: LocalStripe) -> None:
    funding = funded(stripe, 100_000)
    assert (funding.status, funding.stripe_fee) == (Funding.Status.PAID, 2_930)
    assert queries.free_funds(PROJECT) == 97_070

    emil = payee(stripe).user
    assert queries.payee_ready(emil)
    earned(emil, pay=4_000, fee=800)
    assert actions.make_payouts() == 1
    assert actions.dispatch() == 1

    payout = Payout.objects.get()
    transfer = stripe.transfers()[0]
    assert (payout.status, payout.transfer_id, payout.amount) == (Payout.Status.SENT, transfer["id"], 4_000)
    assert transfer["source_transaction"] == funding.charge_id
    assert transfer["transfer_group"] == PROJECT

    stripe.days_pass(2)
    stripe.deliver()
    actions.process()
    payout.refresh_from_db()
    assert payout.status == Payout.Status.PAID
    assert payout.arrives_on is not None
    assert not InboxEvent.objects.filter(processed_at=None).exists()

    assert balance_of(PROJECT) == Balance(
        funded=100_000,
        pay=4_000,
        fees=800,
        processor=2_930,
        reserved=0,
        free=92_270,
        refunded=0,
        owed=0,
        refundable=92_270,
    )
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance() == 93_070
    assert ledger_check() == []


def test_two_sweeps_make_one_payout(stripe: LocalStripe) -> None:
    funded(stripe)
    earned(payee(stripe).user)
    assert [actions.make_payouts(), actions.make_payouts()] == [1, 0]
    assert [actions.dispatch(), actions.dispatch()] == [1, 0]
    assert len(stripe.transfers()) == 1


def test_one_run_sends_many_earnings_in_one_transfer(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = payee(stripe).user
    for number in range(5):
        earned(emil, source=f"sub_{number}")
    actions.make_payouts()
    actions.dispatch()
    assert [transfer["amount"] for transfer in stripe.transfers()] == [20_000]


def test_an_earning_wider_than_one_funding_is_drawn_on_the_oldest_first(stripe: LocalStripe) -> None:
    first, second = funded(stripe, 10_000), funded(stripe, 10_000)
    emil = payee(stripe).user
    earned(emil, pay=12_000, fee=0)
    actions.make_payouts()
    actions.dispatch()
    drawn = [(transfer["source_transaction"], transfer["amount"]) for transfer in stripe.transfers()]
    assert drawn == [(first.charge_id, 9_680), (second.charge_id, 2_320)]
    assert ledger_check() == []


def test_somebody_who_cannot_be_paid_yet_keeps_what_is_owed(stripe: LocalStripe) -> None:
    funded(stripe)
    row = payee(stripe, outcome="needs_info")
    assert row.status == Payee.Status.RESTRICTED
    assert any("tax or national identity number" in need for need in row.requirements)
    earned(row.user)
    assert actions.make_payouts() == 0
    assert ledger.balance(AccountKind.EXPERT_PAYABLE, row.user.public_id) == 4_000

    stripe.onboard(row.stripe_account_id or "", "verified")
    stripe.deliver()
    actions.process()
    assert actions.make_payouts() == 1


def test_a_funding_counts_when_stripe_says_so_and_not_before(stripe: LocalStripe) -> None:
    funding = ordered()
    assert actions.refresh_funding(funding=funding).status == Funding.Status.PENDING
    assert queries.free_funds(PROJECT) == 0
    stripe.pay(funding.checkout_session_id or "")
    assert queries.free_funds(PROJECT) == 0
    assert actions.refresh_funding(funding=funding).status == Funding.Status.PAID
    assert queries.free_funds(PROJECT) == 97_070


def test_asking_for_the_payment_page_twice_gives_the_same_page(stripe: LocalStripe) -> None:
    funding = ordered()
    assert actions.start_checkout(funding=funding, by=SYSTEM) == funding.checkout_url


def test_the_outbox_row_is_written_with_the_money(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = payee(stripe).user
    earned(emil)
    actions.make_payouts()
    row = Outbox.objects.get()
    assert row.state == Outbox.State.PENDING
    assert ledger.balance(AccountKind.PAYOUT_IN_FLIGHT, emil.public_id) == 4_000
    assert ledger_check() == []
