"""What payments still hold, and until when. None of these questions writes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from payments.models import Account, AccountKind, Funding, Refund
from payments.money import unspent
from payments.queries import left_in

IDLE_NOTICE: Final = timedelta(days=7)


class Payment(NamedTuple):
    """A payment into a project, what of it nobody has spent or reserved (minor units), and when that goes back."""

    funding: Funding
    unspent: int
    returns_at: datetime | None


def payments_into(ref: str, *, free: int, currency: str = "usd") -> list[Payment]:
    """Every payment into `ref`, youngest first, where `free` minor units are neither spent, reserved nor owed."""
    fundings = list(Funding.objects.filter(ref=ref).order_by("-pk"))
    paid = sorted((f for f in fundings if f.paid_at and f.currency == currency), key=lambda f: (f.paid_at, f.pk))
    free_in = unspent(left_in(paid), free)
    return [Payment(f, free_in.get(f.pk, 0), returns_at(f) if free_in.get(f.pk) else None) for f in fundings]


def returns_at(funding: Funding) -> datetime | None:
    """When what is unspent of a payment goes back: never before the lab has had a week's warning. None: never."""
    days = settings.QUORUM_IDLE_RETURN_DAYS
    if not days or funding.paid_at is None:
        return None
    due = funding.paid_at + timedelta(days=days)
    return max(due, funding.idle_warned_at + IDLE_NOTICE) if funding.idle_warned_at else due


def stranded() -> QuerySet[Refund]:
    """What a rule sent back and no bank took, while its project still has free funds: ops find another way, once."""
    again = Account.objects.filter(
        kind=AccountKind.PROJECT_FUNDS, ref=OuterRef("funding__ref"), currency=OuterRef("currency"), balance__gt=0
    )
    return Refund.objects.filter(Exists(again), status=Refund.Status.FAILED, created_by=None)


def idle_refs() -> list[tuple[str, str]]:
    """(ref, currency) of projects with free funds and a payment that is old enough to warn of."""
    funds = Account.objects.filter(
        kind=AccountKind.PROJECT_FUNDS, ref=OuterRef("ref"), currency=OuterRef("currency"), balance__gt=0
    )
    old = timezone.now() - timedelta(days=settings.QUORUM_IDLE_WARN_DAYS)
    paid = Funding.objects.filter(Exists(funds), status=Funding.Status.PAID, paid_at__lte=old)
    return list(paid.order_by("ref").values_list("ref", "currency").distinct())
