"""Amounts in the admin: columns of lists, and fields of record pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest

from payments.money import show

MINOR_UNITS: Final = frozenset(
    {
        "amount", "balance", "borne", "fee", "ledger", "min_hourly", "net", "ours_unseen", "pay", "stripe",
        "stripe_fee", "theirs_unbooked", "withdrawn",
    }
)  # fmt: skip
"""What columns that hold minor units are called. A test holds the tables to it."""


def money(name: str, *, computed: bool = False) -> Callable[[Any], str]:
    """A column of minor units, shown as an amount. `computed`: no column of the table, so not to sort by."""

    @admin.display(description=name.replace("_", " ").capitalize(), ordering=None if computed else name)
    def column(row: Any) -> str:
        value = getattr(row, name)
        return "-" if value is None else show(value, row.currency)

    return column


class Amounts:
    """For the admin of rows that have a currency: their own pages show amounts, not minor units."""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields: Any = super().get_fields(request, obj)  # type: ignore[misc]  # of the admin it is mixed into
        return [money(name) if name in MINOR_UNITS else name for name in fields]
