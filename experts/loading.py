"""Shipped facts: the fields of ISCED-F 2013 (UNESCO) and a small set of institutions (ROR, CC0)."""

from __future__ import annotations

from typing import Any

from experts import actions
from experts.dumps import opened, records
from experts.facts import FOLDER, rows


def load_fields(model: Any) -> int:
    """Broad, narrow and detailed fields, parents before children. `model`: Field, or a migration's picture of it.

    Safe to repeat: labels are brought up to date. Returns how many fields there are.
    """
    ids: dict[str, int] = {}
    for row in sorted(rows("isced_f_2013.csv"), key=lambda row: (len(row["code"]), row["code"])):
        code = row["code"]
        values = {"label": row["label"], "parent_id": ids.get(code[:-1])}
        field, _ = model.objects.update_or_create(code=code, defaults=values)
        ids[code] = field.pk
    return len(ids)


def load_institutions() -> int:
    """The set that ships for the demo, by the code that loads ROR's dump. Safe to repeat; returns how many."""
    with opened(FOLDER / "institutions.jsonl") as file:
        return actions.load_institutions(reads=records(file)).read
