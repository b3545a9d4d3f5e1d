"""24, 34. Our books beside Stripe's, and what no webhook brought."""

from __future__ import annotations

import typing
from datetime import timedelta
from typing import Any

import pytest
import stripe as sdk
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notice
from core.events import drain
from payments import actions, jobs, ledger, queries
from payments.actions import inbox
from payments.models import (
    AccountKind,
    BalanceTransaction,
    EventSweep,
    Funding,
    InboxEvent,
    Payout,
    Reconciliation,
    Refund,
)
from payments.stripe_lines import MEANINGS
from tests import people
from tests.payments.stories import PROJECT, earned, funded, ordered, payee
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db


def paid(stripe: LocalStripe) -> Payout:
    """Meridian AI has funded, Emil has been sent his pay."""
    funded(stripe)
    earned(payee(stripe).user)
    [payout] = made()
    actions.dispatch()
    payout.refresh_from_db()
    return payout


def made() -> list[Payout]:
    actions.make_payouts()
    return list(Payout.objects.all())


def whats(run: Reconciliation) -> list[str]:
    return sorted(found["what"] for found in run.findings)


def test_the_table_of_types_is_the_sdks() -> None:
    named = typing.get_args(sdk.BalanceTransaction.__annotations__["type"])
    documented = {value for option in named for value in typing.get_args(option)}
    assert documented == set(MEANINGS)


def test_books_that_agree_are_green(stripe: LocalStripe) -> None:
    payout = paid(stripe)
    run = actions.reconcile()
    assert run.green
    assert (run.read, run.matched, run.adopted, run.full, run.difference) == (2, 2, 0, True, 0)
    assert run.stripe == run.ledger == stripe.balance() == 97_070 - 4_000
    assert BalanceTransaction.objects.get(type="transfer").matched == payout.public_id
    again = actions.reconcile()
    assert (again.read, again.matched, again.full, again.green) == (0, 2, False, True)
    assert str(again) == again.public_id
    assert "charge" in str(BalanceTransaction.objects.get(type="charge"))


def test_24_a_payment_whose_webhook_never_came_is_credited(stripe: LocalStripe) -> None:
    funding = ordered()
    stripe.pay(funding.checkout_session_id or "")
    assert queries.free_funds(PROJECT) == 0
    jobs.reconcile()
    funding.refresh_from_db()
    assert (funding.status, queries.free_funds(PROJECT)) == (Funding.Status.PAID, 97_070)
    run = Reconciliation.objects.get()
    assert (run.adopted, run.green) == (1, True)
    stripe.deliver()  # late, and no news any more
    actions.process()
    assert queries.free_funds(PROJECT) == 97_070


def test_a_transfer_whose_answer_was_lost_is_adopted(stripe: LocalStripe) -> None:
    funded(stripe)
    earned(payee(stripe).user)
    stripe.fail("drop_after")
    [payout] = made()
    actions.dispatch()
    payout.refresh_from_db()
    assert payout.status == Payout.Status.PENDING
    run = actions.reconcile()
    payout.refresh_from_db()
    assert (payout.status, run.adopted, run.green) == (Payout.Status.SENT, 1, True)


def test_stripes_own_bill_books_itself(stripe: LocalStripe) -> None:
    funded(stripe)
    bill: dict[str, Any] = {"currency": "usd", "fee": 0, "available_on": 0}
    stripe.sandbox._transaction(amount=-200, type="stripe_fee", source=None, **bill)
    stripe.sandbox._transaction(amount=5_000, type="topup", source="tu_1", **bill)
    stripe.sandbox._transaction(amount=-700, type="reserved_funds", source="rs_1", **bill)
    stripe.sandbox._transaction(amount=700, type="reserve_release", source="rs_1", **bill)
    run = actions.reconcile()
    assert (run.green, run.adopted) == (True, 2)
    assert ledger.balance(AccountKind.HOUSE) == -4_800
    assert actions.reconcile().green


def test_34_foreign_missing_and_unknown_are_three_alerts(stripe: LocalStripe) -> None:
    olu = people.ops()
    payout = paid(stripe)
    account = stripe.transfers()[0]["destination"]
    foreign = {"amount": 1_000, "currency": "usd", "destination": account}
    stripe.sandbox.create_transfer({**foreign, "source_transaction": Funding.objects.get().charge_id})
    stripe.sandbox._transaction(amount=9, type="moon_fee", source="mf_1", currency="usd", fee=0, available_on=0)
    gone = next(t for t in stripe.sandbox.store.all("txn") if t["source"] == payout.transfer_id)
    del stripe.sandbox.store._things["txn"][gone["id"]]
    Payout.objects.filter(pk=payout.pk).update(sent_at=timezone.now() - timedelta(hours=2))

    run = actions.reconcile()
    assert whats(run) == ["ours, not theirs", "theirs, not ours", "unknown type"]
    assert {found["ref"] for found in run.findings} >= {payout.public_id}
    assert run.difference == 0  # each cent of it is named
    drain()
    notice = Notice.objects.get(user=olu)
    assert "3 to look at" in notice.title
    assert "moon_fee" in notice.body
    actions.reconcile()  # the same again is no news
    drain()
    assert Notice.objects.filter(user=olu).count() == 1


