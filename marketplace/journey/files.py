"""The files that come out: do they load, and do they say what the reviewers accepted?

TRL's own data utilities read the rows where that package is installed (they need no torch); its formats are checked by
hand everywhere (huggingface/trl, docs/source/dataset_formats.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from marketplace.journey.clock import Background
from marketplace.journey.door import Caller, Json
from marketplace.journey.loop import Project
from marketplace.journey.material import Preference, Stepwise


class NotLoadable(RuntimeError):
    """A row of an export is not what its format promises."""


@dataclass(frozen=True)
class Loaded:
    format: str
    rows: int
    right: float | None  # share of rows that agree with the known truth, where a row can say it
    by: str  # what read it


def fetch(lab: Caller, background: Background, project: Project, format: str) -> list[Json]:
    export = lab.post(f"projects/{project.id}/exports/", {"format": format})
    where = f"exports/{export['id']}/"
    background.until(lambda: bool(lab.get(where)["status"] == "done"), f"{format} is written", "tasks.write_files")
    rows = [json.loads(line) for line in lab.download(where + "file/").splitlines()]
    if len(rows) != lab.get(where)["rows"] or not rows:
        raise NotLoadable(f"{format}: {len(rows)} rows came, {lab.get(where)['rows']} were announced")
    return rows


def check(lab: Caller, background: Background, project: Project, format: str) -> Loaded:
    """Raises NotLoadable."""
    rows = fetch(lab, background, project, format)
    shape = SHAPES.get(format)
    if shape is not None:
        for row in rows:
            if not shape(row):
                raise NotLoadable(f"{format}: {row}")
    judged = [agrees for row in rows if (agrees := _agrees(project, format, row)) is not None]
    right = sum(judged) / len(judged) if judged else None
    return Loaded(format, len(rows), right, _read_by_trl(format, rows))


def _texts(row: Json, *names: str) -> bool:
    return all(isinstance(row.get(name), str) and row[name] for name in names)


def _stepwise(row: Json) -> bool:
    parts, labels = row["completions"], row["labels"]
    return _texts(row, "prompt") and 0 < len(parts) == len(labels) and all(type(label) is bool for label in labels)


SHAPES: dict[str, Callable[[Json], bool]] = {
    "trl_preference": lambda row: _texts(row, "prompt", "chosen", "rejected") and row["chosen"] != row["rejected"],
    "trl_unpaired": lambda row: _texts(row, "prompt", "completion") and type(row["label"]) is bool,
    "trl_stepwise": _stepwise,
    "prm800k": lambda row: {"question", "label", "labeler", "timestamp"} <= set(row) and bool(row["label"]["steps"]),
    "lossless": lambda row: {"payload", "response"} <= set(row),
}


def _agrees(project: Project, format: str, row: Json) -> bool | None:
    """Whether the row says the truth; None where the format cannot tell or the work was not accepted."""
    item = project.truth.get(row.get("meta_external_id") or "")
    if isinstance(item, Preference) and format == "trl_preference":
        return bool(row["chosen"] == item.payload["answers"][item.better]["text"])
    if isinstance(item, Stepwise) and format == "trl_stepwise":
        first = row["labels"].index(False) if False in row["labels"] else None
        return first == item.first_wrong
    return None


def _read_by_trl(format: str, rows: list[Json]) -> str:
    """Let TRL's own functions read the rows; says what did."""
    if not format.startswith("trl_"):
        return "shape"
    try:
        trl: Any = import_module("trl.data_utils")
        datasets: Any = import_module("datasets")
    except ImportError:
        return "shape"
    bare = [{name: value for name, value in row.items() if not name.startswith("meta_")} for row in rows]
    loaded = datasets.Dataset.from_list(bare)
    if trl.is_conversational(loaded[0]):
        raise NotLoadable(f"{format}: TRL takes plain text for a conversation")
    if format == "trl_preference":
        loaded = trl.unpair_preference_dataset(loaded)
        if len(loaded) != 2 * len(rows) or set(loaded.column_names) < {"prompt", "completion", "label"}:
            raise NotLoadable(f"{format}: TRL made {len(loaded)} rows of {len(rows)}")
    return "TRL"
