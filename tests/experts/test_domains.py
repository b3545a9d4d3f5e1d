"""Whose a mail address is, what it says of its holder, and which addresses prove nothing."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from experts.domains import Belonging, belonging, country_of, domain_of, is_public, suffixes
from experts.models import Institution, MailDomain
from experts.registry import institution_of
from tests import shared


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        (" Ada@Physics.KU.dk ", "physics.ku.dk"),
        ("ada@uni-köln.de", "xn--uni-kln-e1a.de"),
        ("ada", ""),
        ("@ku.dk", ""),
        ("ada@", ""),
        ("ada@localhost", ""),
        ("ada@ku..dk", ""),
    ],
)
def test_the_domain_of_an_address(address: str, domain: str) -> None:
    assert domain_of(address) == domain


def test_public_suffixes_are_nobodys() -> None:
    assert suffixes("cs.ox.ac.uk") == ["cs.ox.ac.uk", "ox.ac.uk"]
    assert suffixes("physics.harvard.edu") == ["physics.harvard.edu", "harvard.edu"]
    assert suffixes("ac.uk") == suffixes("edu") == []
    assert all(map(is_public, ("edu", "ac.uk", "edu.au", "ac.jp", "ed.jp")))
    assert not any(map(is_public, ("ku.dk", "mit.edu", "ox.ac.uk")))


@pytest.mark.parametrize(
    ("address", "own", "kind", "words"),
    [
        ("ada@alumni.ku.dk", "ku.dk", Belonging.ALUMNI, "“alumni” in alumni.ku.dk marks alumni"),
        ("ada@post.harvard.edu", "harvard.edu", Belonging.ALUMNI, "“post”"),
        ("ada@alumnos.uc.cl", "uc.cl", Belonging.STUDENT, "marks students"),  # in Spanish they are still there
        ("ada@student.eit.edu.au", "student.eit.edu.au", Belonging.STUDENT, "“student”"),
        ("ada@stu.edu.cn", "stu.edu.cn", Belonging.UNKNOWN, "staff and students alike"),  # Shantou University
        ("ada@staff.uni.edu", "uni.edu", Belonging.STAFF, "marks staff"),
        ("s1234567@ku.dk", "ku.dk", Belonging.STUDENT, "a student's number"),
        ("ada@ku.dk", "ku.dk", Belonging.UNKNOWN, "as far as we know"),
    ],
)
def test_what_an_address_says_of_its_holder(address: str, own: str, kind: Belonging, words: str) -> None:
    found, reason = belonging(address, own, [own])
    assert found == kind
    assert words in reason


def test_where_students_have_a_domain_of_their_own_the_others_are_staff() -> None:
    assert belonging("ada@uni.edu", "uni.edu", ["uni.edu", "students.uni.edu"])[0] == Belonging.STAFF


def test_the_country_of_a_domain() -> None:
    assert [country_of(each) for each in ("ox.ac.uk", "mit.edu", "ku.dk", "school.org")] == ["GB", "US", "DK", ""]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "name", "kind", "words"),
    [
        ("ada@physics.ku.dk", "University of Copenhagen", "unknown", "physics.ku.dk is for staff and students"),
        ("ada@alumni.ku.dk", "University of Copenhagen", "alumni", "marks alumni"),
        ("ada@gmail.com", None, "unknown", "anybody can have an address at gmail.com"),
        ("ada@ac.uk", None, "unknown", "ac.uk belongs to no institution"),
        ("ada@nobody.example", None, "unknown", "belongs to no institution that we know"),
        ("ada", None, "unknown", "no e-mail address"),
    ],
)
def test_whose_an_address_is(address: str, name: str | None, kind: str, words: str) -> None:
    found = institution_of(address)
    assert (found.institution.name if found.institution else None) == name
    assert found.belonging == kind
    assert words in found.reason


def loaded(tmp_path: Path, *records: object, lines: bool = True) -> str:
    path = tmp_path / "list.json"
    path.write_text("\n".join([*map(json.dumps, records), "{"]) if lines else json.dumps(records[0], indent=1))
    said = io.StringIO()
    call_command("load_domains", path, stdout=said)
    return said.getvalue()


@pytest.mark.django_db
def test_lists_add_domains_by_name_and_country(tmp_path: Path) -> None:
    said = loaded(
        tmp_path,
        {"name": "University of Copenhagen", "domains": ["Copenhagen.example", "ac.uk"], "alpha_two_code": "DK"},
        {"name": "University of Copenhagen", "domains": ["other.example"], "alpha_two_code": "FR"},
        {"domain": "oxford.ac.uk", "names": ["University of Oxford", "Oxford University"]},
        {"domain": "gmail.com", "names": ["University of Oxford"]},
        {"name": "half a record"},
        7,
    )
    assert said == (
        "7 records: 2 domains linked, 0 refused as proof, 1 of institutions not in the registry, 3 records skipped.\n"
    )
    found = institution_of("ada@students.copenhagen.example")
    assert found.institution is not None
    assert (found.institution.name, found.belonging) == ("University of Copenhagen", Belonging.STUDENT)
    oxford = institution_of("ada@oxford.ac.uk").institution
    assert str(oxford) == "University of Oxford"
    assert str(MailDomain.objects.get(institution=oxford)) == "oxford.ac.uk"
    assert institution_of("ada@other.example").institution is None


@pytest.mark.django_db
def test_what_is_known_to_be_abused_proves_nothing_whoever_owns_it(tmp_path: Path) -> None:
    loaded(tmp_path, {"domain": "oxford.ac.uk", "names": ["University of Oxford"]})
    lists = {"academic_tlds": ["ac.be"], "stoplist": ["ku.dk"], "abused": ["Oxford.ac.uk", "x" * 121]}
    assert "2 refused as proof" in loaded(tmp_path, lists, lines=False)
    for address in ("ada@ku.dk", "ada@mail.oxford.ac.uk"):
        found = institution_of(address)
        assert found.institution is None
        assert "known to prove nothing" in found.reason
    loaded(tmp_path, {"domain": "oxford.ac.uk", "names": ["University of Oxford"]})  # once refused, always refused
    assert institution_of("ada@oxford.ac.uk").institution is None


@pytest.mark.django_db
def test_a_website_counts_last_and_a_shared_domain_not_at_all(tmp_path: Path) -> None:
    web = Institution.objects.create(ror_id="0zz000001", name="Webbed", country="NO", website="webbed.example")
    assert institution_of("ada@mail.webbed.example").institution == web
    for number in (2, 3):
        shared_by = {"name": f"House {number}", "country": "NO", "domains": ["webbed.example"]}
        Institution.objects.create(ror_id=f"0zz00000{number}", **shared_by)
    found = institution_of("ada@webbed.example")
    assert (found.institution, found.reason) == (None, "webbed.example is shared by House 2 and House 3")


@pytest.mark.django_db
def test_a_file_that_is_no_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("load_domains", tmp_path / "none")
    assert "1 records skipped" in loaded(tmp_path, [1], lines=False).replace("2 records", "1 records")


@pytest.mark.django_db
def test_the_real_lists_are_read() -> None:
    said = io.StringIO()
    call_command("load_domains", shared.path("swot/lists.json"), stdout=said)
    assert said.getvalue().startswith("1 records: 0 domains linked, 3,181 refused as proof")
    call_command("load_domains", shared.path("university_domains/universities.jsonl"), stdout=said)
    assert said.getvalue().endswith(" 0 records skipped.\n")
    assert MailDomain.objects.exclude(institution=None).count() > 300
