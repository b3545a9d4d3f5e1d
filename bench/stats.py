"""Rows of the result: medians, percentiles, the printed table and `build/bench.json`."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass
class Row:
    """`floor`: what the same work costs or yields elsewhere in this run; `share`: value ÷ floor, two decimals."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    share: float | None = None


class Report:
    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, name: str, value: float, unit: str, floor: float | None = None) -> None:
        share = round(value / floor, 2) if floor else None
        self.rows.append(Row(name, tidy(value), unit, None if floor is None else tidy(floor), share))
        print(f"  {name}: {tidy(value):g} {unit}" + (f" (floor {tidy(floor):g})" if floor else ""), flush=True)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"rows": [asdict(row) for row in self.rows]}, indent=1) + "\n")

    def table(self) -> str:
        width = max(len(row.name) for row in self.rows)
        lines = [f"{'':{width}}  {'value':>12}  {'unit':10}  {'floor':>12}  share"]
        for row in self.rows:
            floor = "" if row.floor is None else f"{row.floor:,g}"
            share = "" if row.share is None else f"{row.share:.2f}"
            lines.append(f"{row.name:{width}}  {row.value:>12,g}  {row.unit:10}  {floor:>12}  {share:>5}".rstrip())
        return "\n".join(lines)


def tidy(value: float) -> float:
    """Three to five digits that mean something: counts whole, small figures with decimals."""
    if value == int(value) or abs(value) >= 1000:
        return round(value)
    return round(value, 1 if abs(value) >= 100 else 2)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank; `share` 0…1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
