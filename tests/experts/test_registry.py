"""Institutions are found as one types, free text is matched, and years are held against what existed then."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from experts.actions import load_institutions
from experts.comparison import compare
from experts.dumps import Read
from experts.models import Credential, Institution
from experts.registry import existed, institution_named, institutions_matching, proposed, story
from tests import people
from tests.experts.test_institutions import record
from tests.experts.test_pages import CLAIM

pytestmark = pytest.mark.django_db


def names(text: str) -> list[str]:
    return [institution.name for institution in institutions_matching(text)]


def loaded(*records: dict[str, Any]) -> None:
    assert not load_institutions(reads=[Read(at, each) for at, each in enumerate(records, 1)]).bad


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("university of copen", "University of Copenhagen"),
        ("copenh univ", "University of Copenhagen"),
        ("Københavns", "University of Copenhagen"),
        ("MIT", "Massachusetts Institute of Technology"),
        ("ku.dk", "University of Copenhagen"),
        ("tsinghua", "Tsinghua University"),
        ("東京大学", "The University of Tokyo"),
        ("ETH", "ETH Zurich"),
        ("heidelb", "Heidelberg University"),
    ],
)
def test_institutions_are_found_as_one_types(typed: str, first: str) -> None:
    assert names(typed)[0] == first


def test_nothing_typed_and_nothing_known_find_nothing() -> None:
    assert names("") == names(" ,; ") == names("quidditch academy") == []
    assert len(names("university")) == 12


def test_closed_ones_come_last_and_withdrawn_ones_never() -> None:
    loaded(
        record(1, name="Nowhere Tech", status="inactive"),
        record(2, name="Nowhere Technical School", status="active"),
        record(3, name="Nowhere Techs", status="withdrawn"),
    )
    assert names("nowhere tech") == ["Nowhere Technical School", "Nowhere Tech"]


def test_a_name_is_known_in_every_language_but_not_where_two_bear_it() -> None:
    assert str(institution_named("københavns universitet ")) == "University of Copenhagen"
    assert institution_named("MIT") is None  # many have the same acronym
    assert institution_named("A school of my own") is None
    loaded(record(1, name="Union College", country_code="US"), record(2, name="Union College", country_code="FR"))
    assert institution_named("Union College") is None
    assert getattr(institution_named("Union College", "FR"), "ror_id", "") == "0zz000002"


def test_free_text_is_matched_with_a_reason() -> None:
    meant, match = proposed("Dept. of Physics, Univ. of Copenhagen", "Denmark")
    assert str(meant) == "University of Copenhagen"
    assert match.confidence > 0.9
    assert match.reason.endswith("city and country agree")
    assert proposed("Copenhagen University", "Sweden")[0] is None
    assert proposed("University", "Denmark")[0] is None
    assert proposed("", "")[0] is None


def test_the_desk_sees_whom_free_text_seems_to_mean_and_why() -> None:
    emil = people.expert("Emil", verified=False)
    credential = people.credential(
        emil, institution=None, institution_name="Physics, Univ. of Copenhagen", country="DK"
    )
    known = {row.label: row.known for row in compare(credential)}["Institution"]
    assert known.startswith("Not chosen from our registry. Perhaps University of Copenhagen (9")
    assert known.endswith("city and country agree.")
    credential.institution_name = "A school of my own"
    known = {row.label: row.known for row in compare(credential)}["Institution"]
    assert known.startswith("Not in our registry. No name of the registry")


def test_a_house_that_is_gone_says_what_became_of_it() -> None:
    gone = Institution.objects.get(name="Tampere University of Technology")
    assert story(gone) == "existed until 2018, now part of Tampere University"
    credential = people.credential(
        people.expert("Emil", verified=False), institution=gone, institution_name=gone.name, country="FI"
    )
    row = {row.label: row for row in compare(credential)}["Institution"]
    assert (row.known, row.verdict) == (f"{gone.name}, existed until 2018, now part of Tampere University", "unknown")


@pytest.mark.parametrize(
    ("facts", "year", "answer", "words"),
    [
        ({"established": 1479}, 1990, True, "exists since 1479"),
        ({"established": 1979}, 1978, False, "exists since 1979"),
        ({"established": 2010, "predecessors": ["0zz000009"]}, 2005, None, "before, there was Old House"),
        ({"established": 2010, "predecessors": ["0zz000009"]}, 1850, False, "exists since 2010"),
        ({}, 1990, None, "not known since when"),
        ({"status": "inactive", "closed": 2004}, 2005, False, "existed until 2004, now part of Old House"),
        ({"status": "inactive", "closed": 2004, "established": 1950}, 2004, True, "exists since 1950"),
        ({"status": "inactive", "established": 1950}, 2004, None, "exists no more, since when is not known"),
    ],
)
def test_whether_it_existed_then(facts: dict[str, Any], year: int, answer: bool | None, words: str) -> None:
    Institution.objects.create(ror_id="0zz000009", name="Old House", country="NO", established=1900)
    heirs = ["0zz000009"] if "closed" in facts else []
    house = Institution.objects.create(ror_id="0zz000001", name="House", country="NO", successors=heirs, **facts)
    found = existed(house, year)
    assert found.existed == answer
    assert words in found.reason


def test_the_choices_say_city_country_and_what_became_of_it(client: Client) -> None:
    page = client.get("/institutions/search/", {"institution_name": "tampere univ"}).content.decode()
    assert "Tampere, Finland" in page
    assert "Tampere, Finland, existed until 2018, now part of Tampere University" in page
    assert "None of these" in page
    assert "“tampere univ” is kept" in page
    nothing = client.get("/institutions/search/", {"institution_name": "quidditch"}).content.decode()
    assert "We know none of this name" in nothing
    assert "Type a word of its name" in client.get("/institutions/search/").content.decode()


def test_a_choice_wins_over_what_was_typed_and_free_text_is_kept(client: Client) -> None:
    emil = people.expert("Emil", verified=False)
    people.sign_in(client, emil.user)
    chosen = {**CLAIM, "institution_name": "copen", "institution": "035b05819", "country": "SE"}
    client.post("/expert/credentials/new/", {**chosen, "upload": people.diploma()})
    credential = Credential.objects.get()
    assert credential.institution is not None
    assert (credential.institution_name, credential.country) == ("University of Copenhagen", "DK")
    Credential.objects.update(status=Credential.Status.CLAIMED)
    page = client.get(f"/expert/credentials/{credential.public_id}/edit/").content.decode()
    assert 'value="035b05819" checked' in page
    free = {**CLAIM, "institution_name": "A school of my own", "institution": ""}
    client.post(f"/expert/credentials/{credential.public_id}/edit/", free)
    credential = Credential.objects.get()
    assert credential.institution is None
    assert credential.institution_name == "A school of my own"
    unknown = client.post("/expert/credentials/new/", {**chosen, "institution": "nonsense", "upload": people.diploma()})
    assert unknown.status_code == 422
