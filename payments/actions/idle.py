"""Money that nobody spends may not lie for ever: Stripe lets a platform hold it for so long only. First a warning, then
it goes back. What is reserved is never touched."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.events import record
from payments import queries, queries_paid
from payments.actions.refunds import send_back
from payments.models import Funding, Refund
from payments.money import unspent
from payments.sweep import each


def return_idle_funds(*, by: Actor = SYSTEM) -> int:
    """Warn of free funds that have lain for QUORUM_IDLE_WARN_DAYS; send back those of QUORUM_IDLE_RETURN_DAYS.

    Returns how many payments it warned of or gave back. A project is one transaction; the trouble of one holds up none.
    """
    authorise(by, Permission.MONEY_OPERATE)
    if not settings.QUORUM_IDLE_RETURN_DAYS:
        return 0
    return sum(each(queries_paid.idle_refs(), lambda found: _look_at(*found, by)))


@transaction.atomic
def _look_at(ref: str, currency: str, by: Actor) -> int:
    fundings = queries.lock_fundings(ref, currency)
    if queries.standing_disputes(ref):
        return 0  # nothing goes back until it is settled
    free = unspent(queries.left_in(fundings), queries.free_funds_locked(ref, currency))
    return sum(_warn_or_return(funding, free[funding.pk], by) for funding in fundings if free[funding.pk])


def _warn_or_return(funding: Funding, amount: int, by: Actor) -> bool:
    """A bank that sent this payment's refund back before is not asked again: ops find another way."""
    returns_at = queries_paid.returns_at(funding)
    if funding.idle_warned_at is None:
        return _warn(funding, amount, by)
    if returns_at is None or returns_at > timezone.now():
        return False
    if funding.refunds.filter(status=Refund.Status.FAILED).exists():
        return False
    days = settings.QUORUM_IDLE_RETURN_DAYS
    send_back(funding=funding, amount=amount, reason=f"It lay for {days} days, neither spent nor reserved.", by=by)
    return True


def _warn(funding: Funding, amount: int, by: Actor) -> bool:
    now = timezone.now()
    if funding.paid_at is None or funding.paid_at > now - timedelta(days=settings.QUORUM_IDLE_WARN_DAYS):
        return False
    funding.idle_warned_at = now
    funding.save(update_fields=["idle_warned_at"])
    data = {"ref": funding.ref, "amount": amount, "currency": funding.currency}
    record("funding.idle", funding.public_id, by=by, data={**data, "returns_at": str(queries_paid.returns_at(funding))})
    return True
