"""Coverage floors: `python .ci/floors.py build/coverage.json`. Lines and branches count alike; templates count too.

What moves money, people's standing or somebody's work must be covered whole; the rest may miss a little.
"""

from __future__ import annotations

import json
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

FLOORS = {
    "*": 95,
    "core/*": 100,
    "accounts/*": 100,
    "payments/*": 100,
    "*/actions*": 100,
    "*/policies.py": 100,
    "experts/diplomas/*": 100,
    "projects/kinds/*": 100,
    "projects/matching/*": 100,
}


def share(summaries: list[dict[str, int]]) -> float:
    """Covered lines and branches of all there are, in percent."""
    covered = sum(each["covered_lines"] + each.get("covered_branches", 0) for each in summaries)
    there = sum(each["num_statements"] + each.get("num_branches", 0) for each in summaries)
    return 100 * covered / there if there else 100.0


def below(files: dict[str, Any]) -> list[str]:
    """One line per floor that does not hold, each followed by the files that miss something."""
    lines = []
    for pattern, floor in FLOORS.items():
        matched = {name: report for name, report in files.items() if fnmatch(name, pattern)}
        reached = share([report["summary"] for report in matched.values()])
        if reached < floor:
            lines.append(f"{pattern}: {reached:.2f} % of {floor} %")
            if floor == 100:
                lines += [_misses(name, report) for name, report in matched.items() if share([report["summary"]]) < 100]
    return lines


def _misses(name: str, report: dict[str, Any]) -> str:
    branches = [f"{start}→{end}" for start, end in report.get("missing_branches", [])]
    return f"  {name}: lines {report['missing_lines']}, branches {branches}"


def main(path: str) -> int:
    report = json.loads(Path(path).read_text())
    found = below(report["files"])
    print(*found, sep="\n") if found else print(f"Coverage floors hold ({share([report['totals']]):.2f} % overall).")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
