"""Ops move a person from Stripe to bank transfers, or back: what is owed follows them, and nothing is paid twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.events import drain
from core.models import Event
from payments import actions, jobs, ledger
from payments.audit import ledger_check
from payments.models import AccountKind, Outbox, Payee, Payout
from payments.sandbox import reversals
from tests import people
from tests.payments.by_hand import DETAILS, confirm, hears, juan, owed
from tests.payments.stories import earned, funded, payee
from tests.payments.test_doors import read
from tests.sandbox import LocalStripe
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_hand")]
WHY = "Stripe has closed your account."
MANUAL, STRIPE = Payee.Route.MANUAL, Payee.Route.STRIPE


def moved(row: Payee, route: str = MANUAL, reason: str = WHY) -> Payee:
    return actions.change_route(payee=row, route=route, reason=reason, by=people.ops())


def at_the_bank(row: Payee) -> Payee:
    return actions.give_bank_details(payee=row, details={**DETAILS, "holder": row.user.name}, by=row.user)


def test_whom_stripe_drops_is_paid_by_hand_all_that_is_owed(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = payee(stripe)
    stripe.onboard(emil.stripe_account_id or "", "needs_info")
    emil = actions.refresh_payee(payee=emil)
    earned(emil.user)
    emil = moved(emil)
    assert (emil.route, emil.status, emil.requirements) == (MANUAL, Payee.Status.NEW, [])
    assert owed(emil.user) == (4_000, 0)
    event = Event.objects.get(name="payee.moved")
    assert (event.note, event.actor, event.data["to"]) == (WHY, people.ops(), "manual")
    assert "You are paid by bank transfer from now on" in hears(emil.user)
    with pytest.raises(Refused, match="nothing to pay"):  # before he says where
        actions.make_batch(by=people.ops())
    at_the_bank(emil)
    line = actions.make_batch(by=people.ops()).lines.get()
    confirm(line)
    assert (line.amount, owed(emil.user)) == (4_000, (0, 0))
    assert ledger_check() == []


def test_what_stripe_refused_and_what_was_never_tried_go_out_by_hand(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = payee(stripe)
    earned(emil.user, source="sub_a")
    stripe.onboard(emil.stripe_account_id or "", "needs_info")  # we do not know it yet
    actions.make_payouts()
    actions.dispatch()
    assert Payout.objects.get().status == "failed"
    earned(emil.user, source="sub_b")
    actions.make_payouts()
    assert owed(emil.user) == (4_000, 4_000)
    at_the_bank(moved(emil))
    assert owed(emil.user) == (8_000, 0)
    with pytest.raises(WrongState, match="next batch"):
        actions.retry_payout(payout=Payout.objects.get(status="failed"), by=people.ops())
    line = actions.make_batch(by=people.ops()).lines.get()
    confirm(line)
    assert (line.amount, sorted(Payout.objects.values_list("status", flat=True))) == (
        8_000,
        ["cancelled", "paid", "paid"],
    )
    assert stripe.transfers() == []
    assert ledger_check() == []


def test_a_payout_under_way_is_settled_first(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = payee(stripe)
    earned(emil.user)
    actions.make_payouts()
    stripe.fail("500_before")
    actions.dispatch()
    row = Outbox.objects.get()
    with pytest.raises(WrongState, match=f"{row.key} is under way"):
        moved(emil)
    with pytest.raises(WrongState, match="can be given up"):
        actions.give_up(row=row, by=people.ops(), note="He has left Stripe.")  # he can still be paid
    stripe.onboard(emil.stripe_account_id or "", "needs_info")
    actions.refresh_payee(payee=emil)
    row = Outbox.objects.select_related("payee").get()
    actions.give_up(row=row, by=people.ops(), note="He has left Stripe.")  # nobody would send it any more
    at_the_bank(moved(emil))
    confirm(actions.make_batch(by=people.ops()).lines.get())
    assert (stripe.transfers(), owed(emil.user)) == ([], (0, 0))
    assert ledger_check() == []


def test_what_stripe_has_is_not_given_up_and_so_not_paid_again_by_hand(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = payee(stripe)
    earned(emil.user)
    actions.make_payouts()
    stripe.fail("500_after")
    actions.dispatch()
    stripe.onboard(emil.stripe_account_id or "", "needs_info")
    actions.refresh_payee(payee=emil)
    row = Outbox.objects.select_related("payee").get()
    with pytest.raises(WrongState, match="Stripe has it"):
        actions.give_up(row=row, by=people.ops(), note="He has left Stripe.")
    with pytest.raises(WrongState, match="under way"):
        moved(emil)
    actions.adopt(row=row, remote_id=stripe.transfers()[0]["id"], by=people.ops())
    at_the_bank(moved(emil))
    with pytest.raises(Refused, match="nothing to pay"):
        actions.make_batch(by=people.ops())
    assert ledger_check() == []


def test_money_that_lies_in_a_closed_account_comes_back_and_goes_out_by_hand(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = payee(stripe)
    earned(emil.user)
    actions.make_payouts()
    actions.dispatch()
    stripe.sandbox.set_bank(emil.stripe_account_id or "", "account_closed")
    at_the_bank(moved(emil))
    reversals.reverse(stripe.sandbox, stripe.transfers()[0]["id"], {})  # ops, in Stripe's dashboard
    stripe.deliver()
    actions.process()
    assert owed(emil.user) == (4_000, 0)
    line = actions.make_batch(by=people.ops()).lines.get()
    confirm(line)
    assert line.amount == 4_000
    assert ledger_check() == []
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance()


def test_a_bank_that_refuses_stripes_money_later_says_what_happens_now(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = payee(stripe)
    earned(emil.user)
    actions.make_payouts()
    actions.dispatch()
    stripe.sandbox.set_bank(emil.stripe_account_id or "", "account_closed")
    at_the_bank(moved(emil))
    stripe.days_pass(4)
    stripe.deliver()
    actions.process()
    drain()
    assert Payout.objects.get().status == "failed"
    told = emil.user.notices.get(title="A payout of $40.00 did not arrive")
    assert "support fetches it from Stripe" in told.body
    with pytest.raises(Refused, match="nothing to pay"):  # it lies at Stripe: paid by hand, it would be paid twice
        actions.make_batch(by=people.ops())
    assert ledger_check() == []


def test_the_way_back_sends_through_stripe_what_a_bank_refused(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = at_the_bank(moved(payee(stripe)))
    earned(emil.user, source="sub_a")
    line = actions.make_batch(by=people.ops()).lines.get()
    with pytest.raises(WrongState, match=f"has not answered {line}"):
        moved(emil, STRIPE)
    confirm(line, "failed")
    earned(emil.user, source="sub_b")
    emil = moved(emil, STRIPE, "Your account at Stripe is open again.")
    assert (emil.status, emil.bank_details, emil.bank_hint) == (Payee.Status.PENDING, "", "")
    assert actions.make_payouts() == 0
    jobs.refresh_waiting()
    emil.refresh_from_db()
    assert emil.status == Payee.Status.READY
    assert actions.make_payouts() == 1
    actions.dispatch()
    assert sorted(each["amount"] for each in stripe.transfers()) == [4_000, 4_000]
    assert owed(emil.user) == (0, 0)
    assert ledger_check() == []
    assert "You are paid through Stripe from now on" in hears(emil.user)


def test_meanwhile_stripe_is_not_asked_and_its_news_changes_nothing(stripe: LocalStripe) -> None:
    emil = at_the_bank(moved(payee(stripe)))
    stripe.onboard(emil.stripe_account_id or "", "needs_info")
    stripe.deliver()
    actions.process()
    assert actions.refresh_payee(payee=emil).status == Payee.Status.READY
    emil.refresh_from_db()
    assert (emil.status, emil.route) == (Payee.Status.READY, MANUAL)


def test_ways_that_lead_nowhere_are_refused(stripe: LocalStripe, settings: Any) -> None:
    row = juan()
    with pytest.raises(Refused, match="Stripe does not pay to MX"):
        moved(row, STRIPE)
    with pytest.raises(WrongState, match="already"):
        moved(row)
    with pytest.raises(Invalid, match="Say why"):
        moved(row, STRIPE, " ")
    with pytest.raises(NotAllowed):
        actions.change_route(payee=row, route=STRIPE, reason=WHY, by=row.user)
    emil = payee(stripe)
    settings.QUORUM_BANK_KEYS = []
    with pytest.raises(Refused, match="QUORUM_BANK_KEYS") as caught:
        moved(emil)
    assert caught.value.code == "no_bank_keys"
    with pytest.raises(IntegrityError, match="bank_details_are_for_pay_by_hand"), transaction.atomic():
        Payee.objects.filter(pk=row.pk).update(route=STRIPE)


def test_a_country_that_stripe_comes_to_serve_moves_its_people_to_onboarding(monkeypatch: pytest.MonkeyPatch) -> None:
    row = juan()
    monkeypatch.setattr("payments.actions.routes.PAYABLE_COUNTRIES", {"MX"})
    row = moved(row, STRIPE, "Stripe pays to Mexico now.")
    assert (row.status, row.stripe_account_id, row.bank_details) == (Payee.Status.NEW, None, "")
    row = moved(row, MANUAL)  # nothing was begun: NEW stays NEW
    assert (row.status, row.route) == (Payee.Status.NEW, MANUAL)


def test_ops_press_a_button_and_emil_reads_why(stripe: LocalStripe, client: Client) -> None:
    emil = payee(stripe)
    client.force_login(people.ops())
    page = reverse("admin:payments_payee_change", args=[emil.pk])
    assert "Pay by hand from now on" in read(client, page)
    do = reverse("admin:payments_payee_do", args=[emil.pk, "to_manual"])
    assert "What is owed follows them" in read(client, do)
    assert "Pay by hand from now on: done." in client.post(do, {"words": WHY}, follow=True).text
    assert "Pay through Stripe from now on" in read(client, page)
    client.force_login(emil.user)
    setup = read(client, reverse("payments:payout_setup"))
    assert "need your bank details" in setup
    assert "Account at Stripe" not in setup
    assert "Country where you are paid" not in setup
    assert WHY in read(client, reverse("payments:bank_details"))
    client.post(reverse("payments:bank_details"), DETAILS)
    assert "ends in" in read(client, reverse("payments:payout_setup"))


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_a_move_and_the_sweeps_at_once_never_pay_twice(stripe: LocalStripe) -> None:
    """Whoever holds the payee first decides: a payout is made and the move taken back, or the move stands."""
    funded(stripe)
    emil = payee(stripe)
    earned(emil.user)
    olu = people.ops()

    def act(number: int) -> object:
        if number % 2:
            return actions.make_payouts()
        return actions.change_route(payee=emil, route=MANUAL, reason=WHY, by=olu).route

    results = at_once(6, act)
    emil.refresh_from_db()
    assert emil.route == MANUAL  # the payout was never tried, so it gave way
    assert sum(result == MANUAL for result in results) == 1
    assert owed(emil.user) == (4_000, 0)
    assert actions.dispatch() == 0
    assert ledger_check() == []


def test_the_promise_begins_anew_with_the_new_way(stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    funded(stripe)
    emil = payee(stripe)
    earned(emil.user)
    emil = at_the_bank(moved(emil))
    later = timezone.now() + timedelta(hours=5)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert not actions.note_late_pay()
    assert not actions.note_late_by_hand()
