"""Webhooks: only Stripe's own, stored first, hints rather than truths. 20–25 and 28 of the list in docs/money.md."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from stripe import WebhookSignature

from accounts.actions import mail_notices
from accounts.models import Notice
from core.events import drain
from payments import actions, jobs, queries
from payments.audit import ledger_check
from payments.models import Funding, InboxEvent, Payee, Payout
from payments.sandbox.webhooks import PATHS
from tests import people
from tests.payments.stories import PROJECT, earned, funded, ordered, payee
from tests.sandbox import SECRETS, LocalStripe

pytestmark = pytest.mark.django_db
Status = Funding.Status

EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "balance.available",
    "livemode": False,
    "created": 1,
    "data": {"object": {"id": "x"}},
}
THIN: dict[str, Any] = {
    "id": "evt_2",
    "object": "v2.core.event",
    "type": "v2.core.account.closed",
    "livemode": False,
    "created": "2026-01-01T00:00:00.000Z",
    "related_object": {"id": "acct_1", "type": "v2.core.account", "url": "/v2/core/accounts/acct_1"},
}


def send(endpoint: str, event: dict[str, Any], *, secret: str = "", at: int = 0, signature: str | None = None) -> int:
    body = json.dumps(event)
    header = WebhookSignature.generate_signature_header(body, secret or SECRETS[endpoint], at or int(time.time()))
    headers = {"Stripe-Signature": header if signature is None else signature}
    answer = Client().post(PATHS[endpoint], body, content_type="application/json", headers=headers)
    return answer.status_code


def test_an_endpoint_without_a_secret_believes_nobody(stripe: LocalStripe, settings: Any) -> None:
    settings.STRIPE_CONNECT_WEBHOOK_SECRET = ""
    body = json.dumps(EVENT)
    header = WebhookSignature.generate_signature_header(body, "", int(time.time()))
    assert send("connect", EVENT, signature=header) == 400
    assert not InboxEvent.objects.exists()


def test_a_good_event_is_stored_raw_and_answered(stripe: LocalStripe) -> None:
    assert send("platform", EVENT) == 200
    assert send("thin", THIN) == 200
    assert send("platform", EVENT) == 200  # a duplicate is no news
    kept = InboxEvent.objects.order_by("pk")
    assert [(e.event_id, e.endpoint, e.object_id) for e in kept] == [
        ("evt_1", "platform", "x"),
        ("evt_2", "thin", "acct_1"),
    ]
    assert json.loads(kept[0].raw) == EVENT


@pytest.mark.parametrize(
    ("endpoint", "event", "how"),
    [
        ("platform", EVENT, {"signature": ""}),
        ("platform", EVENT, {"signature": "t=1,v1=00"}),
        ("platform", EVENT, {"secret": "whsec_other"}),
        ("platform", EVENT, {"secret": SECRETS["connect"]}),
        ("platform", EVENT, {"at": int(time.time()) - 301}),
        ("platform", {**EVENT, "livemode": True}, {}),
        ("platform", THIN, {}),
        ("thin", EVENT, {}),
        ("platform", {"nothing": "of ours"}, {}),
    ],
    ids=["unsigned", "forged", "secret", "endpoint", "stale", "livemode", "thin body", "fat body", "no event"],
)
def test_23_anything_else_is_refused_and_not_stored(
    stripe: LocalStripe, endpoint: str, event: dict[str, Any], how: dict[str, Any]
) -> None:
    assert send(endpoint, event, **how) == 400
    assert not InboxEvent.objects.exists()


def test_22_a_bank_debit_counts_when_it_arrives(stripe: LocalStripe) -> None:
    funding = ordered(50_000, method="bank")
    stripe.pay(funding.checkout_session_id or "", "us_bank_account")
    stripe.deliver()
    actions.process()
    funding.refresh_from_db()
    assert (funding.status, queries.free_funds(PROJECT)) == (Status.PROCESSING, 0)

    stripe.days_pass(2)
    stripe.deliver()
    actions.process()
    funding.refresh_from_db()
    assert (funding.status, funding.stripe_fee, queries.free_funds(PROJECT)) == (Status.PAID, 400, 49_600)


def test_22_a_bank_debit_that_bounces_counts_for_nothing(stripe: LocalStripe) -> None:
    funding = ordered(50_000, method="bank")
    stripe.pay(funding.checkout_session_id or "", "us_bank_account")
    stripe.sandbox.settle(funding.checkout_session_id or "", arrives=False)
    stripe.deliver()
    actions.process()
    funding.refresh_from_db()
    assert (funding.status, queries.free_funds(PROJECT)) == (Status.FAILED, 0)


def test_an_abandoned_payment_page_expires(stripe: LocalStripe) -> None:
    funding = ordered()
    stripe.days_pass(2)
    stripe.deliver()
    actions.process()
    funding.refresh_from_db()
    assert funding.status == Status.EXPIRED


def test_21_late_and_repeated_news_changes_nothing(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    for event in InboxEvent.objects.all():
        InboxEvent.objects.filter(pk=event.pk).update(processed_at=None)
    actions.process()
    assert queries.free_funds(PROJECT) == 97_070
    assert actions.refresh_funding(funding=funding).status == Status.PAID


def test_21_the_bank_is_heard_of_before_the_transfer(stripe: LocalStripe) -> None:
    """`payout.paid` first, then `payout.created`, and both before our own row is closed."""
    funded(stripe)
    emil = payee(stripe).user
    earned(emil)
    actions.make_payouts()
    stripe.fail("drop_after")
    actions.dispatch()
    stripe.days_pass(2)
    order = ["payout.paid", "payout.created", "transfer.created"]
    for delivery in sorted(stripe.sender.waiting(), key=lambda d: order.index(d["type"]) if d["type"] in order else 9):
        stripe.sender.send(delivery["id"])
    actions.process()
    kept = InboxEvent.objects.filter(processed_at=None)
    assert {event.type for event in kept} == {"payout.paid", "payout.created"}  # in sight, with the reason
    assert "not booked" in kept[0].error
    InboxEvent.objects.filter(processed_at=None).update(due_at="2020-01-01T00:00Z")
    actions.process()
    assert Payout.objects.get().status == Payout.Status.PAID
    assert not InboxEvent.objects.filter(processed_at=None).exists()
    assert ledger_check() == []


def test_24_a_webhook_that_never_comes_is_made_up_for(stripe: LocalStripe) -> None:
    funding = ordered()
    row = payee(stripe, outcome="checking")
    stripe.pay(funding.checkout_session_id or "")
    stripe.onboard(row.stripe_account_id or "", "verified")
    jobs.refresh_waiting()
    funding.refresh_from_db()
    row.refresh_from_db()
    assert (funding.status, row.status) == (Status.PAID, Payee.Status.READY)


def test_25_the_return_page_gives_no_credit(stripe: LocalStripe, client: Client) -> None:
    funding = ordered()
    client.force_login(people.user("Mina"))
    for _ in range(2):
        page = client.get(f"/fundings/{funding.public_id}/")
        assert "Waiting for Stripe" in page.content.decode()
    assert queries.free_funds(PROJECT) == 0


def test_poison_stays_in_sight_and_does_not_hold_up_the_others(stripe: LocalStripe) -> None:
    send("platform", {**EVENT, "id": "evt_poison", "type": "transfer.reversed", "data": {"object": {"id": "tr_1"}}})
    send("connect", {**EVENT, "id": "evt_unknown", "type": "payout.paid", "account": "acct_1"})
    send("platform", EVENT)
    actions.process()
    waiting = InboxEvent.objects.filter(processed_at=None).order_by("pk")
    assert [event.event_id for event in waiting] == ["evt_poison", "evt_unknown"]
    assert "No such transfer" in waiting[0].error
    assert "No such payout" in waiting[1].error
    assert actions.process() == 0  # a pause before the next try
    actions.try_again(event=waiting[0], by=people.ops())
    assert actions.process() == 1
    assert InboxEvent.objects.get(event_id="evt_poison").attempts == 2


def test_an_event_that_a_rival_has_processed_is_left_alone(stripe: LocalStripe) -> None:
    from payments.actions.inbox import process_one

    send("platform", EVENT)
    stale = InboxEvent.objects.get()
    actions.process()
    process_one(event=stale, by=people.ops())
    assert InboxEvent.objects.get().attempts == 1


def test_stripes_figure_is_checked_against_ours(stripe: LocalStripe) -> None:
    funding = ordered()
    Funding.objects.filter(pk=funding.pk).update(amount=5_000)
    stripe.pay(funding.checkout_session_id or "")
    stripe.deliver()
    actions.process()
    assert "WrongAmount" in InboxEvent.objects.get().error
    assert queries.free_funds(PROJECT) == 0


def test_a_charge_that_is_not_filed_yet_is_asked_for_again(stripe: LocalStripe) -> None:
    funding = ordered()
    stripe.pay(funding.checkout_session_id or "")
    charge = next(stripe.sandbox.store.all("charge"))
    filed, charge["balance_transaction"] = charge["balance_transaction"], None
    stripe.deliver()
    actions.process()
    assert "NotYetSettled" in InboxEvent.objects.get().error
    charge["balance_transaction"] = filed
    InboxEvent.objects.update(due_at="2020-01-01T00:00Z")
    actions.process()
    assert queries.free_funds(PROJECT) == 97_070


def test_28_a_bank_that_refuses_is_told_in_words_and_moves_no_money(stripe: LocalStripe) -> None:
    funded(stripe)
    row = payee(stripe)
    account = row.stripe_account_id or ""
    stripe.sandbox.set_bank(account, "account_closed")
    earned(row.user)
    actions.make_payouts()
    actions.dispatch()
    before = queries.earning_totals(row.user)
    stripe.days_pass(2)
    stripe.deliver()
    actions.process()
    payout = Payout.objects.get()
    assert (payout.status, payout.failure) == (
        Payout.Status.FAILED,
        "Your bank account is closed. Add another one at Stripe.",
    )
    assert (before.on_its_way, before.paid) == (4_000, 0)

    stripe.days_pass(1)  # Stripe does not try the same bank account again
    assert stripe.sandbox.store.count("payout") == 1
    stripe.sandbox.set_bank(account, "ok")  # mended: Stripe pays again by itself
    stripe.deliver()
    actions.process()
    payout.refresh_from_db()
    assert (payout.status, payout.failure) == (Payout.Status.PAID, "")
    assert not InboxEvent.objects.filter(processed_at=None).exists()
    assert ledger_check() == []


def test_28_the_expert_knows_within_minutes_and_what_to_do(stripe: LocalStripe) -> None:
    """From Stripe's webhook to the mail, at the pace of beat alone: nobody wakes the jobs."""
    funded(stripe)
    row = payee(stripe)
    stripe.sandbox.set_bank(row.stripe_account_id or "", "account_closed")
    earned(row.user)
    actions.make_payouts()
    actions.dispatch()
    stripe.days_pass(2)
    stripe.deliver()
    came = InboxEvent.objects.get(type="payout.failed").received_at
    steps = (
        ("payments.process_inbox", jobs.process_inbox),
        ("core.drain", drain),
        ("accounts.send_notices", mail_notices),
    )
    wait = timedelta(0)
    for beat, job in steps:
        wait += settings.CELERY_BEAT_SCHEDULE[beat]["schedule"]
        job()
    assert wait <= timedelta(minutes=2)
    notice = Notice.objects.get(user=row.user, title="A payout of $40.00 did not arrive")
    assert (notice.mailed_at or came) - came < timedelta(minutes=2)
    assert notice.mailed_at is not None
    assert notice.url == "/payouts/setup/"  # where the button leads to Stripe's form
    assert "Your bank account is closed. Add another one at Stripe." in notice.body
    assert "change your bank account at Stripe; Stripe then pays it out by itself" in notice.body


