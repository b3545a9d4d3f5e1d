"""How long a project's funds last at the pace at which answers are approved. Pure arithmetic on counts.

Nothing is guessed: a window with too few approvals, or in which the project has hardly lived, gives no days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

WINDOWS: Final = (7, 28)
"""Days that are looked back on."""
ENOUGH: Final = 5
"""Approvals that a pace rests on at least."""
LIVED: Final = {7: 3, 28: 14}
"""Days of a window that the project must have been open for."""
FAR: Final = 3_650
"""Days beyond which nothing is foretold."""


@dataclass(frozen=True)
class Pace:
    """`approved` answers in the last `days` days: the window, or as much of it as the project has been open."""

    window: int
    days: int
    approved: int

    @property
    def enough(self) -> bool:
        return self.approved >= ENOUGH and self.days >= LIVED[self.window]

    @property
    def per_day(self) -> float:
        return round(self.approved / self.days, 1)

    def days_for(self, answers: int) -> int | None:
        """Whole days in which so many answers are approved at this pace; None without enough data."""
        return min(answers * self.days // self.approved, FAR) if self.enough else None


@dataclass(frozen=True)
class Estimate:
    """`days` and `until` are None where there is not enough data yet."""

    pace: Pace
    days: int | None
    until: date | None

    @property
    def far(self) -> bool:
        return self.days == FAR


@dataclass(frozen=True)
class Forecast:
    """`seats`: answers that the funds still pay for, open seats and free funds together; `wanted`: not accepted yet;
    `asked`: all that the tasks ask for, accepted or not."""

    seats: int
    wanted: int
    asked: int
    estimates: tuple[Estimate, ...]

    @property
    def covered(self) -> bool:
        """The work ends before the money does."""
        return self.seats >= self.wanted

    @property
    def known(self) -> list[Estimate]:
        return [estimate for estimate in self.estimates if estimate.days is not None]


def forecast(
    *,
    free: int,
    seat_cost: int,
    open_seats: int,
    asked: int,
    accepted: int,
    days_open: int,
    approved: dict[int, int],
    today: date,
) -> Forecast:
    """`free` and `seat_cost` in minor units; `open_seats` are paid for and undecided; `approved` by window."""
    seats = open_seats + (free // seat_cost if seat_cost else 0)
    paces = [Pace(window, max(1, min(window, days_open)), approved[window]) for window in WINDOWS]
    return Forecast(seats, max(0, asked - accepted), asked, tuple(_estimate(pace, seats, today) for pace in paces))


def _estimate(pace: Pace, seats: int, today: date) -> Estimate:
    days = pace.days_for(seats)
    return Estimate(pace, days, None if days is None else today + timedelta(days=days))
