"""Unspent funds go back: only what is free, once, and never what a charge does not hold any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, Refused, WrongState
from payments import actions, gateway, ledger, queries
from payments.actions import reserve
from payments.actions.refunds import ForeignRefund
from payments.audit import ledger_check
from payments.balances import balance_of
from payments.errors import InsufficientFunds
from payments.models import AccountKind, Entry, Funding, InboxEvent, Outbox, Payout, Refund
from payments.sandbox import disputes
from tests import people
from tests.payments.stories import PROJECT, earned, funded, payee
from tests.sandbox import LocalStripe
from tests.threads import at_once

Status = Refund.Status
NET = 97_070  # of a card payment of $1,000.00


@pytest.fixture
def books(db: None, stripe: LocalStripe) -> Iterator[Funding]:
    """Meridian AI has paid $1,000.00. However the test ends, the books agree, with Stripe's too."""
    yield funded(stripe)
    assert ledger_check() == []


def ask(amount: int = 10_000, name: str = "Ada") -> list[Refund]:
    return actions.refund_funds(
        ref=PROJECT, lab=people.lab(), amount=amount, currency="usd", by=people.user(name)
    )  # fmt: skip


def told(stripe: LocalStripe) -> None:
    stripe.deliver()
    actions.process()


def at_stripe(stripe: LocalStripe) -> list[dict[str, object]]:
    return list(stripe.sandbox.store.all("refund"))


def test_free_funds_go_back_and_both_books_agree(stripe: LocalStripe, books: Funding) -> None:
    (refund,) = ask()
    assert queries.free_funds(PROJECT) == NET - 10_000
    assert ledger.balance(AccountKind.REFUND_IN_FLIGHT, PROJECT) == 10_000
    actions.dispatch()
    refund.refresh_from_db()
    assert (refund.status, str(refund)) == (Status.SETTLED, refund.public_id)
    assert ledger.balance(AccountKind.REFUND_IN_FLIGHT, PROJECT) == 0
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance() == NET - 10_000
    assert balance_of(PROJECT).refunded == 10_000
    told(stripe)  # Stripe's own news of it changes nothing
    assert not actions.reconcile().findings
    assert Refund.objects.count() == 1
    assert not InboxEvent.objects.filter(processed_at=None).exists()


@pytest.mark.parametrize("name", ["Mina", "Rosa", "Emil", "Olu"])
def test_only_an_owner_asks_for_it(books: Funding, name: str) -> None:
    with pytest.raises(NotAllowed):
        ask(name=name)
    (refund,) = ask()
    with pytest.raises(NotAllowed):
        actions.cancel_refund(refund=refund, by=people.user(name))


def test_nothing_is_no_refund(books: Funding) -> None:
    with pytest.raises(Invalid, match="above zero"):
        ask(0)


def test_29_what_is_reserved_stays_and_a_refund_that_fails_comes_back(stripe: LocalStripe, books: Funding) -> None:
    reserve(ref=PROJECT, key="seat", amount=90_000, currency="usd", by=SYSTEM)
    with pytest.raises(InsufficientFunds, match="reserved for open seats"):
        ask(NET - 90_000 + 1)
    (refund,) = ask(NET - 90_000)
    actions.dispatch()
    refund.refresh_from_db()
    stripe.sandbox.fail_refund(refund.refund_id or "")
    for _ in range(2):  # told twice
        told(stripe)
        refund.refresh_from_db()
        assert (refund.status, refund.failure) == (Status.FAILED, "lost or stolen card")
        assert queries.free_funds(PROJECT) == NET - 90_000
        assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance() == NET


def test_the_youngest_payment_gives_first_and_none_more_than_it_holds(stripe: LocalStripe, books: Funding) -> None:
    """I10. Payouts draw on the oldest, so what is left always pays what is owed."""
    younger = funded(stripe, 20_000)
    emil = payee(stripe).user
    earned(emil, pay=NET - 1_000, fee=0)
    actions.make_payouts()
    net = younger.amount - younger.stripe_fee
    first, second = ask(net + 500)
    assert [(first.funding, first.amount), (second.funding, second.amount)] == [(younger, net), (books, 500)]
    earned(emil, pay=500, fee=0, source="sub_last")
    assert actions.make_payouts() == 1
    actions.dispatch()
    assert set(Refund.objects.values_list("status", flat=True)) == {Status.SETTLED}
    assert set(Payout.objects.values_list("status", flat=True)) == {Payout.Status.SENT}
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance() == 0


@pytest.mark.chaos
@pytest.mark.parametrize("fault", ["500_before", "500_after", "500_saved", "drop_after", "429", "409"])
def test_a_fault_costs_time_and_never_money(stripe: LocalStripe, books: Funding, fault: str) -> None:
    (refund,) = ask()
    stripe.fail(fault, path="/v1/refunds")
    actions.dispatch()
    refund.refresh_from_db()
    assert refund.status == Status.PENDING
    Outbox.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    actions.dispatch()
    refund.refresh_from_db()
    assert (refund.status, len(at_stripe(stripe))) == (Status.SETTLED, 1)
    assert Entry.objects.filter(kind="refund").count() == 1


@pytest.mark.chaos
def test_without_the_key_a_lost_answer_refunds_twice(stripe: LocalStripe, books: Funding) -> None:
    """The negative control: the sandbox can see the fault."""
    payload = {"charge": books.charge_id, "amount": 100, "refund": "rfd_x"}
    for key in ("one", "two"):
        stripe.fail("drop_after", path="/v1/refunds")
        with pytest.raises(gateway.Unknown):
            gateway.send_refund(payload, key=key)
    assert len(at_stripe(stripe)) == 2


