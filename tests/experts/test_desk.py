"""Olu's day at the review desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.models import Event
from experts.actions import add_evidence
from experts.jobs import on_evidence_added
from experts.models import Credential
from experts.queries import version_of
from tests import people

DESK = "/admin/experts/credential/desk/"


def waiting(name: str, hours: int, **claim: Any) -> Credential:
    then = timezone.now() - timedelta(hours=hours)
    owner = people.expert(name, verified=False)
    return people.credential(owner, evidenced_at=then, answer_by=then + timedelta(hours=24), **claim)


def seen(credential: Credential, **decision: str) -> dict[str, str]:
    """What the desk's form sends of somebody who looks at the credential as it is now."""
    return {"seen": version_of(credential), **decision}


@pytest.fixture
def olu(client: Client, db: None) -> Client:
    return people.sign_in(client, people.ops())


def test_an_empty_desk_says_so(olu: Client) -> None:
    assert "The queue is empty" in olu.get(DESK).content.decode()
    assert olu.get("/admin/desk/")["Location"] == DESK


def test_the_oldest_promise_stands_first_and_a_late_one_is_marked(olu: Client) -> None:
    waiting("Farah", 2)
    waiting("Emil", 30)
    waiting("Juan", 10)
    page = olu.get(DESK).content.decode()
    assert page.index("Emil Sørensen") < page.index("Juan Castillo") < page.index("Farah Siddiqui")
    assert "3 waiting" in page
    assert "6 h late" in page
    assert "10 h" in page
    assert "The promise to experts is 24 hours" in page
    assert page.count('data-key="j"') == 1
    assert 'data-key="k"' not in page  # nothing stands above the oldest


def test_approving_takes_one_press_and_leads_to_the_next(olu: Client) -> None:
    emil, juan = waiting("Emil", 30), waiting("Juan", 10)
    response = olu.post(f"{DESK}{emil.public_id}/", seen(emil, decision="approve"))
    assert response["Location"] == f"{DESK}{juan.public_id}/"
    people.a_minute_passes()
    emil.refresh_from_db()
    assert (emil.status, emil.decided_by) == ("verified", people.ops())
    assert olu.post(f"{DESK}{juan.public_id}/", seen(juan, decision="approve"))["Location"] == DESK


def test_asking_and_refusing_need_words(olu: Client) -> None:
    emil = waiting("Emil", 3)
    url = f"{DESK}{emil.public_id}/"
    response = olu.post(url, seen(emil, decision="ask"))
    assert response.status_code == 422
    assert "Write what the expert reads" in response.content.decode()
    template = "We could not read the scan. Please send a sharper one."
    olu.post(url, seen(emil, decision="ask", template=template, message="Page two above all."))
    people.a_minute_passes()
    emil.refresh_from_db()
    assert (emil.status, emil.message) == ("needs_more", f"{template} Page two above all.")

    farah = waiting("Farah", 3)
    url = f"{DESK}{farah.public_id}/"
    response = olu.post(url, seen(farah, decision="refuse", message="No."))
    assert response.status_code == 422
    assert "Choose a reason" in response.content.decode()
    assert "data-open" in response.content.decode()
    olu.post(url, seen(farah, decision="refuse", reason="altered", message="The seal moved."))
    people.a_minute_passes()
    farah.refresh_from_db()
    assert (farah.status, farah.reason, farah.message) == ("refused", "altered", "The seal moved.")
    assert olu.post(url, seen(farah, decision="shrug")).status_code == 422


def test_a_decided_credential_is_shown_without_buttons_and_cannot_be_decided_again(olu: Client) -> None:
    emil = people.credential(people.expert("Emil", verified=False), status="refused")
    url = f"{DESK}{emil.public_id}/"
    page = olu.get(url).content.decode()
    assert 'data-key="a"' not in page
    assert "The scan is too dark to read." in page
    response = olu.post(url, seen(emil, decision="approve"))
    assert response.status_code == 422
    assert "it cannot become verified" in response.content.decode()


def test_the_claim_stands_beside_what_we_know_and_the_document_beside_both(olu: Client) -> None:
    emil = waiting("Emil", 1, name_on_document="Emil Q. Sørensen", institution_name="Copenhagen University", level=7)
    add_evidence(credential=emil, upload=people.diploma(), by=emil.expert.user)
    for event in Event.objects.filter(name="evidence.added"):
        on_evidence_added(event)
    page = olu.get(DESK).content.decode()
    assert "<del>" in page
    assert "<ins>" in page
    assert "Close" in page
    assert "Differs" in page
    assert "data-viewer" in page
    assert f"/evidence/{emil.evidence.get().public_id}/pages/1/" in page


