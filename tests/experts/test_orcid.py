"""Iris connects her ORCID record and a worker reads it: what Oxford wrote there is strong, what she wrote a hint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.socialaccount.providers.orcid.views import OrcidOAuth2Adapter
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Notice
from core.errors import NotAllowed, Refused
from core.events import drain
from experts.actions import ask_orcid, ask_remotes, claim_orcid_item, disconnect_orcid, use_orcid_item
from experts.models import Assertion, Credential, Expert, Inquiry, Institution, OrcidItem, Strength
from experts.orcid.client import fetch, record_of
from experts.orcid.worth import speaks_of, worth
from experts.remote import Away, Nonsense
from tests import people
from tests.experts.test_orcid_reader import IRIS, IRISES, OXFORD, SHARED, line, needs_samples, whole
from tests.remote import Service, Told, serving

pytestmark = pytest.mark.django_db

RECORD = f"/v3.0/{IRIS}/record"


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    with serving() as running:
        settings.ORCID_API = f"{running.url}/v3.0"
        answers(running, whole(line()))
        yield running


def answers(service: Service, record: Any, status: int = 200) -> None:
    service.answers[RECORD] = Told(status, json.dumps(record).encode())


@pytest.fixture
def iris(db: None) -> Expert:
    """Kofi's account under her name, connected to her iD."""
    expert = people.expert("Iris Carberry", country="GB", verified=False)
    SocialAccount.objects.create(user=expert.user, provider="orcid", uid=IRIS)
    return expert


def oxford() -> Institution:
    known, _ = Institution.objects.get_or_create(
        ror_id="052gg0110", defaults={"name": "University of Oxford", "country": "GB"}
    )
    return known


def read(iris: Expert) -> list[OrcidItem]:
    ask_orcid(expert=iris, by=iris.user)
    ask_remotes()
    return list(iris.orcid_items.order_by("kind", "put_code"))


def degree(iris: Expert, **claim: Any) -> Credential:
    given = {"title": "DPhil", "level": 8, "institution": oxford(), "institution_name": "Oxford", "year": 2014}
    return people.credential(iris, status=Credential.Status.CLAIMED, **{**given, **claim})


def test_the_record_is_read_and_a_line_is_claimed_in_one_click(service: Service, iris: Expert, client: Client) -> None:
    known = oxford()
    education, work = read(iris)
    assert service.asked == [RECORD]
    assert service.accepts == ["application/vnd.orcid+json"]
    assert (education.institution, work.kind) == (known, "work")
    drain()
    assert "Your ORCID record: ORCID record answered" in Notice.objects.get(user=iris.user).title
    people.sign_in(client, iris.user)
    page = client.get("/expert/orcid/").content.decode()
    assert "University of Oxford put this line there itself." in page
    assert "1 in your record, the newest: On ice" in page
    url = client.post(f"/expert/orcid/{education.public_id}/claim/")["Location"]
    claimed = Credential.objects.get(expert=iris)
    assert (claimed.level, claimed.field.code, claimed.year, claimed.institution) == (8, "0533", 2014, known)
    said = Assertion.objects.get(credential=claimed)
    assert (said.strength, said.source) == (Strength.STRONG, "University of Oxford (APP-OXFORD)")
    assert said.says == {"title": "DPhil in Physics", "institution": "052gg0110", "year": "2014"}
    assert claimed.status == Credential.Status.EVIDENCED
    assert "put this line there itself" in client.get(url).content.decode()
    assert "A proof of DPhil in Physics" in client.get("/expert/orcid/").content.decode()
    with pytest.raises(Refused, match="used this line already"):
        use_orcid_item(item=education, credential=claimed, by=iris.user)


def test_a_line_fits_a_credential_that_is_there_and_is_taken_with_one_click(
    service: Service, iris: Expert, client: Client
) -> None:
    mine = degree(iris)
    other = degree(iris, institution=None, institution_name="Elsewhere")
    education = read(iris)[0]
    people.sign_in(client, iris.user)
    page = client.get("/expert/orcid/").content.decode()
    assert "Take as proof of DPhil" in page
    assert "Claim this degree" not in page
    assert "Use my ORCID record" in client.get(f"/expert/credentials/{mine.public_id}/").content.decode()
    client.post(f"/expert/orcid/{education.public_id}/use/{other.public_id}/")
    assert not Assertion.objects.exists()
    client.post(f"/expert/orcid/{education.public_id}/use/{mine.public_id}/")
    assert Assertion.objects.get().credential == mine


@pytest.mark.parametrize(
    ("source", "strength", "words"),
    [
        (OXFORD, Strength.STRONG, "put this line there itself"),
        ({**OXFORD, "source-name": {"value": "A Publisher"}}, Strength.FAIR, "it is another than"),
        ({**OXFORD, "source-name": {"value": "University of Oxford, ORCID hub"}}, Strength.STRONG, "itself"),
        (IRISES, Strength.HINT, "Iris Carberry wrote this line"),
        ({"source-orcid": {"path": IRIS}}, Strength.HINT, "The person wrote this line"),
    ],
)
def test_what_a_line_is_worth(service: Service, iris: Expert, source: Any, strength: int, words: str) -> None:
    answers(service, whole(line(source)))
    found = worth(read(iris)[0])
    assert (found.strength, words in found.reason) == (strength, True)


