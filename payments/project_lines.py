"""What moved a project's money, line by line, straight from the ledger. No writes.

A line is one entry that touches the project's free funds or its reserve. What happens to the money afterwards (a
payout, a refund on its way) is no line: it is not the project's any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import connection

from payments import causes
from payments.models import AccountKind

NEWEST: Final = 2**63 - 1
CHUNK: Final = 1_000

_FUNDS, _RESERVE = (
    f"(SELECT id FROM ledger_account WHERE kind = '{kind}' AND ref = %(ref)s AND currency = %(currency)s)"  # noqa: S608
    for kind in (AccountKind.PROJECT_FUNDS, AccountKind.PROJECT_RESERVED)
)
# A line among the newest n is among the newest n of each account it touches. So each arm walks its account's index
# backwards and stops at n, whatever the project has behind it.
_ARM: Final = """(
    SELECT p.entry_id, p.account_id, p.amount FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
    WHERE p.account_id = {account} AND p.entry_id < %(before)s AND e.id < %(before)s
        AND (%(kinds)s::text[] IS NULL OR e.kind = ANY(%(kinds)s))
        AND (%(unlike)s::text[] IS NULL OR e.kind <> ALL(%(unlike)s))
        AND (%(since)s::timestamptz IS NULL OR e.at >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR e.at < %(until)s)
    ORDER BY p.entry_id DESC LIMIT %(limit)s
)"""
_BOTH: Final = " UNION ALL ".join(_ARM.format(account=account) for account in (_FUNDS, _RESERVE))
_PAGE: Final = f"""
SELECT e.id, e.key, e.kind, e.at, e.meta, moved.free, moved.reserved, earned.pay, earned.fee, earned.payee_id
FROM (
    SELECT entry_id, -coalesce(sum(amount) FILTER (WHERE account_id = {_FUNDS}), 0)::bigint AS free,
        -coalesce(sum(amount) FILTER (WHERE account_id = {_RESERVE}), 0)::bigint AS reserved
    FROM ({_BOTH}) legs GROUP BY entry_id ORDER BY entry_id DESC LIMIT %(limit)s
) moved
JOIN ledger_entry e ON e.id = moved.entry_id
LEFT JOIN payments_earning earned ON earned.entry_id = e.id
ORDER BY e.id DESC
"""  # noqa: S608  constants only
# What came after each of some lines, between it and the next newer one: in one look, with the balance of now.
_LATER: Final = """
SELECT a.kind, a.balance, later.line, later.amount
FROM ledger_account a
LEFT JOIN LATERAL (
    SELECT width_bucket(entry_id - 1, %(lines)s::bigint[]) AS line, -sum(amount)::bigint AS amount
    FROM ledger_posting WHERE account_id = a.id AND entry_id > (%(lines)s::bigint[])[1] AND entry_id <= %(newest)s
    GROUP BY 1
) later ON true
WHERE a.kind IN ('project_funds', 'project_reserved') AND a.ref = %(ref)s AND a.currency = %(currency)s
"""


@dataclass(frozen=True)
class Line:
    """One movement. `free` and `reserved` are what it added to each (negative: took), `…_after` what was there then."""

    entry: int
    key: str
    kind: str
    at: datetime
    meta: dict[str, Any]
    free: int
    reserved: int
    pay: int | None  # what an expert earned by it, and the platform's fee on that
    fee: int | None
    payee: int | None  # key of the user who earned it
    free_after: int = 0
    reserved_after: int = 0

    @property
    def group(self) -> str:
        return causes.group_of(self.kind)

    @property
    def words(self) -> str:
        return causes.words(self.kind, self.meta)

    @property
    def about(self) -> str:
        return causes.about(self.meta)

    @property
    def total(self) -> int:
        """What the project has more (or less) than before. Reserving moves nothing out of it."""
        return self.free + self.reserved


@dataclass(frozen=True)
class Lines:
    """The lines of one project, newest first.

    `group` is one of causes.GROUPS or empty; `since` is included, `until` is not.
    """

    ref: str
    currency: str
    group: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def older(self, than: int = NEWEST, *, limit: int) -> list[Line]:
        """At most `limit` lines before the entry of this key, whatever stands behind them."""
        return self._page({**self._given(), "before": than, "limit": limit})

    def __iter__(self) -> Iterator[Line]:
        """All of them, a chunk at a time. What is booked meanwhile is not among them."""
        given, last = {**self._given(), "before": NEWEST, "limit": CHUNK}, None
        while chunk := self._page(given, last):
            yield from chunk
            last = chunk[-1]
            given["before"] = last.entry

    def _page(self, given: dict[str, Any], last: Line | None = None) -> list[Line]:
        """`last`: the line that the page follows, where it is known; then nothing newer is summed again."""
        with connection.cursor() as cursor:
            cursor.execute(_PAGE, given)
            lines = [_line(*row) for row in cursor.fetchall()]
            if not lines:
                return []
            newest = last.entry if last else NEWEST
            cursor.execute(_LATER, {**given, "lines": sorted(line.entry for line in lines), "newest": newest})
            found = cursor.fetchall()
        free = _after(len(lines), AccountKind.PROJECT_FUNDS, found, last.free_after if last else None)
        reserved = _after(len(lines), AccountKind.PROJECT_RESERVED, found, last.reserved_after if last else None)
        held = zip(lines, free, reserved, strict=True)
        return [replace(line, free_after=one, reserved_after=other) for line, one, other in held]

    def _given(self) -> dict[str, Any]:
        known = self.group and self.group != "other"
        return {
            "ref": self.ref,
            "currency": self.currency,
            "kinds": causes.kinds_in(self.group) if known else None,
            "unlike": list(causes.KINDS) if self.group == "other" else None,
            "since": self.since,
            "until": self.until,
        }


def _line(entry: int, key: str, kind: str, at: datetime, meta: str, *rest: Any) -> Line:
    return Line(entry, key, kind, at, json.loads(meta), *rest)


def _after(count: int, account: AccountKind, found: Iterable[tuple[Any, ...]], held: int | None) -> Iterator[int]:
    """What the account held after each of `count` lines, newest first: less at each step what came after it.

    It begins with `held`, or with the account's balance.
    """
    mine = [row for row in found if row[0] == account]
    if held is None:
        held = mine[0][1] if mine else 0
    later = {line: amount or 0 for _, _, line, amount in mine}
    for line in range(count, 0, -1):
        held -= later.get(line, 0)
        yield held
