"""21, 31. Transfers that come back: asked for by two with a reason, or found at Stripe and then paid again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notice
from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.events import drain
from payments import actions, gateway, jobs, ledger, money, queries, statements
from payments.actions.reversals import ForeignReversal
from payments.audit import ledger_check
from payments.balances import balance_of
from payments.models import AccountKind, Entry, Funding, InboxEvent, Outbox, Payout, Reversal
from payments.sandbox import reversals
from tests import people
from tests.payments.stories import PROJECT, earned, funded, payee
from tests.sandbox import LocalStripe
from tests.threads import at_once

Status = Reversal.Status
PAY, FEE = 4_000, 800
FREE = 97_070 - PAY - FEE  # of a card payment of $1,000.00, once Emil's work is paid
WHY = "The work was paid twice."


@pytest.fixture
def sent(db: None, stripe: LocalStripe) -> Iterator[Payout]:
    """$40.00 have gone to Emil's account at Stripe. However the test ends, the books agree, with Stripe's too."""
    yield prepare(stripe)
    assert ledger_check() == []
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance()


def prepare(stripe: LocalStripe) -> Payout:
    funded(stripe)
    earned(payee(stripe).user)
    people.ops("Olu")
    people.ops("Petra")
    actions.make_payouts()
    actions.dispatch()
    told(stripe)
    return Payout.objects.get()


def told(stripe: LocalStripe) -> None:
    stripe.deliver()
    actions.process()


def proposed(payout: Payout, amount: int = PAY, **other: Any) -> Reversal:
    return actions.propose_reversal(
        **{"payout": payout, "amount": amount, "reason": WHY, "by": people.ops("Olu"), **other}
    )


def agreed(payout: Payout, amount: int = PAY) -> Reversal:
    return actions.agree_reversal(reversal=proposed(payout, amount), by=people.ops("Petra"))


def taken(payout: Payout, amount: int = PAY) -> Reversal:
    made = agreed(payout, amount)
    actions.dispatch()
    made.refresh_from_db()
    payout.refresh_from_db()
    return made


def owed() -> int:
    return ledger.balance(AccountKind.EXPERT_PAYABLE, people.user("Emil").public_id)


def by_hand(stripe: LocalStripe, payout: Payout, **params: int) -> str:
    """Somebody reverses it in Stripe's dashboard."""
    return str(reversals.reverse(stripe.sandbox, payout.transfer_id or "", params)["id"])


def due_now() -> None:
    past = timezone.now() - timedelta(seconds=1)
    Outbox.objects.exclude(state="done").update(due_at=past, lease_until=past)


# --- Asked for --------------------------------------------------------------------------------------------------------


def test_taking_pay_back_needs_two_people_and_a_reason(stripe: LocalStripe, sent: Payout) -> None:
    olu, petra = people.ops("Olu"), people.ops("Petra")
    for wrong in ({"reason": " "}, {"amount": 0}):
        with pytest.raises(Invalid):
            proposed(sent, **wrong)
    asked = proposed(sent)
    with pytest.raises(NotAllowed, match="two people"):
        actions.agree_reversal(reversal=asked, by=olu)
    assert not Outbox.objects.filter(op="reversal").exists()
    agreed_on = actions.agree_reversal(reversal=asked, by=petra)
    assert (agreed_on.status, str(agreed_on), agreed_on.asked) == (Status.PENDING, agreed_on.public_id, True)
    with pytest.raises(WrongState):
        actions.agree_reversal(reversal=asked, by=petra)
    with pytest.raises(IntegrityError, match="reversal_takes_two"), transaction.atomic():
        Reversal.objects.filter(pk=asked.pk).update(decided_by=olu)  # the database says so too
    with pytest.raises(IntegrityError, match="reversal_has_a_reason"), transaction.atomic():
        Reversal.objects.filter(pk=asked.pk).update(reason="")