def test_the_institution_by_another_of_its_names_is_the_institution_too(service: Service, iris: Expert) -> None:
    oxford().names.create(value="Oxford University", kind="alias", folded="oxford university")
    answers(service, whole(line({**OXFORD, "source-name": {"value": "Oxford University"}})))
    assert worth(read(iris)[0]).strength == Strength.STRONG


def test_of_which_credential_a_line_speaks(service: Service, iris: Expert) -> None:
    education = read(iris)[0]
    oxfords = education.institution
    assert speaks_of(education, degree(iris, institution=oxfords))
    for other in ({"level": 7}, {"year": 2015}, {"institution": None, "institution_name": "Elsewhere"}):
        assert not speaks_of(education, degree(iris, **{"institution": oxfords, **other}))
    education.institution = None
    assert speaks_of(education, degree(iris, institution=None, institution_name="university of OXFORD"))
    licence = Credential(kind=Credential.Kind.LICENCE, institution_name="University of Oxford", year=2014)
    assert not speaks_of(education, licence)


@pytest.mark.parametrize(
    "change", [{"role-title": "Degree awarded"}, {"end-date": None}, {"organization": {"name": "Oxford"}}]
)
def test_a_line_that_says_too_little_sends_one_to_the_form(
    service: Service, iris: Expert, client: Client, change: dict[str, Any]
) -> None:
    answers(service, whole(line(**{"department-name": None, **change})))
    education = read(iris)[0]
    people.sign_in(client, iris.user)
    page = client.post(f"/expert/orcid/{education.public_id}/claim/", follow=True).content.decode()
    assert "The line says too little" in page
    assert not Credential.objects.exists()


def test_an_employment_proves_no_degree(service: Service, iris: Expert) -> None:
    job = {"employments": {"affiliation-group": [{"summaries": [{"employment-summary": line()}]}]}}
    answers(service, whole(**{"activities-summary": job}))
    employment = read(iris)[0]
    with pytest.raises(Refused, match="says too little"):
        claim_orcid_item(item=employment, by=iris.user)
    with pytest.raises(Refused, match="cannot be a proof"):
        use_orcid_item(item=employment, credential=degree(iris, institution=employment.institution), by=iris.user)


def test_read_again_it_is_brought_up_to_date_and_what_was_taken_stays(service: Service, iris: Expert) -> None:
    taken = read(iris)[0]
    claim_orcid_item(item=taken, by=iris.user)
    answers(service, whole(line(**{"put-code": 8, "role-title": "MSc"})))
    assert [item.put_code for item in read(iris)] == [7, 8, 9]
    answers(service, whole(line(**{"put-code": 8, "role-title": "MSc in Ice"})))
    assert [item.title for item in read(iris)] == ["DPhil in Physics", "MSc in Ice", "On ice"]


def test_disconnected_it_is_forgotten_but_for_what_was_taken(service: Service, iris: Expert, client: Client) -> None:
    taken = read(iris)[0]
    claim_orcid_item(item=taken, by=iris.user)
    ask_orcid(expert=iris, by=iris.user)
    people.sign_in(client, iris.user)
    assert "We are reading it" in client.get("/expert/orcid/").content.decode()
    client.post("/expert/orcid/disconnect/")
    assert [item.put_code for item in iris.orcid_items.all()] == [7]
    ask_remotes()  # what was under way keeps nothing any more
    assert iris.orcid_items.count() == 1
    page = client.post("/expert/orcid/read/", follow=True).content.decode()
    assert "Connect your ORCID iD" in page
    assert str(taken) == "DPhil in Physics, University of Oxford, 2014"


def test_others_read_use_and_forget_nothing(service: Service, iris: Expert, client: Client) -> None:
    education = read(iris)[0]
    farah = people.expert("Farah").user
    for forbidden in (
        lambda: ask_orcid(expert=iris, by=farah),
        lambda: claim_orcid_item(item=education, by=farah),
        lambda: use_orcid_item(item=education, credential=degree(iris), by=farah),
        lambda: disconnect_orcid(expert=iris, by=farah),
    ):
        with pytest.raises(NotAllowed):
            forbidden()
    people.sign_in(client, farah)
    assert client.post(f"/expert/orcid/{education.public_id}/claim/").status_code == 404


def test_where_orcid_is_not_set_up_nothing_speaks_of_it(iris: Expert, client: Client, settings: Settings) -> None:
    people.sign_in(client, iris.user)
    mine = f"/expert/credentials/{degree(iris).public_id}/"
    assert "ORCID" in client.get("/expert/").content.decode()
    settings.ORCID_CLIENT_ID = ""
    SocialAccount.objects.all().delete()
    assert "ORCID" not in client.get("/expert/").content.decode()
    assert "ORCID" not in client.get(mine).content.decode()
    assert "ORCID is not set up here" in client.get("/expert/orcid/").content.decode()


