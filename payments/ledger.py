"""Posting to the double-entry ledger, and reading balances.

`post` is the only writer. The database holds the rules (balanced, immutable, floors); this module states them kindly
and takes the locks in one order, so that two postings never wait for each other in a circle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Sum

from payments.errors import InsufficientFunds, KeyReused
from payments.models import CREDIT_SIDE, LIABILITIES, Account, AccountKind, Entry, Posting


@dataclass(frozen=True)
class Line:
    """One leg: `amount` is positive for a debit, negative for a credit."""

    kind: AccountKind
    ref: str
    amount: int


@dataclass(frozen=True)
class Posted:
    """`fresh` is False where the key was posted before, with the same lines: then nothing moved."""

    entry_id: int
    fresh: bool


def transfer(amount: int, *, debit: tuple[AccountKind, str], credit: tuple[AccountKind, str]) -> tuple[Line, Line]:
    """The common entry of two legs. For liabilities: `debit` gives, `credit` gets."""
    return Line(*debit, amount), Line(*credit, -amount)


def post(
    *,
    key: str,
    kind: str,
    lines: Iterable[Line],
    currency: str,
    meta: Mapping[str, Any] | None = None,
    reverses: Entry | None = None,
) -> Posted:
    """Write one entry in the caller's transaction. One statement once the accounts exist.

    Legs of zero are left out. The same key with the same lines is a no-op; with other lines it raises KeyReused.
    Raises InsufficientFunds where an account would fall below its floor.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{key} must be posted in the transaction of what it belongs to")
    legs = tuple(line for line in lines if line.amount)
    digest = _digest(kind, currency, legs)
    facts = [key, kind, digest, json.dumps(dict(meta or {})), reverses.pk if reverses else None, currency]
    answer = _write(facts, legs)
    if answer.outcome == "no_account":
        _open(legs, currency)
        answer = _write(facts, legs)
    if answer.outcome == "short":
        raise InsufficientFunds(_short(answer))
    if answer.outcome == "repeated" and answer.digest != digest:
        raise KeyReused(f"{key} was posted before with other lines")
    return Posted(answer.entry_id, fresh=answer.outcome == "posted")


@transaction.atomic
def reverse(entry: Entry, *, key: str, meta: Mapping[str, Any] | None = None) -> Posted:
    """The only correction there is: the same legs with the other sign. The database allows it once per entry."""
    postings = list(entry.postings.select_related("account"))
    return post(
        key=key,
        kind=f"reverse_{entry.kind}"[:30],
        lines=[Line(AccountKind(leg.account.kind), leg.account.ref, -leg.amount) for leg in postings],
        currency=postings[0].account.currency,
        meta=meta,
        reverses=entry,
    )


def balance(kind: AccountKind, ref: str = "", currency: str = "usd") -> int:
    """What an account holds, positive on its own side. Tracked accounts answer from one row."""
    account = Account.objects.filter(kind=kind, ref=ref, currency=currency).first()
    if account is None:
        return 0
    if account.tracked:
        return account.balance
    total: int = Posting.objects.filter(account=account).aggregate(total=Sum("amount"))["total"] or 0
    return total if account.side == Account.Side.DEBIT else -total


def balances(ref: str, currency: str = "usd") -> dict[str, int]:
    """Every tracked balance of one reference: {kind: amount}."""
    return dict(Account.objects.filter(ref=ref, currency=currency, tracked=True).values_list("kind", "balance"))


def locked_balance(kind: AccountKind, ref: str, currency: str = "usd") -> int:
    """The balance of a tracked account, held still until the caller's transaction ends."""
    found = Account.objects.select_for_update(no_key=True).filter(kind=kind, ref=ref, currency=currency)
    return found.values_list("balance", flat=True).first() or 0


def _short(answer: _Answer) -> str:
    """Why an account cannot give what it should."""
    if answer.kind == AccountKind.PROJECT_FUNDS:
        return "The project's free funds do not cover this. Add funds first."
    return f"{answer.kind} of {answer.ref} holds {answer.balance}, not {answer.amount}."


def _digest(kind: str, currency: str, legs: Iterable[Line]) -> str:
    words = [kind, currency, sorted((leg.kind, leg.ref, leg.amount) for leg in legs)]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


class _Answer(NamedTuple):
    """What `ledger_post` of payments/migrations/0021 says: "posted", "repeated", "short" or "no_account".

    `digest` is that of the entry which has the key already; the last four name the account that is short.
    """

    outcome: str
    entry_id: int
    digest: str
    kind: str
    ref: str
    balance: int
    amount: int


def _write(facts: Sequence[str | int | None], legs: Sequence[Line]) -> _Answer:
    """A project's funds are locked with its reserve even where only the reserve moves: callers look at funds first
    (`locked_balance`), so both must always be taken in the same order. A leg of zero is a lock and nothing more.
    """
    legs = [*legs, *(Line(AccountKind.PROJECT_FUNDS, ref, 0) for ref in _reserves(legs))]
    columns: list[list[Any]] = [
        [leg.kind.value for leg in legs],
        [leg.ref for leg in legs],
        [leg.amount for leg in legs],
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ledger_post(%s, %s, %s, %s, %s, %s, %s, %s, %s)", [*facts, *columns])
        return _Answer(*cursor.fetchone())


def _reserves(legs: Sequence[Line]) -> list[str]:
    return [leg.ref for leg in legs if leg.kind == AccountKind.PROJECT_RESERVED]


def _open(legs: Sequence[Line], currency: str) -> None:
    """Make the accounts that are missing. Sorted: a project's funds always get the lower id."""
    names = {(leg.kind.value, leg.ref) for leg in legs}
    names |= {(AccountKind.PROJECT_FUNDS.value, ref) for ref in _reserves(legs)}
    Account.objects.bulk_create((_new(kind, ref, currency) for kind, ref in sorted(names)), ignore_conflicts=True)


def _new(kind: str, ref: str, currency: str) -> Account:
    owned = kind in LIABILITIES
    side = Account.Side.CREDIT if kind in CREDIT_SIDE else Account.Side.DEBIT
    return Account(kind=kind, ref=ref, currency=currency, side=side, tracked=owned, floor0=owned)
