"""Who can open a document: its owner, and ops who hold the permission. Every address, as every person."""

from __future__ import annotations

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.actions import withhold_rights
from accounts.models import User
from core.errors import Invalid, NotAllowed
from core.files import remove_strays
from core.sealed_storage import MARK
from experts.actions import add_evidence, render_evidence
from experts.models import Credential, Evidence, EvidencePage
from tests import people
from tests.rules.test_urls import ROUTES

pytestmark = pytest.mark.django_db

KEY = Fernet.generate_key().decode()
DESK = "/admin/experts/credential/desk/"


@pytest.fixture
def diploma(settings: Settings) -> Evidence:
    settings.QUORUM_FILE_KEYS = [KEY]
    emil = people.expert("Emil", verified=False)
    claimed = people.credential(emil, status=Credential.Status.CLAIMED)
    upload = people.diploma("Emil's very own", "pdf")
    return render_evidence(evidence=add_evidence(credential=claimed, upload=upload, by=emil.user))


def browser(person: User | None) -> Client:
    return people.sign_in(Client(), person) if person else Client()


def everybody() -> dict[str, User | None]:
    """Name → person; Petra is of ops, without the right to review credentials."""
    people.lab()
    people.expert("Farah", country="DE")
    withhold_rights(user=people.user("Petra"), rights=["credential_review"], by=people.ops())
    names = ("Sam", "Emil", "Farah", "Ada", "Mina", "Rosa", "Olu", "Petra")
    return {"Nobody": None, **{name: people.user(name) for name in names}}


def media(diploma: Evidence) -> list[str]:
    """Every address that hands out a picture of the document: all that take the id of one."""
    names = [name for name, route in ROUTES.items() if "evidence_id" in route]
    assert names == ["experts:evidence_page"]
    return [reverse(name, args=[diploma.public_id, page.number]) for name in names for page in diploma.pages.all()]


def test_every_picture_as_every_person(diploma: Evidence) -> None:
    opened = {
        name
        for name, person in everybody().items()
        for url in media(diploma)
        if browser(person).get(url).status_code == 200
    }
    assert opened == {"Emil", "Olu"}


def test_the_original_has_no_address_at_all(diploma: Evidence) -> None:
    with diploma.file.open() as file:
        original = file.read()
    emil = browser(people.user("Emil"))
    for url in (f"/media/{diploma.file.name}", f"/{diploma.file.name}", f"/evidence/{diploma.public_id}/"):
        assert emil.get(url).status_code == 404
    api = people.api_client_for(people.user("Emil"))
    told = api.get("/api/v1/credentials/").content
    assert diploma.public_id.encode() in told
    assert b"original" not in told
    assert original.startswith(b"%PDF")


def test_a_key_for_expert_work_opens_the_api_and_no_pictures(diploma: Evidence) -> None:
    olus = people.api_client_for(people.ops())
    for url in media(diploma):
        assert people.api_client_for(people.user("Emil")).get(url).status_code == 302  # keys are for /api/ only
        assert olus.get(url).status_code == 302


def test_ops_without_the_right_do_not_see_the_desk_either(diploma: Evidence) -> None:
    everybody()
    assert browser(people.user("Petra")).get(DESK).status_code == 403
    assert browser(people.ops()).get(DESK).status_code == 200


def test_who_lost_the_right_gets_it_back_from_somebody_else(diploma: Evidence) -> None:
    olu, petra = people.ops(), people.user("Petra")
    page = f"/admin/accounts/user/{petra.pk}/do/rights/"
    browser(olu).post(page, {"words": "credential_review"})
    assert [browser(people.user("Petra")).get(url).status_code for url in media(diploma)] == [404]
    with pytest.raises(NotAllowed):
        withhold_rights(user=petra, rights=[], by=petra)
    with pytest.raises(Invalid, match="no right fly"):
        withhold_rights(user=petra, rights=["fly"], by=olu)
    with pytest.raises(NotAllowed):
        withhold_rights(user=petra, rights=[], by=people.user("Sam"))
    browser(olu).post(page, {"words": "none"})
    assert [browser(people.user("Petra")).get(url).status_code for url in media(diploma)] == [200]


def on_disk(name: str) -> bytes:
    with default_storage.open(name) as file:
        found: bytes = file.read()
    return found


def test_originals_and_pictures_lie_sealed_and_are_shown_all_the_same(diploma: Evidence) -> None:
    page = diploma.pages.get()
    for name in (str(diploma.file.name), str(page.image.name)):
        assert on_disk(name).startswith(MARK)
    shown = browser(people.user("Emil")).get(media(diploma)[0])
    assert shown.content.startswith(b"\x89PNG")


def seal_documents() -> str:
    out = StringIO()
    call_command("seal_documents", stdout=out)
    return out.getvalue()


def test_what_lay_there_before_is_sealed_by_a_command_and_again_under_a_new_key(
    diploma: Evidence, settings: Settings, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    page = diploma.pages.get()
    assert "0 files sealed" in seal_documents()
    settings.QUORUM_FILE_KEYS = [Fernet.generate_key().decode(), KEY]
    old = [str(diploma.file.name), str(page.image.name)]
    with django_capture_on_commit_callbacks(execute=True):
        assert "2 files sealed, 0 missing" in seal_documents()
    settings.QUORUM_FILE_KEYS = settings.QUORUM_FILE_KEYS[:1]
    diploma.refresh_from_db()
    assert [default_storage.exists(name) for name in old] == [False, False]
    with diploma.file.open() as file:
        assert file.read().startswith(b"%PDF")
    assert "0 files sealed" in seal_documents()
    assert remove_strays(dry_run=True) == []


def test_the_command_says_what_is_missing_and_stops_at_a_lost_key(diploma: Evidence, settings: Settings) -> None:
    EvidencePage.objects.update(image="evidence/evd_x/1.png")
    assert "0 files sealed, 1 missing" in seal_documents()
    settings.QUORUM_FILE_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="its key is not in QUORUM_FILE_KEYS"):
        seal_documents()
    settings.QUORUM_FILE_KEYS = []
    with pytest.raises(CommandError, match="no key to seal with"):
        seal_documents()
