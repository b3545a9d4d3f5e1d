"""Promises are counted in the business days of whoever made them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import business_deadline, is_business_day

# 2026-11-20 is a Friday; 2026-11-26 is Thanksgiving in the United States.
FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ZONES = ("UTC", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati")


@pytest.mark.parametrize(
    ("days", "country", "expected"),
    [
        (1, "US", datetime(2026, 11, 23, 15, 0, tzinfo=UTC)),  # over the weekend
        (3, "US", datetime(2026, 11, 25, 15, 0, tzinfo=UTC)),
        (4, "US", datetime(2026, 11, 27, 15, 0, tzinfo=UTC)),  # Thanksgiving does not count
        (4, "DE", datetime(2026, 11, 26, 15, 0, tzinfo=UTC)),  # in Germany it does
        (4, "AQ", datetime(2026, 11, 26, 15, 0, tzinfo=UTC)),  # a country without known holidays
    ],
)
def test_weekends_and_public_holidays_do_not_count(days: int, country: str, expected: datetime) -> None:
    assert business_deadline(FRIDAY, days, zone="UTC", country=country) == expected


def test_the_wall_clock_of_the_zone_stays_when_its_offset_changes() -> None:
    # Clocks in New York go back on Sunday, 1 November 2026.
    start = datetime(2026, 10, 30, 16, 0, tzinfo=ZoneInfo("America/New_York"))
    end = business_deadline(start, 1, zone="America/New_York", country="US")
    assert end == datetime(2026, 11, 2, 16, 0, tzinfo=ZoneInfo("America/New_York"))
    assert end - start == timedelta(days=3, hours=1)
    assert end.tzinfo == ZoneInfo("UTC")


def test_the_day_is_that_of_the_zone() -> None:
    late_sunday = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)  # Monday morning in Tokyo
    assert is_business_day(late_sunday, zone="Asia/Tokyo", country="AQ")
    assert not is_business_day(late_sunday, zone="UTC", country="AQ")
    assert not is_business_day(datetime(2026, 12, 25, 12, tzinfo=UTC), zone="UTC", country="US")


def test_a_country_that_nobody_knows_has_weekends() -> None:
    assert business_deadline(FRIDAY, 1, zone="UTC", country="XX") == FRIDAY + timedelta(days=3)


def test_a_deadline_lies_ahead() -> None:
    with pytest.raises(ValueError, match="at least one"):
        business_deadline(FRIDAY, 0, zone="UTC", country="US")


@given(
    start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    days=st.integers(1, 7),
    zone=st.sampled_from(ZONES),
    country=st.sampled_from(("US", "DE", "JP", "SA", "XX")),
)
def test_whatever_the_start_a_deadline_is_a_business_day_after_it_and_more_days_are_later(
    start: datetime, days: int, zone: str, country: str
) -> None:
    end = business_deadline(start, days, zone=zone, country=country)
    assert is_business_day(end, zone=zone, country=country)
    assert end >= start + timedelta(days=days) - timedelta(hours=2)  # an hour may be lost to the change of the clocks
    assert business_deadline(start, days + 1, zone=zone, country=country) > end
