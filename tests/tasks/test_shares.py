"""Parts of a seat's pay add up to the cent, and rounding favours the expert."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tasks.shares import Share, by_time, partial

WHOLE = st.builds(Share, pay=st.integers(1, 10**7), fee=st.integers(0, 10**6))
PERCENT = st.integers(50, 100)


@given(WHOLE, PERCENT)
def test_a_partial_share_and_its_rest_are_the_whole(whole: Share, percent: int) -> None:
    share = partial(whole, percent)
    rest = share.left_of(whole)
    assert share.total + rest.total == whole.total
    assert share.pay * 100 >= whole.pay * percent
    assert 0 < share.pay <= whole.pay
    assert 0 <= share.fee <= whole.fee
    assert rest.pay >= 0
    assert rest.fee >= 0


@given(WHOLE, st.integers(0, 10**6), st.integers(0, 600), PERCENT)
def test_time_never_pays_nothing_and_never_more_than_the_floor(
    whole: Share, seconds: int, minutes: int, percent: int
) -> None:
    share = by_time(whole, timedelta(seconds=seconds), minutes, percent)
    assert 0 < share.pay <= partial(whole, percent).pay
    assert 0 <= share.fee <= whole.fee


@given(WHOLE, st.integers(1, 600), PERCENT)
def test_longer_never_pays_less(whole: Share, minutes: int, percent: int) -> None:
    pays = [by_time(whole, timedelta(minutes=m), minutes, percent).pay for m in range(0, 30, 3)]
    assert pays == sorted(pays)
