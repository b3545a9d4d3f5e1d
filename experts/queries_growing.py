"""How many people came, and what became of them. Numbers only: nobody reads here who came through whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.queries import with_confirmed_address
from experts.models import Arrival
from payments.models import Earning

WORK: Final = (Earning.Kind.TASK, Earning.Kind.REWORK, Earning.Kind.APPEAL)


@dataclass(frozen=True)
class Brought:
    """`joined`: with a confirmed address; `verified`: a credential; `worked`: had a first task accepted."""

    joined: int
    verified: int
    worked: int


def brought(arrivals: QuerySet[Arrival]) -> Brought:
    """One statement."""
    worked = Exists(Earning.objects.filter(payee=OuterRef("user"), kind__in=WORK))
    found = arrivals.filter(user__in=with_confirmed_address()).aggregate(
        joined=Count("pk"),
        verified=Count("pk", filter=Q(user__expert__match__verified=True)),
        worked=Count("pk", filter=worked),
    )
    return Brought(**found)
