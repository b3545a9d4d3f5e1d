"""Killed at every single statement around refunds, reversals and disputes: late at worst, and never twice.

The database session of whoever is at work dies before its first statement, then, at the next try, before its second
one, and so on until the work is done; Stripe's effects stay, as they would. After each death the whole audit is asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, connection, connections
from django.utils import timezone

from payments import actions, ledger, queries
from payments.audit import ledger_check
from payments.models import AccountKind, Dispute, Entry, InboxEvent, Outbox, Payee, Payout, Refund, Reversal
from payments.sandbox import disputes, reversals
from tests import people
from tests.payments.stories import PROJECT, earned, funded, payee
from tests.sandbox import LocalStripe

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]
NET = 97_070  # of a card payment of $1,000.00
PAY, FEE = 4_000, 800
MANY = 6  # deaths at least, or the work was not met in its middle


def kill(victim: int) -> None:
    """End a database session from another one, and wait until it is gone."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [victim])
        while True:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [victim])
            if not cursor.fetchone()[0]:
                break
    connections.close_all()


@contextmanager
def dying_before(number: int) -> Iterator[list[str]]:
    """This thread's session dies before its statement of this number. Gives the statements that were begun."""
    begun: list[str] = []

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        begun.append(sql)
        if len(begun) == number:
            killer = Thread(target=kill, args=[connection.connection.info.backend_pid])
            killer.start()
            killer.join()
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        yield begun


def survived(stripe: LocalStripe, work: Callable[[], object]) -> int:
    """Try `work` until nobody dies any more. Returns how many deaths it took."""
    for number in itertools.count(1):
        with dying_before(number) as begun, suppress(DatabaseError, InterfaceError):
            work()
        connection.close()
        past = timezone.now() - timedelta(seconds=1)
        Outbox.objects.exclude(state="done").update(due_at=past, lease_until=past)
        InboxEvent.objects.filter(processed_at=None).update(due_at=past)
        assert ledger_check() == []
        if len(begun) < number:
            break
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance()
    assert not InboxEvent.objects.filter(processed_at=None).exists()
    return number - 1


def ask_refund() -> None:
    if not Refund.objects.exists():
        actions.refund_funds(
            ref=PROJECT, lab=people.lab(), amount=10_000, currency="usd", reason="Done.", by=people.user("Ada")
        )


def sent_to_emil(stripe: LocalStripe) -> Payout:
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    actions.dispatch()
    hear(stripe)
    return Payout.objects.get()


def hear(stripe: LocalStripe) -> None:
    stripe.deliver()
    actions.process()


def told_of(stripe: LocalStripe, news: str) -> None:
    """One event arrives, and none of those that say the same: they would do the work of this one's dead worker."""
    (event,) = [delivery["id"] for delivery in stripe.sender.waiting() if delivery["type"] == news]
    stripe.sender.send(event)


def owed() -> int:
    return ledger.balance(AccountKind.EXPERT_PAYABLE, people.user("Emil").public_id)


def test_a_refund_from_the_request_to_its_end(stripe: LocalStripe) -> None:
    funded(stripe)
    people.lab()
    people.user("Ada")
    assert survived(stripe, lambda: None if Refund.objects.exists() else ask_refund()) >= MANY
    assert survived(stripe, actions.dispatch) >= MANY
    refund = Refund.objects.get()
    assert (refund.status, stripe.sandbox.store.count("refund")) == (Refund.Status.SETTLED, 1)
    assert Entry.objects.filter(kind="refund").count() == 1
    hear(stripe)
    stripe.sandbox.fail_refund(refund.refund_id or "")
    told_of(stripe, "refund.failed")
    assert survived(stripe, actions.process) >= MANY
    assert Refund.objects.get().status == Refund.Status.FAILED
    assert queries.free_funds(PROJECT) == NET


def test_a_refund_that_was_made_at_stripe(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    stripe.sandbox.create_refund({"charge": funding.charge_id, "amount": 7_000})
    told_of(stripe, "refund.created")
    assert survived(stripe, actions.process) >= MANY
    assert Refund.objects.get().status == Refund.Status.SETTLED
    assert queries.free_funds(PROJECT) == NET - 7_000


def test_pay_that_is_taken_back(stripe: LocalStripe) -> None:
    payout = sent_to_emil(stripe)
    olu, petra = people.ops("Olu"), people.ops("Petra")

    def ask() -> None:
        if not Reversal.objects.exists():
            actions.propose_reversal(payout=payout, amount=1_500, reason="Paid twice.", by=olu)
        if not Outbox.objects.filter(op="reversal").exists():
            actions.agree_reversal(reversal=Reversal.objects.get(), by=petra)

    assert survived(stripe, ask) >= MANY
    assert survived(stripe, actions.dispatch) >= MANY
    assert (Reversal.objects.get().status, stripe.sandbox.store.count("reversal")) == (Reversal.Status.DONE, 1)
    assert Entry.objects.filter(kind="reversal").count() == 1
    hear(stripe)
    assert (queries.free_funds(PROJECT), owed()) == (NET - PAY - FEE + 1_500, 0)


def test_a_reversal_that_nobody_asked_for_until_it_is_paid_again(stripe: LocalStripe) -> None:
    payout = sent_to_emil(stripe)
    reversals.reverse(stripe.sandbox, payout.transfer_id or "", {})
    told_of(stripe, "transfer.reversed")
    assert survived(stripe, actions.process) >= MANY
    assert (Reversal.objects.get().status, owed()) == (Reversal.Status.DONE, PAY)
    assert survived(stripe, lambda: actions.pay_out(payee=Payee.objects.get())) >= MANY
    assert survived(stripe, actions.dispatch) >= MANY
    again = Payout.objects.exclude(pk=payout.pk).get()
    assert (again.amount, again.status, owed()) == (PAY, Payout.Status.SENT, 0)
    assert len(stripe.transfers()) == 2


@pytest.mark.parametrize(("outcome", "free"), [("won", NET), ("lost", 0)])
def test_a_dispute_from_its_opening_to_its_end(stripe: LocalStripe, outcome: str, free: int) -> None:
    funding = funded(stripe)
    made = disputes.dispute(stripe.sandbox, funding.charge_id or "")
    told_of(stripe, "charge.dispute.created")
    assert survived(stripe, actions.process) >= MANY
    assert Dispute.objects.get().withdrawn == 100_000
    disputes.close(stripe.sandbox, made["id"], outcome)
    told_of(stripe, "charge.dispute.closed")
    assert survived(stripe, actions.process) >= MANY
    dispute = Dispute.objects.get()
    assert (dispute.status, queries.free_funds(PROJECT)) == (outcome, free)
    assert ledger.balance(AccountKind.DISPUTE_RECEIVABLE, dispute.public_id) == 0


def test_without_one_transaction_a_death_would_be_seen(stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: a refund whose money is committed before its row in the outbox."""
    from payments.actions import delivery, refunds

    funded(stripe)
    people.lab()
    people.user("Ada")
    monkeypatch.setattr(refunds, "put_out", lambda **_row: None)
    ask_refund()
    assert "I8" in {breach.invariant.split()[0] for breach in ledger_check()}
    refund = Refund.objects.get()
    monkeypatch.undo()
    delivery.put_out(
        op=Outbox.Op.REFUND,
        subject=refund.public_id,
        payload={"amount": 10_000, "currency": "usd", "charge": refund.funding.charge_id, "refund": refund.public_id},
    )
    assert ledger_check() == []
