"""The ledger's rules, broken one by one: PostgreSQL itself refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from payments import ledger
from payments.errors import InsufficientFunds, KeyReused
from payments.ledger import Line, balance, post, transfer
from payments.models import Account, AccountKind, Entry, Posting

pytestmark = pytest.mark.django_db

FUNDS = (AccountKind.PROJECT_FUNDS, "prj_a")
RESERVED = (AccountKind.PROJECT_RESERVED, "prj_a")
CLEARING = (AccountKind.STRIPE_CLEARING, "")


def fund(amount: int = 10_000, key: str = "fund") -> ledger.Posted:
    return post(key=key, kind="scenery", lines=transfer(amount, debit=CLEARING, credit=FUNDS), currency="usd")


def reserve(amount: int, key: str = "reserve") -> ledger.Posted:
    return post(key=key, kind="reserve", lines=transfer(amount, debit=FUNDS, credit=RESERVED), currency="usd")


def test_an_entry_moves_balances_on_both_sides() -> None:
    fund(10_000)
    reserve(2_500)
    assert balance(*FUNDS) == 7_500
    assert balance(*RESERVED) == 2_500
    assert balance(*CLEARING) == 10_000
    assert ledger.balances("prj_a") == {"project_funds": 7_500, "project_reserved": 2_500}
    assert ledger.locked_balance(*FUNDS) == 7_500


def test_an_account_that_never_was_holds_nothing() -> None:
    assert balance(AccountKind.PROJECT_FUNDS, "prj_unknown") == 0
    assert ledger.locked_balance(AccountKind.PROJECT_FUNDS, "prj_unknown") == 0


def test_a_repeated_key_moves_nothing_even_when_the_money_is_gone() -> None:
    fund(1_000)
    first = reserve(1_000)
    again = reserve(1_000)
    assert (again.entry_id, again.fresh) == (first.entry_id, False)
    assert balance(*RESERVED) == 1_000


def test_a_repeated_key_with_other_lines_is_an_error() -> None:
    fund(1_000)
    with pytest.raises(KeyReused):
        fund(1_001)


def test_a_floor_is_refused_kindly() -> None:
    fund(1_000)
    with pytest.raises(InsufficientFunds, match="free funds"):
        reserve(1_001)
    with pytest.raises(InsufficientFunds, match="project_reserved of prj_a holds 0"):
        post(key="x", kind="release", lines=transfer(1, debit=RESERVED, credit=FUNDS), currency="usd")


def test_money_of_another_currency_is_other_money() -> None:
    fund(1_000)
    with pytest.raises(InsufficientFunds):
        post(key="x", kind="reserve", lines=transfer(1, debit=FUNDS, credit=RESERVED), currency="eur")


def test_a_reversal_puts_everything_back_once() -> None:
    fund(1_000)
    entry = Entry.objects.get(pk=reserve(400).entry_id)
    ledger.reverse(entry, key="undo")
    assert balance(*FUNDS) == 1_000
    reserve(400, key="another")
    with pytest.raises(DatabaseError, match="reverses_id"), transaction.atomic():
        ledger.reverse(entry, key="undo again")


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def unbalanced() -> None:
    post(key="bad", kind="bad", lines=[Line(*CLEARING, 5), Line(*FUNDS, -4)], currency="usd")


def one_legged() -> None:
    post(key="bad", kind="bad", lines=[Line(*CLEARING, 5)], currency="usd")


def legless() -> None:
    Entry.objects.create(key="bad", kind="bad", digest="")
    sql("SET CONSTRAINTS ALL IMMEDIATE")


def zero_leg() -> None:
    entry = Entry.objects.create(key="bad", kind="bad", digest="")
    accounts = list(Account.objects.all()[:2])
    Posting.objects.bulk_create(Posting(entry=entry, account=account, amount=0) for account in accounts)


def overdraft_behind_our_back() -> None:
    funds, reserved = Account.objects.get(kind="project_funds"), Account.objects.get(kind="project_reserved")
    entry = Entry.objects.create(key="bad", kind="bad", digest="")
    Posting.objects.bulk_create(
        [
            Posting(entry=entry, account=funds, amount=10_000_000),
            Posting(entry=entry, account=reserved, amount=-10_000_000),
        ]
    )


def mixed_currencies() -> None:
    post(key="eur", kind="scenery", lines=transfer(5, debit=CLEARING, credit=FUNDS), currency="eur")
    entry = Entry.objects.create(key="bad", kind="bad", digest="")
    dollars = Account.objects.get(kind="stripe_clearing", currency="usd")
    euros = Account.objects.get(kind="project_funds", currency="eur")
    Posting.objects.bulk_create(
        [Posting(entry=entry, account=dollars, amount=5), Posting(entry=entry, account=euros, amount=-5)]
    )


FORBIDDEN: dict[str, tuple[Callable[[], None], str]] = {
    "unbalanced": (unbalanced, "does not balance"),
    "one leg": (one_legged, "does not balance"),
    "no legs": (legless, "has no legs"),
    "zero": (zero_leg, "posting_moves_something"),
    "two currencies": (mixed_currencies, "does not balance"),
    "overdraft": (overdraft_behind_our_back, "ledger_floor"),
    "change an entry": (lambda: sql("UPDATE ledger_entry SET kind = 'x'"), "append-only"),
    "change a posting": (lambda: sql("UPDATE ledger_posting SET amount = amount * 2"), "append-only"),
    "delete an entry": (lambda: sql("DELETE FROM ledger_entry"), "append-only"),
    "delete a posting": (lambda: sql("DELETE FROM ledger_posting"), "append-only"),
    "delete an account": (lambda: sql("DELETE FROM ledger_account"), "append-only"),
    "truncate": (lambda: sql("TRUNCATE ledger_posting CASCADE"), "append-only"),
    "edit a balance": (lambda: sql("UPDATE ledger_account SET balance = 1"), "through postings only"),
    "turn an account": (lambda: sql("UPDATE ledger_account SET side = 'debit'"), "through postings only"),
    "drop a floor": (lambda: sql("UPDATE ledger_account SET floor0 = false"), "through postings only"),
    "start rich": (
        lambda: sql(
            "INSERT INTO ledger_account (kind, ref, currency, side, tracked, floor0, balance)"
            " VALUES ('goodwill', 'x', 'usd', 'debit', true, false, 5)"
        ),
        "starts at zero",
    ),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_database_refuses(name: str) -> None:
    act, words = FORBIDDEN[name]
    fund(1_000)
    reserve(100)
    sql("SET CONSTRAINTS ALL IMMEDIATE")  # TRUNCATE wants nothing pending
    sql("SET CONSTRAINTS ALL DEFERRED")
    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        act()
    assert (balance(*FUNDS), balance(*RESERVED)) == (900, 100)


@pytest.mark.django_db(transaction=True)
def test_an_entry_is_closed_to_later_transactions() -> None:
    with transaction.atomic():
        entry_id = fund(1_000).entry_id
        reserve(100)
    accounts = list(Account.objects.filter(kind__in=("project_reserved", "project_funds")).order_by("kind"))
    new = Account.objects.create(kind="goodwill", ref="", currency="usd", side="debit", tracked=False, floor0=False)
    with pytest.raises(DatabaseError, match="is closed"):
        Posting.objects.bulk_create(
            [
                Posting(entry_id=entry_id, account=accounts[1], amount=-5),
                Posting(entry_id=entry_id, account=new, amount=5),
            ]
        )


@pytest.mark.django_db(transaction=True)
def test_nothing_is_posted_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="must be posted in the transaction"):
        fund()


def test_posting_costs_one_statement(django_assert_num_queries: Callable[..., object]) -> None:
    fund(1_000)
    reserve(1)
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        reserve(2, key="second")
