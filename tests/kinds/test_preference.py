"""Comparing answers: the seven points, ranks of three and more, ties, and what each export says of them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from projects import kinds
from projects.kinds import clean_payload, clean_response, preference

WHY = "The first names the cause, the second only repeats the question."
PAIR = preference.EXAMPLE.payload
TRIO = clean_payload("preference", {"prompt": "Which?", "answers": [{"text": "x"}, {"text": "y"}, {"text": "z"}]})
CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]


def fields(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [fault.field for fault in refused.value.faults]


def answer(payload: Any = PAIR, **given: Any) -> dict[str, Any]:
    return clean_response("preference", {"rationale": WHY, **given}, payload=payload)


# --- what a lab supplies ----------------------------------------------------------------------------------------------


def test_answers_are_named_in_order_unless_the_lab_names_them() -> None:
    assert [a["id"] for a in TRIO["answers"]] == ["a", "b", "c"]
    named = clean_payload("preference", {"prompt": "?", "answers": [{"id": "gpt:1", "text": "x"}, {"text": "y"}]})
    assert [a["id"] for a in named["answers"]] == ["gpt:1", "b"]


def test_text_is_kept_to_the_character() -> None:
    payload = {"prompt": "  indented\n", "answers": [{"text": "\n- a\n"}, {"text": "b  "}]}
    cleaned = clean_payload("preference", payload)
    assert cleaned["prompt"] == "  indented\n"
    assert [a["text"] for a in cleaned["answers"]] == ["\n- a\n", "b  "]


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ([{"text": "one"}], "answers"),
        ([{"text": str(number)} for number in range(11)], "answers"),
        ([{"id": "same", "text": "x"}, {"id": "same", "text": "y"}], "answers"),
        ([{"id": "b", "text": "x"}, {"text": "y"}], "answers"),
        ([{"id": "two words", "text": "x"}, {"text": "y"}], "answers[0].id"),
        ([{"text": "x"}, {"text": "  "}], "answers[1].text"),
        ([{"text": "x"}, {"text": "y", "model": "z"}], "answers[1].model"),
    ],
)
def test_bad_answers_are_named(answers: list[Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_payload("preference", {"prompt": "?", "answers": answers})
    assert fields(refused) == [field]


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": CHAT},
        {"prompt": " "},
        {"answers": [{"text": "x"}]},
        {"answers": [{"text": "x"}, "y"]},
        {"answers": [{"text": "x"}, {"text": ""}]},
        {"answers": [{"text": "x"}, {"text": "y", "id": "two words"}]},
        {"answers": [{"text": "x"}, {"text": "y", "id": 7}]},
        {"answers": [{"text": "x"}, {"text": "y", "id": "a"}]},
        {"metadata": []},
        {"extra": 1},
    ],
)
def test_whatever_needs_thought_is_left_to_the_serializer(change: dict[str, Any]) -> None:
    assert preference.quick_payload({**PAIR, **change}) is None


def test_a_conversation_may_stand_for_the_prompt() -> None:
    payload = clean_payload("preference", {**PAIR, "prompt": CHAT})
    assert payload["prompt"] == CHAT
    page = kinds.render("preference", "show", payload=payload)
    assert "System" in page
    assert "Be brief." in page


@pytest.mark.parametrize(
    ("prompt", "field"),
    [
        ([{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}], "prompt"),
        ([{"role": "robot", "content": "?"}], "prompt[0].role"),
        ([{"role": "user"}], "prompt[0].content"),
        (["?"], "prompt[0]"),
        ([], "prompt"),
    ],
)
def test_bad_conversations_are_named(prompt: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_payload("preference", {**PAIR, "prompt": prompt})
    assert fields(refused) == [field]


def test_csv_may_hold_a_conversation_as_json() -> None:
    row = {"prompt": '[{"role": "user", "content": "Why?"}]', "answer_1": "x", "answer_2": "y", "answer_3": ""}
    payload = clean_payload("preference", preference.payload_from_csv(row))
    assert payload["prompt"] == [{"role": "user", "content": "Why?"}]
    assert len(payload["answers"]) == 2
    broken = preference.payload_from_csv({**row, "prompt": "[{ is a text"})
    assert clean_payload("preference", broken)["prompt"] == "[{ is a text"


# --- what an expert hands in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strength", range(-3, 4))
def test_each_of_the_seven_points_is_an_answer(strength: int) -> None:
    assert answer(strength=strength)["strength"] == strength
    assert answer(strength=str(strength))["strength"] == strength


@pytest.mark.parametrize("strength", [-4, 4, "much", None, 1.5])
def test_nothing_beyond_the_seven_points_is(strength: Any) -> None:
    with pytest.raises(Invalid) as refused:
        answer(strength=strength)
    assert fields(refused) == ["strength"]


@pytest.mark.parametrize("rationale", ["", "   ", "A is better.", "x" * 39, None, 7])
def test_a_reason_is_a_sentence(rationale: Any) -> None:
    with pytest.raises(Invalid) as refused:
        answer(strength=0, rationale=rationale)
    assert fields(refused) == ["rationale"]


def test_a_pair_is_not_ranked_and_a_trio_has_no_strength() -> None:
    with pytest.raises(Invalid) as refused:
        answer(ranking=[1, 2], strength=1)
    assert fields(refused) == ["ranking"]
    with pytest.raises(Invalid) as refused:
        answer(TRIO, ranking=[1, 2, 3], strength=1)
    assert fields(refused) == ["strength"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [([1, 2, 3], [1, 2, 3]), ([2, 2, 5], [1, 1, 2]), (["3", "1", "1"], [2, 1, 1]), ([7, 7, 7], [1, 1, 1])],
)
def test_ranks_are_kept_without_gaps(given: list[Any], kept: list[int]) -> None:
    assert answer(TRIO, ranking=given)["ranking"] == kept


@pytest.mark.parametrize(
    ("ranking", "named"),
    [
        ([1, None, 2], ["ranking[1]"]),
        ([1], ["ranking[1]", "ranking[2]"]),
        ([1, 2, 3, 4], ["ranking"]),
        ([0, 1, 2], ["ranking[0]"]),
        ([], ["ranking[0]", "ranking[1]", "ranking[2]"]),
    ],
)
def test_a_missing_rank_is_named(ranking: list[Any], named: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        answer(TRIO, ranking=ranking)
    assert fields(refused) == named


def test_the_order_shown_is_kept_and_names_every_answer_once() -> None:
    assert answer(strength=1)["order"] == ["a", "b"]
    assert answer(strength=1, order=["b", "a"])["order"] == ["b", "a"]
    for order in (["a"], ["a", "a"], ["a", "b", "c"]):
        with pytest.raises(Invalid) as refused:
            answer(strength=1, order=order)
        assert fields(refused) == ["order"]


# --- what the page shows ----------------------------------------------------------------------------------------------


@given(st.booleans(), st.integers(1, 7))
def test_the_point_chosen_on_screen_means_the_answer_it_stands_beside(swapped: bool, key: int) -> None:
    """Key 1 always prefers what stands left, whichever of the payload's answers that is."""
    order = ["b", "a"] if swapped else ["a", "b"]
    point = preference.present(PAIR, {"order": order})["points"][key - 1]
    preferred = {True: order[0], False: order[1]}[key < 4]
    assert point["key"] == key
    if key != 4:
        assert preferred == ("a" if point["value"] < 0 else "b")
    else:
        assert point["value"] == 0
    again = preference.present(PAIR, {"order": order, "strength": str(point["value"])})
    assert again["chosen"]["key"] == key


