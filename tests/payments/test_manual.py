"""Payouts by hand: Juan lives where Stripe does not pay. A file goes to the bank, its answers come back, once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.models import Event
from payments import actions, bank, ledger, queries
from payments.audit import ledger_check
from payments.models import AccountKind, Adjustment, Batch, BatchLine, Payee, Payout
from payments.sealing import seal, unseal
from tests import people
from tests.payments.by_hand import ACCOUNT, DETAILS, TODAY, confirm, hears, juan, owed, told
from tests.payments.stories import PROJECT, earned, funded, payee
from tests.sandbox import LocalStripe
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_hand")]


# --- the way of one payment -------------------------------------------------------------------------------------------


def test_the_money_gathers_goes_out_in_a_file_and_is_paid_once(stripe: LocalStripe) -> None:
    funded(stripe)
    row = juan()
    earned(row.user, source="sub_a")
    earned(row.user, source="sub_b")
    assert actions.make_payouts() == 0  # Stripe's sweep leaves him alone
    assert actions.pay_out(payee=row) == []
    assert queries.waiting_by_hand() == (1, 8_000)
    batch = actions.make_batch(by=people.ops())
    line = batch.lines.get()
    assert (line.amount, owed(row.user), str(batch), str(line)) == (
        8_000, (0, 8_000), batch.public_id, line.public_id,
    )  # fmt: skip
    assert queries.earning_totals(row.user).approved == 8_000  # not sent before the bank says so
    assert ledger_check() == []

    house = ledger.balance(AccountKind.HOUSE)
    assert confirm(line) == 1
    assert (owed(row.user), ledger.balance(AccountKind.HOUSE)) == ((0, 0), house - 8_000)
    assert confirm(line) == 0  # the same file again
    line.refresh_from_db()
    assert (line.status, line.reference, line.paid_on, line.bank_details) == ("paid", "TT-1", TODAY, "")
    payout = Payout.objects.get()
    assert (payout.status, payout.bank_payout_id, payout.arrives_on) == ("paid", "TT-1", TODAY)
    assert queries.earning_totals(row.user).paid == 8_000
    assert ledger_check() == []
    assert "$80.00 has been paid to your bank" in hears(row.user)
    assert len([title for title in hears(row.user) if "$80" in title]) == 1


def test_what_the_bank_sends_back_is_owed_again_with_the_reason_and_goes_out_once_more(stripe: LocalStripe) -> None:
    funded(stripe)
    row = juan()
    earned(row.user, source="sub_a")
    first = actions.make_batch(by=people.ops()).lines.get()
    confirm(first, "failed")
    row.refresh_from_db()
    assert owed(row.user) == (4_000, 0)
    assert (row.status, row.requirements[0]) == (Payee.Status.RESTRICTED, "The account is closed.")
    assert "A bank transfer of $40.00 did not arrive" in hears(row.user)
    assert confirm(first, "failed") == 0
    assert ledger_check() == []
    with pytest.raises(Refused, match="nothing to pay"):  # not to the same account, unseen
        actions.make_batch(by=people.ops())
    with pytest.raises(WrongState, match="next batch"):
        actions.retry_payout(payout=Payout.objects.get(), by=people.ops())

    earned(row.user, source="sub_b")
    actions.give_bank_details(payee=row, details={**DETAILS, "account": "9" * 18}, by=row.user)
    second = actions.make_batch(by=people.ops()).lines.get()
    assert second.amount == 8_000  # what came back and what is new
    assert unseal(second.bank_details)["account"] == "9" * 18
    with pytest.raises(Invalid) as caught:
        confirm(first, "paid")  # its money is in the second line
    assert [(fault.row, fault.field) for fault in caught.value.faults] == [(1, "result")]
    confirm(second)
    assert owed(row.user) == (0, 0)
    assert ledger_check() == []


def test_a_transfer_may_come_back_days_after_it_was_paid(stripe: LocalStripe) -> None:
    funded(stripe)
    row = juan()
    earned(row.user)
    line = actions.make_batch(by=people.ops()).lines.get()
    confirm(line)
    house = ledger.balance(AccountKind.HOUSE)
    actions.give_bank_details(payee=row, details=DETAILS, by=row.user)
    Payee.objects.filter(pk=row.pk).update(status=Payee.Status.RESTRICTED)  # known to be in trouble already
    assert confirm(line, "failed") == 1
    assert (owed(row.user), ledger.balance(AccountKind.HOUSE)) == ((4_000, 0), house + 4_000)
    assert Payout.objects.get().paid_at is None
    assert ledger_check() == []


def test_half_of_a_batch_may_be_answered_and_the_rest_waits(stripe: LocalStripe) -> None:
    funded(stripe)
    for name, country in (("Juan", "MX"), ("Kofi", "GH"), ("Tariq", "PK")):
        earned(juan(name, country).user, source=f"sub_{name}")
    batch = actions.make_batch(by=people.ops())
    first, second, third = batch.lines.order_by("pk")
    both = [told(first), told(second, "failed")]
    assert actions.confirm_lines(batch=batch, told=both, by=people.ops()) == 2
    earned(people.user("Tariq"), source="sub_more")
    with pytest.raises(Refused, match="nothing to pay"):  # Tariq's line is under way
        actions.make_batch(by=people.ops())
    third.refresh_from_db()
    assert third.status == BatchLine.Status.PENDING
    assert ledger_check() == []


def test_two_projects_and_the_platform_pay_one_transfer(stripe: LocalStripe) -> None:
    funded(stripe)
    funded(stripe, ref="prj_bbbbbbbbbbbbbbbb")
    row = juan()
    earned(row.user, source="sub_b", ref="prj_bbbbbbbbbbbbbbbb")
    earned(row.user, source="sub_a")
    actions.top_up(
        ref=PROJECT, source="sub_a", payee=row.user, amount=500, currency="usd", memo="A promise", by=people.ops()
    )
    line = actions.make_batch(by=people.ops()).lines.get()
    assert (line.amount, line.payouts.count()) == (8_500, 3)
    confirm(line)
    assert ledger_check() == []


def test_whoever_is_held_waits(stripe: LocalStripe) -> None:
    funded(stripe)
    row = juan()
    earned(row.user)
    soon = timezone.now() + timedelta(days=1)
    actions.hold_payouts(payee=row.user, reason="Two people claim this account.", until=soon, by=people.ops())
    with pytest.raises(Refused, match="nothing to pay") as caught:
        actions.make_batch(by=people.ops())
    assert caught.value.code == "nothing_to_pay"
    assert not Batch.objects.exists()


def test_a_correction_by_hand_alone_makes_no_line(stripe: LocalStripe) -> None:
    row = juan()
    asked = actions.propose_adjustment(
        debit="goodwill",
        credit="expert_payable",
        credit_ref=row.user.public_id,
        amount=100,
        reason="x",
        by=people.ops(),
    )
    actions.post_adjustment(adjustment=asked, by=people.ops("Petra"))
    with pytest.raises(Refused, match="nothing to pay"):
        actions.make_batch(by=people.ops())
    assert Adjustment.objects.get().status == "posted"


# --- what is wrong is named, and nothing is half done -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"line": "lin_none"}, "line"),
        ({"amount": "41.00"}, "amount"),
        ({"on": date(2020, 1, 1)}, "date"),
        ({"on": TODAY + timedelta(days=2)}, "date"),
    ],
)
def test_one_wrong_row_stops_the_whole_file(stripe: LocalStripe, wrong: dict[str, Any], field: str) -> None:
    funded(stripe)
    for name, country in (("Juan", "MX"), ("Kofi", "GH")):
        earned(juan(name, country).user, source=f"sub_{name}")
    batch = actions.make_batch(by=people.ops())
    first, second = batch.lines.order_by("pk")
    rows = [told(first, amount="40.00"), bank.Told(**{**vars(told(second)), "row": 2, **wrong})]
    with pytest.raises(Invalid) as caught:
        actions.confirm_lines(batch=batch, told=rows, by=people.ops())
    assert [(fault.row, fault.field) for fault in caught.value.faults] == [(2, field)]
    assert set(batch.lines.values_list("status", flat=True)) == {"pending"}
    assert ledger_check() == []


def test_another_reference_for_a_paid_line_is_a_question_not_a_change(stripe: LocalStripe) -> None:
    funded(stripe)
    earned(juan().user)
    line = actions.make_batch(by=people.ops()).lines.get()
    confirm(line)
    with pytest.raises(Invalid) as caught:
        confirm(line, reference="TT-2")
    assert caught.value.faults[0].message == "This line is paid already, under TT-1."


def test_a_line_of_another_batch_is_not_taken(stripe: LocalStripe) -> None:
    funded(stripe)
    earned(juan().user)
    line = actions.make_batch(by=people.ops()).lines.get()
    other = Batch.objects.create(currency="usd", made_by=people.ops())
    with pytest.raises(Invalid, match="must be put right"):
        actions.confirm_lines(batch=other, told=[told(line)], by=people.ops())


def test_only_ops_make_read_and_confirm(stripe: LocalStripe) -> None:
    funded(stripe)
    row = juan()
    earned(row.user)
    batch = actions.make_batch(by=people.ops())
    with pytest.raises(NotAllowed):
        actions.make_batch(by=row.user)
    with pytest.raises(NotAllowed):
        actions.read_batch(batch=batch, by=row.user)
    with pytest.raises(NotAllowed):
        actions.confirm_lines(batch=batch, told=[], by=row.user)
    with pytest.raises(NotAllowed):
        actions.give_bank_details(payee=row, details=DETAILS, by=people.ops())


# --- the database's own guards, and the audit's eyes ------------------------------------------------------------------


def test_the_database_knows_one_open_line_a_person(stripe: LocalStripe) -> None:
    funded(stripe)
    row = juan()
    earned(row.user)
    line = actions.make_batch(by=people.ops()).lines.get()
    other = Batch.objects.create(currency="usd", made_by=people.ops())
    with pytest.raises(IntegrityError, match="one_open_batch_line_per_payee"), transaction.atomic():
        BatchLine.objects.create(batch=other, payee=row.user, amount=1)
    with pytest.raises(IntegrityError, match="paid_batch_line_has_the_banks_words"), transaction.atomic():
        BatchLine.objects.filter(pk=line.pk).update(status="paid")
    with pytest.raises(IntegrityError, match="failed_batch_line_says_why"), transaction.atomic():
        BatchLine.objects.filter(pk=line.pk).update(status="failed")
    with pytest.raises(IntegrityError, match="payout_goes_one_way"), transaction.atomic():
        Payout.objects.update(transfer_id="tr_1")
    with pytest.raises(IntegrityError, match="bank_details_are_for_pay_by_hand"), transaction.atomic():
        Payee.objects.filter(pk=row.pk).update(route=Payee.Route.STRIPE)
    with pytest.raises(IntegrityError, match="manual_payee_is_ready_with_details"), transaction.atomic():
        Payee.objects.filter(pk=row.pk).update(bank_details="")


@pytest.mark.broken_books("each check must find its breach")
@pytest.mark.parametrize(
    ("change", "invariant"),
    [
        ("UPDATE payments_batchline SET status = 'paid', reference = 'x', paid_on = now()", "I9 each line"),
        ("UPDATE payments_batchline SET status = 'failed', failure = 'x'", "I9 each line"),
        ("UPDATE payments_batchline SET public_id = 'lin_other'", "I9 each line"),
        ("UPDATE payments_batchline SET amount = 1", "I8 what is in flight"),
        ("UPDATE payments_batchline SET amount = 1", "I9 a line of a batch"),
        ("UPDATE payments_payout SET line_id = NULL", "I9 a line of a batch"),
        ("UPDATE payments_payout SET status = 'paid'", "I9 a line of a batch"),
    ],
)
def test_the_audit_sees_what_the_actions_would_not_do(stripe: LocalStripe, change: str, invariant: str) -> None:
    funded(stripe)
    earned(juan().user)
    actions.make_batch(by=people.ops())
    assert ledger_check() == []
    with connection.cursor() as cursor:
        cursor.execute(change)
    assert any(breach.invariant.startswith(invariant) for breach in ledger_check())


# --- bank details -----------------------------------------------------------------------------------------------------


def test_bank_details_lie_sealed_and_a_new_key_opens_the_old(settings: Any) -> None:
    row = juan()
    assert ACCOUNT not in row.bank_details
    assert (unseal(row.bank_details), row.bank_hint) == (DETAILS, "9719")
    old = settings.QUORUM_BANK_KEYS
    settings.QUORUM_BANK_KEYS = [Fernet.generate_key().decode(), *old]
    assert unseal(row.bank_details) == DETAILS
    settings.QUORUM_BANK_KEYS = settings.QUORUM_BANK_KEYS[:1]
    with pytest.raises(InvalidToken):
        unseal(row.bank_details)
    assert seal(DETAILS) != seal(DETAILS)


def test_whoever_changes_their_account_is_told_and_the_country_is_fixed(stripe: LocalStripe) -> None:
    row = juan()
    actions.give_bank_details(payee=row, details=DETAILS, by=row.user)
    assert hears(row.user) == ["The bank account you are paid to was set or changed"] * 2
    assert not Event.objects.filter(data__icontains=ACCOUNT).exists()
    with pytest.raises(Refused, match="cannot change"):
        actions.choose_country(user=row.user, country="DK", by=row.user)
    with pytest.raises(WrongState, match="bank details instead"):
        actions.onboarding_link(payee=row, return_url="http://a", refresh_url="http://a", by=row.user)
    with pytest.raises(WrongState, match="Stripe pays you"):
        actions.give_bank_details(payee=payee(stripe), details=DETAILS, by=people.user("Emil"))


def test_before_details_are_given_the_country_may_change_the_route() -> None:
    user = people.user("Juan")
    assert actions.choose_country(user=user, country="MX", by=user).route == Payee.Route.MANUAL
    assert actions.choose_country(user=user, country="DK", by=user).route == Payee.Route.STRIPE


# --- at once, and killed ----------------------------------------------------------------------------------------------


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_two_of_ops_at_once_make_one_batch(stripe: LocalStripe) -> None:
    funded(stripe)
    for name, country in (("Juan", "MX"), ("Kofi", "GH")):
        earned(juan(name, country).user, source=f"sub_{name}")
    olu = people.ops()
    results = at_once(6, lambda _: actions.make_batch(by=olu).public_id)
    assert sum(isinstance(result, str) for result in results) == 1
    assert {result.code for result in results if isinstance(result, Refused)} == {"nothing_to_pay"}
    assert (Batch.objects.count(), BatchLine.objects.count()) == (1, 2)
    assert ledger_check() == []


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_would_all_find_the_money_there(stripe: LocalStripe) -> None:
    """The negative control: looking without holding is no guard."""
    funded(stripe)
    earned(juan().user)
    assert at_once(6, lambda _: len(queries.owed_by_hand("usd"))) == [1] * 6


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_paid_and_failed_at_once_end_in_one_way_that_adds_up(stripe: LocalStripe) -> None:
    funded(stripe)
    row = juan()
    earned(row.user)
    line = actions.make_batch(by=people.ops()).lines.select_related("batch").get()
    olu = people.ops()

    def answer(number: int) -> int:
        words = told(line, "failed" if number % 2 else "paid")
        return actions.confirm_lines(batch=line.batch, told=[words], by=olu)

    results = at_once(8, answer)
    line.refresh_from_db()
    assert line.status == BatchLine.Status.FAILED  # whichever came first: paid, then back; or failed at once
    assert {type(result) for result in results} <= {int, Invalid}
    assert owed(row.user) == (4_000, 0)
    assert ledger_check() == []


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["batch", "manual", "manual_back"])
def test_a_death_in_the_middle_leaves_all_or_nothing(
    stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The connection is cut at the second entry: what PostgreSQL sees of a `kill -9`."""
    funded(stripe)
    for name, country in (("Juan", "MX"), ("Kofi", "GH")):
        earned(juan(name, country).user, source=f"sub_{name}")
    olu, post, posted = people.ops(), ledger.post, []

    def dying(**entry: Any) -> ledger.Posted:
        posted.append(entry["kind"])
        if posted.count(what) == 2:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return post(**entry)

    def act(_: int) -> object:
        batch = Batch.objects.first() or actions.make_batch(by=olu)
        result = "failed" if what == "manual_back" else "paid"
        lines = batch.lines.select_related("batch").order_by("pk")
        return actions.confirm_lines(batch=batch, told=[told(line, result) for line in lines], by=olu)

    monkeypatch.setattr(ledger, "post", dying)
    assert isinstance(at_once(1, act)[0], OperationalError)
    monkeypatch.undo()
    states = list(BatchLine.objects.values_list("status", flat=True))
    assert states == ([] if what == "batch" else ["pending", "pending"])
    assert ledger_check() == []
    assert at_once(1, act) == [2]
    assert ledger_check() == []
