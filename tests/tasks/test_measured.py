"""Time that a browser reports, whatever it says; and what a minimum an hour makes of it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tasks.measured import MOST, believed, counted, lacking

SECONDS = st.integers(min_value=0, max_value=10**7)
MONEY = st.integers(min_value=0, max_value=10**7)


@given(said=st.integers(min_value=-(10**9), max_value=10**9), passed=st.integers(min_value=-(10**6), max_value=10**6))
def test_time_is_never_negative_and_never_more_than_passed(said: int, passed: int) -> None:
    kept = believed(said, timedelta(seconds=passed))
    assert 0 <= kept <= max(0, passed)
    assert kept == said or not 0 <= said <= passed


@given(seconds=SECONDS, minutes=st.integers(min_value=1, max_value=2_400))
def test_an_answer_counts_for_twice_its_usual_time_at_most(seconds: int, minutes: int) -> None:
    assert counted(seconds, minutes) == (seconds if seconds <= MOST * minutes * 60 else MOST * minutes * 60)


@given(floor=MONEY, seconds=SECONDS, earned=MONEY)
def test_what_is_added_reaches_the_floor_and_not_a_cent_more(floor: int, seconds: int, earned: int) -> None:
    added = lacking(floor=floor, seconds=seconds, earned=earned)
    assert (earned + added) * 3600 >= floor * seconds
    assert added == 0 or (earned + added - 1) * 3600 < floor * seconds


@given(floor=MONEY, seconds=SECONDS, earned=MONEY, more=MONEY)
def test_who_earned_more_is_owed_no_more(floor: int, seconds: int, earned: int, more: int) -> None:
    owed = lacking(floor=floor, seconds=seconds, earned=earned)
    assert lacking(floor=floor, seconds=seconds, earned=earned + more) <= owed