def test_a_draft_with_a_broken_order_shows_the_payloads() -> None:
    for order in (None, "ba", ["a", "x"], [1, 2]):
        assert [a["id"] for a in preference.present(PAIR, {"order": order})["answers"]] == ["a", "b"]


def test_a_trio_shows_ranks() -> None:
    shown = preference.present(TRIO, {"order": ["c", "a", "b"], "ranking": ["2", None, "1"]})
    assert [(a["id"], a["letter"], a["rank"]) for a in shown["answers"]] == [
        ("c", "A", "1"),
        ("a", "B", "2"),
        ("b", "C", ""),
    ]
    page = kinds.render("preference", "answer", payload=TRIO, errors={"ranking[1]": "Rank answer 2."})
    assert page.count("Rank answer 2.") == 1
    shown_page = kinds.render("preference", "show", payload=TRIO, response=answer(TRIO, ranking=[2, 1, 3]))
    assert "Place 3" in shown_page


# --- how far two agree ------------------------------------------------------------------------------------------------

responses = st.integers(-3, 3).map(lambda strength: {"strength": strength})
rankings = st.lists(st.integers(1, 3), min_size=3, max_size=3).map(lambda ranks: {"ranking": ranks})


@given(st.one_of(st.tuples(responses, responses), st.tuples(rankings, rankings)))
def test_agreement_is_symmetric_and_within_its_range(two: tuple[Any, Any]) -> None:
    a, b = two
    score = preference.agreement(a, b)
    assert score == preference.agreement(b, a)
    assert score is not None
    assert 0 <= score <= 1
    assert preference.agreement(a, a) == 1


