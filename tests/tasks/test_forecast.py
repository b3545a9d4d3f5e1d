"""How long funds last: never more days for less money, never fewer for a slower pace, and nothing without data."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tasks.forecast import ENOUGH, FAR, LIVED, WINDOWS, Forecast, Pace, forecast

TODAY = date(2026, 11, 25)
counts = st.integers(0, 10_000)
paces = st.builds(Pace, st.sampled_from(WINDOWS), st.integers(1, 7), counts)


def told(
    *,
    free: int = 120_000,
    open_seats: int = 20,
    wanted: int = 200,
    days_open: int = 90,
    week: int = 14,
    month: int = 28,
) -> Forecast:
    return forecast(
        free=free,
        seat_cost=1_200,
        open_seats=open_seats,
        asked=wanted + 30,
        accepted=30,
        days_open=days_open,
        approved={7: week, 28: month},
        today=TODAY,
    )


def test_twenty_open_seats_and_money_for_a_hundred_more_at_two_a_day() -> None:
    found = told()
    assert (found.seats, found.covered) == (120, False)
    week, month = found.estimates
    assert (week.pace.per_day, week.days, week.until) == (2.0, 60, TODAY + timedelta(days=60))
    assert (month.pace.per_day, month.days) == (1.0, 120)
    assert found.known == [week, month]


def test_a_young_project_is_measured_by_the_days_it_has_lived() -> None:
    week, month = told(days_open=4, week=8, month=8).estimates
    assert (week.pace.days, week.days) == (4, 60)
    assert month.days is None  # four days are no month


def test_too_little_is_no_data() -> None:
    found = told(days_open=2, week=4, month=4)
    assert found.known == []
    assert [estimate.until for estimate in found.estimates] == [None, None]
    assert told(days_open=0, week=0, month=0).estimates[0].pace.days == 1


def test_money_that_reaches_to_the_last_answer() -> None:
    assert told(wanted=120).covered
    assert not told(wanted=121).covered


def test_a_price_of_nothing_buys_no_seats() -> None:
    found = forecast(
        free=5,
        seat_cost=0,
        open_seats=1,
        asked=0,
        accepted=1,
        days_open=1,
        approved=dict.fromkeys(WINDOWS, 0),
        today=TODAY,
    )
    assert (found.seats, found.wanted, found.asked) == (1, 0, 0)


def test_the_far_future_is_not_foretold() -> None:
    week, _ = told(free=10**12, week=ENOUGH).estimates
    assert week.far
    assert week.days == FAR


@given(pace=paces, answers=counts)
def test_days_are_the_whole_days_that_the_answers_last(pace: Pace, answers: int) -> None:
    days = pace.days_for(answers)
    if pace.approved < ENOUGH or pace.days < LIVED[pace.window]:
        assert days is None
    elif days != FAR:
        assert days is not None
        assert days * pace.approved <= answers * pace.days < (days + 1) * pace.approved


@given(pace=paces, answers=counts, more=counts)
def test_more_money_never_lasts_shorter(pace: Pace, answers: int, more: int) -> None:
    few, many = pace.days_for(answers), pace.days_for(answers + more)
    assert (few is None) == (many is None)
    assert few is None or many is None or few <= many


@given(approved=st.integers(ENOUGH, 1_000), more=counts, answers=counts)
def test_a_faster_pace_never_lasts_longer(approved: int, more: int, answers: int) -> None:
    slow, fast = Pace(7, 7, approved).days_for(answers), Pace(7, 7, approved + more).days_for(answers)
    assert slow is not None
    assert fast is not None
    assert fast <= slow