def test_a_clawback_returns_to_the_project_and_the_expert_reads_why(stripe: LocalStripe, sent: Payout) -> None:
    reversal = taken(sent)
    drain()
    assert (reversal.status, sent.status) == (Status.DONE, Payout.Status.REVERSED)
    assert (queries.free_funds(PROJECT), owed()) == (FREE + PAY, 0)
    (left,) = queries.left_in(Funding.objects.all())
    assert left[1] == 97_070  # what was paid for the work can be paid again, or refunded; our fee stays ours
    assert balance_of(PROJECT).pay == 0
    notice = Notice.objects.get(user=people.user("Emil"), title="$40.00 of a payout was taken back")
    assert WHY in notice.body
    assert reversal.public_id in notice.body
    totals = queries.earning_totals(people.user("Emil"))
    assert (totals.approved, totals.on_its_way, totals.paid, totals.taken_back) == (0, 0, 0, PAY)
    assert actions.make_payouts() == 0
    told(stripe)  # Stripe's own news of it changes nothing
    assert Reversal.objects.count() == 1
    assert not InboxEvent.objects.filter(processed_at=None).exists()
    assert not actions.reconcile().findings


def test_what_was_taken_back_pays_for_other_work_or_goes_back(stripe: LocalStripe, sent: Payout) -> None:
    taken(sent)
    earned(payee(stripe, "Farah").user, pay=FREE + PAY - 1_000, fee=0, source="sub_other")
    assert actions.make_payouts() == 1
    lab = people.lab()
    actions.refund_funds(ref=PROJECT, lab=lab, amount=1_000, currency="usd", by=people.user("Ada"))
    actions.dispatch()
    assert queries.free_funds(PROJECT) == 0
    assert set(Payout.objects.values_list("status", flat=True)) == {"reversed", "sent"}


def test_a_top_up_taken_back_is_the_platforms_again(stripe: LocalStripe, sent: Payout) -> None:
    stripe.days_pass(2)
    told(stripe)
    emil = people.user("Emil")
    actions.top_up(
        payee=emil, ref=PROJECT, source="sub_x", amount=500, currency="usd", memo="Minimum pay", by=SYSTEM
    )  # fmt: skip
    actions.make_payouts()
    actions.dispatch()
    taken(Payout.objects.get(funding=None), 500)
    assert ledger.balance(AccountKind.GOODWILL) == 0


def test_31_in_part_then_wholly_adds_up_and_never_above(stripe: LocalStripe, sent: Payout) -> None:
    first = taken(sent, 1_500)
    assert (sent.status, queries.free_funds(PROJECT)) == (Payout.Status.SENT, FREE + 1_500)
    assert queries.earning_totals(people.user("Emil")).on_its_way == PAY - 1_500
    with pytest.raises(Refused, match="this much"):
        proposed(sent, PAY - 1_500 + 1)
    second = proposed(sent, PAY - 1_500)
    with pytest.raises(Refused, match="this much"):
        proposed(sent, 1)  # what is proposed counts
    actions.agree_reversal(reversal=second, by=people.ops("Petra"))
    actions.dispatch()
    sent.refresh_from_db()
    assert sent.status == Payout.Status.REVERSED
    (transfer,) = stripe.transfers()
    assert (transfer["amount_reversed"], transfer["reversed"]) == (PAY, True)
    assert queries.free_funds(PROJECT) == FREE + PAY
    assert first.amount + second.amount == PAY
    with pytest.raises(Refused, match="this much"):
        proposed(sent, 1)
    assert not actions.reconcile().findings


