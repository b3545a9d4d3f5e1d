"""36. The arithmetic of money: integers only, nothing lost in rounding, shown as people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.money import (
    PAYABLE_COUNTRIES,
    Share,
    ShortOfFunding,
    allocate,
    estimate_stripe_fee,
    fee_on,
    gross_for,
    plain,
    show,
)

amounts = st.integers(min_value=1, max_value=10_000_000)


@pytest.mark.parametrize(
    ("amount", "currency", "shown", "figure"),
    [
        (123_450, "usd", "$1,234.50", "1234.50"),
        (1, "usd", "$0.01", "0.01"),
        (-5, "usd", "-$0.05", "-0.05"),
        (0, "eur", "€0.00", "0.00"),
        (1_200, "jpy", "¥1,200", "1200"),
        (-1_200, "jpy", "-¥1,200", "-1200"),
        (123_450, "chf", "1,234.50 CHF", "1234.50"),
        (1_000, "krw", "1,000 KRW", "1000"),
    ],
)
def test_amounts_are_shown_as_people_write_them(amount: int, currency: str, shown: str, figure: str) -> None:
    assert show(amount, currency) == shown
    assert plain(amount, currency) == figure


@pytest.mark.parametrize(("pay", "fee"), [(1, 0), (4, 0), (5, 1), (4_000, 800), (4_999, 999)])
def test_the_fee_is_rounded_down(pay: int, fee: int) -> None:
    assert fee_on(pay, 2_000) == fee


def test_neither_pay_nor_rate_is_negative() -> None:
    for pay, bps in ((-1, 2_000), (1, -1)):
        with pytest.raises(ValueError, match="not negative"):
            fee_on(pay, bps)


@given(st.lists(amounts, max_size=20))
def test_fees_per_seat_never_exceed_the_fee_on_the_sum(pays: list[int]) -> None:
    apart = sum(fee_on(pay, 2_000) for pay in pays)
    together = fee_on(sum(pays), 2_000)
    assert together - len(pays) <= apart <= together


@pytest.mark.parametrize(
    ("amount", "method", "fee"),
    [
        (100_000, "card", 2_930),
        (100, "card", 33),
        (5_000_000, "card", 145_030),
        (10_000, "bank", 80),
        (5_000_000, "bank", 500),
    ],
)
def test_stripes_fee_is_estimated_as_its_price_list_says(amount: int, method: str, fee: int) -> None:
    assert estimate_stripe_fee(amount, method) == fee


@given(amounts, st.sampled_from(["card", "bank"]))
def test_the_gross_amount_is_the_smallest_that_leaves_the_net(net: int, method: str) -> None:
    gross = gross_for(net, method)
    assert gross - estimate_stripe_fee(gross, method) >= net
    assert gross - 1 - estimate_stripe_fee(gross - 1, method) < net


def test_the_oldest_funding_pays_first() -> None:
    assert allocate([(1, 60), (2, 50)], [(7, 0), (8, 100), (9, 100)]) == [
        Share(1, 8, 60),
        Share(2, 8, 40),
        Share(2, 9, 10),
    ]


def test_too_little_funding_is_an_error_and_nothing_to_pay_is_none() -> None:
    with pytest.raises(ShortOfFunding, match="Earning 1 lacks 1"):
        allocate([(1, 101)], [(8, 100)])
    assert allocate([], []) == []


@given(st.lists(amounts, max_size=12), st.lists(amounts, max_size=12))
def test_allocation_loses_and_invents_nothing(owed: list[int], held: list[int]) -> None:
    earnings, fundings = list(enumerate(owed)), list(enumerate(held))
    if sum(owed) > sum(held):
        with pytest.raises(ShortOfFunding):
            allocate(earnings, fundings)
        return
    shares = allocate(earnings, fundings)
    for number, amount in earnings:
        assert sum(share.amount for share in shares if share.earning == number) == amount
    for number, amount in fundings:
        assert sum(share.amount for share in shares if share.funding == number) <= amount
    assert all(share.amount > 0 for share in shares)


def test_the_payable_countries_are_thirty_four() -> None:
    """The US, the UK, Canada, Switzerland and the 30 of the European Economic Area."""
    assert len(PAYABLE_COUNTRIES) == 34
