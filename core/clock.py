"""Business-day clocks: what we promise people is counted in the days on which the promiser works."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays


@lru_cache(maxsize=256)
def _calendar(country: str, year: int) -> holidays.HolidayBase | dict[object, str]:
    try:
        return holidays.country_holidays(country, years=year)
    except NotImplementedError:  # the library does not know every country; weekends still count
        return {}


def is_business_day(moment: datetime, *, zone: str, country: str) -> bool:
    day = moment.astimezone(ZoneInfo(zone)).date()
    return day.weekday() < 5 and day not in _calendar(country, day.year)


def business_deadline(start: datetime, days: int, *, zone: str, country: str) -> datetime:
    """The moment `days` business days after `start`, at the same wall-clock time in `zone` (IANA name).

    Weekends and the public holidays of `country` (ISO 3166-1 alpha-2) do not count.
    """
    if days < 1:
        raise ValueError("A deadline lies at least one business day ahead")
    moment = start.astimezone(ZoneInfo(zone))
    while days:
        moment += timedelta(days=1)
        if is_business_day(moment, zone=zone, country=country):
            days -= 1
    return moment.astimezone(ZoneInfo("UTC"))
