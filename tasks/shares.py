"""Parts of a seat's pay, by published rules. Pure arithmetic on minor units; rounding favours the expert.

Each part of the pay carries the same part of the platform fee, and what is left returns to the project.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Share:
    """`pay` and `fee` in minor units. `left_of` gives what remains of a seat once this is paid."""

    pay: int
    fee: int

    @property
    def total(self) -> int:
        return self.pay + self.fee

    def left_of(self, whole: Share) -> Share:
        return Share(whole.pay - self.pay, whole.fee - self.fee)


def partial(whole: Share, percent: int) -> Share:
    """What good-faith work earns that is not accepted: `percent` of the pay, rounded up."""
    return _of(whole, -(-whole.pay * percent // 100))


def by_time(whole: Share, elapsed: timedelta, minutes: int, ceiling_percent: int) -> Share:
    """What started work earns when its task is withdrawn before it was handed in.

    Started minutes over usual minutes of the pay, at least one minute, at most `ceiling_percent` of the pay: that is
    what handed-in work earns at least, so stopping never pays better than finishing.
    """
    started = max(1, -(-int(elapsed.total_seconds()) // 60))
    pay = -(-whole.pay * started // max(1, minutes))
    return _of(whole, min(pay, partial(whole, ceiling_percent).pay))


def _of(whole: Share, pay: int) -> Share:
    return Share(pay, whole.fee * pay // whole.pay)
