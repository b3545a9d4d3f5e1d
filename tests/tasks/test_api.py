"""The whole loop over the REST door, as a lab's script and an expert's client use it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from core.models import Event
from projects.models import Project
from tasks import jobs
from tasks.models import Submission
from tests.people import api_client_for, expert, lab, user
from tests.tasks.scene import EXAMPLE, accepted, add_tasks, answer, claimed, fund, handed_in, owed, pass_time, project

pytestmark = pytest.mark.django_db

V1 = "/api/v1"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


def signed_in(name: str) -> APIClient:
    client = APIClient()
    client.force_login(user(name))
    return client


@pytest.fixture
def ice() -> Project:
    return project(tasks=3)


@pytest.fixture
def mina(ice: Project) -> APIClient:
    return signed_in("Mina")


@pytest.fixture
def emil(ice: Project) -> APIClient:
    return api_client_for(accepted("Emil", ice).user)


def claim(client: APIClient, on: Project) -> dict[str, Any]:
    reply = client.post(f"{V1}/projects/{on.public_id}/claims/")
    assert reply.status_code == 201, reply.json()
    found: dict[str, Any] = reply.json()
    return found


def test_claim_draft_submit(ice: Project, emil: APIClient) -> None:
    work = claim(emil, ice)
    assert work["task"]["payload"] == EXAMPLE.payload
    assert (work["status"], work["pay"], work["currency"], work["instructions_version"]) == ("draft", 1_000, "usd", 1)
    assert work["lease_until"].endswith("Z")
    at = f"{V1}/work/{work['id']}"
    pass_time(Submission.objects.get(), minutes=5)
    saved = emil.put(f"{at}/draft/", {"response": {"rationale": "half a"}, "version": 0, "seconds": 5}, format="json")
    assert (saved.status_code, saved.json()["draft_version"]) == (200, 1)
    stale = emil.put(f"{at}/draft/", {"response": {}, "version": 0}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_draft")
    assert (stale.json()["draft"]["rationale"], stale.json()["draft_version"]) == ("half a", 1)
    assert emil.post(f"{at}/extend/").status_code == 200
    wrong = emil.post(f"{at}/submit/", {"response": {"strength": 1}}, format="json")
    assert wrong.status_code == 400
    assert [fault["field"] for fault in wrong.json()["errors"]] == ["rationale"]
    Submission.objects.update(saved_at=timezone.now() - timedelta(minutes=1))
    for _ in range(2):
        done = emil.post(f"{at}/submit/", {"response": answer(), "seconds": 60}, format="json")
        assert (done.status_code, done.json()["status"]) == (200, "submitted")
    assert Event.objects.filter(name="submission.submitted").count() == 1
    assert Submission.objects.get().active_seconds == 65
    mine = emil.get(f"{at}/").json()
    assert (mine["response"]["strength"], mine["draft"]) == (-2, {})


def test_the_labs_own_fields_are_not_the_experts(ice: Project, emil: APIClient) -> None:
    ice.tasks.update(payload={**EXAMPLE.payload, "metadata": {"gold": True}})
    assert "metadata" not in claim(emil, ice)["task"]["payload"]


def test_nor_are_they_once_the_work_was_handed_in_and_comes_back(
    ice: Project, emil: APIClient, mina: APIClient
) -> None:
    ice.tasks.update(payload={**EXAMPLE.payload, "metadata": {"gold": True}})
    work = claim(emil, ice)["id"]
    assert emil.post(f"{V1}/work/{work}/submit/", {"response": answer()}, format="json").status_code == 200
    body = {"verdict": "return", "note": "Look again."}
    assert mina.post(f"{V1}/submissions/{work}/reviews/", body, format="json").status_code == 201
    for client in (emil, signed_in("Emil")):
        assert client.get(f"{V1}/submissions/{work}/").status_code == 404
        assert "metadata" not in client.get(f"{V1}/work/{work}/").json()["task"]["payload"]
    assert mina.get(f"{V1}/submissions/{work}/").json()["task"]["payload"]["metadata"] == {"gold": True}


def test_work_is_listed_and_filtered(ice: Project, emil: APIClient) -> None:
    first, second = claim(emil, ice), claim(emil, ice)
    listed = emil.get(f"{V1}/work/").json()["results"]
    assert [one["id"] for one in listed] == [second["id"], first["id"]]
    gone = emil.post(f"{V1}/work/{first['id']}/release/", {"note": "Not my field."}, format="json")
    assert gone.json()["status"] == "released"
    drafts = emil.get(f"{V1}/work/?status=draft&project={ice.public_id}").json()["results"]
    assert [one["id"] for one in drafts] == [second["id"]]


def test_when_nothing_waits_the_answer_says_which_rule(ice: Project, emil: APIClient) -> None:
    path = f"{V1}/projects/{ice.public_id}/claims/"
    claim(emil, ice), claim(emil, ice)
    full = emil.post(path)
    assert (full.status_code, full.json()["code"]) == (409, "claims_full")
    assert full.json()["message"]


def test_a_key_of_a_lab_does_not_work_as_an_expert(ice: Project) -> None:
    path = f"{V1}/projects/{ice.public_id}/claims/"
    expert("Ada")
    assert api_client_for(user("Ada"), ice.lab).post(path).status_code == 403
    assert api_client_for(user("Sam")).post(path).status_code == 403
    lena = api_client_for(expert("Lena").user)
    refused = lena.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_accepted")
    assert APIClient().post(path).status_code == 401


def test_what_is_not_there_is_404(ice: Project, emil: APIClient, mina: APIClient) -> None:
    draft = project(tasks=0, status="draft")
    theirs = claimed(ice, "Farah")
    for method, path in (
        ("post", f"projects/{draft.public_id}/claims/"),
        ("post", "projects/prj_x/claims/"),
        ("post", f"work/{theirs.public_id}/release/"),
        ("get", f"work/{theirs.public_id}/"),
    ):
        assert getattr(emil, method)(f"{V1}/{path}").status_code == 404, path
    for path in (f"submissions/{theirs.public_id}/", "tasks/tsk_x/", "exports/out_x/", "projects/prj_x/progress/"):
        assert mina.get(f"{V1}/{path}").status_code == 404, path


def test_another_lab_sees_nothing(ice: Project, mina: APIClient) -> None:
    work = handed_in(ice)
    north = lab("Northwind")
    theirs = api_client_for(user("Ada"), north)
    for path in (
        f"projects/{ice.public_id}/tasks/",
        f"projects/{ice.public_id}/submissions/",
        f"tasks/{work.task.public_id}/",
        f"submissions/{work.public_id}/",
    ):
        assert theirs.get(f"{V1}/{path}").status_code == 404
        assert mina.get(f"{V1}/{path}").status_code == 200


def test_review_over_the_api(ice: Project, mina: APIClient, emil: APIClient) -> None:
    works = [handed_in(ice), handed_in(ice, "Farah"), handed_in(ice, "Lena")]
    listed = mina.get(f"{V1}/projects/{ice.public_id}/submissions/?status=submitted").json()["results"]
    assert [one["id"] for one in listed] == [work.public_id for work in reversed(works)]
    assert "draft" not in listed[0]
    paths = [f"{V1}/submissions/{work.public_id}/reviews/" for work in works]
    assert mina.post(paths[0], {"verdict": "accept"}, format="json").json()["status"] == "accepted"
    assert mina.post(paths[1], {"verdict": "return", "note": "More."}, format="json").json()["status"] == "returned"
    no_words = mina.post(paths[2], {"verdict": "reject", "reason": "incorrect"}, format="json")
    assert (no_words.status_code, no_words.json()["code"]) == (400, "words_missing")
    rejected = mina.post(paths[2], {"verdict": "reject", "reason": "incorrect", "note": "No."}, format="json")
    assert (rejected.status_code, rejected.json()["reason"]) == (201, "incorrect")
    again = mina.post(paths[0], {"verdict": "accept"}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert owed(works[0].expert) == 1_000
    lena = api_client_for(user("Lena"))
    case = lena.post(f"{V1}/work/{works[2].public_id}/appeal/", {"words": "It is right."}, format="json")
    assert (case.status_code, case.json()["status"]) == (201, "open")


def test_an_upload_becomes_tasks(ice: Project, mina: APIClient) -> None:
    path = f"{V1}/projects/{ice.public_id}/imports/"
    content = "\n".join([json.dumps({**EXAMPLE.payload, "external_id": "ice-1"}), "{"]).encode()
    taken = mina.post(path, {"file": SimpleUploadedFile("ice.jsonl", content)}, format="multipart")
    assert (taken.status_code, taken.json()["status"]) == (202, "checking")
    at = f"{V1}/imports/{taken.json()['id']}"
    jobs.write_files()
    checked = mina.get(f"{at}/").json()
    assert (checked["status"], checked["good"], checked["bad"]) == ("checked", 1, 1)
    [fault] = mina.get(f"{at}/faults/").json()["results"]
    assert fault["row"] == 2
    assert mina.post(f"{at}/confirm/").status_code == 202
    jobs.write_files()
    assert mina.get(f"{at}/").json()["done"] == 1
    [task] = mina.get(f"{V1}/projects/{ice.public_id}/tasks/?external_id=ice-1").json()["results"]
    assert task["payload"] == EXAMPLE.payload
    other = mina.post(path, {"file": SimpleUploadedFile("x.csv", b"a\n1\n")}, format="multipart").json()
    jobs.write_files()
    assert mina.post(f"{V1}/imports/{other['id']}/discard/").json()["status"] == "discarded"
    assert len(mina.get(path).json()["results"]) == 2


@pytest.mark.parametrize("text", ["[" * 200_000, "[" * 41 + "]" * 41, "{"])
def test_json_inside_a_form_is_measured_like_a_body(ice: Project, mina: APIClient, text: str) -> None:
    answer = mina.post(f"{V1}/projects/{ice.public_id}/tasks/", {"payload": text}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["errors"][0]["field"] == "payload"


def test_single_tasks_are_added_mended_and_taken_back(ice: Project, mina: APIClient) -> None:
    path = f"{V1}/projects/{ice.public_id}/tasks/"
    body = {"payload": EXAMPLE.payload, "external_id": "ice-9", "priority": -1}
    replies = [mina.post(path, body, format="json", headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [201, 201]
    assert replies[0].json() == replies[1].json()
    task = replies[0].json()["id"]
    assert mina.post(path, body, format="json").status_code == 400
    better = {**EXAMPLE.payload, "prompt": "Why?"}
    mended = mina.post(f"{V1}/tasks/{task}/repair/", {"payload": better}, format="json").json()
    assert (mended["id"], mended["payload"]["prompt"]) == (task, "Why?")
    gone = mina.post(f"{V1}/tasks/{task}/withdraw/", {"note": "No longer needed."}, format="json")
    assert gone.json()["status"] == "withdrawn"
    assert [one["id"] for one in mina.get(f"{path}?status=withdrawn").json()["results"]] == [task]


def test_progress_and_export(ice: Project, mina: APIClient) -> None:
    work = handed_in(ice)
    progress = mina.get(f"{V1}/projects/{ice.public_id}/progress/").json()
    assert (progress["tasks"], progress["wanted"]) == ({"open": 3}, 3)
    assert progress["money"]["reserved"] == 3_600
    asked = mina.post(f"{V1}/projects/{ice.public_id}/exports/", {"format": "lossless"}, format="json")
    assert asked.status_code == 202
    at = f"{V1}/exports/{asked.json()['id']}"
    assert mina.get(f"{at}/file/").status_code == 404
    jobs.write_files()
    assert mina.get(f"{at}/").json()["rows"] == 1
    file: Any = mina.get(f"{at}/file/")
    [row] = [json.loads(line) for line in b"".join(file.streaming_content).splitlines()]
    assert row["meta_submission_id"] == work.public_id
    assert len(mina.get(f"{V1}/projects/{ice.public_id}/exports/").json()["results"]) == 1
    rosa = signed_in("Rosa")
    assert rosa.get(f"{at}/file/").status_code == 403


def test_a_reviewer_may_not_change_tasks(ice: Project) -> None:
    rosa = signed_in("Rosa")
    task = ice.tasks.all()[0].public_id
    assert rosa.post(f"{V1}/tasks/{task}/withdraw/").status_code == 403
    assert rosa.get(f"{V1}/tasks/{task}/").status_code == 200


def test_a_seat_that_was_lost_cannot_be_handed_in(ice: Project, emil: APIClient) -> None:
    work = claim(emil, ice)
    pass_time(Submission.objects.get(public_id=work["id"]), hours=3)
    jobs.expire_claims()
    lost = emil.post(f"{V1}/work/{work['id']}/submit/", {"response": answer()}, format="json")
    assert (lost.status_code, lost.json()["code"]) == (409, "seat_lost")
    add_tasks(ice, 1)
    fund(ice, 1)
