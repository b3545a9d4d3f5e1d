"""Working time: what to believe of a browser's count, and what a minimum pay an hour makes of it. Pure arithmetic."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from projects.pricing import COUNTS

MOST: Final = COUNTS


def believed(said: int, passed: timedelta) -> int:
    """Seconds of the `said` ones to keep: never negative, never more than `passed` since the browser last told."""
    return max(0, min(said, int(passed.total_seconds())))


def counted(seconds: int, minutes: int) -> int:
    """Seconds of one answer that count towards the minimum; `minutes` is the usual time for its task."""
    return min(seconds, MOST * minutes * 60)


def lacking(*, floor: int, seconds: int, earned: int) -> int:
    """What `earned` for `seconds` of work lacks to `floor` an hour, in minor units and rounded up; 0 for nothing."""
    return max(0, -(-floor * seconds // 3600) - earned)
