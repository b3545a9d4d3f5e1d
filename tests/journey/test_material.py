"""The data sets are read as their makers meant them: what counts from 0, what from 1, and which answer was better."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from marketplace.journey import material
from marketplace.journey.material import Preference, Stepwise
from marketplace.journey.skill import SKILLS, Answerer
from projects.kinds import clean_payload, clean_response


def write(folder: Path, *rows: dict[str, object]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """One row of each set, in its own shape."""
    write(
        tmp_path / "hhh_alignment" / "pairs.jsonl",
        {"id": "h1", "instruction": "Which?", "chosen": "This.", "rejected": "That."},
        {"id": "h2", "instruction": "Same?", "chosen": "Yes.", "rejected": " Yes. "},
    )
    answers = [{"model": "text-davinci-003", "text": "Good."}, {"model": "davinci-t0-ft", "text": "Weak."}]
    write(
        tmp_path / "self_instruct" / "user_tasks_even.jsonl",
        {"id": "s1", "instruction": "Do", "input": "it.", "reference": "Done.", "responses": answers},
        {"id": "s2", "instruction": "Do", "input": "", "reference": "", "responses": answers},
    )
    steps = ["one", "two", "three"]
    write(
        tmp_path / "bigbench_mistake" / "multistep.jsonl",
        {"id": "b1", "input": "1+1", "steps": steps, "target": "2", "answer": "3", "mistake_index": 1},
        {"id": "b2", "input": "1+1", "steps": steps, "target": "2", "answer": "2", "mistake_index": None},
    )
    write(
        tmp_path / "mr_gsm8k" / "wrong_solutions.jsonl",
        {
            "uuid": "m1",
            "question": "1+1",
            "model_output_steps": steps,
            "ground_truth_solution": "2",
            "model_output_solution_first_error_step": 1,
            "model_output_solution_first_error_reason": "It is 2.",
        },
    )
    return tmp_path


def test_pairs_that_compare_nothing_are_left_out(sets: Path) -> None:
    pairs = material.preferences(sets)
    assert [pair.id for pair in pairs] == ["h1", "s1"]
    first, second = pairs
    assert first.payload["answers"][first.better]["text"] == "This."
    assert second.payload["prompt"] == "Do\n\nit."
    assert second.payload["answers"][1 - second.better]["text"] == "Weak."


def test_one_set_counts_steps_from_0_and_the_other_from_1(sets: Path) -> None:
    assert {chain.id: chain.first_wrong for chain in material.chains(sets)} == {"b1": 1, "b2": None, "m1": 0}


def test_the_upload_is_json_lines_with_external_ids(sets: Path) -> None:
    rows = [json.loads(line) for line in material.upload(material.chains(sets)).splitlines()]
    assert [row["external_id"] for row in rows] == ["b1", "b2", "m1"]
    assert rows[0]["steps"] == ["one", "two", "three"]


def test_everything_is_there_or_nothing_is(sets: Path) -> None:
    assert material.there(sets)
    (sets / "mr_gsm8k" / "wrong_solutions.jsonl").unlink()
    (sets / "mr_gsm8k").rmdir()
    assert not material.there(sets)


@pytest.mark.parametrize("skill", SKILLS)
def test_experts_are_as_good_as_they_are_said_to_be(skill: float) -> None:
    """And what they write is what the kinds take, right or wrong."""
    expert = Answerer("Alma", skill)
    hits: Counter[str] = Counter()
    for number in range(300):
        pair = Preference(f"p{number}", {"prompt": "?", "answers": [{"text": "a"}, {"text": "b"}]}, number % 2)
        truth = None if number % 3 == 0 else number % 4
        chain = Stepwise(f"c{number}", {"problem": "?", "steps": ["1", "2", "3", "4"]}, truth, "So.")
        for kind, item in (("preference", pair), ("stepwise", chain)):
            payload = clean_payload(kind, item.payload)
            response = clean_response(kind, expert.answer(item), payload=payload)
            hits[kind] += item.right(response)
    for kind, count in hits.items():
        assert count / 300 == pytest.approx(skill, abs=0.08), kind


@pytest.mark.parametrize(("skill", "more"), [(0.7, 25), (0.6, 0)])
def test_a_second_look_helps_those_who_look(skill: float, more: int) -> None:
    expert = Answerer("Hedda", skill)
    pairs = [Preference(f"p{n}", {"prompt": "?", "answers": [{"text": "a"}, {"text": "b"}]}, 0) for n in range(400)]
    first, second = (sum(pair.right(expert.answer(pair, attempt=look)) for pair in pairs) for look in (0, 1))
    assert second >= first + more
    assert (second == first) == (more == 0)
