"""What a lab reads of its project's money is the ledger, to the cent: whatever moved, in whatever order."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.actors import SYSTEM
from payments import actions, causes, ledger, months, project_lines, queries
from payments.balances import Balance, balance_of, balances_of, total
from payments.errors import InsufficientFunds
from payments.models import AccountKind, Earning, Entry, Funding
from payments.project_lines import Line, Lines
from payments.sandbox import disputes
from tests import people
from tests.payments.stories import PROJECT, earned, funded, payee
from tests.payments.test_reversals import prepare, taken
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db

OTHER = "prj_bbbbbbbbbbbbbbbb"
ACCOUNTS = (AccountKind.PROJECT_FUNDS, AccountKind.PROJECT_RESERVED)


def held(ref: str = PROJECT) -> tuple[int, int]:
    balances = ledger.balances(ref)
    return balances.get("project_funds", 0), balances.get("project_reserved", 0)


def told(ref: str = PROJECT, **narrowing: Any) -> list[Line]:
    return list(Lines(ref, "usd", **narrowing))


def hear(stripe: LocalStripe) -> None:
    stripe.deliver()
    actions.process()


# --- Stories ----------------------------------------------------------------------------------------------------------


def test_a_project_that_nobody_paid_for_has_no_lines_and_no_money() -> None:
    assert told() == []
    assert balances_of([PROJECT], "usd") == {PROJECT: Balance(0, 0, 0, 0, 0, 0, 0, 0, 0)}
    assert months.months_of([PROJECT], "UTC") == {}


def test_the_whole_life_of_a_projects_money_line_by_line(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    emil = payee(stripe).user
    earned(emil)
    actions.reserve(ref=PROJECT, key="more", amount=9_600, currency="usd", by=SYSTEM, cause={"seats": 2})
    actions.release(
        ref=PROJECT, key="less", amount=4_800, currency="usd", by=SYSTEM,
        cause={"why": "withdrawn", "about": "tsk_aaaaaaaaaaaaaaaa", "seats": 1},
    )  # fmt: skip
    (refund,) = actions.refund_funds(ref=PROJECT, lab=people.lab(), amount=500, currency="usd", by=people.user("Ada"))
    dispute = disputes.dispute(stripe.sandbox, funding.charge_id or "")
    hear(stripe)
    disputes.close(stripe.sandbox, dispute["id"], "lost")
    hear(stripe)

    lines = told()
    assert [(line.words, line.about, line.free, line.reserved) for line in reversed(lines)][:6] == [
        ("Paid in", funding.public_id, 100_000, 0),
        ("Payment processor’s fee", funding.public_id, -2_930, 0),
        ("Reserved for seats", "", -4_800, 4_800),
        ("Work accepted", "sub_aaaaaaaaaaaaaaaa", 0, -4_800),
        ("Reserved for 2 seats", "", -9_600, 9_600),
        ("Released from 1 seat: the task was withdrawn", "tsk_aaaaaaaaaaaaaaaa", 4_800, -4_800),
    ]
    assert ("Refund to you", refund.public_id) in [(line.words, line.about) for line in lines]
    assert lines[0].words == "Taken back by the bank after a lost dispute"
    work = next(line for line in lines if line.kind == "earn_task")
    assert (work.pay, work.fee, work.payee, work.total) == (4_000, 800, emil.pk, -4_800)
    assert (lines[0].free_after, lines[0].reserved_after) == held()
    balance = balance_of(PROJECT)
    assert (balance.spent, balance.gone, balance.refunded, balance.refundable) == (4_800, 7_730, 500, 0)
    assert balance.lost == -lines[0].free > 0
    assert total([balance, balance]).free == 2 * balance.free


def test_what_can_go_back_is_what_a_refund_would_take(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    funded(stripe, 5_000)
    funded(stripe, ref=OTHER)
    row = payee(stripe)
    earned(row.user)
    actions.make_payouts()

    def carried(ref: str) -> int:
        """As the action judges it, payment by payment."""
        left = sum(left for _, left in queries.left_in(Funding.objects.filter(ref=ref)))
        return 0 if queries.standing_disputes(ref) else min(queries.free_funds(ref), left)

    def agrees() -> bool:
        found = balances_of([PROJECT, OTHER], "usd")
        return {ref: found[ref].refundable for ref in found} == {ref: carried(ref) for ref in found}

    assert agrees()
    actions.refund_funds(ref=PROJECT, lab=people.lab(), amount=700, currency="usd", by=people.user("Ada"))
    assert agrees()
    disputes.dispute(stripe.sandbox, funding.charge_id or "")
    hear(stripe)
    assert agrees()
    assert balance_of(PROJECT).refundable == 0


def test_pay_that_was_taken_back_is_the_projects_again(stripe: LocalStripe) -> None:
    reversal = taken(prepare(stripe), 1_500)
    line = told()[0]
    assert (line.words, line.about, line.free) == ("Pay taken back from an expert", reversal.public_id, 1_500)
    balance = balance_of(PROJECT)
    assert (balance.pay, balance.fees, balance.lost) == (2_500, 800, 0)
    assert balance.refundable == balance.free
    (month,) = months.months_of([PROJECT], "UTC")[PROJECT, "usd"]
    assert (month.moved["pay"], month.moved["fee"], month.closing) == (-2_500, -800, balance.free)


def test_a_page_costs_the_same_wherever_it_is(django_assert_num_queries: Any) -> None:
    for number in range(6):
        _book("fund", 100 + number)
    newest = Lines(PROJECT, "usd").older(limit=2)
    with django_assert_num_queries(2):
        older = Lines(PROJECT, "usd").older(newest[-1].entry, limit=3)
    assert [line.free for line in newest + older] == [105, 104, 103, 102, 101]
    assert [line.free_after for line in newest + older] == [615, 510, 406, 303, 201]


def test_the_index_leads_to_a_page_and_nothing_is_sorted() -> None:
    """With enough behind it: the two accounts are walked backwards, and the walk stops when the page is full."""
    _book("fund", 10**9)
    _book("reserve", 10**6)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # past the guards, for the sake of numbers
        cursor.execute(
            "INSERT INTO ledger_entry (key, kind, digest, meta) SELECT 'x' || i, 'reserve', '', '{}'"
            " FROM generate_series(1, 20000) i"
        )
        for kind, amount in (("project_funds", 1), ("project_reserved", -1)):
            cursor.execute(
                "INSERT INTO ledger_posting (entry_id, account_id, amount) SELECT e.id, a.id, %s FROM ledger_entry e,"
                " ledger_account a WHERE e.key LIKE 'x%%' AND a.kind = %s AND a.ref = %s",
                [amount, kind, PROJECT],
            )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE ledger_posting, ledger_entry")
        given = {**Lines(PROJECT, "usd")._given(), "before": project_lines.NEWEST, "limit": 50}
        cursor.execute(f"EXPLAIN {project_lines._PAGE}", given)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        transaction.set_rollback(True)
    assert plan.count("Backward using ledger_posting_of_account") == 2, plan
    assert "Seq Scan on ledger_posting" not in plan


# --- Words ------------------------------------------------------------------------------------------------------------


def test_every_kind_of_earning_has_words() -> None:
    drawn = set(Earning.Kind.values) - set(Earning.HOUSE_PAID)
    assert {f"earn_{kind}" for kind in drawn} <= causes.KINDS.keys()
    assert {cause.group for cause in causes.KINDS.values()} <= causes.GROUPS.keys()


def test_a_kind_without_words_is_read_out() -> None:
    assert causes.words("claw_back", {}) == "Claw back"
    assert causes.group_of("claw_back") == "other"
    assert causes.about({}) == ""


def test_lines_are_narrowed_by_group_and_by_time() -> None:
    _book("fund", 1_000)
    _book("reserve", 300)
    _book("kept", 50)
    assert [line.group for line in told()] == ["processor", "seats", "other"]
    for group in ("processor", "seats", "other"):
        (line,) = told(group=group)
        assert line in told()  # what it left behind is the same, whatever else is shown
    last = told()[0]
    assert told(since=last.at) == [last]
    assert [line.group for line in told(until=last.at)] == ["seats", "other"]


# --- Months -----------------------------------------------------------------------------------------------------------


def test_months_are_those_of_the_zone_and_carry_their_balance_on(stripe: LocalStripe) -> None:
    funded(stripe)
    earned(payee(stripe).user)
    (month,) = months.months_of([PROJECT], "Asia/Tokyo")[PROJECT, "usd"]
    assert month.moved == {
        "funding": 100_000, "processor": -2_930, "pay": -4_000, "fee": -800, "refund": 0, "other": 0,
    }  # fmt: skip
    assert (month.opening, month.closing) == (0, sum(held()))
    assert month.shown[0] == ("Paid in", 100_000)
    later = months.at([month], date(2999, 1, 1))
    assert (later.opening, later.closing) == (month.closing, month.closing)
    earlier = months.at([month], date(1999, 1, 1))
    assert (earlier.opening, earlier.closing) == (0, 0)
    assert months.at([month], month.since) is month
    both = months.together([month, later], month.since)
    assert both.closing == 2 * month.closing
    assert months.bounds(date(2026, 12, 1), "UTC") == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )


def test_each_month_begins_with_what_the_last_one_left() -> None:
    first, second = date(2026, 10, 1), date(2026, 11, 1)
    moved = {second: {"funding": 5, "pay": -2}, first: {"funding": 10, "pay": 0}}
    found = months._running(moved)
    assert [(month.since, month.opening, month.closing) for month in found] == [(first, 0, 10), (second, 10, 13)]


# --- Whatever happens -------------------------------------------------------------------------------------------------

MOVES = ("fund", "reserve", "release", "earn", "direct", "strange", "kept", "refund", "elsewhere")


def _book(move: str, amount: int, ref: str = PROJECT) -> None:
    """One movement, where the money is there."""
    key = f"{move}:{Entry.objects.count()}"
    pay, fee = amount - amount // 6, amount // 6
    emil = people.user("Emil")
    what: dict[str, Any] = {"ref": ref, "currency": "usd", "by": SYSTEM}
    paid: dict[str, Any] = {**what, "payee": emil, "kind": "task", "memo": "", "source": key, "pay": pay, "fee": fee}
    posted = {
        "fund": ("fund", AccountKind.STRIPE_CLEARING, AccountKind.PROJECT_FUNDS),
        "strange": ("claw_back", AccountKind.STRIPE_CLEARING, AccountKind.PROJECT_FUNDS),
        "kept": ("stripe_fee", AccountKind.PROJECT_FUNDS, AccountKind.STRIPE_CLEARING),
        "refund": ("refund_asked", AccountKind.PROJECT_FUNDS, AccountKind.REFUND_IN_FLIGHT),
    }
    if move == "reserve":
        actions.reserve(key=key, amount=amount, **what)
    elif move == "release":
        actions.release(key=key, amount=amount, **what)
    elif move == "earn":
        actions.earn(**{**paid, "pay": max(1, pay - fee)}, released=min(fee, pay - 1))
    elif move == "direct":
        actions.earn_from_funds(**paid)
    else:
        kind, debit, credit = posted[move]
        names = [(one, "" if one == AccountKind.STRIPE_CLEARING else ref) for one in (debit, credit)]
        with transaction.atomic():
            ledger.post(
                key=key, kind=kind, currency="usd", lines=ledger.transfer(amount, debit=names[0], credit=names[1])
            )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from(MOVES), st.integers(1, 5_000)), max_size=20), chunk=st.integers(1, 7))
def test_lines_balances_and_months_agree_with_the_ledger(
    moves: list[tuple[str, int]], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project_lines, "CHUNK", chunk)
    with transaction.atomic():
        for move, amount in moves:
            with suppress(InsufficientFunds), transaction.atomic():
                _book(*(("fund", amount, OTHER) if move == "elsewhere" else (move, amount)))
        _agree()
        transaction.set_rollback(True)


def _agree() -> None:
    lines = told()
    assert [line.entry for line in lines] == sorted(
        Entry.objects.filter(postings__account__ref=PROJECT, postings__account__kind__in=ACCOUNTS)
        .distinct()
        .values_list("pk", flat=True),
        reverse=True,
    )
    free = reserved = 0
    for line in reversed(lines):
        free, reserved = free + line.free, reserved + line.reserved
        assert (line.free_after, line.reserved_after) == (free, reserved)
    assert (free, reserved) == held()
    by_group = [line for group in causes.GROUPS for line in told(group=group)]
    assert sorted(by_group, key=lambda line: -line.entry) == lines
    balance = balance_of(PROJECT)
    assert (balance.free, balance.reserved) == (free, reserved)
    assert (balance.pay, balance.fees) == tuple(
        sum(getattr(line, name) or 0 for line in lines) for name in ("pay", "fee")
    )
    history = months.months_of([PROJECT], "UTC").get((PROJECT, "usd"), [])
    assert (history[-1].closing if history else 0) == free + reserved
    assert sum(-month.moved["pay"] for month in history) == balance.pay
    assert sum(-month.moved["fee"] for month in history) == balance.fees