def test_21_news_that_overtakes_the_answer_closes_the_row(stripe: LocalStripe, books: Funding) -> None:
    (refund,) = ask()
    stripe.fail("drop_after", path="/v1/refunds")
    actions.dispatch()
    told(stripe)
    refund.refresh_from_db()
    assert (refund.status, Outbox.objects.get().state) == (Status.SETTLED, Outbox.State.DONE)
    assert Refund.objects.count() == 1


def test_a_definite_no_gives_the_money_back(stripe: LocalStripe, books: Funding) -> None:
    """Somebody has refunded the whole charge in Stripe's dashboard a moment before."""
    (refund,) = ask()
    gateway.send_refund({"charge": books.charge_id, "amount": 100_000, "refund": ""}, key="by hand")
    actions.dispatch()
    refund.refresh_from_db()
    assert refund.status == Status.FAILED
    assert "greater than" in refund.failure
    assert queries.free_funds(PROJECT) == NET
    told(stripe)
    errors = InboxEvent.objects.filter(processed_at=None).values_list("error", flat=True)
    assert errors
    assert all("ops must look" in error for error in errors)  # more than is free: in sight, never lost


def test_a_refund_made_at_stripe_is_adopted_once(stripe: LocalStripe, books: Funding) -> None:
    gateway.send_refund({"charge": books.charge_id, "amount": 7_000, "refund": ""}, key="by hand")
    told(stripe)
    refund = Refund.objects.get()
    assert (refund.amount, refund.status, refund.created_by) == (7_000, Status.SETTLED, None)
    assert queries.free_funds(PROJECT) == NET - 7_000
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance()


def test_what_is_not_what_we_asked_for_is_not_taken_for_it(stripe: LocalStripe, books: Funding) -> None:
    (refund,) = ask()
    wrong = gateway.send_refund({"charge": books.charge_id, "amount": 1, "refund": refund.public_id}, key="x")
    with pytest.raises(ForeignRefund):
        actions.confirm_refund(facts=wrong)
    assert actions.adopt(row=Outbox.objects.get(), remote_id=wrong.id, by=people.ops()).state == Outbox.State.NEEDS_OPS


def test_a_refund_is_taken_back_only_before_it_was_tried(stripe: LocalStripe, books: Funding) -> None:
    (refund,) = ask()
    assert actions.cancel_refund(refund=refund, by=people.user("Ada")).status == Status.CANCELLED
    assert queries.free_funds(PROJECT) == NET
    (refund,) = ask()
    actions.dispatch()
    with pytest.raises(WrongState, match="may already have"):
        actions.cancel_refund(refund=refund, by=people.user("Ada"))


def test_books_that_contradict_themselves_refund_nothing(stripe: LocalStripe, books: Funding) -> None:
    """Free money without a payment behind it."""
    planted = ledger.post(
        key="planted", kind="planted", currency="usd",
        lines=ledger.transfer(
            500, debit=(AccountKind.GOODWILL, ""), credit=(AccountKind.PROJECT_FUNDS, PROJECT)
        ),
    )  # fmt: skip
    with pytest.raises(InsufficientFunds, match="cannot carry"):
        ask(NET + 500)
    assert planted.fresh


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_two_refunds_at_once_share_what_is_free(stripe: LocalStripe) -> None:
    funded(stripe)
    ada = people.user("Ada")
    lab = people.lab()

    def refund(_number: int) -> int:
        made = actions.refund_funds(ref=PROJECT, lab=lab, amount=60_000, currency="usd", by=ada)
        return sum(one.amount for one in made)

    results = at_once(4, refund)
    assert results.count(60_000) == 1
    assert sum(isinstance(result, InsufficientFunds) for result in results) == 3
    at_once(3, lambda _: actions.dispatch())
    assert len(at_stripe(stripe)) == 1
    assert ledger_check() == []


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_a_refund_against_seats_opening_never_takes_reserved_money(stripe: LocalStripe) -> None:
    """With the negative control: looking without holding lets everybody believe that the money is there."""
    funded(stripe)
    ada, lab = people.user("Ada"), people.lab()
    assert at_once(6, lambda _: queries.free_funds(PROJECT) >= 60_000).count(True) == 6

    def act(number: int) -> None:
        if number % 2:
            reserve(ref=PROJECT, key=f"seat:{number}", amount=60_000, currency="usd", by=SYSTEM)
        else:
            actions.refund_funds(ref=PROJECT, lab=lab, amount=60_000, currency="usd", by=ada)

    results = at_once(6, act)
    assert results.count(None) == 1
    assert sum(isinstance(result, InsufficientFunds) for result in results) == 5
    assert queries.free_funds(PROJECT) == NET - 60_000
    assert ledger_check() == []


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_a_refund_against_a_payout_leaves_each_charge_enough(stripe: LocalStripe) -> None:
    funded(stripe)
    earned(payee(stripe).user, pay=50_000, fee=0)
    ada, lab = people.user("Ada"), people.lab()
    free = queries.free_funds(PROJECT)

    def act(number: int) -> object:
        if number:
            return actions.make_payouts()
        return actions.refund_funds(ref=PROJECT, lab=lab, amount=free, currency="usd", by=ada)

    assert not any(isinstance(result, Exception) for result in at_once(2, act))
    actions.dispatch()
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance() == 0
    assert ledger_check() == []


def test_the_youngest_payment_carries_what_it_can(stripe: LocalStripe, books: Funding) -> None:
    younger = funded(stripe, 20_000)
    assert [refund.funding for refund in ask()] == [younger]


def test_while_a_payment_is_disputed_nothing_goes_back(stripe: LocalStripe, books: Funding) -> None:
    disputes.dispute(stripe.sandbox, books.charge_id or "")
    told(stripe)
    with pytest.raises(Refused, match="disputed at the bank"):
        ask()
    assert not Refund.objects.exists()