@pytest.mark.parametrize(("a", "b", "score"), [(-3, -1, 1), (1, 3, 1), (0, 0, 1), (0, 2, 0.5), (-1, 1, 0), (-3, 3, 0)])
def test_agreement_is_about_which_answer_is_better(a: int, b: int, score: float) -> None:
    assert preference.agreement({"strength": a}, {"strength": b}) == score


def test_opposite_rankings_do_not_agree_at_all() -> None:
    assert preference.agreement({"ranking": [1, 2, 3]}, {"ranking": [3, 2, 1]}) == 0


# --- what leaves the house --------------------------------------------------------------------------------------------


def exported(format: str, payload: Any, response: Any) -> list[Any]:
    return list(preference.rows(format, payload, response, {}))


@given(st.integers(-3, 3))
def test_trl_preference_says_which_is_better_and_by_how_much(strength: int) -> None:
    rows = exported("trl_preference", PAIR, {"strength": strength})
    left_out = preference.left_out("trl_preference", PAIR, {"strength": strength})
    assert len(rows) + left_out == 1
    for row in rows:
        texts = [a["text"] for a in PAIR["answers"]]
        better = 0 if strength < 0 else 1
        assert (row["chosen"], row["rejected"]) == (texts[better], texts[1 - better])
        assert row["margin"] == abs(strength)


@given(st.lists(st.integers(1, 3), min_size=3, max_size=3))
def test_every_pair_of_a_ranking_is_a_row_or_a_tie(ranks: list[int]) -> None:
    rows = exported("trl_preference", TRIO, {"ranking": ranks})
    place = dict(zip("xyz", ranks, strict=True))
    assert {(row["chosen"], row["rejected"]) for row in rows} == {
        (p, q) if place[p] < place[q] else (q, p) for p, q in combinations("xyz", 2) if place[p] != place[q]
    }
    assert all(row["margin"] == place[row["rejected"]] - place[row["chosen"]] for row in rows)
    assert len(rows) + preference.left_out("trl_preference", TRIO, {"ranking": ranks}) == 3


def test_a_tie_has_its_place_in_the_unpaired_file() -> None:
    assert [row["label"] for row in exported("trl_unpaired", PAIR, {"strength": 0})] == [True, True]
    assert [row["label"] for row in exported("trl_unpaired", PAIR, {"strength": 2})] == [False, True]
    assert [row["label"] for row in exported("trl_unpaired", TRIO, {"ranking": [2, 1, 1]})] == [False, True, True]
    assert preference.left_out("trl_unpaired", PAIR, {"strength": 0}) == 0


def test_a_conversation_is_exported_as_one() -> None:
    payload = {**PAIR, "prompt": CHAT}
    [row] = exported("trl_preference", payload, {"strength": -1})
    assert row["prompt"] == CHAT
    assert row["chosen"] == [{"role": "assistant", "content": PAIR["answers"][0]["text"]}]
    assert row["rejected"] == [{"role": "assistant", "content": PAIR["answers"][1]["text"]}]
    unpaired = exported("trl_unpaired", payload, {"strength": -1})
    assert unpaired[1]["completion"] == [{"role": "assistant", "content": PAIR["answers"][1]["text"]}]
