"""TRL itself reads what we export (`make contracts`; its data utilities need no torch)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from projects.kinds import preference, stepwise

pytestmark = [pytest.mark.contract, pytest.mark.filterwarnings("default")]  # their warnings are theirs

PAIR = preference.EXAMPLE.payload
TALK = {**PAIR, "prompt": [{"role": "user", "content": "Why does ice float on water?"}]}
CHAIN, RATED = stepwise.EXAMPLE.payload, stepwise.EXAMPLE.response


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write rows as the export does, and load the file as a researcher does."""
    datasets = pytest.importorskip("datasets", reason="`make contracts` installs it", exc_type=ImportError)
    pytest.importorskip("trl", reason="`make contracts` installs it", exc_type=ImportError)

    def load(rows: Iterable[Any]) -> Any:
        path = tmp_path / "export.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))

    return load


def test_preferences_are_a_paired_dataset_that_trl_can_take_apart(read: Any) -> None:
    from trl.data_utils import unpair_preference_dataset

    pairs = read(
        row for strength in (-3, 1) for row in preference.rows("trl_preference", PAIR, {"strength": strength}, {})
    )
    assert {"prompt", "chosen", "rejected", "margin"} <= set(pairs.column_names)
    assert len(unpair_preference_dataset(pairs.select_columns(["prompt", "chosen", "rejected"]))) == 4


def test_a_conversation_is_recognised_as_one(read: Any) -> None:
    from trl.data_utils import is_conversational

    (talk,) = read(preference.rows("trl_preference", TALK, {"strength": 2}, {}))
    (text,) = read(preference.rows("trl_preference", PAIR, {"strength": 2}, {}))
    assert is_conversational({name: talk[name] for name in ("prompt", "chosen", "rejected")})
    assert not is_conversational({name: text[name] for name in ("prompt", "chosen", "rejected")})


def test_unpaired_rows_carry_truth_values(read: Any) -> None:
    rows = read(preference.rows("trl_unpaired", PAIR, {"strength": -2}, {}))
    assert rows.features["label"].dtype == "bool"
    assert {"prompt", "completion"} <= set(rows.column_names)


@pytest.mark.parametrize("format", ["trl_stepwise", "trl_stepwise_strict", "trl_stepwise_drop"])
def test_steps_and_labels_are_lists_of_one_length(read: Any, format: str) -> None:
    (row,) = read(stepwise.rows(format, CHAIN, RATED, {}))
    assert len(row["completions"]) == len(row["labels"]) > 0
    assert all(isinstance(label, bool) for label in row["labels"])


def test_a_correction_is_preferred_to_the_wrong_step(read: Any) -> None:
    from trl.data_utils import unpair_preference_dataset

    pairs = read(stepwise.rows("trl_preference", CHAIN, RATED, {}))
    assert len(unpair_preference_dataset(pairs.select_columns(["prompt", "chosen", "rejected"]))) == 2
