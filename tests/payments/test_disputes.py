"""30. A bank contests what a lab paid: booked as Stripe moves it, in any order, and experts are paid all the same."""

from __future__ import annotations

import random

import pytest

from core.errors import WrongState
from payments import actions, gateway, ledger, queries, words
from payments.audit import ledger_check
from payments.balances import balance_of
from payments.models import AccountKind, Dispute, Funding, InboxEvent, Payout
from payments.sandbox import disputes
from tests import people
from tests.payments.stories import PROJECT, earned, funded, payee
from tests.sandbox import LocalStripe
from tests.threads import at_once

pytestmark = pytest.mark.django_db
Status = Dispute.Status


def hear(stripe: LocalStripe) -> None:
    stripe.deliver()
    actions.process()


def disputed(stripe: LocalStripe, funding: Funding, *, inquiry: bool = False) -> Dispute:
    disputes.dispute(stripe.sandbox, funding.charge_id or "", inquiry=inquiry)
    hear(stripe)
    return Dispute.objects.get()


def closed(stripe: LocalStripe, dispute: Dispute, outcome: str) -> Dispute:
    disputes.close(stripe.sandbox, dispute.stripe_id, outcome)
    hear(stripe)
    dispute.refresh_from_db()
    return dispute


def receivable(dispute: Dispute) -> int:
    return ledger.balance(AccountKind.DISPUTE_RECEIVABLE, dispute.public_id)


def in_order(stripe: LocalStripe) -> None:
    """The books agree with Stripe and with themselves, and every cent that the lab paid has its line."""
    borne = Dispute.objects.filter(funding__ref=PROJECT).values_list("borne", flat=True)
    assert balance_of(PROJECT).lost == sum(borne)
    assert not InboxEvent.objects.filter(processed_at=None).exists()
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance()
    assert ledger_check() == []


def test_30_opened_the_money_is_owed_by_the_bank_and_the_fee_is_ours(stripe: LocalStripe) -> None:
    dispute = disputed(stripe, funded(stripe))
    assert (dispute.status, dispute.amount, dispute.withdrawn, dispute.fee) == (
        "needs_response",
        100_000,
        100_000,
        1_500,
    )
    assert dispute.evidence_due_at is not None
    assert str(dispute) == dispute.public_id
    assert words.dispute_reason(dispute.reason) == "The card's owner did not make the payment."
    assert words.dispute_reason("unheard_of") == "Unheard of."
    assert receivable(dispute) == 100_000
    assert ledger.balance(AccountKind.DISPUTE_LOSS) == 1_500
    assert queries.free_funds(PROJECT) == 97_070
    assert queries.standing_disputes(PROJECT) == [dispute]
    in_order(stripe)


def test_30_won_everything_is_back(stripe: LocalStripe) -> None:
    dispute = disputed(stripe, funded(stripe))
    disputes.submit_evidence(stripe.sandbox, dispute.stripe_id, {})
    hear(stripe)
    dispute.refresh_from_db()
    assert dispute.status == Status.UNDER_REVIEW
    closed(stripe, dispute, "won")
    run = actions.reconcile()
    assert (run.findings, run.difference) == ([], 0)
    assert (dispute.status, dispute.withdrawn, receivable(dispute)) == (Status.WON, 0, 0)
    assert (queries.free_funds(PROJECT), queries.standing_disputes(PROJECT)) == (97_070, [])
    in_order(stripe)


def test_30_lost_with_funds_left_the_project_pays_as_far_as_they_reach(stripe: LocalStripe) -> None:
    first = funded(stripe)
    funded(stripe, 50_000)  # 48,520 after the fee
    dispute = closed(stripe, disputed(stripe, first), "lost")
    assert (dispute.status, receivable(dispute)) == (Status.LOST, 0)
    assert queries.free_funds(PROJECT) == 97_070 + 48_520 - 100_000
    assert ledger.balance(AccountKind.DISPUTE_LOSS) == 1_500
    assert queries.standing_disputes(PROJECT) == [dispute]
    in_order(stripe)


def test_30_lost_with_none_left_is_the_platforms_loss_and_experts_are_paid(stripe: LocalStripe) -> None:
    funding = funded(stripe, 5_000)  # 4,825 after the fee
    emil = payee(stripe).user
    earned(emil, pay=4_000, fee=800)
    dispute = disputed(stripe, funding)
    closed(stripe, dispute, "lost")
    assert queries.free_funds(PROJECT) == 0
    assert ledger.balance(AccountKind.DISPUTE_LOSS) == 1_500 + 5_000 - 25
    assert ledger.balance(AccountKind.EXPERT_PAYABLE, emil.public_id) == 4_000
    actions.make_payouts()
    actions.dispatch()
    assert Payout.objects.get().status == Payout.Status.SENT
    in_order(stripe)