def test_31_found_in_part_then_wholly_is_owed_and_paid_again(stripe: LocalStripe, sent: Payout) -> None:
    by_hand(stripe, sent, amount=1_500)
    told(stripe)
    sent.refresh_from_db()
    assert (owed(), sent.status) == (1_500, Payout.Status.SENT)
    assert queries.earning_totals(people.user("Emil")).approved == 1_500
    by_hand(stripe, sent)
    told(stripe)
    sent.refresh_from_db()
    assert (owed(), sent.status, sent.allocations.count()) == (PAY, Payout.Status.REVERSED, 0)
    assert actions.make_payouts() == 1
    actions.dispatch()
    again = Payout.objects.latest("pk")
    assert (again.amount, again.status, owed()) == (PAY, Payout.Status.SENT, 0)
    assert queries.free_funds(PROJECT) == FREE
    told(stripe)
    assert not actions.reconcile().findings


def test_nothing_that_was_never_sent_is_taken_back(stripe: LocalStripe, sent: Payout) -> None:
    earned(people.user("Emil"), source="sub_b")
    actions.make_payouts()
    with pytest.raises(WrongState, match="no transfer"):
        proposed(Payout.objects.get(status="pending"))


def test_proposals_are_refused_or_run_out(stripe: LocalStripe, sent: Payout) -> None:
    refused = actions.refuse_reversal(reversal=proposed(sent), by=people.ops("Petra"), note="No.")
    late = proposed(sent)
    Reversal.objects.filter(pk=late.pk).update(expires_at=timezone.now())
    with pytest.raises(WrongState, match="too old"):
        actions.agree_reversal(reversal=late, by=people.ops("Petra"))
    jobs.expire_reversals()
    late.refresh_from_db()
    assert (refused.status, late.status) == (Status.REFUSED, Status.EXPIRED)
    proposed(sent)  # neither holds anything


def test_what_has_left_for_the_bank_is_a_definite_no(stripe: LocalStripe, sent: Payout) -> None:
    stripe.days_pass(2)
    told(stripe)
    reversal = taken(sent)
    drain()
    assert (reversal.status, sent.status) == (Status.FAILED, Payout.Status.PAID)
    assert "does not cover" in reversal.failure
    assert Outbox.objects.get(op="reversal").state == Outbox.State.FAILED  # not tried for ever
    for name in ("Olu", "Petra"):
        assert Notice.objects.filter(user=people.ops(name), title="Stripe did not take $40.00 back").exists()


@pytest.mark.chaos
@pytest.mark.parametrize("fault", ["500_before", "500_after", "500_saved", "drop_after", "429", "409"])
def test_a_fault_costs_time_and_never_money(stripe: LocalStripe, sent: Payout, fault: str) -> None:
    stripe.fail(fault, path=f"/v1/transfers/{sent.transfer_id}/reversals")
    assert taken(sent).status == Status.PENDING
    due_now()
    actions.dispatch()
    assert Reversal.objects.get().status == Status.DONE
    assert stripe.sandbox.store.count("reversal") == Entry.objects.filter(kind="reversal").count() == 1


@pytest.mark.chaos
def test_without_the_key_a_lost_answer_reverses_twice(stripe: LocalStripe, sent: Payout) -> None:
    """The negative control: the sandbox can see the fault."""
    path = f"/v1/transfers/{sent.transfer_id}/reversals"
    for key in ("one", "two"):
        stripe.fail("drop_after", path=path)
        with pytest.raises(gateway.Unknown):
            gateway.send_reversal({"transfer": sent.transfer_id, "amount": 100, "reversal": ""}, key=key)
    assert stripe.sandbox.store.count("reversal") == 2
    told(stripe)


@pytest.mark.django_db
def test_what_is_not_what_we_asked_for_is_not_taken_for_it(stripe: LocalStripe) -> None:
    sent = prepare(stripe)
    reversal = agreed(sent)
    wrong = gateway.send_reversal(
        {"transfer": sent.transfer_id, "amount": 1, "reversal": reversal.public_id}, key="x"
    )  # fmt: skip
    with pytest.raises(ForeignReversal):
        actions.confirm_reversal(facts=wrong)
    row = Outbox.objects.get(op="reversal")
    assert actions.adopt(row=row, remote_id=wrong.id, by=people.ops()).state == Outbox.State.NEEDS_OPS
    reversal.refresh_from_db()
    assert reversal.status == Status.PENDING
    assert ledger_check() == []