def test_the_same_document_from_two_people_is_pointed_out(olu: Client) -> None:
    emil, farah = waiting("Emil", 5), waiting("Farah", 1)
    for credential in (emil, farah):
        add_evidence(credential=credential, upload=people.diploma(), by=credential.expert.user)
    page = olu.get(f"{DESK}{emil.public_id}/").content.decode()
    assert "The same document came with" in page
    assert "Farah Siddiqui" in page


def add_a_page(credential: Credential) -> None:
    add_evidence(credential=credential, upload=people.diploma("The back"), by=credential.expert.user)


def rename(credential: Credential) -> None:
    User.objects.filter(pk=credential.expert.user_id).update(name="Emil Andersen")


@pytest.mark.parametrize("happen", [add_a_page, rename])
@pytest.mark.parametrize("decision", ["approve", "ask", "refuse"])
def test_a_decision_never_falls_on_what_nobody_looked_at(
    olu: Client, happen: Callable[[Credential], None], decision: str
) -> None:
    emil = waiting("Emil", 1)
    url = f"{DESK}{emil.public_id}/"
    looked_at = olu.get(url).context["seen"]
    happen(emil)
    words = {"decision": decision, "reason": "altered", "message": "The seal moved."}
    refused = olu.post(url, {**words, "seen": looked_at})
    assert refused.status_code == 422
    assert "This credential changed while you looked" in refused.text
    emil.refresh_from_db()
    assert emil.status == "evidenced"
    again = refused.context["seen"]  # the page that says so shows what is new
    assert refused.text.count(f'name="seen" value="{again}"') == 3
    assert olu.post(url, {**words, "seen": again}).status_code == 302


def test_pages_that_were_still_being_made_were_not_seen(olu: Client) -> None:
    emil = waiting("Emil", 1)
    add_evidence(credential=emil, upload=people.diploma(), by=emil.expert.user)
    looked_at = version_of(emil)
    for event in Event.objects.filter(name="evidence.added"):
        on_evidence_added(event)
    assert version_of(emil) != looked_at


def test_a_decision_without_a_look_is_refused(olu: Client) -> None:
    emil = waiting("Emil", 1)
    page = olu.post(f"{DESK}{emil.public_id}/", {"decision": "approve"})
    assert page.status_code == 422
    assert "Look at the credential, then decide." in page.text


def test_olu_cannot_decide_on_olus_own_degree(olu: Client) -> None:
    mine = waiting("Olu", 1)
    assert olu.post(f"{DESK}{mine.public_id}/", seen(mine, decision="approve")).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Ada", "Emil", "Sam"])
def test_the_desk_is_for_ops(client: Client, name: str) -> None:
    people.lab()
    credential = people.credential(people.expert("Emil", verified=False))
    people.sign_in(client, people.user(name))
    for url in (DESK, f"{DESK}{credential.public_id}/"):
        assert client.get(url)["Location"].startswith("/admin/login/")
        assert client.post(url, {"decision": "approve"}).status_code == 302
    credential.refresh_from_db()
    assert credential.status == "evidenced"


def test_a_verification_is_withdrawn_by_a_button_with_words(olu: Client) -> None:
    emil = people.expert("Emil").credentials.get()
    url = f"/admin/experts/credential/{emil.pk}/"
    page = olu.get(f"{url}change/").content.decode()
    assert "Withdraw the verification" in page
    assert 'name="_save"' not in page  # nothing can be typed over
    assert olu.post(f"{url}do/revoke/", {"words": ""})["Location"] == f"{url}change/"
    emil.refresh_from_db()
    assert emil.status == "verified"
    olu.post(f"{url}do/revoke/", {"words": "The register says otherwise."})
    emil.refresh_from_db()
    assert (emil.status, emil.message) == ("revoked", "The register says otherwise.")
    assert "do/revoke/" not in olu.get(f"{url}change/").content.decode()
    assert olu.post(f"{url}do/explode/").status_code == 403
    assert olu.get(f"{url}do/revoke/").status_code == 200  # it only asks


def test_every_list_and_page_of_ours_opens(olu: Client) -> None:
    emil = waiting("Emil", 1)
    evidence = add_evidence(credential=emil, upload=people.diploma(), by=emil.expert.user)
    things = {
        "expert": emil.expert_id,
        "credential": emil.pk,
        "evidence": evidence.pk,
        "expertmatch": emil.expert_id,
        "field": people.field("0533").pk,
        "institution": emil.institution_id,
    }
    for model, pk in things.items():
        assert olu.get(f"/admin/experts/{model}/", {"q": "x"}).status_code == 200, model
        page = olu.get(f"/admin/experts/{model}/{pk}/change/")
        assert page.status_code == 200, model
        assert "diploma.png" not in page.content.decode() or "evidence/evd" not in page.content.decode()
        assert olu.get(f"/admin/experts/{model}/add/").status_code == 403, model
        assert olu.post(f"/admin/experts/{model}/{pk}/delete/", {"post": "yes"}).status_code == 403, model