def test_a_payment_that_we_had_given_up_is_booked_and_goes_back(stripe: LocalStripe) -> None:
    late = ordered()
    stripe.pay(late.checkout_session_id or "")
    Funding.objects.filter(pk=late.pk).update(status=Funding.Status.EXPIRED)
    run = actions.reconcile()
    assert (run.adopted, whats(run)) == (1, [])
    assert Refund.objects.get().funding == late


def test_a_line_that_cannot_be_adopted_holds_up_no_other(stripe: LocalStripe, caplog: pytest.LogCaptureFixture) -> None:
    stripe.sandbox._transaction(amount=9, type="charge", source="ch_gone", currency="usd", fee=0, available_on=0)
    late = ordered()
    stripe.pay(late.checkout_session_id or "")
    run = actions.reconcile()
    assert (run.adopted, whats(run)) == (1, ["theirs, not ours"])
    assert "could not be adopted" in caplog.text


def test_a_charge_that_no_payment_of_ours_asked_for_stays_in_sight(stripe: LocalStripe) -> None:
    stranger = ordered()
    stripe.pay(stranger.checkout_session_id or "")
    for charge in stripe.sandbox.store._things["charge"].values():
        charge["metadata"] = {}
    run = actions.reconcile()
    assert (run.adopted, whats(run)) == (0, ["theirs, not ours"])


def test_what_was_booked_a_moment_ago_is_waited_for(stripe: LocalStripe) -> None:
    payout = paid(stripe)
    gone = next(t for t in stripe.sandbox.store.all("txn") if t["source"] == payout.transfer_id)
    del stripe.sandbox.store._things["txn"][gone["id"]]
    run = actions.reconcile()
    assert (run.green, run.ours_unseen, run.difference) == (True, -4_000, 0)


@pytest.mark.broken_books("Stripe says that it holds less than its own lines")
def test_money_that_no_line_explains_is_a_difference(stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    funded(stripe)
    monkeypatch.setattr("payments.gateway.balance", lambda: {"usd": 97_000, "eur": 5, "gbp": 0})
    run = actions.reconcile()
    assert [(found["what"], found["net"]) for found in run.findings] == [("difference", 70), ("other currency", 5)]


def test_an_event_that_no_webhook_brought_is_swept_up(stripe: LocalStripe) -> None:
    """Payment, account and bank: all three kinds of endpoint were deaf; later the webhooks come after all."""
    payout = paid(stripe)
    InboxEvent.objects.all().delete()
    late = ordered(50_000)
    stripe.pay(late.checkout_session_id or "")
    stripe.days_pass(2)
    jobs.sweep_events()
    swept = EventSweep.objects.get()
    assert {event.endpoint for event in InboxEvent.objects.all()} == {"platform", "connect", "thin"}
    assert swept.seen == swept.missed == InboxEvent.objects.count()
    assert str(swept.started_at.year) in str(swept)
    actions.process()
    late.refresh_from_db()
    payout.refresh_from_db()
    assert (late.status, payout.status) == (Funding.Status.PAID, Payout.Status.PAID)
    before = InboxEvent.objects.count()
    stripe.deliver()
    assert InboxEvent.objects.filter(type__in=inbox.HANDLERS).count() == before


def test_a_sweep_is_once_a_day_and_begins_where_the_last_one_did(stripe: LocalStripe) -> None:
    funded(stripe)
    first = actions.sweep_events()
    assert first is not None
    assert (first.missed, actions.sweep_events()) == (0, None)
    EventSweep.objects.update(started_at=timezone.now() - timedelta(hours=25))
    second = actions.sweep_events()
    assert second is not None
    assert second.seen == first.seen


def test_ops_read_the_runs(stripe: LocalStripe, client: Client) -> None:
    funded(stripe)
    actions.reconcile()
    client.force_login(people.ops())
    for name in ("reconciliation", "balancetransaction"):
        assert client.get(reverse(f"admin:payments_{name}_changelist")).status_code == 200