def test_28_late_news_of_the_first_bank_payout_does_not_undo_the_second(stripe: LocalStripe) -> None:
    test_28_a_bank_that_refuses_is_told_in_words_and_moves_no_money(stripe)
    InboxEvent.objects.filter(type="payout.failed").update(processed_at=None)
    InboxEvent.objects.filter(type="payout.created").update(processed_at=None)
    actions.process()
    assert Payout.objects.get().status == Payout.Status.PAID


def test_money_that_comes_back_after_it_was_paid(stripe: LocalStripe) -> None:
    """Banks return payments days later; Stripe then says failed of a payout that was paid."""
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    actions.dispatch()
    stripe.days_pass(2)
    stripe.deliver()
    actions.process()
    bank = next(stripe.sandbox.store.all("payout"))
    bank.update(status="failed", failure_code="account_frozen")
    InboxEvent.objects.filter(type="payout.paid").update(processed_at=None)
    actions.process()
    assert Payout.objects.get().status == Payout.Status.FAILED
    assert "frozen" in Payout.objects.get().failure


def test_money_on_its_way_shows_the_day_it_arrives(stripe: LocalStripe) -> None:
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    actions.dispatch()
    stripe.days_pass(2)
    next(stripe.sandbox.store.all("payout"))["status"] = "in_transit"
    stripe.deliver()
    actions.process()
    payout = Payout.objects.get()
    assert payout.status == Payout.Status.SENT
    assert payout.arrives_on is not None