# --- Found at Stripe --------------------------------------------------------------------------------------------------


def test_what_nobody_asked_for_is_told_to_the_expert_and_to_ops(stripe: LocalStripe, sent: Payout) -> None:
    by_hand(stripe, sent, amount=1_500)
    told(stripe)
    drain()
    assert Notice.objects.filter(user=people.user("Emil"), title="$15.00 came back to us before you had it").exists()
    for name in ("Olu", "Petra"):
        assert Notice.objects.filter(user=people.ops(name), title__contains="nobody asked for").exists()
    (earning,) = statements.earnings_of(people.user("Emil"))
    assert earning.state == "approved"  # type: ignore[attr-defined]
    assert any(step.label == "Came back to us" for step in statements.steps(earning))


@pytest.mark.django_db
def test_21_a_reversal_is_heard_of_before_its_transfer(stripe: LocalStripe) -> None:
    """The answer to the transfer is lost, and the news of its reversal overtakes that of its making."""
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    stripe.fail("drop_after")
    actions.dispatch()
    (transfer,) = stripe.transfers()
    reversals.reverse(stripe.sandbox, transfer["id"], {"amount": 1_500})
    waiting = {delivery["type"]: delivery["id"] for delivery in stripe.sender.waiting()}
    for news in ("transfer.reversed", "transfer.created", "transfer.reversed"):
        stripe.sender.send(waiting[news])
        actions.process()
    payout = Payout.objects.get()
    assert (payout.status, owed()) == (Payout.Status.SENT, 1_500)
    assert Reversal.objects.get().asked is False
    assert not InboxEvent.objects.filter(processed_at=None).exists()
    assert ledger_check() == []
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance()


def test_21_the_bank_pays_before_it_says_that_it_will(stripe: LocalStripe, sent: Payout) -> None:
    stripe.days_pass(2)
    waiting = {delivery["type"]: delivery["id"] for delivery in stripe.sender.waiting()}
    for news in ("payout.paid", "payout.created"):
        stripe.sender.send(waiting[news])
        actions.process()
    sent.refresh_from_db()
    assert sent.status == Payout.Status.PAID


def test_21_news_that_overtakes_our_own_answer_closes_the_row(stripe: LocalStripe, sent: Payout) -> None:
    stripe.fail("drop_after", path=f"/v1/transfers/{sent.transfer_id}/reversals")
    reversal = taken(sent)
    assert reversal.status == Status.PENDING
    told(stripe)
    reversal.refresh_from_db()
    assert (reversal.status, Outbox.objects.get(op="reversal").state) == (Status.DONE, Outbox.State.DONE)
    assert (queries.free_funds(PROJECT), owed()) == (FREE + PAY, 0)  # asked for: not paid again
    assert Reversal.objects.count() == 1


def test_news_of_the_bank_leaves_what_came_back_alone(stripe: LocalStripe, sent: Payout) -> None:
    taken(sent)
    facts = gateway.BankPayout(
        "po_1", "paid", timezone.now().date(), "", "", frozenset({sent.destination_payment or ""}), frozenset()
    )
    actions.apply_bank_payout(facts=facts, by=SYSTEM)
    sent.refresh_from_db()
    assert sent.status == Payout.Status.REVERSED


def test_reconciliation_finds_a_reversal_whose_news_never_came(stripe: LocalStripe, sent: Payout) -> None:
    by_hand(stripe, sent, amount=700)
    assert not actions.reconcile().findings
    reversal = Reversal.objects.get()
    assert (reversal.amount, reversal.asked, owed()) == (700, False, 700)