def test_30_won_after_all_undoes_the_loss(stripe: LocalStripe) -> None:
    dispute = closed(stripe, disputed(stripe, funded(stripe)), "lost")
    assert queries.free_funds(PROJECT) == 0
    stripe.sandbox.find("dispute", dispute.stripe_id)["status"] = "appeal_under_review"
    actions.apply_dispute(facts=gateway.dispute(dispute.stripe_id))
    assert (queries.free_funds(PROJECT), receivable(dispute)) == (97_070, 100_000)
    closed(stripe, dispute, "won")
    assert (queries.free_funds(PROJECT), receivable(dispute)) == (97_070, 0)
    in_order(stripe)


def test_30_lost_again_after_the_appeal_is_booked_again(stripe: LocalStripe) -> None:
    dispute = closed(stripe, disputed(stripe, funded(stripe)), "lost")
    stripe.sandbox.find("dispute", dispute.stripe_id)["status"] = "appeal_needs_response"
    actions.apply_dispute(facts=gateway.dispute(dispute.stripe_id))
    closed(stripe, dispute, "lost")
    assert (queries.free_funds(PROJECT), receivable(dispute)) == (0, 0)
    assert ledger.balance(AccountKind.DISPUTE_LOSS) == 1_500 + 2_930
    in_order(stripe)


def test_30_an_inquiry_moves_no_money(stripe: LocalStripe) -> None:
    dispute = disputed(stripe, funded(stripe), inquiry=True)
    assert (dispute.status, dispute.withdrawn, receivable(dispute)) == (Status.WARNING_NEEDS_RESPONSE, 0, 0)
    assert queries.standing_disputes(PROJECT) == [dispute]
    closed(stripe, dispute, "warning_closed")
    assert queries.standing_disputes(PROJECT) == []
    in_order(stripe)


@pytest.mark.parametrize("outcome", ["won", "lost"])
@pytest.mark.parametrize("seed", range(4))
def test_30_any_order_of_news_twice_over_ends_alike(stripe: LocalStripe, outcome: str, seed: int) -> None:
    funding = funded(stripe)
    made = disputes.dispute(stripe.sandbox, funding.charge_id or "")
    disputes.submit_evidence(stripe.sandbox, made["id"], {})
    disputes.close(stripe.sandbox, made["id"], outcome)
    waiting = [delivery["id"] for delivery in stripe.sender.waiting()]
    random.Random(seed).shuffle(waiting)
    for event in [*waiting, *waiting]:
        stripe.sender.send(event)
        actions.process()
    dispute = Dispute.objects.get()
    assert (dispute.status, receivable(dispute)) == (outcome, 0)
    assert queries.free_funds(PROJECT) == (97_070 if outcome == "won" else 0)
    in_order(stripe)


def test_an_answer_older_than_what_we_know_is_asked_for_again(stripe: LocalStripe) -> None:
    """Two workers: the slow one fetched before the bank decided."""
    dispute = disputed(stripe, funded(stripe))
    stale = gateway.dispute(dispute.stripe_id)
    closed(stripe, dispute, "won")
    with pytest.raises(WrongState):
        actions.apply_dispute(facts=stale)
    dispute.refresh_from_db()
    assert dispute.status == Status.WON


def test_a_dispute_of_a_payment_that_we_have_not_booked_waits_in_sight(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    charge = funding.charge_id
    Funding.objects.filter(pk=funding.pk).update(charge_id="ch_other")
    disputes.dispute(stripe.sandbox, charge or "")
    hear(stripe)
    waiting = InboxEvent.objects.filter(processed_at=None)
    assert {event.error.split("(")[0] for event in waiting} == {"UnknownCharge"}
    Funding.objects.filter(pk=funding.pk).update(charge_id=charge)
    for event in waiting:
        actions.try_again(event=event, by=people.ops())
    actions.process()
    in_order(stripe)


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_the_same_news_to_eight_workers_is_booked_once(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    made = disputes.dispute(stripe.sandbox, funding.charge_id or "")
    facts = gateway.dispute(made["id"])
    results = at_once(8, lambda _: actions.apply_dispute(facts=facts).public_id)
    assert set(results) == {Dispute.objects.get().public_id}
    assert receivable(Dispute.objects.get()) == 100_000
    assert ledger_check() == []
