"""Checking steps: ratings, the first bad step, its correction, and what each export says of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from projects import kinds
from projects.kinds import clean_payload, clean_response, stepwise

TASK = {"problem": "What is 2 + 2 × 3?", "steps": ["2 × 3 = 6", "2 + 6 = 9", "So it is 9"]}
META = {"meta_expert_pid": "xp_1", "meta_submitted_at": "2026-11-21T10:00:00Z", "meta_active_seconds": 90}


def fields(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [fault.field for fault in refused.value.faults]


def answer(**given: Any) -> dict[str, Any]:
    return clean_response("stepwise", given, payload=TASK)


@st.composite
def marked_chains(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A task and a valid response to it."""
    steps = draw(st.lists(st.sampled_from(["a", "b  ", "\nc", "d\te"]), min_size=1, max_size=8))
    ratings: list[int | None] = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=len(steps), max_size=len(steps)))
    if -1 in ratings:
        after = draw(st.integers(ratings.index(-1) + 1, len(steps)))
        ratings = ratings[:after] + [None] * (len(steps) - after)
    correction = "as it should be" if -1 in ratings else ""
    payload = clean_payload("stepwise", {"problem": "p", "steps": steps})
    given = {"ratings": ratings, "correction": correction}
    return payload, clean_response("stepwise", given, payload=payload)


# --- what a lab supplies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"steps": []}, "steps"),
        ({"steps": ["fine", " "]}, "steps[1]"),
        ({"steps": ["x"] * 201}, "steps"),
        ({"steps": "one"}, "steps"),
        ({"problem": "\n"}, "problem"),
        ({"problem": "nul \x00"}, "problem"),
        ({"reference": ""}, "reference"),
    ],
)
def test_bad_tasks_are_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_payload("stepwise", {**TASK, **change})
    assert fields(refused) == [field]


@pytest.mark.parametrize(
    "change", [{"steps": []}, {"steps": ["a", " "]}, {"steps": "a"}, {"problem": ""}, {"reference": 7}, {"extra": 1}]
)
def test_whatever_needs_thought_is_left_to_the_serializer(change: dict[str, Any]) -> None:
    assert stepwise.quick_payload({**TASK, **change}) is None
    assert stepwise.quick_payload({**TASK, "reference": "8"}) == {**TASK, "reference": "8"}


def test_csv_may_hold_the_steps_as_json() -> None:
    row = {"problem": "p", "steps": '["a", "b"]', "reference": ""}
    assert clean_payload("stepwise", stepwise.payload_from_csv(row)) == {"problem": "p", "steps": ["a", "b"]}
    with pytest.raises(Invalid) as refused:
        clean_payload("stepwise", stepwise.payload_from_csv({"problem": "p", "steps": "a; b"}))
    assert fields(refused) == ["steps"]


# --- what an expert hands in ------------------------------------------------------------------------------------------


def test_all_good_needs_no_words() -> None:
    assert answer(ratings=[1, 0, 1]) == {"ratings": [1, 0, 1], "first_wrong": None, "correction": "", "comment": ""}


