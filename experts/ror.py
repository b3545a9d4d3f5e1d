"""Records of the Research Organization Registry, as plain facts. Pure.

Two shapes are read: ROR's schema 2 as its dumps and its API give it, and the flat one of our own small set
(`id, name, other_names, acronyms, types, country_code, city, status, established, website, domains`, and where they
are known `closed, parents, children, predecessors, successors`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

STATUSES: Final = ("active", "inactive", "withdrawn")
RELATIONS: Final = ("parent", "child", "predecessor", "successor")
NAME, LABEL, ALIAS, ACRONYM = "name", "label", "alias", "acronym"
_ID = re.compile(r"(?:https?://(?:www\.)?ror\.org/)?(0[a-z0-9]{8})/?\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")


class BadRecord(Exception):
    """A record that cannot be used: which of its fields, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Entry:
    """One institution. `names`: (kind, value) in the order of the record, each value once, the shown name first."""

    ror_id: str
    names: tuple[tuple[str, str], ...]
    countries: tuple[str, ...]  # ISO 3166-1 alpha-2, the first seat first
    city: str
    types: tuple[str, ...]
    status: str
    established: int | None
    closed: int | None
    domains: tuple[str, ...]
    website: str  # host, without "www."
    relations: Mapping[str, tuple[str, ...]]  # by the words of RELATIONS: ROR ids

    @property
    def name(self) -> str:
        return self.names[0][1]

    @property
    def country(self) -> str:
        return self.countries[0]


def entry_of(record: Any) -> Entry:
    """Raises BadRecord."""
    if not isinstance(record, dict):
        raise BadRecord("record", "is no object")
    parts = _v2(record) if "names" in record else _flat(record)
    status = record.get("status")
    if status not in STATUSES:
        raise BadRecord("status", f"is {status!r}, which is none of {', '.join(STATUSES)}")
    return Entry(
        ror_id=ror_id(record.get("id"), "id"),
        types=_texts(record, "types", longest=16),
        status=status,
        established=_year(record, "established"),
        closed=_year(record, "closed"),
        domains=tuple(dict.fromkeys(domain.lower() for domain in _texts(record, "domains", longest=120))),
        **parts,
    )


def ror_id(value: Any, field: str) -> str:
    """The nine characters, from them or from the address. Raises BadRecord."""
    found = _ID.match(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise BadRecord(field, f"{value!r} is no ROR id")
    return found[1]


def _v2(record: dict[str, Any]) -> dict[str, Any]:
    located = _objects(record, "locations")
    places = [place["geonames_details"] for place in located if isinstance(place.get("geonames_details"), dict)]
    if not places or len(places) < len(located):
        raise BadRecord("locations", "there is none, or one without geonames_details")
    sites = [link.get("value") for link in _objects(record, "links") if link.get("type") == "website"]
    return {
        "names": _names(_v2_names(record)),
        "countries": _countries((place.get("country_code") for place in places), "locations"),
        "city": _text(places[0].get("name") or "", "locations", longest=120),
        "website": host_of(sites[0]) if sites else "",
        "relations": _relations(
            (link.get("type"), link.get("id")) for link in _objects(record, "relationships")
        ),
    }  # fmt: skip


def _v2_names(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    names = _objects(record, "names")
    shown = [name.get("value") for name in names if "ror_display" in _texts(name, "types")]
    if not shown:
        raise BadRecord("names", "none of them is the one to show (ror_display)")
    yield NAME, shown[0]
    for name in names:
        types = _texts(name, "types")
        yield next((kind for kind in (ACRONYM, LABEL) if kind in types), ALIAS), name.get("value")


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    name = record.get("name")
    if not name:
        raise BadRecord("name", "is missing")
    names = [(NAME, name), *((ALIAS, other) for other in _texts(record, "other_names"))]
    names += ((ACRONYM, short) for short in _texts(record, "acronyms"))
    relations = (
        (kind, other)
        for kind, field in zip(RELATIONS, ("parents", "children", "predecessors", "successors"), strict=True)
        for other in _texts(record, field)
    )
    return {
        "names": _names(names),
        "countries": _countries([record.get("country_code")], "country_code"),
        "city": _text(record.get("city") or "", "city", longest=120),
        "website": host_of(record.get("website")),
        "relations": _relations(relations),
    }


def host_of(address: Any) -> str:
    """ "https://www.utoronto.ca/about" → "utoronto.ca"; "" for what is no address."""
    try:
        host = urlsplit(address).hostname if isinstance(address, str) else None
    except ValueError:
        return ""
    return (host or "").removeprefix("www.")[:120]


def _names(names: Any) -> tuple[tuple[str, str], ...]:
    """Each value once, under the first of its kinds. Raises BadRecord."""
    known: dict[str, str] = {}
    for kind, value in names:
        text = _text(value, "names")
        if not text:
            raise BadRecord("names", "one is empty")
        known.setdefault(text, kind)
    return tuple((kind, value) for value, kind in known.items())


def _countries(codes: Any, field: str) -> tuple[str, ...]:
    known = list(codes)
    for code in known:
        if not isinstance(code, str) or not _COUNTRY.match(code):
            raise BadRecord(field, f"{code!r} is no country code of two letters")
    return tuple(dict.fromkeys(known))


def _relations(pairs: Any) -> dict[str, tuple[str, ...]]:
    """Related ones are no kin: left out."""
    known: dict[str, list[str]] = {}
    for kind, other in pairs:
        if kind in RELATIONS:
            known.setdefault(kind, []).append(ror_id(other, "relationships"))
    return {kind: tuple(dict.fromkeys(others)) for kind, others in known.items()}


def _objects(record: dict[str, Any], field: str) -> list[dict[str, Any]]:
    return _list(record, field, dict, "objects")


def _texts(record: dict[str, Any], field: str, longest: int = 300) -> tuple[str, ...]:
    return tuple(_text(value, field, longest) for value in _list(record, field, str, "texts"))


def _list(record: dict[str, Any], field: str, kind: type, what: str) -> list[Any]:
    values = record.get(field) or []
    if not isinstance(values, list) or not all(isinstance(value, kind) for value in values):
        raise BadRecord(field, f"is no list of {what}")
    return values


def _text(value: Any, field: str, longest: int = 300) -> str:
    """With single spaces. NUL and halves of a sign, which JSON can hold, are what no database stores: left out."""
    if not isinstance(value, str):
        raise BadRecord(field, f"{value!r} is no text")
    text = " ".join(value.encode("utf-8", "ignore").decode().replace("\0", "").split())
    if len(text) > longest:
        raise BadRecord(field, f"{text[:20]}… is longer than {longest} characters")
    return text


def _year(record: dict[str, Any], field: str) -> int | None:
    year = record.get(field)
    if year is not None and (not isinstance(year, int) or isinstance(year, bool) or not 0 < year < 10_000):
        raise BadRecord(field, f"{year!r} is no year")
    return year
