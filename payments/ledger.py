"""Posting to the double-entry ledger, and reading balances.

`post` is the only writer. The database holds the rules (balanced, immutable, floors); this module states them kindly
and takes the locks in one order, so that two postings never wait for each other in a circle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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


@dataclass(frozen=True)
class _Held:
    """An account row as the database had it when we locked it."""

    pk: int
    floor0: bool
    balance: int


Name = tuple[str, str]  # (kind, ref)


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
    """Write one entry in the caller's transaction. Two statements once the accounts exist.

    Legs of zero are left out. The same key with the same lines is a no-op; with other lines it raises KeyReused.
    Raises InsufficientFunds where an account would fall below its floor.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{key} must be posted in the transaction of what it belongs to")
    legs = tuple(line for line in lines if line.amount)
    digest = _digest(kind, currency, legs)
    held = _hold(legs, currency)
    short = _short(legs, held)
    moves = sorted((held[leg.kind, leg.ref].pk, leg.amount) for leg in legs)
    facts = [key, kind, digest, json.dumps(dict(meta or {})), reverses.pk if reverses else None]
    entry_id = None if short else _write(facts, moves)
    if entry_id is None:
        return _repeated(key, digest, short)
    return Posted(entry_id, fresh=True)


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


def _short(legs: Iterable[Line], held: Mapping[Name, _Held]) -> str:
    """Why an account cannot give what it should, or an empty string. Floors stand on credit accounts only."""
    for leg in legs:
        account = held[leg.kind, leg.ref]
        if account.floor0 and account.balance < leg.amount:
            if leg.kind == AccountKind.PROJECT_FUNDS:
                return "The project's free funds do not cover this. Add funds first."
            return f"{leg.kind} of {leg.ref} holds {account.balance}, not {leg.amount}."
    return ""


def _repeated(key: str, digest: str, short: str) -> Posted:
    """The key was posted before; or it was not, and then the money is short."""
    old = Entry.objects.filter(key=key).values_list("pk", "digest").first()
    if old is None:
        raise InsufficientFunds(short)
    if old[1] != digest:
        raise KeyReused(f"{key} was posted before with other lines")
    return Posted(old[0], fresh=False)


def _digest(kind: str, currency: str, legs: Iterable[Line]) -> str:
    words = [kind, currency, sorted((leg.kind, leg.ref, leg.amount) for leg in legs)]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


_WRITE: Final = """
    WITH entry AS (
        INSERT INTO ledger_entry (key, kind, digest, meta, reverses_id) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (key) DO NOTHING RETURNING id
    ), legs AS (
        INSERT INTO ledger_posting (entry_id, account_id, amount)
        SELECT entry.id, leg.account, leg.amount
        FROM entry, unnest(%s::bigint[], %s::bigint[]) AS leg(account, amount)
    )
    SELECT id FROM entry
"""


def _write(facts: Sequence[str | int | None], moves: list[tuple[int, int]]) -> int | None:
    """The new entry's id, or None where the key exists. Waits for a rival who is writing the same key."""
    accounts, amounts = [account for account, _ in moves], [amount for _, amount in moves]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [*facts, accounts, amounts])
        row = cursor.fetchone()
    return row[0] if row else None


def _hold(legs: Iterable[Line], currency: str) -> dict[Name, _Held]:
    """Lock the tracked accounts in order of id, making those that are missing.

    A project's funds are locked with its reserve even where only the reserve moves: callers look at funds first
    (`locked_balance`), so both must always be taken in the same order.
    """
    names: set[Name] = {(leg.kind, leg.ref) for leg in legs}
    names |= {(AccountKind.PROJECT_FUNDS, ref) for kind, ref in names if kind == AccountKind.PROJECT_RESERVED}
    held = _select(names, currency)
    if missing := sorted(names - held.keys()):  # sorted: a project's funds always get the lower id
        Account.objects.bulk_create((_new(kind, ref, currency) for kind, ref in missing), ignore_conflicts=True)
        held = _select(names, currency)
    return held


def _select(names: set[Name], currency: str) -> dict[Name, _Held]:
    kinds, refs = zip(*sorted(names), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH named AS (
                SELECT a.* FROM ledger_account a
                JOIN unnest(%(kinds)s::text[], %(refs)s::text[]) AS n(kind, ref) ON a.kind = n.kind AND a.ref = n.ref
                WHERE a.currency = %(currency)s
            ), held AS (
                SELECT id, kind, ref, floor0, balance FROM ledger_account
                WHERE id IN (SELECT id FROM named WHERE tracked)
                ORDER BY id FOR NO KEY UPDATE
            )
            SELECT id, kind, ref, floor0, balance FROM held
            UNION ALL SELECT id, kind, ref, floor0, balance FROM named WHERE NOT tracked
            """,
            {"kinds": list(kinds), "refs": list(refs), "currency": currency},
        )
        return {(kind, ref): _Held(pk, floor0, amount) for pk, kind, ref, floor0, amount in cursor.fetchall()}


def _new(kind: str, ref: str, currency: str) -> Account:
    owned = kind in LIABILITIES
    side = Account.Side.CREDIT if kind in CREDIT_SIDE else Account.Side.DEBIT
    return Account(kind=kind, ref=ref, currency=currency, side=side, tracked=owned, floor0=owned)
