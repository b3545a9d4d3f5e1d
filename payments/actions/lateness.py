"""A promise that is being missed is said aloud: ops hear of late pay at once, and again while it lasts."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.events import record
from core.models import Event
from core.transitions import lock
from payments.late import Late, late_by_hand, late_pay, overdue_batches
from payments.models import Batch, BatchLine, Payee

AGAIN: Final = timedelta(hours=1)
BY_HAND_AGAIN: Final = timedelta(days=1)  # people pay by hand, on business days
NAMED: Final = 20
"""Earnings that the event names, the oldest first."""


@transaction.atomic
def note_late_pay(*, by: Actor = SYSTEM) -> bool:
    """The sweep: record `pay.late` while any pay is late, once an hour. Whether it did."""
    authorise(by, Permission.MONEY_OPERATE)
    found = late_pay()
    if not found or _said_lately("pay.late", found, AGAIN):
        return False
    record("pay.late", found[0].earning.public_id, by=by, data=_named(found))
    return True


@transaction.atomic
def note_late_by_hand(*, by: Actor = SYSTEM) -> bool:
    """The sweep: record `pay.late_by_hand` while pay waits for a batch longer than was promised, once a day.

    What a batch carries is that batch's (`note_overdue_batches`). Whether it did.
    """
    authorise(by, Permission.MONEY_OPERATE)
    found = [late for late in late_by_hand() if late.line is None]
    if not found or _said_lately("pay.late_by_hand", found, BY_HAND_AGAIN):
        return False
    record("pay.late_by_hand", found[0].earning.public_id, by=by, data=_named(found))
    return True


def _said_lately(name: str, found: list[Late], again: timedelta) -> bool:
    lock(Payee.objects.get(user=found[0].earning.payee))  # of two sweeps at once the second sees what the first said
    last = Event.objects.filter(name=name).order_by("-pk").first()
    return last is not None and last.at > timezone.now() - again


def _named(found: list[Late]) -> dict[str, object]:
    named = [
        {
            "earning": late.earning.public_id,
            "payee": late.earning.payee.public_id,
            "amount": late.earning.pay,
            "currency": late.earning.currency,
            "due": late.due.isoformat(timespec="seconds"),
        }
        for late in found[:NAMED]
    ]
    return {"late": len(found), "oldest": named}


def note_overdue_batches(*, by: Actor = SYSTEM) -> int:
    """The sweep: record `batch.overdue`, once for each batch that the bank should have answered by now. How many."""
    authorise(by, Permission.MONEY_OPERATE)
    return sum(_note_batch(batch, by) for batch in overdue_batches())


@transaction.atomic
def _note_batch(batch: Batch, by: Actor) -> bool:
    lock(batch)  # of two sweeps at once the second sees what the first said
    if Event.objects.filter(name="batch.overdue", subject=batch.public_id).exists():
        return False
    open_ = batch.lines.filter(status=BatchLine.Status.PENDING).aggregate(lines=Count("pk"), amount=Sum("amount"))
    if open_["lines"]:
        record("batch.overdue", batch.public_id, by=by, data={**open_, "currency": batch.currency})
    return bool(open_["lines"])
