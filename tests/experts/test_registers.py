"""Licences held against registers. The answers of NPPES are written after its public schema (API version 2.1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import Notice
from core.errors import Invalid, NotAllowed, Refused
from core.events import drain
from experts import jobs
from experts.actions import ask_register, ask_remotes, asking, load_register
from experts.models import Assertion, Credential, Inquiry, RegisterEntry, Strength
from experts.registers import register_for
from experts.registers.base import Licence, same_number
from experts.registers.nppes import MOST, is_npi, question, read
from experts.remote import Nonsense
from tests import people
from tests.experts.test_licences import licence
from tests.remote import Service, Told, serving

NPI = "1234567893"  # the example number of the standard
NOOR = Licence(number=NPI, name="Noor Haddad", profession="physician", place="US-CA")
BY_LICENCE = Licence(number="A 123456", name="Noor Haddad", profession="physician", place="US-CA")


def provider(**changes: Any) -> dict[str, Any]:
    """One result of the API, as its schema has it."""
    return {
        "created_epoch": "1183680000000",
        "last_updated_epoch": "1269302400000",
        "enumeration_type": "NPI-1",
        "number": NPI,
        "basic": {
            "first_name": "NOOR",
            "middle_name": "AMIRA",
            "last_name": "HADDAD",
            "credential": "M.D.",
            "sole_proprietor": "NO",
            "enumeration_date": "2007-07-06",
            "last_updated": "2020-03-23",
            "status": "A",
        },
        "taxonomies": [
            {"code": "390200000X", "taxonomy_group": "", "desc": "Student", "state": None, "license": None},
            {"code": "207R00000X", "desc": "Internal Medicine", "state": "CA", "license": "A123456", "primary": True},
        ],
        "addresses": [],
        "practiceLocations": [],
        "identifiers": [],
        "endpoints": [],
        "other_names": [],
        **changes,
    }


def basic(**changes: Any) -> dict[str, Any]:
    return {"basic": {**provider()["basic"], **changes}}


def answer(*rows: Any) -> dict[str, Any]:
    return {"result_count": len(rows), "results": list(rows)}


def verdict(told: Any, asked: Licence = NOOR) -> tuple[str, str]:
    finding = read(told, asked)
    return finding.verdict, " ".join(finding.reasons)


def test_a_number_checks_itself() -> None:
    assert is_npi(NPI)
    for wrong in ("1234567890", "123456789", "3234567893", "12345678931", "A123456789"):
        assert not is_npi(wrong)
    assert same_number("A-123 456", "a123456")
    assert not same_number("-", " ")


def test_what_is_asked() -> None:
    assert question(NOOR) == {"version": "2.1", "number": NPI}
    assert question(BY_LICENCE) == {
        "version": "2.1",
        "enumeration_type": "NPI-1",
        "first_name": "Noor",
        "last_name": "Haddad",
        "state": "CA",
        "limit": "200",
    }
    assert "state" not in question(Licence("A 1", "Noor Haddad", "physician", "US"))


@pytest.mark.parametrize("asked", [NOOR, BY_LICENCE, Licence(NPI, "Haddad, Noor A.", "physician", "US")])
def test_the_right_person_with_the_right_licence_is_confirmed(asked: Licence) -> None:
    finding = read(answer(provider()), asked)
    assert finding.verdict == "holds"
    assert finding.says == {"name": "NOOR AMIRA HADDAD", "number": NPI, "title": "Internal Medicine"}
    assert "what the provider told CMS" in finding.reasons[-1]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (provider(enumeration_type="NPI-2", basic={"organization_name": "NOOR LLC"}), "of an organisation"),
        (provider(**basic(status="D")), "no longer active"),
        (provider(**basic(deactivation_date="2024-01-01")), "no longer active"),
        (provider(**basic(first_name="OLGA")), "under another name"),
        (provider(basic=None), "under another name"),
        (provider(taxonomies=[{"code": "207R00000X", "state": "NV", "license": "1"}]), "no such profession"),
        (provider(taxonomies=[{"code": "163W00000X", "state": "CA", "license": "1"}]), "no such profession"),
        (provider(taxonomies=None), "no such profession"),
        (provider(number="1999999992"), "no provider with the number"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(row: dict[str, Any], words: str) -> None:
    found, why = verdict(answer(row))
    assert found == "refused"
    assert words in why


def test_a_number_that_was_taken_up_again_and_an_earlier_name_hold() -> None:
    again = basic(deactivation_date="2020-01-01", reactivation_date="2021-01-01", last_name="Sayegh")
    married = provider(**again, other_names=[{"first_name": "Noor", "last_name": "Haddad", "type": "Former Name"}])
    assert verdict(answer(married))[0] == "holds"


def test_a_licence_is_found_among_people_of_the_same_name() -> None:
    other = provider(number="1999999992", taxonomies=[{"code": "207R00000X", "state": "CA", "license": "B1"}])
    assert verdict(answer(other, provider()), BY_LICENCE)[0] == "holds"
    assert verdict(answer(other), BY_LICENCE) == (
        "refused",
        "The register has nobody of this name with the licence A 123456 there.",
    )
    assert verdict(answer(provider(**basic(status="D"))), BY_LICENCE)[0] == "refused"
    assert verdict(answer(*[other] * MOST), BY_LICENCE)[0] == "unverifiable"
    assert verdict(answer(), NOOR)[0] == "refused"


def test_what_the_register_does_not_understand_is_no_verdict_on_the_person() -> None:
    errors = {"Errors": [{"description": "CMS deprecated NPPES API version", "field": "version", "number": "15"}]}
    assert verdict(errors) == (
        "unverifiable",
        "The register turned our question down: CMS deprecated NPPES API version",
    )


@pytest.mark.parametrize("told", [[], {"result_count": 1}, {"results": {}}, "", None])
def test_another_shape_is_nonsense(told: Any) -> None:
    with pytest.raises(Nonsense):
        read(told, NOOR)


def test_rows_that_are_no_rows_are_passed_over() -> None:
    assert verdict(answer("x", provider(other_names=["y"])))[0] == "holds"


# --- asked by a worker ------------------------------------------------------------------------------------------------


@pytest.fixture
def service(settings: Settings, db: None) -> Iterator[Service]:
    with serving() as running:
        settings.NPPES_BASE = f"{running.url}/api/"
        running.answers[""] = Told(200, json.dumps(answer(provider())).encode())
        yield running


def asked(noors: Credential) -> Inquiry:
    return ask_register(credential=noors, by=noors.expert.user)


def noors_page(noors: Credential) -> str:
    client = people.sign_in(Client(), noors.expert.user)
    return client.get(f"/expert/credentials/{noors.public_id}/").content.decode()


def test_noor_asks_the_register_and_the_review_starts(service: Service) -> None:
    noors = licence(number=NPI)
    assert "Ask the register" in noors_page(noors)
    assert "what its register says" in noors_page(noors)
    assert "<dt>Profession</dt><dd>Physician</dd>" in noors_page(noors)
    inquiry = asked(noors)
    assert str(inquiry) == "Licence register: nppes"
    assert "We are asking" in noors_page(noors)
    with pytest.raises(Refused, match="asking already"):
        asked(noors)
    jobs.ask_remotes()
    assert service.asked == [f"/api/?version=2.1&number={NPI}"]
    said = Assertion.objects.get()
    assert (said.verdict, said.strength, said.says["number"]) == ("holds", Strength.FAIR, NPI)
    noors.refresh_from_db()
    assert noors.status == Credential.Status.EVIDENCED
    drain()
    assert Notice.objects.get(user=noors.expert.user).title.endswith("Licence register answered")
    assert "The register has this number for" in noors_page(noors)
    assert ask_remotes() == 0


def test_what_the_register_refuses_is_told_and_starts_no_clock(service: Service) -> None:
    noors = licence(number=NPI)
    service.answers[""] = Told(200, json.dumps(answer()).encode())
    asked(noors)
    ask_remotes()
    noors.refresh_from_db()
    assert noors.status == Credential.Status.CLAIMED
    assert "no provider with the number" in noors_page(noors)


def due_now() -> None:
    Inquiry.objects.update(due_at=timezone.now())


def test_a_register_that_is_away_is_asked_again_with_growing_pauses_and_then_given_up(service: Service) -> None:
    noors = licence(number=NPI)
    service.answers[""] = Told(503)
    inquiry = asked(noors)
    pauses = []
    for _ in range(asking.TRIES):
        due_now()
        before = timezone.now()
        assert ask_remotes() == 1
        inquiry.refresh_from_db()
        pauses.append(round((inquiry.due_at - before).total_seconds() / 60))
        assert ask_remotes() == 0  # not before the pause is over
    assert pauses[:4] == [1, 2, 4, 8]
    assert max(pauses) <= 360
    assert (inquiry.closed_at is None, inquiry.problem) == (False, "it answered 503")
    drain()
    notice = Notice.objects.get(user=noors.expert.user)
    assert notice.title.endswith("we could not find out")
    assert "You can ask again" in notice.body
    asked(noors)  # and so they can


def test_the_page_says_that_it_was_in_vain_and_when_it_is_tried_next(service: Service) -> None:
    noors = licence(number=NPI)
    service.answers[""] = Told(429, headers={"Retry-After": "7200"})
    asked(noors)
    ask_remotes()
    assert "The last time in vain: it answered 429" in noors_page(noors)
    assert Inquiry.objects.get().due_at > timezone.now() + timedelta(minutes=110)


def test_an_answer_that_cannot_be_read_is_not_asked_for_again(service: Service) -> None:
    noors = licence(number=NPI)
    service.answers[""] = Told(200, b"<html>")
    asked(noors)
    ask_remotes()
    inquiry = Inquiry.objects.get()
    assert (inquiry.closed_at is None, inquiry.problem) == (False, "its answer is no JSON")


def test_an_inquiry_that_another_worker_has_is_left_alone(service: Service) -> None:
    noors = licence(number=NPI)
    inquiry = asked(noors)
    Inquiry.objects.update(closed_at=timezone.now())
    assert asking._ask(inquiry.pk) == 0


def test_a_broker_that_is_down_costs_a_minute(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def down(*_: object, **__: object) -> None:
        raise OperationalError

    monkeypatch.setattr(current_app, "send_task", down)
    with django_capture_on_commit_callbacks(execute=True):
        asked(licence(number=NPI))
    assert Inquiry.objects.count() == 1


def test_where_no_register_is_known_or_nothing_more_is_taken(service: Service, settings: Settings) -> None:
    german = licence(jurisdiction="DE", country="DE")
    with pytest.raises(Refused, match="no register"):
        asked(german)
    assert "We know no register" in noors_page(german)
    Credential.objects.update(jurisdiction="US-CA", status="revoked", decided_by=people.ops())
    german.refresh_from_db()
    with pytest.raises(Refused, match="no more proof"):
        asked(german)
    assert "takes no more proof" in noors_page(german)
    settings.NPPES_BASE = ""
    assert register_for(german) is None
    with pytest.raises(NotAllowed):
        ask_register(credential=german, by=people.user("Sam"))


def test_through_the_api_and_the_browser(service: Service, client: Client) -> None:
    noors = licence(number=NPI)
    api = people.api_client_for(noors.expert.user)
    url = f"/api/v1/credentials/{noors.public_id}/"
    assert [way["road"] for way in api.get(f"{url}roads/").json()] == ["register", "diploma", "document"]
    assert api.post(f"{url}register/").status_code == 202
    people.sign_in(client, noors.expert.user)
    page = client.post(f"/expert/credentials/{noors.public_id}/register/", follow=True).content.decode()
    assert "We are asking already" in page


# --- loaded from a board's file ---------------------------------------------------------------------------------------

HEAD = "profession,place,number,name,active,expires_on\n"
ROWS = "physician,US-CA,A-123456,Noor Haddad,1,2099-01-31\nphysician,US-CA,B2,Olga Novak,0,\n"


def loaded(tmp_path: Path, rows: str, head: str = HEAD) -> int:
    path = tmp_path / "board.csv"
    path.write_text(head + rows, encoding="utf-8")
    return load_register(path=path)


def test_a_boards_file_is_asked_before_nppes_and_is_a_strong_proof(service: Service, tmp_path: Path) -> None:
    assert loaded(tmp_path, ROWS) == 2
    assert loaded(tmp_path, ROWS) == 2
    assert RegisterEntry.objects.count() == 2
    noors = licence()
    asked(noors)
    ask_remotes()
    said = Assertion.objects.get()
    assert (said.verdict, said.strength) == ("holds", Strength.STRONG)
    assert said.says == {"name": "Noor Haddad", "number": "A 123456", "expires_on": "2099-01-31"}
    assert service.asked == []
    assert str(RegisterEntry.objects.get(number="A123456")) == "US-CA A123456"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("physician,US-CA,B2,Noor Haddad,1,\n", "has no licence A 123456"),
        ("physician,US-CA,A123456,Olga Novak,1,\n", "under another name"),
        ("physician,US-CA,A123456,Noor Haddad,0,\n", "not in force"),
        ("physician,US-CA,A123456,Noor Haddad,1,2020-01-31\n", "ran out on 31 January 2020"),
    ],
)
def test_what_the_file_does_not_confirm(tmp_path: Path, rows: str, words: str) -> None:
    loaded(tmp_path, rows)
    asked(licence())
    ask_remotes()
    said = Assertion.objects.get()
    assert (said.verdict, words in said.reasons[0]) == ("refused", True)


@pytest.mark.django_db
def test_a_licence_without_end_holds(tmp_path: Path) -> None:
    loaded(tmp_path, "physician,US-CA,A123456,Noor Haddad,1,\n")
    asked(licence())
    ask_remotes()
    assert "expires_on" not in Assertion.objects.get().says


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("wizard,US-CA,1,Noor,1,\n", "Row 1: 'wizard' cannot be its profession"),
        ("nurse,US-XX,1,Noor,1,\n", "cannot be its place"),
        ("nurse,US-CA,-,Noor,1,\n", "cannot be its number"),
        ("nurse,US-CA,1,,1,\n", "cannot be its name"),
        ("nurse,US-CA,1,Noor,yes,\n", "'yes' cannot be its active"),
        (f"nurse,US-CA,1,Noor,1,\n{'nurse,US-CA,2,Noor,1,31.1.2099'}\n", "Row 2: '31.1.2099' cannot be its expires_on"),
        ("nurse\n", "cannot be its place"),
    ],
)
def test_a_file_with_a_mistake_loads_nothing(tmp_path: Path, rows: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        loaded(tmp_path, rows)
    assert not RegisterEntry.objects.exists()


@pytest.mark.django_db
def test_the_command(tmp_path: Path) -> None:
    out = StringIO()
    path = tmp_path / "board.csv"
    path.write_text(HEAD + ROWS)
    call_command("load_register", str(path), stdout=out)
    assert out.getvalue() == "2 licences\n"
    path.write_text("number\n1\n")
    for wrong in (path, tmp_path / "none.csv"):
        with pytest.raises(CommandError):
            call_command("load_register", str(wrong))
