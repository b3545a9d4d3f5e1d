"""Pay that went out by bank transfer and is taken back: kept from what the person earns next, with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from core.errors import Invalid, NotAllowed, Refused, WrongState
from payments import actions, jobs, ledger, queries, statements
from payments.audit import ledger_check
from payments.balances import balance_of
from payments.models import AccountKind, BatchLine, Earning, Entry, Payee, Payout, Reversal
from tests import people
from tests.payments.by_hand import confirm, hears, juan, owed
from tests.payments.stories import PROJECT, earned, funded, payee
from tests.payments.test_doors import read
from tests.sandbox import LocalStripe
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_hand")]
WHY = "The work was paid twice."
OTHER = "prj_bbbbbbbbbbbbbbbb"
Status = Reversal.Status


@pytest.fixture
def paid(stripe: LocalStripe) -> Payout:
    """Juan's $40.00 are in his bank."""
    funded(stripe)
    earned(juan().user, source="sub_a")
    confirm(actions.make_batch(by=people.ops()).lines.get())
    return Payout.objects.get()


def agreed(payout: Payout, amount: int = 4_000) -> Reversal:
    asked = actions.propose_reversal(payout=payout, amount=amount, reason=WHY, by=people.ops("Olu"))
    return actions.agree_reversal(reversal=asked, by=people.ops("Petra"))


def batch_of(payee: Payee) -> BatchLine:
    return actions.make_batch(by=people.ops()).lines.get(payee=payee.user)


def test_it_is_kept_from_the_next_pay_and_goes_back_to_who_paid(stripe: LocalStripe, paid: Payout) -> None:
    row = Payee.objects.get()
    free, house = queries.free_funds(PROJECT), ledger.balance(AccountKind.HOUSE)
    reversal = agreed(paid)
    assert (reversal.by_hand, reversal.status, owed(row.user)) == (True, Status.PENDING, (0, 0))
    assert "$40.00 that was paid to you is kept from what you earn next" in hears(row.user)
    assert actions.net_take_backs() == 0  # nothing is earned yet
    funded(stripe, ref=OTHER)
    earned(row.user, 9_000, 0, source="sub_b", ref=OTHER)
    line = batch_of(row)
    assert line.amount == 5_000
    reversal.refresh_from_db()
    paid.refresh_from_db()
    assert (reversal.status, paid.status) == (Status.DONE, Payout.Status.REVERSED)
    assert queries.free_funds(PROJECT) == free + 4_000  # again whose it was
    assert ledger.balance(AccountKind.HOUSE) == house  # no bank moved
    confirm(line)
    assert owed(row.user) == (0, 0)
    totals = queries.earning_totals(row.user)
    assert (totals.paid, totals.taken_back, totals.approved, totals.on_its_way) == (9_000, 4_000, 0, 0)
    assert ledger_check() == []
    titles = hears(row.user)
    assert "$40.00 of a payout was taken back" in titles
    assert [title for title in titles if "has been paid to your bank" in title] == [
        "$40.00 has been paid to your bank",
        "$50.00 has been paid to your bank",
    ]


def test_what_is_not_enough_at_once_is_kept_in_parts(stripe: LocalStripe, paid: Payout) -> None:
    row = Payee.objects.get()
    agreed(paid, 3_000)
    for number, pay in enumerate((1_000, 500, 2_000)):
        earned(row.user, pay, 0, source=f"sub_{number}")
        jobs.make_payouts()  # the sweep: whoever is paid by hand too
    assert list(Reversal.objects.order_by("pk").values_list("amount", "status")) == [
        (1_000, "done"), (500, "done"), (1_500, "done"),
    ]  # fmt: skip
    assert owed(row.user) == (500, 0)
    paid.refresh_from_db()
    assert paid.status == Payout.Status.PAID  # a part of it stays theirs
    assert batch_of(row).amount == 500
    assert ledger_check() == []
    spend = balance_of(PROJECT)
    assert (spend.lost, spend.pay) == (0, 4_000 + 3_500 - 3_000)


def test_no_more_than_was_paid_is_taken_back(paid: Payout) -> None:
    agreed(paid, 3_000)
    with pytest.raises(Refused, match="does not hold this much"):
        agreed(paid, 1_001)
    agreed(paid, 1_000)


def test_a_top_up_goes_back_to_the_platform(stripe: LocalStripe, paid: Payout) -> None:
    row = Payee.objects.get()
    given: dict[str, Any] = {
        "ref": PROJECT,
        "source": "sub_a",
        "payee": row.user,
        "currency": "usd",
        "memo": "A promise",
    }
    actions.top_up(**given, amount=700, by=people.ops())
    confirm(batch_of(row))
    agreed(Payout.objects.get(funding=None), 700)
    goodwill = ledger.balance(AccountKind.GOODWILL)
    earned(row.user, source="sub_b")
    assert batch_of(row).amount == 3_300
    assert ledger.balance(AccountKind.GOODWILL) == goodwill - 700
    assert ledger_check() == []


