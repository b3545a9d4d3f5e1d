"""What a project costs and what an hour of it pays: pure arithmetic in minor units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from payments.money import estimate_stripe_fee, fee_on, gross_for

COUNTS: Final = 2
"""Times the usual minutes of a task: the most of one answer that counts towards the least an hour."""


@dataclass(frozen=True)
class Price:
    """A plan of `tasks` × `overlap` seats. `stripe` is what Stripe will probably keep of the payment `total`."""

    seats: int
    pay: int
    fee: int
    stripe: int
    total: int

    @property
    def net(self) -> int:
        """What must arrive on the project's account."""
        return self.pay + self.fee


def price(*, pay: int, bps: int, tasks: int, overlap: int) -> Price:
    """`pay`: per seat; `bps`: the platform's basis points on top, rounded down for each seat as at the earning."""
    seats = tasks * overlap
    net = seats * (pay + fee_on(pay, bps))
    total = gross_for(net) if net else 0
    return Price(
        seats=seats,
        pay=seats * pay,
        fee=seats * fee_on(pay, bps),
        stripe=estimate_stripe_fee(total) if total else 0,
        total=total,
    )


def hourly(pay: int, minutes: int) -> int:
    """Minor units an hour at the usual time for a task."""
    return pay * 60 // max(minutes, 1)


def usual_lease(minutes: int) -> int:
    """Minutes that a claim lasts: four times the usual time, at least an hour."""
    return max(60, 4 * minutes)
