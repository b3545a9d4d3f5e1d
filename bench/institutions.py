"""How long a whole dump of ROR takes to load, and to load again; and what the picker asks of so many.

    python -m bench.institutions FILE NUMBER    write NUMBER records of schema 2 to FILE, as JSON text

They are real ones many times over: the samples beside the checkout where they are (QUORUM_DATA), else the set that
ships. Each copy has an id, a number in each of its names, and domains and kin of its own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

from bench.servers import ROOT, Stack, python
from bench.stats import Report

DATA = Path(os.environ.get("QUORUM_DATA", ROOT.parent / "shared" / "data")) / "ror"
SHIPPED = ROOT / "experts" / "data" / "institutions.jsonl"


def measure(stack: Stack, records: int, report: Report) -> None:
    url = stack.make_database("registry")
    environment = stack.environment(DATABASE_URL=url, DJANGO_SETTINGS_MODULE="marketplace.settings")
    python("django", "migrate", "-v0", environment=environment)
    dump = stack.folder / "ror-data_schema_v2.json"
    write(dump, records)
    for what in ("loading", "loading again, nothing changed,"):
        begun = time.perf_counter()
        said = python("django", "load_institutions", str(dump), environment=environment)
        report.add(f"{what} {records:,} institutions", time.perf_counter() - begun, "s")
        if "skipped" in (last := said.splitlines()[-1]) and " 0 skipped" not in last:
            raise RuntimeError(last)


def write(path: Path, number: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for at, record in enumerate(islice(made(), number)):
            file.write(f"{',' if at else '['}\n{json.dumps(record, ensure_ascii=False)}")
        file.write("\n]\n")


def made() -> Iterator[dict[str, Any]]:
    """Records of schema 2 without end, the first round as they are."""
    whole, flat = DATA / "records_v2_full_sample.jsonl", DATA / "organizations.jsonl"
    known = {record["id"]: record for record in map(v2, _rows(flat if flat.exists() else SHIPPED))}
    known |= {record["id"]: record for record in (_rows(whole) if whole.exists() else [])}
    originals = list(known.values())
    yield from originals
    for turn in count(1):
        for at, record in enumerate(originals):
            yield _copy(record, turn, f"https://ror.org/0{turn * len(originals) + at:08}")


def v2(row: dict[str, Any]) -> dict[str, Any]:
    """A flat record as the API would give it."""
    names = [{"value": row["name"], "types": ["label", "ror_display"], "lang": "en"}]
    names += [{"value": other, "types": ["alias"], "lang": None} for other in row.get("other_names", ())]
    names += [{"value": short, "types": ["acronym"], "lang": None} for short in row.get("acronyms", ())]
    place = {"name": row.get("city"), "country_code": row["country_code"], "lat": 1.5, "lng": 7.25}
    return {
        "id": f"https://ror.org/{row['id']}",
        "names": names,
        "locations": [{"geonames_id": 1, "geonames_details": place}],
        "types": row["types"],
        "status": row["status"],
        "established": row.get("established"),
        "domains": row.get("domains", []),
        "links": [{"type": "website", "value": row["website"]}] if row.get("website") else [],
        "relationships": [],
        "external_ids": [],
        "admin": {"created": {"date": "2018-11-14", "schema_version": "1.0"}},
    }


def _copy(record: dict[str, Any], turn: int, ror_id: str) -> dict[str, Any]:
    names = [{**name, "value": f"{name['value']} {turn}"} for name in record["names"]]
    domains = [f"c{turn}.{domain}" for domain in record["domains"]]
    return {**record, "id": ror_id, "names": names, "domains": domains}


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
