"""Columns of the admin's lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin

from payments.money import show


def money(name: str, *, computed: bool = False) -> Callable[[Any], str]:
    """A column of minor units, shown as an amount. `computed`: no column of the table, so not to sort by."""

    @admin.display(description=name.replace("_", " ").capitalize(), ordering=None if computed else name)
    def column(row: Any) -> str:
        value = getattr(row, name)
        return "-" if value is None else show(value, row.currency)

    return column
