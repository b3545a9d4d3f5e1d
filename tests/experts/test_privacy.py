"""Who saw what, documents that go, licences by form, and what the API says of a credential."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from core.errors import NotAllowed, WrongState
from core.models import Event
from experts import actions
from experts.jobs import delete_old_documents
from experts.models import Credential, Evidence, Opening
from tests import people

pytestmark = pytest.mark.django_db
LICENCE = {
    "profession": "physician",
    "jurisdiction": "california",
    "number": "A 123",
    "title": "Physician and Surgeon",
    "institution_name": "Medical Board of California",
    "field_search": "Medicine",
    "year": "2012",
    "expires_on": "2031-01-31",
    "name_on_document": "Noor Haddad",
}


@pytest.fixture
def diploma() -> Evidence:
    emil = people.expert("Emil", verified=False)
    credential = people.credential(emil)
    return actions.render_evidence(
        evidence=actions.add_evidence(credential=credential, upload=people.diploma(), by=emil.user)
    )


def verified(diploma: Evidence) -> Credential:
    return actions.verify_credential(credential=diploma.credential, by=people.ops())


# --- Who saw what -----------------------------------------------------------------------------------------------------


def test_emil_reads_who_opened_which_page_and_when(client: Client, diploma: Evidence) -> None:
    page = f"/evidence/{diploma.public_id}/pages/1/"
    people.sign_in(client, diploma.credential.expert.user)
    assert client.get(page).status_code == 200
    assert "Nobody but you has opened a page." in client.get("/expert/privacy/").text
    olu = people.sign_in(Client(), people.ops())
    olu.get(page)
    olu.get(page)
    shown = client.get("/expert/privacy/").text
    assert shown.count("Olu Adeyemi, Quorum") == 2
    assert "2 openings" in shown
    assert "In review" in shown
    assert str(Opening.objects.first()) == "diploma.png, page 1, by Olu Adeyemi"
    assert people.sign_in(Client(), people.user("Farah")).get(page).status_code == 404
    with pytest.raises(NotAllowed):
        actions.note_opening(page=diploma.pages.get(), by=people.user("Farah"))
    assert Opening.objects.count() == 2


def test_who_has_no_documents_or_is_no_expert(client: Client) -> None:
    people.sign_in(client, people.expert("Emil").user)
    assert "nobody can have seen any" in client.get("/expert/privacy/").text
    people.sign_in(client, people.user("Sam"))
    assert client.get("/expert/privacy/")["Location"] == "/expert/"


# --- Documents go -----------------------------------------------------------------------------------------------------


def test_a_document_goes_once_we_have_answered_and_its_fingerprint_stays(
    client: Client, diploma: Evidence, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    url = f"/expert/documents/{diploma.public_id}/delete/"
    files = [str(diploma.file.name), str(diploma.pages.get().image.name)]
    people.sign_in(client, diploma.credential.expert.user)
    assert "its documents can go once you have our answer" in client.post(url, follow=True).text
    verified(diploma)
    assert "Delete it" in client.get("/expert/privacy/").text
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url)
        client.post(url)  # a second press changes nothing
    diploma.refresh_from_db()
    assert (diploma.file.name, diploma.pages.count(), bool(diploma.deleted_at)) == ("", 0, True)
    assert len(diploma.sha256) == 64
    assert not any(default_storage.exists(name) for name in files)
    assert Credential.objects.get().status == "verified"
    assert Event.objects.filter(name="evidence.deleted").count() == 1
    for page in ("/expert/privacy/", f"/expert/credentials/{diploma.credential.public_id}/"):
        assert "Deleted" in client.get(page).text
    olu = people.sign_in(Client(), people.ops())
    desk = olu.get(f"/admin/experts/credential/desk/{diploma.credential.public_id}/").text
    assert "Only its fingerprint is left" in desk


def test_the_fingerprint_still_knows_the_file(diploma: Evidence) -> None:
    verified(diploma)
    actions.delete_document(evidence=diploma, by=diploma.credential.expert.user)
    farahs = people.credential(people.expert("Farah", verified=False))
    actions.add_evidence(credential=farahs, upload=people.diploma(), by=farahs.expert.user)
    assert farahs.checks.get(name="document").outcome == "advises"


@pytest.mark.parametrize("stranger", ["Sam", "Olu"])
def test_nobody_else_deletes_it(diploma: Evidence, stranger: str) -> None:
    verified(diploma)
    with pytest.raises(NotAllowed):
        actions.delete_document(evidence=diploma, by=people.user(stranger))
    assert (
        people.sign_in(Client(), people.user(stranger))
        .post(f"/expert/documents/{diploma.public_id}/delete/")
        .status_code
        == 404
    )


def test_old_documents_go_by_themselves_and_only_they(diploma: Evidence, settings: Settings) -> None:
    settings.QUORUM_DOCUMENT_DAYS = 30
    Credential.objects.update(decided_at=timezone.now() - timedelta(days=60))  # asked for more then, in review now
    delete_old_documents()
    assert Evidence.objects.get().deleted_at is None
    with pytest.raises(WrongState):
        actions.delete_document(evidence=diploma, by=diploma.credential.expert.user)
    verified(diploma)
    delete_old_documents()
    assert Evidence.objects.get().deleted_at is None
    Credential.objects.update(decided_at=timezone.now() - timedelta(days=31))
    settings.QUORUM_DOCUMENT_DAYS = 0
    assert actions.delete_old_documents() == 0
    settings.QUORUM_DOCUMENT_DAYS = 30
    assert (actions.delete_old_documents(), actions.delete_old_documents()) == (1, 0)


# --- Licences by form -------------------------------------------------------------------------------------------------


def test_noor_claims_a_licence_and_corrects_it(client: Client) -> None:
    noor = people.expert("Noor", verified=False)
    people.sign_in(client, noor.user)
    assert "?kind=licence" in client.get("/expert/credentials/new/").text
    assert 'value="Noor Haddad"' in client.get("/expert/credentials/new/?kind=licence").text
    client.post("/expert/credentials/new/?kind=licence", LICENCE)
    made = Credential.objects.get()
    assert (made.kind, made.level, made.jurisdiction, made.country) == ("licence", 0, "US-CA", "US")
    url = f"/expert/credentials/{made.public_id}/"
    assert "31 January 2031" in client.get(url).text
    assert 'value="US-CA"' in client.get(f"{url}edit/").text
    client.post(f"{url}edit/", {**LICENCE, "jurisdiction": "de", "expires_on": ""})
    made.refresh_from_db()
    assert (made.jurisdiction, made.expires_on) == ("DE", None)
    assert "No end" in client.get(url).text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"jurisdiction": "Atlantis"}, "no state or country of this name"),
        ({"jurisdiction": "Amazonas"}, "Several have this name: BR-AM"),
        ({"field_search": "quidditch"}, "no field of this name"),
        ({"expires_on": "2020-01-01"}, "has run out"),
        ({"profession": ""}, "required"),
    ],
)
def test_a_licence_with_a_mistake_comes_back_with_words(client: Client, change: dict[str, Any], words: str) -> None:
    people.sign_in(client, people.expert("Noor", verified=False).user)
    answer = client.post("/expert/credentials/new/?kind=licence", {**LICENCE, **change})
    assert answer.status_code == 422
    assert words in answer.text


def test_the_api_claims_a_licence_and_says_by_what_it_was_proved() -> None:
    noor = people.expert("Noor", verified=False)
    api = people.api_client_for(noor.user)
    given = {
        "kind": "licence", "title": "Physician and Surgeon", "field": "0912", "institution_name": "Medical Board",
        "country": "US", "year": 2012, "name_on_document": "Noor Haddad", "profession": "physician",
        "jurisdiction": "US-CA", "number": "A 123", "expires_on": "2031-01-31",
    }  # fmt: skip
    made = api.post("/api/v1/credentials/", given)
    assert made.status_code == 201
    told = made.json()
    assert {name: told[name] for name in given} == given
    assert (told["method"], told["strength"], told["level"]) == ("", 0, 0)
    refused = api.post("/api/v1/credentials/", {**given, "kind": "degree", "level": 0})
    assert refused.status_code == 400
    emil = people.expert("Emil")
    actions.verify_credential(credential=people.credential(emil), by=people.ops())
    newest = people.api_client_for(emil.user).get("/api/v1/credentials/").json()["results"]
    assert ("document", 2) in [(row["method"], row["strength"]) for row in newest]


def test_former_names_are_told_in_the_profile(client: Client) -> None:
    emil = people.expert("Emil", verified=False)
    people.sign_in(client, emil.user)
    profile = {"country": "DK", "languages": ["en"], "min_rate": "10", "weekly_hours": "10"}
    client.post("/expert/edit/", {**profile, "former_names": "Emil Andersen, , E. Holm"})
    emil.refresh_from_db()
    assert emil.former_names == ["Emil Andersen", "E. Holm"]
    assert 'value="Emil Andersen, E. Holm"' in client.get("/expert/edit/").text