def test_the_first_bad_step_is_found_and_corrected() -> None:
    said = answer(ratings=["1", "-1"], correction="2 + 6 = 8", comment="A slip.")
    assert said == {"ratings": [1, -1, None], "first_wrong": 1, "correction": "2 + 6 = 8", "comment": "A slip."}
    assert answer(ratings=[1, -1, -1], first_wrong=1, correction="x")["first_wrong"] == 1


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, ["ratings[0]", "ratings[1]", "ratings[2]"]),
        ({"ratings": [1, 1]}, ["ratings[2]"]),
        ({"ratings": [None, -1], "correction": "x"}, ["ratings[0]"]),
        ({"ratings": [1, 1, 1, 1]}, ["ratings"]),
        ({"ratings": [1, 2, 1]}, ["ratings[1]"]),
        ({"ratings": [1, "x", 1]}, ["ratings[1]"]),
        ({"ratings": [1, -1]}, ["correction"]),
        ({"ratings": [1, -1], "correction": " \n"}, ["correction"]),
        ({"ratings": [1, 1, 1], "correction": "2 + 6 = 8"}, ["correction"]),
        ({"ratings": [1, -1], "correction": "x", "first_wrong": 0}, ["first_wrong"]),
        ({"ratings": [1, -1], "correction": "x", "first_wrong": None}, ["first_wrong"]),
        ({"ratings": [1, 1, 1], "first_wrong": 2}, ["first_wrong"]),
    ],
)
def test_what_is_missing_is_named_with_its_step(given: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        answer(**given)
    assert fields(refused) == named


def test_people_read_of_steps_from_one() -> None:
    with pytest.raises(Invalid) as refused:
        answer(ratings=[1, None, 1])
    assert refused.value.faults[0].message == "Rate step 2: good, bad or unsure."


@given(marked_chains())
def test_the_first_wrong_step_is_the_first_rated_bad(both: tuple[Any, Any]) -> None:
    _, response = both
    ratings, wrong = response["ratings"], response["first_wrong"]
    assert (-1 in ratings) == (wrong is not None)
    assert wrong is None or (ratings[wrong] == -1 and -1 not in ratings[:wrong] and None not in ratings[:wrong])


# --- what the page shows ----------------------------------------------------------------------------------------------


def test_the_page_marks_the_first_bad_step_and_shows_the_correction() -> None:
    page = kinds.render("stepwise", "show", payload=TASK, response=answer(ratings=[1, -1], correction="eight"))
    assert page.count("first-wrong") == 1
    assert "First bad step: 2" in page
    assert "eight" in page
    assert "Not rated" in page
    assert "No step is bad" in kinds.render("stepwise", "show", payload=TASK, response=answer(ratings=[1, 1, 1]))


def test_each_step_shows_its_own_fault() -> None:
    page = kinds.render("stepwise", "answer", payload=TASK, errors={"ratings[1]": "Rate step 2: good, bad or unsure."})
    assert page.count("Rate step 2") == 1


# --- how far two agree ------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(*[st.sampled_from([-1, 0, 1, None])] * 2), min_size=1))
def test_agreement_is_symmetric_and_within_its_range(pairs: list[tuple[Any, Any]]) -> None:
    a, b = ({"ratings": list(side)} for side in zip(*pairs, strict=True))
    score = stepwise.agreement(a, b)
    assert score == stepwise.agreement(b, a)
    assert score is None or 0 <= score <= 1
    assert (score is None) == (not any(x is not None and y is not None for x, y in pairs))


@pytest.mark.parametrize(
    ("a", "b", "score"),
    [([1, -1, None], [1, -1, None], 1), ([1, 1], [1, -1], 0.5), ([0], [1], 0.5), ([1], [-1], 0), ([None], [1], None)],
)
def test_agreement_is_over_the_steps_both_rated(a: Any, b: Any, score: float | None) -> None:
    assert stepwise.agreement({"ratings": a}, {"ratings": b}) == score


# --- what leaves the house --------------------------------------------------------------------------------------------


def exported(format: str, payload: Any, response: Any) -> list[Any]:
    return list(stepwise.rows(format, payload, response, META))


def read_prm800k(row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The reader that a user of PRM800K would write: payload and response from one row."""
    question, steps = row["question"], row["label"]["steps"]
    payload = {"problem": question["problem"], "steps": question["pre_generated_steps"]}
    ratings = [step["completions"][0]["rating"] for step in steps]
    corrected = [i for i, step in enumerate(steps) if step["human_completion"]]
    return payload, {
        "ratings": ratings + [None] * (len(payload["steps"]) - len(ratings)),
        "first_wrong": corrected[0] if corrected else None,
        "correction": steps[corrected[0]]["human_completion"]["text"] if corrected else "",
        "comment": row["comment"],
    }


@given(marked_chains())
def test_prm800k_loses_nothing(both: tuple[Any, Any]) -> None:
    [row] = exported("prm800k", *both)
    assert read_prm800k(row) == both
    assert row["label"]["finish_reason"] == ("solution" if both[1]["first_wrong"] is None else "found_error")
    assert (row["labeler"], row["timestamp"], row["label"]["total_time"]) == ("xp_1", "2026-11-21T10:00:00Z", 90_000)


def test_prm800k_without_provenance_says_null() -> None:
    [row] = stepwise.rows("prm800k", TASK, answer(ratings=[1, 1, 1]), {})
    assert (row["labeler"], row["label"]["total_time"]) == (None, None)


@given(marked_chains(), st.sampled_from(["trl_stepwise", "trl_stepwise_strict", "trl_stepwise_drop"]))
def test_trl_stepwise_has_a_label_for_each_completion_and_invents_none(both: tuple[Any, Any], format: str) -> None:
    payload, response = both
    rows = exported(format, payload, response)
    rated = [rating for rating in response["ratings"] if rating is not None]
    kept = [r for r in rated if r != 0] if format == "trl_stepwise_drop" else rated
    assert len(rows) + stepwise.left_out(format, payload, response) == 1
    assert bool(rows) == bool(kept)
    for row in rows:
        neutral = format == "trl_stepwise"
        assert row["labels"] == [neutral if r == 0 else r == 1 for r in kept]
        assert len(row["completions"]) == len(row["labels"])
        assert all(type(label) is bool for label in row["labels"])
        # The chain has no hole: the completions, joined, are the first steps of the task.
        text = "\n".join(row["completions"])
        assert "\n".join(payload["steps"]).startswith(text)


def test_an_unsure_step_joins_the_next_labelled_one() -> None:
    [row] = exported("trl_stepwise_drop", TASK, answer(ratings=[1, 0, 1]))
    assert row["completions"] == ["2 × 3 = 6", "2 + 6 = 9\nSo it is 9"]
    assert row["labels"] == [True, True]
    [row] = exported("trl_stepwise_drop", TASK, answer(ratings=[1, 0, 0]))
    assert row["completions"] == ["2 × 3 = 6"]


def test_a_correction_is_preferred_to_the_step_it_corrects() -> None:
    said = answer(ratings=[1, -1], correction="2 + 6 = 8")
    [row] = exported("trl_preference", TASK, said)
    assert (row["chosen"], row["rejected"]) == ("2 + 6 = 8", "2 + 6 = 9")
    assert row["prompt"] == "What is 2 + 2 × 3?\n2 × 3 = 6\n"
    assert stepwise.left_out("trl_preference", TASK, said) == 0
    right = answer(ratings=[1, 1, 1])
    assert exported("trl_preference", TASK, right) == []
    assert stepwise.left_out("trl_preference", TASK, right) == 1
    assert stepwise.left_out("prm800k", TASK, right) == 0
