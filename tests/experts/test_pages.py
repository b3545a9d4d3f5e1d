"""What experts see and do in the browser, page by page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from core.models import Event
from experts.actions import add_evidence, ask_for_more, refuse_credential, revoke_credential, verify_credential
from experts.jobs import on_evidence_added
from experts.models import Credential, Expert
from tests import people

CLAIM = {
    "title": "PhD in Physics",
    "level": "8",
    "field": "0533",
    "institution_name": "University of Copenhagen",
    "country": "DK",
    "year": "2015",
    "name_on_document": "Emil Sørensen",
}
PROFILE = {"country": "DK", "languages": ["en", "da"], "min_rate": "45.50", "weekly_hours": "12", "available": "on"}


@pytest.mark.django_db
def test_sam_becomes_an_expert_and_claims_a_degree_in_two_steps(client: Client) -> None:
    sam = people.user("Sam")
    people.sign_in(client, sam)
    assert "Become an expert" in client.get("/expert/").content.decode()
    response = client.post("/expert/", PROFILE)
    assert response["Location"] == "/expert/credentials/new/"
    expert = Expert.objects.get(user=sam)
    assert (expert.min_rate, expert.weekly_hours, expert.languages) == (4550, 12, ["en", "da"])
    assert 'value="Sam Nobody"' in client.get("/expert/credentials/new/").content.decode()

    response = client.post("/expert/credentials/new/", {**CLAIM, "upload": people.diploma()})
    credential = Credential.objects.get(expert=expert)
    assert response["Location"] == f"/expert/credentials/{credential.public_id}/"
    assert credential.status == Credential.Status.EVIDENCED
    assert credential.institution is not None
    assert credential.institution.name == "University of Copenhagen"
    page = client.get(response["Location"]).content.decode()
    assert "We answer by" in page
    assert "UTC" in page
    assert "being prepared" in page
    assert "PhD in Physics" in client.get("/expert/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"field": "", "field_search": "quidditch"}, "Choose the field that comes closest"),
        ({"year": "1899"}, "greater than or equal to 1940"),
        ({"year": "2999"}, "The year lies between"),
        ({"upload": SimpleUploadedFile("cv.docx", b"PK\x03\x04")}, "PDF, JPEG or PNG"),
        ({"level": ""}, "required"),
    ],
)
def test_a_claim_with_a_mistake_comes_back_with_words(client: Client, changes: dict[str, Any], words: str) -> None:
    emil = people.expert("Emil", verified=False)
    people.sign_in(client, emil.user)
    response = client.post("/expert/credentials/new/", {**CLAIM, "upload": people.diploma(), **changes})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Credential.objects.exists()


@pytest.mark.django_db
def test_the_field_may_be_typed_instead_of_chosen(client: Client) -> None:
    emil = people.expert("Emil", verified=False)
    people.sign_in(client, emil.user)
    typed = {**CLAIM, "field": "", "field_search": "physics", "institution_name": "A school of my own"}
    client.post("/expert/credentials/new/", {**typed, "upload": people.diploma()})
    credential = Credential.objects.get()
    assert (credential.field.code, credential.institution) == ("0533", None)


@pytest.mark.django_db
def test_every_state_says_what_is_missing_and_what_comes_next(client: Client) -> None:
    emil = people.expert("Emil", verified=False)
    people.sign_in(client, emil.user)
    olu = people.ops()
    credential = people.credential(emil, status=Credential.Status.CLAIMED)
    url = f"/expert/credentials/{credential.public_id}/"

    def page() -> str:
        home = client.get("/expert/").content.decode()
        assert credential.title in home
        return client.get(url).content.decode()

    assert "A proof is missing" in page()
    client.post(f"{url}evidence/", {"upload": people.diploma()})
    assert "We answer by" in page()
    Credential.objects.update(answer_by=timezone.now() - timedelta(hours=1))
    assert "We are late" in page()
    ask_for_more(credential=credential, message="The back page too.", by=olu)
    assert "The back page too." in page()
    assert client.get(f"{url}edit/").status_code == 200
    response = client.post(f"{url}edit/", {**CLAIM, "year": "2014"})
    assert response["Location"] == url
    credential.refresh_from_db()
    assert credential.year == 2014
    client.post(f"{url}evidence/", {"upload": people.diploma("back")})
    refuse_credential(credential=credential, reason="altered", message="The seal moved.", by=olu)
    assert "The document seems altered. The seal moved." in page()
    client.post(f"{url}evidence/", {"upload": people.diploma("original")})
    verify_credential(credential=credential, by=olu)
    assert "Labs see the level, the field and the country" in page()
    assert client.post(f"{url}edit/", CLAIM).status_code == 422
    assert "takes no more documents" in client.post(f"{url}evidence/", {"upload": people.diploma("x")}).content.decode()
    revoke_credential(credential=credential, message="The register says otherwise.", by=olu)
    assert "No longer verified" in page()


@pytest.mark.django_db
def test_the_profile_is_edited_and_mistakes_are_told(client: Client) -> None:
    emil = people.expert("Emil")
    people.sign_in(client, emil.user)
    assert 'value="40"' in client.get("/expert/edit/").content.decode().replace("40.00", "40")
    assert client.post("/expert/edit/", {**PROFILE, "weekly_hours": "90"}).status_code == 422
    assert client.post("/expert/edit/", {**PROFILE, "bio": "I **measure** things."})["Location"] == "/expert/"
    emil.refresh_from_db()
    assert (emil.bio, emil.match.min_rate) == ("I **measure** things.", 4550)
    assert "<strong>measure</strong>" in client.get("/expert/").content.decode()
    assert client.post("/expert/", PROFILE).status_code == 200  # there is one already: the page, unchanged
    assert client.post("/expert/", {"country": "DK"}).status_code == 200


@pytest.mark.django_db
def test_fields_are_found_as_one_types(client: Client) -> None:
    people.sign_in(client, people.user("Sam"))
    first = client.get("/fields/search/", {"field_search": "phys"}).content.decode()
    assert first.index('value="0533"') < first.index('value="0511"')  # physics before physiology
    assert "Nothing is called so" in client.get("/fields/search/", {"q": "quidditch"}).content.decode()
    assert "Type a word" in client.get("/fields/search/").content.decode()
    assert 'value="0421"' in client.get("/fields/search/", {"q": "042"}).content.decode()


@pytest.mark.django_db
def test_the_typed_title_proposes_level_and_field_and_says_why(client: Client) -> None:
    page = client.get("/degrees/read/", {"title": "Dr. rer. nat. in Physics", "country": "DE"}).content.decode()
    assert "Doctor rerum naturalium is a doctorate in Germany. We filled in what it says" in page
    assert '<option value="8" selected>' in page
    assert 'name="field" value="0533" checked' in page
    wide = client.get("/degrees/read/", {"title": "Dr. rer. nat."}).content.decode()
    assert 'name="field" value="0531"' in wide  # what lies below is offered, none of it chosen
    assert "checked" not in wide


@pytest.mark.django_db
def test_what_the_person_chose_is_never_overridden(client: Client) -> None:
    chosen = {"title": "PhD Physics", "level": "7", "field": "0531"}
    page = client.get("/degrees/read/", chosen).content.decode()
    assert "Doctor of Philosophy is a doctorate." in page
    assert "We filled in" not in page
    assert "hx-swap-oob" not in page
    assert (
        "field-choices" not in client.get("/degrees/read/", {"title": "BSc Law", "field_search": "x"}).content.decode()
    )
    ours = {"title": "MSc Law", "level": "6", "proposed_level": "6", "field": "0533", "proposed_field": "0533"}
    again = client.get("/degrees/read/", ours).content.decode()  # the title goes on; so does our own proposal
    assert '<option value="7" selected>' in again
    assert 'value="0421" checked' in again


@pytest.mark.django_db
def test_a_title_below_a_bachelor_is_said_to_be_too_low_and_an_unknown_one_says_nothing(client: Client) -> None:
    page = client.get("/degrees/read/", {"title": "HND in Computing"}).content.decode()
    assert "below a bachelor’s degree in the United Kingdom. We verify bachelor’s degrees and higher." in page
    assert 'name="level"' not in page
    assert client.get("/degrees/read/", {"title": "Quidditch cup"}).content.decode().strip() == ""


@pytest.mark.django_db
def test_a_document_is_seen_by_its_owner_and_by_ops_only(client: Client) -> None:
    emil = people.expert("Emil", verified=False)
    credential = people.credential(emil)
    evidence = add_evidence(credential=credential, upload=people.diploma(kind="pdf"), by=emil.user)
    on_evidence_added(Event.objects.get(name="evidence.added"))
    url = f"/evidence/{evidence.public_id}/pages/1/"
    people.lab()
    people.expert("Farah")
    for name, status in {"Emil": 200, "Olu": 200, "Farah": 404, "Ada": 404, "Sam": 404}.items():
        people.sign_in(client, people.user(name))
        assert client.get(url).status_code == status, name
    client.logout()
    assert client.get(url)["Location"].startswith("/accounts/login/")
    people.sign_in(client, emil.user)
    response = client.get(url)
    assert response.content.startswith(b"\x89PNG")
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert f'src="{url}"' in client.get(f"/expert/credentials/{credential.public_id}/").content.decode()
    assert client.get(f"/evidence/{evidence.public_id}/pages/2/").status_code == 404
    evidence.pages.get().image.delete(save=False)
    assert client.get(url).status_code == 404


@pytest.mark.django_db
def test_others_do_not_even_learn_that_a_credential_exists(client: Client) -> None:
    credential = people.credential(people.expert("Emil", verified=False))
    people.expert("Farah")
    url = f"/expert/credentials/{credential.public_id}/"
    for name in ("Farah", "Sam", "Olu"):
        people.sign_in(client, people.user(name))
        assert client.get(url).status_code == 404
        assert client.post(f"{url}edit/", CLAIM).status_code == 404
        assert client.post(f"{url}evidence/", {"upload": people.diploma()}).status_code == 404
    people.sign_in(client, people.user("Sam"))
    for url in ("/expert/credentials/new/", "/expert/edit/"):
        assert client.get(url)["Location"] == "/expert/"