def test_whoever_is_paid_through_stripe_by_then_pays_from_there(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = payee(stripe)
    earned(emil.user, source="sub_a")
    olu = people.ops()
    emil = actions.change_route(payee=emil, route=Payee.Route.MANUAL, reason="Closed.", by=olu)
    details = {"holder": "Emil", "account": "12345678", "code": "DABADKKK", "bank": "Danske"}
    emil = actions.give_bank_details(payee=emil, details=details, by=emil.user)
    confirm(batch_of(emil))
    agreed(Payout.objects.get(), 1_500)
    actions.change_route(payee=emil, route=Payee.Route.STRIPE, reason="Open again.", by=olu)
    jobs.refresh_waiting()
    earned(emil.user, source="sub_b")
    jobs.make_payouts()
    actions.dispatch()
    assert [each["amount"] for each in stripe.transfers()] == [2_500]
    assert ledger_check() == []


def test_only_what_has_been_paid_can_be_taken_back_and_two_people_say_so(stripe: LocalStripe) -> None:
    funded(stripe)
    row = juan()
    earned(row.user)
    line = batch_of(row)
    with pytest.raises(WrongState, match="no transfer"):
        agreed(Payout.objects.get())
    confirm(line)
    with pytest.raises(Invalid, match="Say why"):
        actions.propose_reversal(payout=Payout.objects.get(), amount=1, reason=" ", by=people.ops())
    asked = actions.propose_reversal(payout=Payout.objects.get(), amount=1, reason=WHY, by=people.ops("Olu"))
    with pytest.raises(NotAllowed, match="two people"):
        actions.agree_reversal(reversal=asked, by=people.ops("Olu"))
    confirm(line, "failed")
    with pytest.raises(WrongState, match="sent this transfer back"):
        actions.agree_reversal(reversal=asked, by=people.ops("Petra"))
    assert ledger_check() == []


def test_a_transfer_that_comes_back_after_its_pay_was_taken_back_is_a_question(
    stripe: LocalStripe, paid: Payout
) -> None:
    row = Payee.objects.get()
    reversal = agreed(paid, 3_000)
    earned(row.user, 1_000, 0, source="sub_b")
    actions.net_take_backs()
    line = BatchLine.objects.get()
    with pytest.raises(Invalid) as caught:
        confirm(line, "failed")
    assert f"was taken back ({reversal})" in caught.value.faults[0].message
    rest = Reversal.objects.get(status=Status.PENDING)
    actions.refuse_reversal(reversal=rest, by=people.ops("Olu"), note="The bank has it back.")
    with pytest.raises(Invalid, match="put right"):  # a part is kept already
        confirm(line, "failed")
    assert ledger_check() == []


def test_what_was_agreed_on_may_be_refused_until_it_is_kept(stripe: LocalStripe, paid: Payout) -> None:
    reversal = agreed(paid)
    actions.refuse_reversal(reversal=reversal, by=people.ops("Olu"), note="It was right after all.")
    earned(paid.payee, source="sub_b")
    assert batch_of(Payee.objects.get()).amount == 4_000
    assert ledger_check() == []


def test_a_take_back_that_stripe_may_have_is_not_refused(stripe: LocalStripe) -> None:
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    actions.dispatch()
    with pytest.raises(WrongState, match="may already have it"):
        actions.refuse_reversal(reversal=agreed(Payout.objects.get()), by=people.ops("Olu"), note="No.")


def test_juan_sees_where_it_went_and_ops_their_buttons(stripe: LocalStripe, paid: Payout, client: Client) -> None:
    client.force_login(people.ops("Olu"))
    change = reverse("admin:payments_payout_change", args=[paid.pk])
    assert "Propose to take pay back" in read(client, change)
    reversal = agreed(paid, 2_500)
    assert "Refuse" in read(client, reverse("admin:payments_reversal_change", args=[reversal.pk]))
    client.force_login(paid.payee)
    earnings, payouts = reverse("payments:earnings"), reverse("payments:payouts")
    page = read(client, earnings)
    assert "that was paid to you is kept from what you earn next." in page
    assert WHY in page
    earned(paid.payee, 3_000, 0, source="sub_b")
    actions.net_take_backs()
    page = read(client, earnings)
    assert "that was paid to you is kept" not in page
    assert "Kept against pay that was taken back" in page
    assert "$25.00 of $40.00. The work was paid twice." in page
    assert f"Kept against {reversal}" in read(client, payouts)
    rows = statements.csv_lines(statements.earnings_of(paid.payee))
    assert len(list(rows)) == 3
    client.force_login(people.user("Ada"))
    assert ledger_check() == []


# --- corrections by hand ----------------------------------------------------------------------------------------------


def corrected(amount: int, *, credit: bool = False) -> None:
    """Two of ops adjust what is owed to Juan: less, or more."""
    ours, theirs = "goodwill", "expert_payable"
    ref = people.user("Juan").public_id
    sides: dict[str, Any] = {"debit": theirs, "debit_ref": ref, "credit": ours}
    if credit:
        sides = {"debit": ours, "credit": theirs, "credit_ref": ref}
    asked = actions.propose_adjustment(**sides, amount=amount, reason="Counted twice.", by=people.ops("Olu"))
    actions.post_adjustment(adjustment=asked, by=people.ops("Petra"))


def test_a_correction_comes_off_the_next_batch_and_stops_nobody(stripe: LocalStripe) -> None:
    """Drawn in full, his line would be more than the books owe, and the batch would fail for all."""
    funded(stripe)
    row, kofi = juan(), juan("Kofi", "GH")
    earned(row.user, source="sub_a")
    earned(kofi.user, source="sub_k")
    corrected(1_500)
    batch = actions.make_batch(by=people.ops())
    amounts = {line.payee: line.amount for line in batch.lines.select_related("payee")}
    assert amounts == {row.user: 2_500, kofi.user: 4_000}
    earned(row.user, source="sub_b")
    for line in batch.lines.select_related("batch", "payee"):
        confirm(line)
    assert batch_of(row).amount == 4_000
    assert ledger_check() == []


def test_what_came_back_goes_out_as_far_as_the_books_owe_it(stripe: LocalStripe) -> None:
    funded(stripe)
    row = juan()
    earned(row.user, source="sub_a")
    confirm(batch_of(row), "failed")
    actions.give_bank_details(
        payee=row, details={"holder": "J", "account": "1234", "code": "ABC", "bank": "B"}, by=row.user
    )
    corrected(100)
    with pytest.raises(Refused, match="nothing to pay"):  # a payout goes out whole or not at all
        actions.make_batch(by=people.ops())
    corrected(100, credit=True)
    assert batch_of(row).amount == 4_000
    assert ledger_check() == []


def test_a_correction_comes_off_the_next_transfer_too(stripe: LocalStripe) -> None:
    funded(stripe)
    row = payee(stripe, "Juan")
    earned(row.user, source="sub_a")
    corrected(1_500)
    assert actions.make_payouts() == 1
    actions.dispatch()
    assert [each["amount"] for each in stripe.transfers()] == [2_500]
    assert ledger_check() == []


def test_pay_that_was_corrected_away_is_not_sent_and_what_comes_after_is(stripe: LocalStripe) -> None:
    funded(stripe)
    row = payee(stripe, "Juan")
    earned(row.user, source="sub_a")
    corrected(4_000)
    assert queries.to_send(row.user) == []
    assert actions.make_payouts() == 0
    earned(row.user, source="sub_b", pay=1_000)
    assert actions.make_payouts() == 1
    assert ledger_check() == []


# --- at once, and on purpose ------------------------------------------------------------------------------------------


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_keep_it_once(stripe: LocalStripe, paid: Payout) -> None:
    agreed(paid)
    earned(paid.payee, 9_000, 0, source="sub_b")
    results = at_once(8, lambda _: actions.net_take_backs())
    assert sum(result for result in results if isinstance(result, int)) == 1
    assert owed(paid.payee) == (5_000, 0)
    assert Entry.objects.filter(kind="netted").count() == 1
    assert ledger_check() == []


@pytest.mark.broken_books("each check must find its breach")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payments_reversal SET amount = 1",
        "UPDATE payments_reversal SET by_hand = false, reversal_id = 'trr_1'",
        "UPDATE payments_payout SET status = 'failed' WHERE against_id IS NOT NULL",
    ],
)
def test_the_audit_sees_what_was_kept_wrongly(stripe: LocalStripe, paid: Payout, change: str) -> None:
    agreed(paid)
    earned(paid.payee, source="sub_b")
    actions.net_take_backs()
    assert ledger_check() == []
    with connection.cursor() as cursor:
        cursor.execute(change)
    assert any(breach.invariant.startswith("I9 what is taken back by hand") for breach in ledger_check())


def test_the_database_knows_one_way_for_each_payout(stripe: LocalStripe, paid: Payout) -> None:
    reversal = agreed(paid)
    with pytest.raises(IntegrityError, match="payout_goes_one_way"), transaction.atomic():
        Payout.objects.filter(pk=paid.pk).update(against=reversal)
    with pytest.raises(IntegrityError, match="done_reversal_names_its_object"), transaction.atomic():
        Reversal.objects.update(status="done", by_hand=False)
    assert Earning.objects.count() == 1
