"""A promise that is being missed is said aloud: ops hear of late pay at once, and each hour while it lasts."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.events import record
from core.models import Event
from core.transitions import lock
from payments.late import late_pay
from payments.models import Payee

AGAIN: Final = timedelta(hours=1)
NAMED: Final = 20
"""Earnings that the event names, the oldest first."""


@transaction.atomic
def note_late_pay(*, by: Actor = SYSTEM) -> bool:
    """The sweep: record `pay.late` while any pay is late, once an hour. Whether it did."""
    authorise(by, Permission.MONEY_OPERATE)
    found = late_pay()
    if not found:
        return False
    lock(Payee.objects.get(user=found[0].earning.payee))  # of two sweeps at once the second sees what the first said
    last = Event.objects.filter(name="pay.late").order_by("-pk").first()
    if last is not None and last.at > timezone.now() - AGAIN:
        return False
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
    record("pay.late", found[0].earning.public_id, by=by, data={"late": len(found), "oldest": named})
    return True
