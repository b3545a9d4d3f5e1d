"""The pure parts: the score with its reasons, prices, words."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.money import estimate_stripe_fee
from projects import words
from projects.matching.score import WEIGHTS, Candidate, Need, rank, score
from projects.pricing import hourly, price, usual_lease

codes = st.frozensets(st.sampled_from(["0533", "0531", "053", "05", "0421", "042", "04"]), max_size=4)
needs = st.builds(
    Need,
    id=st.just("prj_x"),
    fields=codes,
    min_level=st.sampled_from([6, 7, 8]),
    hourly=st.integers(0, 50_000),
)
candidates = st.builds(
    Candidate,
    id=st.uuids().map(str),
    key=st.integers(1, 10**6),
    fields=codes,
    level=st.sampled_from([0, 6, 7, 8]),
    min_rate=st.integers(0, 50_000),
    weekly_hours=st.integers(0, 80),
    projects=st.integers(0, 20),
)


def test_the_weights_sum_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)


@given(needs, candidates)
def test_every_part_and_the_score_lie_between_0_and_1_and_have_a_reason(need: Need, candidate: Candidate) -> None:
    scored = score(need, candidate)
    assert [part.name for part in scored.parts] == list(WEIGHTS)
    assert all(0 <= part.value <= 1 and part.why for part in scored.parts)
    assert 0 <= scored.score <= 1
    assert scored.score == pytest.approx(sum(part.weight * part.value for part in scored.parts), abs=1e-5)
    assert all(set(part.as_json()) == {"name", "weight", "value", "why"} for part in scored.parts)


@given(needs, candidates, codes, st.sampled_from([6, 7, 8]))
def test_a_further_verified_degree_never_lowers_a_score(need: Need, one: Candidate, more: Any, level: int) -> None:
    richer = replace(one, fields=one.fields | more, level=max(one.level, level))
    assert score(need, richer).score >= score(need, one).score


@given(needs, candidates)
def test_cheaper_freer_and_longer_hours_never_lower_it(need: Need, one: Candidate) -> None:
    base = score(need, one).score
    assert score(need, replace(one, min_rate=one.min_rate // 2)).score >= base
    assert score(need, replace(one, projects=0)).score >= base
    assert score(need, replace(one, weekly_hours=one.weekly_hours + 5)).score >= base


@given(needs, st.lists(candidates, max_size=30, unique_by=lambda one: one.id), st.integers(0, 10), st.randoms())
def test_the_ranking_is_the_same_in_whatever_order_they_come(
    need: Need, crowd: list[Candidate], limit: int, lot: random.Random
) -> None:
    best = rank(need, crowd, limit)
    mixed = crowd[:]
    lot.shuffle(mixed)
    assert rank(need, mixed, limit) == best
    assert [one.candidate.id for one in rank(need, mixed, limit)] == [one.candidate.id for one in best]
    assert [one.score for one in best] == sorted((score(need, one).score for one in crowd), reverse=True)[:limit]


def test_equals_are_drawn_by_lot_and_differently_for_each_project() -> None:
    twins = [Candidate(f"exp_{n}", n, frozenset(), 8, 0, 20) for n in range(20)]
    orders = {
        tuple(one.candidate.key for one in rank(Need(f"prj_{n}", frozenset(), 8, 6_000), twins, 20)) for n in range(10)
    }
    assert len(orders) == 10


def test_reasons_are_plain_words() -> None:
    need = Need("prj_x", frozenset({"0533", "0421"}), 7, 9_000)
    scored = score(need, Candidate("exp_x", 1, frozenset({"0533"}), 8, 6_000, 15, projects=2))
    assert [part.why for part in scored.parts] == [
        "Verified in 1 of 2 fields asked for",
        "Verified doctorate; master's or higher is asked for",
        "Pays 33 % above the rate asked",
        "15 hours a week",
        "On 2 other projects now",
    ]
    exact = score(replace(need, fields=frozenset()), Candidate("exp_y", 2, frozenset(), 7, 9_000, 15, projects=1))
    assert [part.why for part in exact.parts][:3] == [
        "Any field is asked for",
        "Verified master's; master's or higher is asked for",
        "Pays just the rate asked",
    ]
    assert exact.parts[4].why == "On 1 other project now"
    free = score(replace(need, hourly=0), Candidate("exp_z", 3, frozenset(), 7, 0, 15))
    assert [part.why for part in free.parts][2:] == ["Asks no minimum rate", "15 hours a week", "On no project now"]


# --- prices -----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 100_000), st.integers(0, 5_000), st.integers(1, 5_000), st.integers(1, 10))
def test_the_price_shown_leaves_what_every_seat_needs(pay: int, bps: int, tasks: int, overlap: int) -> None:
    plan = price(pay=pay, bps=bps, tasks=tasks, overlap=overlap)
    assert plan.seats == tasks * overlap
    assert plan.net == plan.pay + plan.fee == plan.seats * (pay + pay * bps // 10_000)
    assert plan.stripe == estimate_stripe_fee(plan.total)
    assert plan.total - plan.stripe >= plan.net
    assert plan.total - plan.stripe - plan.net <= 1


def test_nothing_planned_costs_nothing() -> None:
    plan = price(pay=0, bps=2_000, tasks=0, overlap=1)
    assert (plan.total, plan.stripe, plan.net) == (0, 0, 0)


def test_an_hour_and_a_lease() -> None:
    assert hourly(1_000, 10) == 6_000
    assert hourly(1_000, 0) == 60_000
    assert (usual_lease(10), usual_lease(30)) == (60, 120)


# --- words ------------------------------------------------------------------------------------------------------------


def test_lists_in_words() -> None:
    assert [words.listed(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert words.listed(["a", "b"], "or") == "a or b"


def test_codes_in_words() -> None:
    assert (words.country("TW"), words.country("DE"), words.country("XX")) == ("Taiwan", "Germany", "XX")
    assert (words.language("de"), words.language("xx")) == ("German", "xx")
    assert [words.degree(level) for level in (6, 7, 8)] == ["a bachelor's", "a master's", "a doctorate"]
