"""Somebody's payouts wait: with a reason that they read, and a clock. It ends by itself; going on takes two people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid, NotAllowed, WrongState
from core.events import record
from core.transitions import lock
from payments.models import Hold, Payee
from payments.models.ops import LONGEST_HOLD

QUIET: Final = timedelta(days=7)  # a hold so soon after another one goes on with it


@transaction.atomic
def hold_payouts(*, payee: User, reason: str, until: datetime, by: User) -> Hold:
    """Let nothing go to this person before `until`, at most seven days ahead. `reason` is for them to read.

    A hold within a week of another one renews it, which takes a person who did not place that one.
    Raises Invalid (no reason, too long), NotAllowed (the same person again).
    """
    authorise(by, Permission.MONEY_OPERATE)
    Payee.objects.select_for_update(no_key=True).filter(user=payee).first()  # two holds at once: one renews the other
    now = timezone.now()
    if not reason.strip():
        raise Invalid("Say why, in words the expert reads.", faults=(Fault("Say why.", field="reason"),))
    if not now < until <= now + LONGEST_HOLD:
        message = "A hold ends within seven days."
        raise Invalid(message, faults=(Fault(message, field="until"),))
    last = Hold.objects.filter(payee=payee).order_by("pk").last()
    renews = last if last and (last.released_at or last.ends_at) > now - QUIET else None
    if renews and renews.placed_by_id == by.pk:
        raise NotAllowed("Going on with a hold takes a second person.")
    hold = Hold.objects.create(
        payee=payee,
        reason=reason.strip(),
        placed_by=by,
        placed_at=now,
        ends_at=until,
        renews=renews,
        first_by=renews.placed_by if renews else None,
    )
    data = {"payee": payee.public_id, "ends_at": until.isoformat()}
    record("hold.placed", hold.public_id, by=by, note=hold.reason, data=data)
    return hold


@transaction.atomic
def release_hold(*, hold: Hold, by: Actor, note: str) -> Hold:
    """End it before its time. Payouts go on with the next sweep. Raises WrongState where it has ended."""
    authorise(by, Permission.MONEY_OPERATE)
    hold = lock(hold)
    if hold.released_at or hold.ends_at <= timezone.now():
        raise WrongState("This hold has ended.")
    hold.released_at = timezone.now()
    hold.save(update_fields=["released_at"])
    record("hold.released", hold.public_id, by=by, note=note, data={"payee": hold.payee.public_id})
    return hold
