"""What each calendar month did to projects' money, from the ledger. No writes.

Months are those of one time zone, which the caller names: a bookkeeper's month must not depend on who looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection

from payments import causes
from payments.models import Earning

COLUMNS: Final = {
    "funding": "Paid in",
    "processor": "Processor’s fee",
    "pay": "Pay to experts",
    "fee": "Platform fee",
    "refund": "Refunds",
    "other": "Disputes and corrections",
}

# What is reserved or released stays the project's, so it moves no month.
_SUMS: Final = """
SELECT a.ref, a.currency, date_trunc('month', e.at AT TIME ZONE %(zone)s)::date, e.kind, -sum(p.amount)::bigint
FROM ledger_account a
JOIN ledger_posting p ON p.account_id = a.id
JOIN ledger_entry e ON e.id = p.entry_id AND e.kind NOT IN ('reserve', 'release')
WHERE a.kind IN ('project_funds', 'project_reserved') AND a.ref = ANY(%(refs)s)
GROUP BY 1, 2, 3, 4
UNION ALL
SELECT earned.ref, earned.currency, date_trunc('month', e.at AT TIME ZONE %(zone)s)::date, 'pay',
    -sum(earned.pay)::bigint
FROM payments_earning earned JOIN ledger_entry e ON e.id = earned.entry_id
WHERE earned.ref = ANY(%(refs)s) AND earned.kind <> ALL(%(house)s)
GROUP BY 1, 2, 3
"""

Account = tuple[str, str]  # (ref, currency)


@dataclass(frozen=True)
class Month:
    """`moved` holds a sum for each of COLUMNS, in minor units, negative for what left; balances are free + reserved."""

    since: date
    opening: int
    moved: dict[str, int]

    @property
    def closing(self) -> int:
        return self.opening + sum(self.moved.values())

    @property
    def shown(self) -> list[tuple[str, int]]:
        """(label, sum) in the order of COLUMNS."""
        return [(label, self.moved[name]) for name, label in COLUMNS.items()]


def months_of(refs: Iterable[str], zone: str) -> dict[Account, list[Month]]:
    """The months in which something moved, oldest first. One statement."""
    given: dict[str, Any] = {"refs": list(refs), "zone": zone, "house": list(Earning.HOUSE_PAID)}
    sums: dict[Account, dict[date, dict[str, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, given)
        for ref, currency, since, kind, amount in cursor.fetchall():
            moved = sums.setdefault((ref, currency), {}).setdefault(since, dict.fromkeys(COLUMNS, 0))
            _add(moved, kind, amount)
    return {account: _running(by_month) for account, by_month in sums.items()}


def _add(moved: dict[str, int], kind: str, amount: int) -> None:
    """The ledger has pay and fee as one sum: the fee is what the pay leaves of it. What is taken back is pay alone."""
    group = causes.group_of(kind)
    if kind == "pay":
        moved["pay"] += amount
        moved["fee"] -= amount
    elif kind in ("reversal", "netted"):
        moved["pay"] += amount
    else:
        moved["fee" if group == "work" else group if group in COLUMNS else "other"] += amount


def _running(by_month: dict[date, dict[str, int]]) -> list[Month]:
    found: list[Month] = []
    for since, moved in sorted(by_month.items()):
        found.append(Month(since, found[-1].closing if found else 0, moved))
    return found


def at(months: Sequence[Month], since: date) -> Month:
    """The month that begins on this day; one without movements where nothing moved."""
    before = [month for month in months if month.since <= since]
    if before and before[-1].since == since:
        return before[-1]
    return Month(since, before[-1].closing if before else 0, dict.fromkeys(COLUMNS, 0))


def together(months: Iterable[Month], since: date) -> Month:
    """The same month of several projects as one."""
    months = list(months)
    moved = {name: sum(month.moved[name] for month in months) for name in COLUMNS}
    return Month(since, sum(month.opening for month in months), moved)


def bounds(since: date, zone: str) -> tuple[datetime, datetime]:
    """The first moment of the month and of the next one."""
    tz = ZoneInfo(zone)
    following = date(since.year + since.month // 12, since.month % 12 + 1, 1)
    start, end = (datetime(day.year, day.month, 1, tzinfo=tz) for day in (since, following))
    return start, end
