"""The US register of health care providers: the NPPES NPI registry, API version 2.1.

It is asked by NPI where the number is one (ten digits with a check digit), and by name and state where it is the
number of a state's licence. CMS checks who a provider is; the licences beside the name are the provider's own words to
CMS. So what it confirms is a fair proof and no strong one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from experts.comparison import DIFFERS, compare_names
from experts.models import Strength
from experts.registers.base import Finding, Licence, same_number
from experts.remote import Nonsense, ask

# Healthcare Provider Taxonomy (NUCC): what the codes of each profession start with.
TAXONOMY: Final = {
    "physician": ("202", "204", "207", "208", "2098"),
    "nurse": ("163W",),
    "pharmacist": ("1835",),
}
MOST: Final = 200  # results of one question; the API's own limit

Row = Mapping[str, Any]


class Nppes:
    code = "nppes"
    title = "NPPES, the US register of health care providers"
    strength: int = Strength.FAIR

    def __init__(self, base: str) -> None:
        self.base = base

    def covers(self, licence: Licence) -> bool:
        return bool(self.base) and licence.profession in TAXONOMY and licence.place[:2] == "US"

    def look_up(self, licence: Licence) -> Finding:
        answer = ask(self.base, accept="application/json", parameters=question(licence))
        try:
            told = json.loads(answer.body)
        except ValueError:
            raise Nonsense("its answer is no JSON") from None
        return read(told, licence)


def is_npi(number: str) -> bool:
    """Ten digits of which the last checks the others (Luhn, after the prefix 80840 of US health providers)."""
    if len(number) != 10 or not number.isdecimal() or number[0] not in "12":
        return False
    digits = [int(digit) for digit in reversed("80840" + number)]
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(digits)]
    return sum(doubled) % 10 == 0


def question(licence: Licence) -> dict[str, str]:
    """The parameters for the API."""
    number = licence.number.replace(" ", "").replace("-", "")
    if is_npi(number):
        return {"version": "2.1", "number": number}
    words = licence.name.split()
    asked = {"version": "2.1", "enumeration_type": "NPI-1", "first_name": words[0], "last_name": words[-1]}
    state = licence.place[3:]
    return {**asked, **({"state": state} if state else {}), "limit": str(MOST)}


def read(told: Any, licence: Licence) -> Finding:
    """What an answer of the API says of this licence. Raises Nonsense where it has another shape."""
    if not isinstance(told, dict):
        raise Nonsense("its answer has another shape")
    if told.get("Errors"):
        words = "; ".join(str(error.get("description", "")) for error in _rows(told, "Errors"))
        return Finding("unverifiable", [f"The register turned our question down: {words}"])
    if not isinstance(told.get("results"), list):
        raise Nonsense("its answer has another shape")
    by_npi = "number" in question(licence)
    rows = list(_rows(told, "results"))
    found = [row for row in rows if not by_npi or same_number(str(row.get("number", "")), licence.number)]
    if by_npi:
        return _of_number(found, licence)
    return _of_name(found, licence, more=len(rows) >= MOST)


def _of_number(found: list[Row], licence: Licence) -> Finding:
    if not found:
        return Finding("refused", [f"The register has no provider with the number {licence.number}."])
    row = found[0]
    if row.get("enumeration_type") != "NPI-1":
        return Finding("refused", ["This is the number of an organisation, not of a person."])
    if not _is_active(row):
        return Finding("refused", ["The register says that this number is no longer active."])
    if not _is_named(row, licence.name):
        return Finding("refused", ["The register has this number under another name."])
    here = [entry for entry in _entries(row, licence) if _is_there(entry, licence.place)]
    if not here:
        return Finding("refused", [f"The register has no such profession for them in {licence.place}."])
    return _holds(row, here[0], licence)


def _of_name(found: list[Row], licence: Licence, *, more: bool) -> Finding:
    """A state's licence: the one among those of this name whose entry has its number."""
    for row in found:
        for entry in _entries(row, licence):
            number = str(entry.get("license") or "")
            if same_number(number, licence.number) and _is_there(entry, licence.place) and _is_named(row, licence.name):
                if not _is_active(row):
                    return Finding("refused", ["The register says that they are no longer active."])
                return _holds(row, entry, licence)
    if more:
        return Finding("unverifiable", ["Too many people of this name are in the register. Give the NPI as number."])
    return Finding("refused", [f"The register has nobody of this name with the licence {licence.number} there."])


def _holds(row: Row, entry: Row, licence: Licence) -> Finding:
    says = {"name": _names(row)[0], "number": str(row.get("number", "")), "title": str(entry.get("desc") or "")}
    place, number = entry.get("state") or "no state", entry.get("license") or "–"
    reasons = [
        f"The register has this number for {says['name']}.",
        f"Their entry there: {says['title']}, {place}, licence {number}.",
        "CMS gives numbers to providers; the licence beside it is what the provider told CMS.",
    ]
    return Finding("holds", reasons, says)


def _is_active(row: Row) -> bool:
    basic = _basic(row)
    ended, again = str(basic.get("deactivation_date") or ""), str(basic.get("reactivation_date") or "")
    return basic.get("status", "A") == "A" and (not ended or again > ended)


def _is_named(row: Row, name: str) -> bool:
    return any(compare_names(name, known) != DIFFERS for known in _names(row))


def _names(row: Row) -> list[str]:
    """The name of record first, then earlier and other ones."""
    people = [_basic(row), *_rows(row, "other_names")]
    parts = ("first_name", "middle_name", "last_name")
    return [" ".join(str(person[part]) for part in parts if person.get(part)) for person in people]


def _entries(row: Row, licence: Licence) -> Iterator[Row]:
    for entry in _rows(row, "taxonomies"):
        if str(entry.get("code") or "").startswith(TAXONOMY[licence.profession]):
            yield entry


def _is_there(entry: Row, place: str) -> bool:
    return len(place) == 2 or entry.get("state") == place[3:]


def _basic(row: Row) -> Row:
    basic = row.get("basic")
    return basic if isinstance(basic, dict) else {}


def _rows(told: Row, name: str) -> Iterator[Row]:
    listed = told.get(name)
    for row in listed if isinstance(listed, list) else []:
        if isinstance(row, dict):
            yield row
