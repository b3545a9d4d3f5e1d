"""Shipped facts: the fields of ISCED-F 2013 (UNESCO) and a small set of institutions (ROR, CC0)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data"


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def load_fields(model: Any) -> int:
    """Broad, narrow and detailed fields, parents before children. `model`: Field, or a migration's picture of it.

    Safe to repeat: labels are brought up to date. Returns how many fields there are.
    """
    ids: dict[str, int] = {}
    for row in sorted(_rows("isced_f_2013.csv"), key=lambda row: (len(row["code"]), row["code"])):
        code = row["code"]
        values = {"label": row["label"], "parent_id": ids.get(code[:-1])}
        field, _ = model.objects.update_or_create(code=code, defaults=values)
        ids[code] = field.pk
    return len(ids)


def load_institutions(model: Any) -> int:
    """The set that ships for the demo, keyed by ROR id. Safe to repeat; returns how many."""
    rows = list(_rows("institutions.csv"))
    for row in rows:
        values = {"name": row["name"], "country": row["country"], "domains": row["domains"].split()}
        model.objects.update_or_create(ror_id=row["ror_id"], defaults=values)
    return len(rows)
