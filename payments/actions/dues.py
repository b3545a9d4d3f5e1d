"""What projects owe people beyond any seat: booked once, paid from free funds as soon as they reach, oldest first.

Each is paid in a transaction of its own: two people's accounts after one project's would be locks in no order.
"""

from __future__ import annotations

from datetime import date

from django.db import transaction

from accounts.models import User
from core.actors import SYSTEM, Actor
from core.events import record
from core.transitions import step
from payments import queries
from payments.actions.funds import earn_from_funds
from payments.errors import InsufficientFunds
from payments.models import Due
from payments.sweep import each


def owe(
    *, ref: str, payee: User, source: str, kind: str, since: date, amount: int, currency: str, memo: str, by: Actor
) -> Due:
    """Owe `amount` minor units for the period that begins on `since`, and pay it if the free funds reach.

    Once per project, person, kind and period: a repeat changes nothing. Whoever calls has authorised, as for funds.
    """
    with transaction.atomic():
        given = {"source": source, "amount": amount, "currency": currency, "memo": memo[:200]}
        due, fresh = Due.objects.get_or_create(ref=ref, payee=payee, kind=kind, since=since, defaults=given)
        if fresh:
            record("due.owed", due.public_id, by=by, after=Due.Status.OWED, data=_data(due))
    pay_dues(ref=ref, by=by)
    return Due.objects.get(pk=due.pk)


def pay_dues(*, ref: str, by: Actor = SYSTEM) -> int:
    """Pay what this project owes, oldest first and each whole, as far as its free funds reach. Returns how many."""
    paid = 0
    try:
        while _pay_oldest(ref, by):
            paid += 1
    except InsufficientFunds:
        pass  # it stays owed, and before anything else: see queries.free_funds_locked
    return paid


def pay_all_dues(*, by: Actor = SYSTEM) -> int:
    """The sweep over every project that owes something. Returns how many dues it paid."""
    return sum(each(queries.owing(), lambda ref: pay_dues(ref=ref, by=by)))


@transaction.atomic
def _pay_oldest(ref: str, by: Actor) -> bool:
    """Two at once: the second waits, sees it paid, and leaves the rest to the first."""
    rows = Due.objects.select_for_update(no_key=True, of=("self",)).select_related("payee")
    due = rows.filter(ref=ref, status=Due.Status.OWED).order_by("pk").first()
    if due is None:
        return False
    earning = earn_from_funds(
        ref=ref,
        source=due.source,
        payee=due.payee,
        kind=due.kind,
        pay=due.amount,
        fee=0,
        currency=due.currency,
        memo=due.memo,
        by=by,
    )
    step(due, Due.Status.PAID, by=by, data=_data(due), earning=earning)
    return True


def _data(due: Due) -> dict[str, object]:
    payee = due.payee.public_id
    return {"ref": due.ref, "payee": payee, "amount": due.amount, "currency": due.currency, "memo": due.memo}
