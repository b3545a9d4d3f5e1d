"""The REST door: a lab and an expert walk the loop with keys; what one may not see is not there."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from projects import actions
from projects.models import Application, Project
from tests.people import agreements, api_client_for, expert, lab, user
from tests.projects.scene import draft, fresh, fund, opened

pytestmark = pytest.mark.django_db

ROOT = "/api/v1"


def meridian() -> APIClient:
    return api_client_for(user("Ada"), lab())


def own(name: str) -> APIClient:
    expert(name)
    return api_client_for(user(name))


def test_a_project_is_drafted_changed_and_instructed() -> None:
    client = meridian()
    made = client.post(f"{ROOT}/projects/", {"lab": lab().public_id, "title": "Ice", "kind": "preference"})
    assert made.status_code == 201, made.data
    where = f"{ROOT}/projects/{made.data['id']}/"
    changed = client.patch(
        where,
        {"brief": "Why.", "pay": 1_000, "fields": ["0533"], "min_level": 7, "planned_tasks": 5, "languages": ["en"]},
    )
    assert changed.status_code == 200, changed.data
    assert (changed.data["pay"], changed.data["fee"], changed.data["fields"]) == (1_000, 200, ["0533"])
    assert len(changed.data["agreements"]) == len(agreements())
    version = client.post(f"{where}instructions/", {"text": "Read to the end."})
    assert (version.status_code, version.data["number"]) == (201, 1)
    assert client.get(f"{where}instructions/").data["results"][0]["text"] == "Read to the end."
    assert client.get(where).data["status"] == "draft"
    assert [p["id"] for p in client.get(f"{ROOT}/projects/?status=draft").data["results"]] == [made.data["id"]]
    assert client.get(f"{ROOT}/projects/?status=open").data["results"] == []


def test_a_creating_post_may_be_repeated_with_its_key() -> None:
    client = meridian()
    given = {"lab": lab().public_id, "title": "Ice", "kind": "preference"}
    first, second = (client.post(f"{ROOT}/projects/", given, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.data["id"] == second.data["id"]
    assert Project.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "poetry"}, "kind"),
        ({"lease_minutes": 2_147_483_647}, "lease_minutes"),
        ({"title": ""}, "title"),
        ({"fields": ["7777"]}, "fields"),
        ({"pay": -1}, "pay"),
        ({"lab": "lab_aaaaaaaaaaaaaaaa"}, "lab"),
        ({"agreements": ["agr_aaaaaaaaaaaaaaaa"]}, "agreements"),
    ],
)
def test_what_is_not_right_is_named(given: dict[str, Any], field: str) -> None:
    body = {"lab": lab().public_id, "title": "Ice", "kind": "preference", **given}
    answer = meridian().post(f"{ROOT}/projects/", body)
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.data["errors"]]


def test_another_lab_is_no_choice() -> None:
    strange = lab("Strange")
    strange.memberships.all().delete()
    answer = meridian().post(f"{ROOT}/projects/", {"lab": strange.public_id, "title": "Ice", "kind": "preference"})
    assert (answer.status_code, answer.data["errors"][0]["field"]) == (400, "lab")


def test_status_and_fee_cannot_be_typed_in() -> None:
    project = draft()
    answer = meridian().patch(f"{ROOT}/projects/{project.public_id}/", {"status": "open", "fee": 0, "title": "New"})
    assert answer.status_code == 200
    assert (fresh(project).status, fresh(project).fee, fresh(project).title) == ("draft", 200, "New")


def test_a_project_is_funded_opened_paused_resumed_and_closed() -> None:
    project, client = draft(pilot_tasks=3), meridian()
    where = f"{ROOT}/projects/{project.public_id}/"
    refused = client.post(f"{where}open/")
    assert (refused.status_code, refused.data["code"]) == (409, "not_funded")
    back = "https://lab.example/"
    funding = client.post(f"{where}fundings/", {"amount": 50_000, "success_url": back, "cancel_url": back})
    assert funding.status_code == 201, funding.data
    assert (funding.data["status"], funding.data["ref"]) == ("pending", project.public_id)
    fund(project, 50_000)
    for verb, status in (("open", "open"), ("pause", "paused"), ("resume", "open")):
        assert client.post(f"{where}{verb}/").data["status"] == status
    assert client.post(f"{where}confirm-pilot/").data["pilot_confirmed_at"] is not None
    assert client.post(f"{where}close/", {"note": "Done."}).data["status"] == "closed"
    again = client.post(f"{where}close/")
    assert (again.status_code, again.data["code"]) == (409, "wrong_state")
    assert client.post(f"{ROOT}/projects/{draft().public_id}/cancel/").data["status"] == "cancelled"


def test_an_address_that_is_too_long_to_keep_is_refused() -> None:
    long = "https://meridian.example/" + "x" * 500
    given = {"amount": 10_000, "success_url": long, "cancel_url": "https://meridian.example/"}
    refused = meridian().post(f"{ROOT}/projects/{draft().public_id}/fundings/", given)
    assert (refused.status_code, refused.data["errors"][0]["field"]) == (400, "success_url")


def test_emil_applies_is_accepted_signs_and_leaves() -> None:
    project, lab_client, emil = opened(), meridian(), own("Emil")
    offered = emil.get(f"{ROOT}/offers/").data["results"]
    assert [(offer["id"], offer["unmet"]) for offer in offered] == [(project.public_id, [])]
    made = emil.post(f"{ROOT}/projects/{project.public_id}/applications/", {"message": "I know ice."})
    assert made.status_code == 201, made.data
    where = f"{ROOT}/applications/{made.data['id']}/"
    twice = emil.post(f"{ROOT}/projects/{project.public_id}/applications/", {})
    assert (twice.status_code, twice.data["code"]) == (409, "already_applied")
    [seen] = lab_client.get(f"{ROOT}/projects/{project.public_id}/applications/?status=submitted").data["results"]
    assert (seen["name"], seen["message"], len(seen["parts"])) == ("Emil Sørensen", "I know ice.", 5)
    assert len(lab_client.get(f"{ROOT}/projects/{project.public_id}/applications/").data["results"]) == 1
    assert lab_client.post(f"{where}shortlist/").data["status"] == "shortlisted"
    accepted = lab_client.post(f"{where}accept/", {"reason": "Welcome."})
    assert (accepted.data["status"], accepted.data["reason"]) == ("accepted", "Welcome.")
    assert len(emil.get(f"{where}agreements/").data) == 3
    consent = emil.post(f"{where}agreements/")
    assert (consent.status_code, len(consent.data["agreements"])) == (200, 3)
    assert emil.get(where).data["consent"] == consent.data["id"]
    assert [a["id"] for a in emil.get(f"{ROOT}/applications/?status=accepted").data["results"]] == [made.data["id"]]
    assert len(emil.get(f"{ROOT}/applications/").data["results"]) == 1
    assert emil.post(f"{where}withdraw/", {"note": "Moving."}).data["status"] == "withdrawn"


def test_a_decline_needs_a_reason() -> None:
    project, client = opened(), meridian()
    application = actions.apply(project=project, expert=expert("Emil"), by=user("Emil"))
    where = f"{ROOT}/applications/{application.public_id}/decline/"
    refused = client.post(where)
    assert (refused.status_code, refused.data["errors"][0]["field"]) == (400, "reason")
    assert client.post(where, {"reason": "We need chemists."}).data["status"] == "declined"


def test_offers_say_what_is_missing() -> None:
    project = opened(fields=["0421"], countries=["US"])
    emil = own("Emil")
    offer = emil.get(f"{ROOT}/offers/{project.public_id}/").data
    assert [rule["rule"] for rule in offer["unmet"]] == ["fields", "countries"]
    refused = emil.post(f"{ROOT}/projects/{project.public_id}/applications/", {})
    assert (refused.status_code, refused.data["code"]) == (409, "not_eligible")
    assert [error["field"] for error in refused.data["errors"]] == ["fields", "countries"]


def test_the_shortlist_is_read_and_invited_from() -> None:
    project, client = opened(), meridian()
    emil = own("Emil")
    where = f"{ROOT}/projects/{project.public_id}/"
    actions.run_shortlist(project=project)
    matches = client.get(f"{where}matches/").data
    assert (matches["count"], [m["name"] for m in matches["shortlist"]]) == (1, ["Emil Sørensen"])
    nobody = client.post(f"{where}invitations/", {"expert": "exp_aaaaaaaaaaaaaaaa"})
    assert (nobody.status_code, nobody.data["errors"][0]["field"]) == (400, "expert")
    invited = client.post(f"{where}invitations/", {"expert": matches["shortlist"][0]["expert"]})
    assert invited.status_code == 201
    assert len(client.get(f"{where}invitations/?status=sent").data["results"]) == 1
    assert len(client.get(f"{where}invitations/").data["results"]) == 1
    [mine] = emil.get(f"{ROOT}/invitations/?status=sent").data["results"]
    assert len(emil.get(f"{ROOT}/invitations/").data["results"]) == 1
    joined = emil.post(f"{ROOT}/invitations/{mine['id']}/accept/")
    assert joined.data["status"] == "accepted"
    other = opened(title="More ice")
    asked = actions.invite(project=other, expert=expert("Emil"), by=user("Mina"))
    declined = emil.post(f"{ROOT}/invitations/{asked.public_id}/decline/", {"note": "Busy."})
    assert declined.data["status"] == "declined"


def test_another_labs_things_are_not_there() -> None:
    project = opened()
    application = actions.apply(project=project, expert=expert("Emil"), by=user("Emil"))
    invitation = actions.invite(project=project, expert=expert("Lena"), by=user("Mina"))
    other = lab("Other")
    for client in (api_client_for(user("Ada"), other), own("Kofi")):
        for path in (
            f"projects/{project.public_id}/",
            f"projects/{project.public_id}/instructions/",
            f"projects/{project.public_id}/applications/",
            f"projects/{project.public_id}/matches/",
            f"projects/{project.public_id}/invitations/",
            f"applications/{application.public_id}/",
        ):
            assert client.get(f"{ROOT}/{path}").status_code == 404, path
        for path in (
            f"projects/{project.public_id}/close/",
            f"applications/{application.public_id}/accept/",
            f"applications/{application.public_id}/withdraw/",
            f"invitations/{invitation.public_id}/accept/",
        ):
            assert client.post(f"{ROOT}/{path}").status_code == 404, path
    assert fresh(project).status == "open"


def test_a_reviewer_reads_but_does_not_decide() -> None:
    project = opened()
    application = actions.apply(project=project, expert=expert("Emil"), by=user("Emil"))
    rosa = APIClient()
    rosa.force_authenticate(user("Rosa"))
    assert rosa.get(f"{ROOT}/projects/{project.public_id}/").status_code == 200
    for path in (f"projects/{project.public_id}/close/", f"applications/{application.public_id}/accept/"):
        assert rosa.post(f"{ROOT}/{path}").status_code == 403
    assert Application.objects.get().status == "submitted"


def test_without_an_expert_profile_there_are_no_offers() -> None:
    answer = api_client_for(user("Sam")).get(f"{ROOT}/offers/")
    assert (answer.status_code, answer.data["code"]) == (409, "no_expert_profile")


def test_a_labs_key_does_not_read_what_its_maker_does_as_an_expert() -> None:
    expert("Ada")
    for path in ("offers", "applications", "invitations"):
        refused = meridian().get(f"{ROOT}/{path}/")
        assert (refused.status_code, refused.data["code"]) == (403, "not_allowed"), path


def test_a_stranger_is_asked_who_they_are() -> None:
    assert APIClient().get(f"{ROOT}/projects/").status_code == 401


def test_lists_cost_the_same_however_long(django_assert_max_num_queries: Any) -> None:
    client = meridian()
    for _ in range(4):
        draft()
    with django_assert_max_num_queries(4):
        client.get(f"{ROOT}/projects/")
    emil = own("Emil")
    for number in range(4):
        opened(title=f"Open {number}")
    with django_assert_max_num_queries(5):
        emil.get(f"{ROOT}/offers/")
