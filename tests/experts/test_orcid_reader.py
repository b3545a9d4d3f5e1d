"""ORCID's answers, read: own small ones first, then all that ORCID and others have published as samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experts.orcid.reader import Line, Record, Unreadable, is_orcid, read

SHARED = Path(__file__).resolve().parents[3] / "shared/data/orcid"
needs_samples = pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not here")
IRIS = "0000-0002-1825-0097"
OXFORD = {"source-client-id": {"path": "APP-OXFORD"}, "source-name": {"value": "University of Oxford"}}
IRISES = {"source-orcid": {"path": IRIS}, "source-name": {"value": "Iris Carberry"}}


def line(source: Any = None, **changes: Any) -> dict[str, Any]:
    return {
        "put-code": 7,
        "department-name": "Physics",
        "role-title": "DPhil in Physics",
        "start-date": {"year": {"value": "2010"}, "month": {"value": "10"}, "day": None},
        "end-date": {"year": {"value": "2014"}, "month": None, "day": None},
        "organization": {
            "name": "University of Oxford",
            "address": {"city": "Oxford", "country": "GB"},
            "disambiguated-organization": {
                "disambiguated-organization-identifier": "https://ror.org/052gg0110",
                "disambiguation-source": "ROR",
            },
        },
        "source": source or OXFORD,
        **changes,
    }


def whole(*educations: dict[str, Any], **changes: Any) -> dict[str, Any]:
    summaries = [{"education-summary": each} for each in educations]
    return {
        "orcid-identifier": {"path": IRIS},
        "person": {"name": {"given-names": {"value": "Iris"}, "family-name": {"value": "Carberry"}}},
        "activities-summary": {
            "educations": {"affiliation-group": [{"summaries": summaries}]},
            "works": {"group": [{"work-summary": [{"put-code": 9, "title": {"title": {"value": "On ice"}}}]}]},
        },
        **changes,
    }


def told(answer: Any, kind: str = "") -> Record:
    return read(json.dumps(answer).encode(), kind)


def test_a_record_is_who_it_is_of_and_its_lines() -> None:
    found = told(whole(line()))
    assert (found.orcid, found.name) == (IRIS, "Iris Carberry")
    education, work = found.lines
    assert education == Line(
        kind="education",
        put_code=7,
        title="DPhil in Physics",
        department="Physics",
        organisation="University of Oxford",
        country="GB",
        ids=(("ROR", "https://ror.org/052gg0110"),),
        started="2010-10",
        ended="2014",
        asserted=True,
        source="University of Oxford",
        source_id="APP-OXFORD",
    )
    assert education.ror_id == "052gg0110"
    assert (work.kind, work.title, work.asserted, work.ror_id) == ("work", "On ice", False, "")


def test_a_line_is_the_persons_own_where_they_wrote_it_or_a_client_did_for_them() -> None:
    for_her = {**OXFORD, "assertion-origin-orcid": {"path": IRIS}, "assertion-origin-name": {"value": "Iris Carberry"}}
    own, through = told(whole(line(IRISES), line(for_her))).lines[:2]
    assert [(each.asserted, each.source, each.source_id) for each in (own, through)] == [
        (False, "Iris Carberry", IRIS)
    ] * 2


def test_nulls_and_other_shapes_are_nothing() -> None:
    empty = dict.fromkeys(line(), None)
    assert told(whole(empty)).lines[0] == Line("education", 0, "", "", "", "", (), "", "", False, "", "")
    odd = {"put-code": "1" * 30, "role-title": 5, "organization": [], "start-date": {"year": "MMX"}, "source": "me"}
    assert told(whole(odd)).lines[0].put_code == 0
    named = whole(person={"name": {"credit-name": {"value": "I. C."}}})
    assert told(named).name == "I. C."
    assert told({"a": 1, "b": [{"education": "x"}, 2]}) == Record("", "", ())
    assert told([{"x": 1}, {}][1]) == Record("", "", ())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "neither JSON nor XML"),
        (b"<html", "broken XML"),
        (b"[]", "another shape"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><record>&a;</record>', "a document type"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too deeply"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "too deeply"),
        (b'{"response-code": 404, "user-message": "The resource was not found."}', "was not found"),
        (b"<error><response-code>0</response-code></error>", "turned our question down"),
    ],
)
def test_what_is_no_answer_is_said_in_words(body: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read(body)


def test_xml_reads_like_json() -> None:
    xml = f"""<?xml version="1.0"?><a:education-summary put-code="7" path="/{IRIS}/education/7" xmlns:a="urn:a">
    <a:role-title> DPhil
    in Physics</a:role-title><a:end-date><a:year>2014</a:year></a:end-date></a:education-summary>"""
    found = read(xml.encode())
    assert found.orcid == IRIS
    assert [(each.put_code, each.title, each.ended) for each in found.lines] == [(7, "DPhil in Physics", "2014")]
    twice = read(b"<x><education put-code='1'/><education put-code='2'/><education put-code='3'/></x>")
    assert [each.put_code for each in twice.lines] == [1, 2, 3]


def test_an_id_checks_itself() -> None:
    assert is_orcid(IRIS)
    assert is_orcid("0000-0002-1694-233X")
    for wrong in ("0000-0002-1825-0098", "0000000218250097", "0000-0002-1825-00", "A000-0002-1825-0097", "", "x" * 19):
        assert not is_orcid(wrong)


# --- the published samples --------------------------------------------------------------------------------------------


def xml_samples() -> dict[str, str]:
    rows = (SHARED / "read_samples_xml.jsonl").read_text().splitlines() if SHARED.exists() else []
    return {row["file"]: row["xml"] for row in map(json.loads, rows)}


def kinds(found: Record) -> dict[str, int]:
    names = [each.kind for each in found.lines]
    return {name: names.count(name) for name in names}


@needs_samples
def test_orcids_whole_record() -> None:
    found = read((SHARED / "record-full-3.0.json").read_bytes())
    assert (found.orcid, found.name) == ("0000-0002-7319-2192", "Three releasecandidate1")
    assert kinds(found) == {"education": 3, "qualification": 1, "employment": 1, "work": 1}
    assert [(each.put_code, each.asserted) for each in found.lines] == [
        (6455, True), (9265, False), (8718, True), (9266, False), (9269, False), (178602, False),
    ]  # fmt: skip
    assert {each.source for each in found.lines} == {"Demo Org Sandbox", "Three releasecandidate1"}


READ = {
    "record-3.0.xml": {"education": 1, "employment": 1, "qualification": 1, "work": 1},
    "activities-3.0.xml": {"education": 1, "employment": 1, "qualification": 1, "work": 1},
    "education-3.0.xml": {"education": 1},
    "educations-3.0.xml": {"education": 2},
    "employment-3.0.xml": {"employment": 1},
    "employments-3.0.xml": {"employment": 2},
    "qualification-3.0.xml": {"qualification": 1},
    "qualifications-3.0.xml": {"qualification": 2},
    "works-3.0.xml": {"work": 3},
    "person-3.0.xml": {},
    "personal-details-3.0.xml": {},
    "emails-3.0.xml": {},
    "search-3.0.xml": {},
}


@needs_samples
@pytest.mark.parametrize("name", [*READ, "error-3.0.xml"])
def test_what_one_reads_in_xml(name: str) -> None:
    body = xml_samples()[name].encode()
    if name == "error-3.0.xml":
        with pytest.raises(Unreadable, match="user-message"):
            read(body)
        return
    found = read(body)
    assert kinds(found) == READ[name]
    assert not any(each.asserted for each in found.lines if each.source == "User One Credit name")


@needs_samples
def test_every_xml_sample_has_its_verdict() -> None:
    assert set(xml_samples()) == {*READ, "error-3.0.xml"}


@needs_samples
@pytest.mark.parametrize("kind", ["education", "employment", "qualification", "distinction", "membership", "service"])
def test_what_one_writes_has_no_source_yet(kind: str) -> None:
    found = read((SHARED / f"write/{kind}-3.0.json").read_bytes(), kind)
    if kind not in ("education", "employment", "qualification"):
        assert found.lines == ()
        return
    assert [(each.kind, each.asserted, bool(each.ror_id)) for each in found.lines] == [(kind, False, True)]
