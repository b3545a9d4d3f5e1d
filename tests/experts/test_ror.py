"""A record of the registry becomes facts, or says which field is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from experts.ror import ACRONYM, ALIAS, LABEL, NAME, BadRecord, entry_of, host_of
from experts.spelling import fold
from tests.shared import rows

COPENHAGEN: dict[str, Any] = {
    "id": "https://ror.org/035b05819",
    "names": [
        {"value": "UCPH", "types": ["acronym"], "lang": None},
        {"value": "Københavns  Universitet", "types": ["label"], "lang": "da"},
        {"value": "University of Copenhagen", "types": ["label", "ror_display"], "lang": "en"},
        {"value": "Copenhagen University", "types": ["alias"], "lang": "en"},
    ],
    "locations": [
        {"geonames_id": 1, "geonames_details": {"name": "Copenhagen", "country_code": "DK"}},
        {"geonames_id": 2, "geonames_details": {"name": "Nuuk", "country_code": "GL"}},
        {"geonames_id": 3, "geonames_details": {"name": "Køge", "country_code": "DK"}},
    ],
    "types": ["education", "funder"],
    "status": "active",
    "established": 1479,
    "domains": ["KU.dk", "ku.dk"],
    "links": [{"type": "wikipedia", "value": "x"}, {"type": "website", "value": "https://www.ku.dk/english/"}],
    "relationships": [
        {"type": "child", "id": "https://ror.org/040r8fr65", "label": "Rigshospitalet"},
        {"type": "related", "id": "https://ror.org/03vek6s52", "label": "Harvard University"},
        {"type": "predecessor", "id": "https://ror.org/00000dk01", "label": "Royal School of Pharmacy"},
        {"type": "child", "id": "https://ror.org/040r8fr65", "label": "Rigshospitalet"},
    ],
}
FLAT: dict[str, Any] = {
    "id": "035b05819",
    "name": "University of Copenhagen",
    "other_names": ["Københavns Universitet"],
    "acronyms": ["UCPH"],
    "types": ["education"],
    "country_code": "DK",
    "city": None,
    "status": "inactive",
    "established": None,
    "closed": 2004,
    "website": None,
    "domains": [],
    "successors": ["03vek6s52"],
    "release": "v2.3",
}


def test_a_record_of_schema_2() -> None:
    entry = entry_of(COPENHAGEN)
    assert (entry.ror_id, entry.name, entry.country) == ("035b05819", "University of Copenhagen", "DK")
    assert entry.names == (
        (NAME, "University of Copenhagen"),
        (ACRONYM, "UCPH"),
        (LABEL, "Københavns Universitet"),
        (ALIAS, "Copenhagen University"),
    )
    assert (entry.countries, entry.city) == (("DK", "GL"), "Copenhagen")
    assert (entry.types, entry.status) == (("education", "funder"), "active")
    assert (entry.established, entry.closed, entry.domains, entry.website) == (1479, None, ("ku.dk",), "ku.dk")
    assert entry.relations == {"child": ("040r8fr65",), "predecessor": ("00000dk01",)}


def test_a_record_of_our_own_shape() -> None:
    entry = entry_of(FLAT)
    assert entry.names == (
        (NAME, "University of Copenhagen"),
        (ALIAS, "Københavns Universitet"),
        (ACRONYM, "UCPH"),
    )
    assert (entry.status, entry.closed, entry.city, entry.website) == ("inactive", 2004, "", "")
    assert entry.relations == {"successor": ("03vek6s52",)}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": "https://ror.org/35b05819"}, "id: 'https://ror.org/35b05819' is no ROR id"),
        ({"id": None}, "id: None is no ROR id"),
        ({"status": "asleep"}, "status: is 'asleep', which is none of"),
        ({"status": []}, "status: "),
        ({"established": "1479"}, "established: '1479' is no year"),
        ({"established": True}, "established: True is no year"),
        ({"established": 10_000}, "established: 10000 is no year"),
        ({"types": "education"}, "types: is no list of texts"),
        ({"types": ["an unheard-of kind"]}, "types: an unheard-of kind… is longer than 16"),
        ({"domains": [None]}, "domains: is no list of texts"),
        ({"names": []}, "names: none of them is the one to show"),
        ({"names": [{"value": "  ", "types": ["ror_display"]}]}, "names: one is empty"),
        ({"names": [{"value": 7, "types": ["ror_display"]}]}, "names: 7 is no text"),
        ({"names": [{"value": "x" * 301, "types": ["ror_display"]}]}, f"names: {'x' * 20}… is longer than 300"),
        ({"names": [{"value": "x", "types": 5}]}, "types: is no list of texts"),
        ({"locations": []}, "locations: there is none"),
        ({"locations": [{"geonames_id": 5}]}, "locations: there is none, or one without"),
        ({"locations": [{"geonames_details": {"country_code": "deu"}}]}, "locations: 'deu' is no country"),
        ({"locations": [{"geonames_details": {"country_code": ["DE"]}}]}, "locations: "),
        ({"links": ["https://ku.dk"]}, "links: is no list of objects"),
        ({"relationships": [{"type": "parent", "id": 7}]}, "relationships: 7 is no ROR id"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(change: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRecord) as caught:
        entry_of({**COPENHAGEN, **change})
    assert str(caught.value).startswith(told)
    assert str(caught.value) == f"{caught.value.field}: {caught.value.reason}"


def test_a_flat_record_needs_a_name_and_a_country() -> None:
    with pytest.raises(BadRecord, match="name: is missing"):
        entry_of({**FLAT, "name": ""})
    with pytest.raises(BadRecord, match="country_code: None is no country code"):
        entry_of({**FLAT, "country_code": None})
    with pytest.raises(BadRecord, match="record: is no object"):
        entry_of([FLAT])


def test_what_no_database_stores_is_left_out() -> None:
    assert entry_of({**FLAT, "name": "Uni\0versity \ud800of X"}).name == "University of X"


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://www.utoronto.ca/about", "utoronto.ca"),
        ("http://KU.dk", "ku.dk"),
        ("ku.dk", ""),
        ("http://[broken", ""),
        (None, ""),
        ("", ""),
    ],
)
def test_the_host_of_a_website(address: Any, host: str) -> None:
    assert host_of(address) == host


def test_real_records_of_ror_are_all_read() -> None:
    read = [entry_of(record) for record in rows("ror/records_v2_full_sample.jsonl")]
    assert len(read) == 40
    assert sum(bool(entry.domains) for entry in read) == 29
    assert [entry.status for entry in read].count("withdrawn") == 1
    assert sum(len(entry.relations.get("child", ())) for entry in read) == 53


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Universität zu Köln (UzK)", "universitat zu koln uzk"),
        ("St. John's, U.S.A.", "st johns usa"),
        ("Łódź & Øresund_Æ", "lodz and oresund ae"),
        ("서울대학교", "서울대학교"),
        ("東京大学", "東京大学"),
        ("", ""),
    ],
)
def test_text_is_folded_for_comparison(text: str, folded: str) -> None:
    assert fold(text) == folded
