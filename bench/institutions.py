"""How long a whole dump of ROR takes to load, and to load again; and what the picker asks of so many.

    python -m bench.institutions write FILE NUMBER    NUMBER records of schema 2, as one JSON array
    python -m bench.institutions ask                  JSON: what the loaded registry answers, and how fast

The records are real ones many times over: the samples beside the checkout where they are (QUORUM_DATA), else the set
that ships. Each copy has an id, a number in each of its names, and domains and kin of its own.
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

import psutil

from bench.servers import ROOT, Stack, python
from bench.stats import Report, percentile

DATA = Path(os.environ.get("QUORUM_DATA", ROOT.parent / "shared" / "data")) / "ror"
SHIPPED = ROOT / "experts" / "data" / "institutions.jsonl"


def measure(stack: Stack, records: int, report: Report) -> None:
    url = stack.make_database("registry")
    environment = stack.environment(DATABASE_URL=url, DJANGO_SETTINGS_MODULE="marketplace.settings")
    python("django", "migrate", "-v0", environment=environment)
    dump = stack.folder / "ror-data_schema_v2.json"
    write(dump, records)
    for what in ("loading", "loading again, nothing changed,"):
        begun, used = time.perf_counter(), _cpu(stack)
        said = python("django", "load_institutions", str(dump), environment=environment)
        report.add(f"{what} {records:,} institutions", time.perf_counter() - begun, "s")
        report.add("CPU of it, the database's with it", _cpu(stack) - used, "s")
        last = said.splitlines()[-1]
        if not last.endswith((" 0 skipped.", f"{records:,} records were known already.")):
            raise RuntimeError(last)
    for name, (value, unit) in json.loads(python("bench.institutions", "ask", environment=environment)).items():
        report.add(name.format(records=f"{records:,}"), value, unit)


def _cpu(stack: Stack) -> float:
    """Seconds that our children and the database's have used, counted when each of them ends."""
    ours, its = os.times(), psutil.Process(stack.database_pid).cpu_times()
    return ours.children_user + ours.children_system + its.children_user + its.children_system


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


TYPED = (
    "univ",
    "university of c",
    "copenh",
    "inst tech",
    "MIT",
    "national univ",
    "universidad de",
    "a",
    "ku.dk",
    "东京",
)


def _ask() -> dict[str, tuple[float, str]]:
    """The picker as a page asks it; then the whole index, in a process that holds nothing else."""
    from experts.registry import institutions_matching, whole_index

    times = []
    for typed in TYPED * 5:
        begun = time.perf_counter()
        institutions_matching(typed, limit=8)
        times.append(1000 * (time.perf_counter() - begun))
    before, begun = psutil.Process().memory_info().rss, time.perf_counter()
    index = whole_index()
    built, held = time.perf_counter() - begun, psutil.Process().memory_info().rss - before
    texts = [f"Department of Physics, {name}, {city}, {country}" for _, name, country, city in _some(index)]
    begun = time.process_time()
    for text in texts:
        index.match(text)
    return {
        "institution picker at {records}, p50": (percentile(times, 0.5), "ms"),
        "institution picker at {records}, slowest": (max(times), "ms"),
        "building the index of affiliations": (built, "s"),
        "memory of the index": (held / 2**20, "MB"),
        "affiliations matched against {records}": (len(texts) / (time.process_time() - begun), "1/s of CPU"),
    }


def _some(index: Any) -> list[tuple[str, str, str, str]]:
    places: list[tuple[str, str, str, str]] = index.places
    return places[:: max(1, len(places) // 2_000)]


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        import django

        django.setup()
        print(json.dumps(_ask()))
