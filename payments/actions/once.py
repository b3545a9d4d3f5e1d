"""Asking Stripe for what there is once and may have been made unheard: the answer was lost, or we died before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.db.models import F
from django.utils import timezone

from payments import gateway
from payments.models import Funding
from payments.models.once import Once

T = TypeVar("T")
CLOCKS: Final = timedelta(hours=1)  # by which Stripe's clock may differ from ours


def made_once(row: Once, *, find: Callable[[datetime], T | None], make: Callable[[int], T]) -> T:
    """What Stripe has of `row`, else what it makes now. Call it outside transactions.

    `find(since)` looks for what an earlier call made, `make(run)` asks for it under the key of that run.
    """
    rows = type(row)._base_manager
    row.refresh_from_db(fields=["asked_at", "run"])
    if row.asked_at is None:
        rows.filter(pk=row.pk, asked_at=None).update(asked_at=timezone.now())
    elif found := find(row.asked_at - CLOCKS):
        return found
    with next_run_if_unheard(row):
        return make(row.run)


@contextmanager
def next_run_if_unheard(row: Once | Funding) -> Iterator[None]:
    """Where no answer came, the next call uses another key: Stripe may repeat a 500 to the first for days."""
    try:
        yield
    except gateway.Unknown:
        type(row)._base_manager.filter(pk=row.pk, run=row.run).update(run=F("run") + 1)
        raise
