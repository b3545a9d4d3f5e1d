"""Tasks with a known truth, read from public data sets. Pure: files in, plain values out.

Folders and fields are those of the sets: hhh_alignment (HHH, via prometheus-eval), self_instruct (Wang et al. 2023),
bigbench_mistake (Tyen et al. 2024; first wrong step from 0) and mr_gsm8k (Zeng et al. 2024; first wrong step from 1).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]
NEEDED = ("hhh_alignment", "self_instruct", "bigbench_mistake", "mr_gsm8k")


@dataclass(frozen=True)
class Preference:
    """`better`: index of the answer that people preferred."""

    id: str
    payload: Json
    better: int

    def right(self, response: Json) -> bool:
        return int(response["strength"]) < 0 if self.better == 0 else int(response["strength"]) > 0


@dataclass(frozen=True)
class Stepwise:
    """`first_wrong`: from 0; None where every step is right."""

    id: str
    payload: Json
    first_wrong: int | None
    correction: str

    def right(self, response: Json) -> bool:
        return bool(response["first_wrong"] == self.first_wrong)


Item = Preference | Stepwise


def there(folder: Path) -> bool:
    return all((folder / name).is_dir() for name in NEEDED)


def upload(items: Iterable[Item]) -> bytes:
    """The file a lab uploads: JSON Lines with `external_id`."""
    lines = (json.dumps({"external_id": item.id, **item.payload}, ensure_ascii=False) for item in items)
    return ("\n".join(lines) + "\n").encode()


def preferences(folder: Path, limit: int | None = None) -> list[Preference]:
    """Half of `limit` from each set. Rows whose two answers are the same words, or empty, compare nothing."""
    both = [list(_hhh(folder)), list(_self_instruct(folder))]
    return _mixed([[pair for pair in pairs if _differ(pair)] for pairs in both], limit)


def chains(folder: Path, limit: int | None = None) -> list[Stepwise]:
    """The same from both sets of step-by-step solutions."""
    return _mixed([list(_bigbench(folder)), list(_mr_gsm8k(folder))], limit)


def _mixed(sets: list[list[Any]], limit: int | None) -> list[Any]:
    share = None if limit is None else limit // len(sets)
    return [item for items in sets for item in items[:share]]


def _rows(path: Path) -> Iterator[Json]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _pair(key: str, prompt: str, good: str, bad: str) -> Preference:
    """Which answer stands first is drawn by lot, by the row's id."""
    better = random.Random(key).randrange(2)
    texts = (good, bad) if better == 0 else (bad, good)
    answers = [{"id": name, "text": text} for name, text in zip("ab", texts, strict=True)]
    return Preference(key, {"prompt": prompt, "answers": answers}, better)


def _differ(pair: Preference) -> bool:
    first, second = (answer["text"].strip() for answer in pair.payload["answers"])
    return bool(first and second and first != second)


def _hhh(folder: Path) -> Iterator[Preference]:
    for row in _rows(folder / "hhh_alignment" / "pairs.jsonl"):
        yield _pair(row["id"], row["instruction"], row["chosen"], row["rejected"])


def _self_instruct(folder: Path) -> Iterator[Preference]:
    """The reference against the model that was not taught to follow instructions."""
    for row in _rows(folder / "self_instruct" / "user_tasks_even.jsonl"):
        weakest = next(answer["text"] for answer in row["responses"] if answer["model"] == "davinci-t0-ft")
        prompt = "\n\n".join(filter(None, (row["instruction"], row["input"])))
        yield _pair(row["id"], prompt, row["reference"], weakest)


def _bigbench(folder: Path) -> Iterator[Stepwise]:
    for path in sorted((folder / "bigbench_mistake").glob("*.jsonl")):
        for row in _rows(path):
            payload = {"problem": row["input"], "steps": row["steps"], "reference": row["target"]}
            yield Stepwise(row["id"], payload, row["mistake_index"], f"The answer must come out as {row['target']}.")


def _mr_gsm8k(folder: Path) -> Iterator[Stepwise]:
    for row in _rows(folder / "mr_gsm8k" / "wrong_solutions.jsonl"):
        steps = row["model_output_steps"]
        payload = {"problem": row["question"], "steps": steps, "reference": row["ground_truth_solution"]}
        first = int(row["model_output_solution_first_error_step"]) - 1  # this set counts from 1
        if 0 <= first < len(steps):
            yield Stepwise(row["uuid"], payload, first, row["model_output_solution_first_error_reason"])