# --- the API and its answers ------------------------------------------------------------------------------------------


def test_who_is_away_is_asked_again_and_the_page_says_so(service: Service, iris: Expert, client: Client) -> None:
    answers(service, {}, status=503)
    read(iris)
    people.sign_in(client, iris.user)
    assert "The last time in vain: it answered 503" in client.get("/expert/orcid/").content.decode()
    Inquiry.objects.update(due_at=timezone.now())
    answers(service, {"response-code": 409, "user-message": "The record is locked."}, status=409)
    ask_remotes()
    assert "The record is locked." in client.get("/expert/orcid/").content.decode()


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (whole(**{"orcid-identifier": {"path": "0000-0001-5109-3700"}}), 200, "somebody else's record"),
        ({"x": 1}, 401, "answered 401"),
        ("x", 200, "another shape"),
    ],
)
def test_answers_that_cannot_be_taken(service: Service, answer: Any, status: int, words: str) -> None:
    answers(service, answer, status)
    with pytest.raises(Nonsense, match=words):
        record_of(IRIS)


def test_only_an_id_becomes_part_of_an_address(service: Service) -> None:
    with pytest.raises(Nonsense, match="no ORCID iD"):
        record_of("../../inside")
    assert service.asked == []


def recorded() -> list[dict[str, Any]]:
    path = SHARED / "public_api_responses.jsonl"
    return [json.loads(row) for row in path.read_text().splitlines()] if SHARED.exists() else []


@needs_samples
def test_every_recorded_answer_of_the_public_api(service: Service) -> None:
    """Persons have a name and no lines, searches have neither, 400 and 404 say why (500: see above)."""
    verdicts: dict[int, set[str]] = {}
    for row in recorded():
        body = row["body"] if isinstance(row["body"], str) else json.dumps(row["body"])
        service.answers[row["request_path"]] = Told(row["status"], body.encode())
        try:
            found = fetch(row["request_path"].removeprefix("/v3.0/"))
        except Away:
            verdict = "away"
        except Nonsense:
            verdict = "refused"
        else:
            assert found.lines == ()
            assert bool(found.name) == row["request_path"].endswith("/person")
            verdict = "read"
        verdicts.setdefault(row["status"], set()).add(verdict)
    assert verdicts == {200: {"read"}, 400: {"refused"}, 404: {"refused"}}


# --- signing in at ORCID ----------------------------------------------------------------------------------------------


@pytest.fixture
def at_orcid(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """ORCID's own pages, played on this machine."""
    monkeypatch.setattr(OrcidOAuth2Adapter, "access_token_url", f"{service.url}/oauth/token")
    monkeypatch.setattr(OrcidOAuth2Adapter, "profile_url", f"{service.url}/v3.0/%s/record")
    token = {"access_token": "secret-token", "token_type": "bearer", "orcid": IRIS, "name": "Iris", "expires_in": 9}
    service.answers["/oauth/token"] = Told(200, json.dumps(token).encode(), {"Content-Type": "application/json"})
    return service


def come_back(client: Client, process: str) -> Any:
    start = client.post(f"/accounts/orcid/login/?process={process}&next=/expert/orcid/")
    assert start["Location"].startswith("https://orcid.org/oauth/authorize?")
    assert "scope=%2Fauthenticate" in start["Location"]
    state = start["Location"].split("state=")[1].split("&")[0]
    return client.get(f"/accounts/orcid/login/callback/?code=abc&state={state}")


def test_connecting_keeps_the_id_and_neither_token_nor_record(at_orcid: Service, client: Client) -> None:
    sam = people.expert("Sam", verified=False).user
    client.post("/accounts/login/", {"login": sam.email, "password": people.PASSWORD})
    assert come_back(client, "connect")["Location"] == "/accounts/reauthenticate/"
    assert client.post("/accounts/reauthenticate/", {"password": people.PASSWORD})["Location"] == "/expert/orcid/"
    account = SocialAccount.objects.get(user=sam)
    assert (account.uid, account.extra_data) == (IRIS, {})
    assert not SocialToken.objects.exists()
    page = client.get("/expert/orcid/").content.decode()
    assert IRIS in page
    assert "Read my record" in page


def test_signing_in_with_a_connected_id(at_orcid: Service, iris: Expert, client: Client) -> None:
    assert "Sign in with ORCID" in client.get("/accounts/login/").content.decode()
    assert come_back(client, "login")["Location"] == "/expert/orcid/"
    assert client.get("/expert/orcid/").status_code == 200
    assert SocialAccount.objects.get().extra_data == {}


def test_an_id_that_nobody_connected_opens_nothing(at_orcid: Service, client: Client) -> None:
    assert come_back(client, "login")["Location"] == "/accounts/login/"
    assert "No account is connected to this ORCID iD" in client.get("/accounts/login/").content.decode()
    assert not SocialAccount.objects.exists()