@pytest.mark.django_db
def test_reconciliation_leaves_what_is_not_ours_in_sight(stripe: LocalStripe) -> None:
    sent = prepare(stripe)
    common: dict[str, Any] = {"fee": 0, "currency": "usd", "available_on": 0}
    stripe.sandbox._transaction(amount=700, type="transfer_refund", source=sent.transfer_id, **common)
    terms = {
        "amount": 900, "currency": "usd", "destination": payee(stripe).stripe_account_id, "payout": "pay_none",
        "source_transaction": None, "transfer_group": "x",
    }  # fmt: skip
    stripe.days_pass(3)
    told(stripe)
    foreign = gateway.send_transfer(terms, key="foreign")
    reversals.reverse(stripe.sandbox, foreign.id, {})
    found = [finding["type"] for finding in actions.reconcile().findings if finding["what"] == "theirs, not ours"]
    assert sorted(found) == ["transfer", "transfer_refund", "transfer_refund"]
    told(stripe)
    assert "ForeignReversal" in InboxEvent.objects.get(processed_at=None).error
    assert ledger_check() == []


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_the_same_news_to_eight_workers_is_booked_once(stripe: LocalStripe) -> None:
    sent = prepare(stripe)
    by_hand(stripe, sent, amount=1_500)
    (facts,) = gateway.reversals_of(sent.transfer_id or "")
    results = at_once(8, lambda _: actions.apply_reversal(facts=facts).public_id)
    assert set(results) == {Reversal.objects.get().public_id}
    assert owed() == 1_500
    assert ledger_check() == []


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_six_proposals_at_once_share_what_the_transfer_holds(stripe: LocalStripe) -> None:
    sent = prepare(stripe)
    olu = people.ops("Olu")
    asked: dict[str, Any] = {"payout": sent, "amount": 1_500, "by": olu}
    results = at_once(6, lambda number: actions.propose_reversal(**asked, reason=f"{WHY} {number}").amount)
    assert results.count(1_500) == 2
    assert sum(isinstance(result, Refused) for result in results) == 4


# --- The desks --------------------------------------------------------------------------------------------------------


def press(client: Client, row: Any, button: str, *words: str) -> str:
    url = reverse(f"admin:payments_{row._meta.model_name}_do", args=[row.pk, button])
    return client.post(url, {"words": words}, follow=True).text


def test_ops_take_pay_back_at_their_desks_and_the_expert_sees_it(
    stripe: LocalStripe, sent: Payout, client: Client
) -> None:
    client.force_login(people.ops("Olu"))
    page = client.get(reverse("admin:payments_payout_change", args=[sent.pk])).text
    assert "How much, such as 12.50" in page
    assert "An amount is positive" in press(client, sent, "reverse", "a lot", WHY)
    assert "Propose to take pay back: done." in press(client, sent, "reverse", "12.50", WHY)
    (reversal,) = Reversal.objects.all()
    assert (reversal.amount, reversal.reason) == (1_250, WHY)
    assert "403" in str(client.post(reverse("admin:payments_reversal_do", args=[reversal.pk, "agree"])).status_code)
    client.force_login(people.ops("Petra"))
    assert "Agree, and take it back: done." in press(client, reversal, "agree")
    actions.dispatch()
    other = proposed(sent, 100)
    assert "Refuse: done." in press(client, other, "refuse", "Enough.")
    client.force_login(people.user("Emil"))
    page = client.get(reverse("payments:earnings")).text
    assert "Taken back" in page
    assert WHY in page
    taken(sent, PAY - 1_250)
    assert "Taken back" in client.get(reverse("payments:earnings") + "?state=reversed").text


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "usd", 1_250),
        ("12.5", "usd", 1_250), ("1,200", "usd", 120_000), (" 0.05 ", "usd", 5), ("7", "jpy", 7),
        ("12.505", "usd", 0), ("7.5", "jpy", 0), ("-3", "usd", 0), ("a lot", "usd", 0), ("", "usd", 0), ("٣", "usd", 0),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text: str, currency: str, minor: int) -> None:
    assert money.read(text, currency) == minor
