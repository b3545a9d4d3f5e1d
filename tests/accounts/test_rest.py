"""The base of the REST door: who comes in, what errors look like, and retries that do nothing twice."""

from __future__ import annotations

import base64
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate

from accounts import actions, jobs, rest
from accounts.models import IdempotentReply, Lab, Notice
from accounts.rest import Door, exception_handler
from core.errors import Fault, Invalid, NotAllowed, Refused
from tests import people

LAB = {"name": "Borealis", "website": "https://borealis.example", "country": "NO"}


# --- who comes in


@pytest.mark.django_db
def test_a_key_brings_its_person_lab_and_expert_in_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = people.api_client_for(people.expert("Emil").user)
    with django_assert_num_queries(1):
        answer = client.get("/api/v1/expert/").json()
    assert answer["country"] == "DK"


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["Bearer qk_unknown", "Bearer", "Bearer one two", "Bearer "])
def test_a_key_that_is_none_is_401(header: str) -> None:
    response = APIClient(HTTP_AUTHORIZATION=header).get("/api/v1/me/")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["code"] == "authentication_failed"


@pytest.mark.django_db
def test_nobody_is_401_and_a_session_is_somebody(client: Client) -> None:
    assert APIClient().get("/api/v1/me/").json() == {
        "code": "not_authenticated",
        "message": "Authentication credentials were not provided.",
        "errors": [],
    }
    assert APIClient(HTTP_AUTHORIZATION="Basic abc").get("/api/v1/me/").status_code == 401
    people.sign_in(client, people.user("Sam"))
    assert client.get("/api/v1/me/").json()["key_of_lab"] is None


@pytest.mark.django_db
def test_a_revoked_key_and_a_key_of_somebody_who_left_no_longer_work() -> None:
    sam = people.user("Sam")
    client = people.api_client_for(sam)
    assert client.get("/api/v1/me/").status_code == 200
    people.user("Sam", is_active=False)
    assert client.get("/api/v1/me/").status_code == 401
    people.user("Sam", is_active=True)
    actions.revoke_token(token=sam.api_tokens.get(), by=people.user("Sam"))
    assert client.get("/api/v1/me/").status_code == 401


@pytest.mark.django_db
def test_a_browser_without_the_csrf_token_writes_nothing() -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(people.user("Sam"))
    response = client.post("/api/v1/labs/", LAB)
    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")


@pytest.mark.django_db
def test_the_schema_says_how_keys_are_sent(client: Client) -> None:
    schema = client.get("/api/v1/schema/", {"format": "json"}).json()
    assert schema["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert {"/api/v1/me/", "/api/v1/labs/", "/api/v1/credentials/{public_id}/evidence/"} <= set(schema["paths"])


# --- errors


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Refused("No seats left.", code="no_seats"), 409, "no_seats"),
        (NotAllowed("Not yours."), 403, "not_allowed"),
        (Invalid("Bad.", faults=(Fault("Too long", "name", 3),)), 400, "invalid"),
        (Http404("x"), 404, "not_found"),
        (exceptions.NotFound(), 404, "not_found"),
        (PermissionDenied(), 403, "not_allowed"),
        (exceptions.PermissionDenied("No."), 403, "not_allowed"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.Throttled(), 429, "throttled"),
        (DjangoValidationError("Bad."), 400, "invalid"),
        (DjangoValidationError({"name": ["Too long"]}), 400, "invalid"),
        (exceptions.ValidationError("Bad."), 400, "invalid"),
    ],
)
def test_every_error_has_the_same_shape(error: Exception, status: int, code: str) -> None:
    response = exception_handler(error, {})
    assert response is not None
    assert (response.status_code, response.data["code"]) == (status, code)
    assert set(response.data) == {"code", "message", "errors"}
    assert isinstance(response.data["message"], str)


def test_a_fault_of_ours_stays_a_fault() -> None:
    assert exception_handler(ZeroDivisionError(), {}) is None


def test_faults_name_row_and_field() -> None:
    refusal = exception_handler(Invalid("Bad.", faults=(Fault("Too long", "name", 3),)), {})
    assert refusal is not None
    assert refusal.data["errors"] == [{"row": 3, "field": "name", "message": "Too long"}]
    nested: dict[str, Any] = {
        "name": ["Required."],
        "rows": [{}, {"pay": ["Too low."], "who": {"country": ["Unknown."]}}],
        "non_field_errors": ["Sum is off."],
    }
    answer = exception_handler(exceptions.ValidationError(nested), {})
    assert answer is not None
    assert answer.data["errors"] == [
        {"row": None, "field": "name", "message": "Required."},
        {"row": 2, "field": "rows.pay", "message": "Too low."},
        {"row": 2, "field": "rows.who.country", "message": "Unknown."},
        {"row": None, "field": "", "message": "Sum is off."},
    ]


# --- pages


@pytest.mark.django_db
def test_pages_are_newest_first_and_stable_while_rows_are_added() -> None:
    sam = people.user("Sam")
    for number in range(5):
        actions.notify(user=sam, title=f"News {number}")
    client = people.api_client_for(sam)
    first = client.get("/api/v1/notices/", {"limit": 2}).json()
    assert [notice["title"] for notice in first["results"]] == ["News 4", "News 3"]
    actions.notify(user=sam, title="News 5")
    second = client.get(first["next"]).json()
    assert [notice["title"] for notice in second["results"]] == ["News 2", "News 1"]
    assert client.get(second["previous"]).json()["results"] == first["results"]
    assert client.get("/api/v1/notices/", {"cursor": "nonsense"}).status_code == 404
    assert client.post("/api/v1/notices/read/").json() == {"read": 6}
    assert not Notice.objects.filter(read_at=None).exists()


@pytest.mark.django_db
def test_a_cursor_that_was_made_up_is_404() -> None:
    client = people.api_client_for(people.user("Sam"))
    made_up = base64.b64encode(b"p=not-a-key").decode()
    assert client.get("/api/v1/notices/", {"cursor": made_up}).status_code == 404


@pytest.mark.django_db
def test_a_labs_key_does_not_read_what_its_maker_was_told() -> None:
    actions.notify(user=people.user("Ada"), title="Your appeal was won")
    client = people.api_client_for(people.user("Ada"), lab=people.lab())
    assert client.get("/api/v1/notices/").json()["results"] == []
    assert client.post("/api/v1/notices/read/").status_code == 403


# --- what nobody sends in good faith


@pytest.mark.django_db
@pytest.mark.parametrize("depth", [50, 100_000])
def test_json_that_is_nested_too_deeply_is_refused(depth: int) -> None:
    client = people.api_client_for(people.user("Sam"))
    deep = client.post("/api/v1/labs/", "[" * depth + "]" * depth, content_type="application/json")
    assert (deep.status_code, deep.json()["code"]) == (400, "parse_error")
    fine = client.post("/api/v1/labs/", {**LAB, "more": {"x": [[1]]}}, format="json")
    assert fine.status_code == 201


@pytest.mark.django_db
def test_a_body_that_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "MAX_BODY", 200)
    client = people.api_client_for(people.user("Sam"))
    large = client.post("/api/v1/labs/", {**LAB, "more": "x" * 200}, format="json")
    assert (large.status_code, large.json()["code"]) == (400, "parse_error")
    assert client.post("/api/v1/labs/", LAB, format="json").status_code == 201


@pytest.mark.django_db
def test_a_null_character_is_bad_input_wherever_it_stands(client: Client) -> None:
    api = people.api_client_for(people.user("Sam"))
    refused = api.get("/api/v1/fundings/", {"ref": "\0"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    people.lab()
    people.sign_in(client, people.user("Ada"))
    page = client.get(reverse("accounts:lab", args=["\0"]))
    assert page.status_code == 400
    assert "default-src 'none'" in page["Content-Security-Policy"]


# --- Idempotency-Key


@pytest.mark.django_db
def test_a_retry_with_its_key_answers_the_same_and_does_nothing() -> None:
    client = people.api_client_for(people.user("Sam"))
    first = client.post("/api/v1/labs/", LAB, HTTP_IDEMPOTENCY_KEY="lab-1")
    again = client.post("/api/v1/labs/", LAB, HTTP_IDEMPOTENCY_KEY="lab-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Lab.objects.count() == 1
    assert str(IdempotentReply.objects.get()) == "lab-1"
    client.post("/api/v1/labs/", LAB)
    assert Lab.objects.count() == 2


@pytest.mark.django_db
def test_the_same_key_for_another_request_is_a_mistake_and_another_persons_key_is_their_own() -> None:
    client = people.api_client_for(people.user("Sam"))
    client.post("/api/v1/labs/", LAB, HTTP_IDEMPOTENCY_KEY="lab-1")
    response = client.post("/api/v1/labs/", {**LAB, "name": "Aurora"}, HTTP_IDEMPOTENCY_KEY="lab-1")
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_mismatch")
    assert Lab.objects.count() == 1
    adas = people.api_client_for(people.user("Ada"))
    assert adas.post("/api/v1/labs/", LAB, HTTP_IDEMPOTENCY_KEY="lab-1").status_code == 201
    response = client.post("/api/v1/labs/", LAB, HTTP_IDEMPOTENCY_KEY="k" * 121)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert client.get("/api/v1/labs/", HTTP_IDEMPOTENCY_KEY="lab-1").status_code == 200


@pytest.mark.django_db
def test_a_reply_to_one_key_of_a_person_is_not_for_another() -> None:
    ada, lab = people.user("Ada"), people.lab()
    path, guest = f"/api/v1/labs/{lab.public_id}/invites/", {"email": "sam@people.example", "role": "manager"}
    assert people.api_client_for(ada, lab).post(path, guest, HTTP_IDEMPOTENCY_KEY="one").status_code == 201
    other = people.api_client_for(ada).post(path, guest, HTTP_IDEMPOTENCY_KEY="one")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")


@pytest.mark.django_db
def test_a_refused_request_stores_nothing_and_may_be_tried_again() -> None:
    client = people.api_client_for(people.user("Sam"))
    bad = client.post("/api/v1/labs/", {**LAB, "country": "XX"}, HTTP_IDEMPOTENCY_KEY="lab-1")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (400, "country")
    assert not IdempotentReply.objects.exists()
    assert client.post("/api/v1/labs/", LAB, HTTP_IDEMPOTENCY_KEY="lab-1").status_code == 201
    assert client.post("/api/v1/me/", {}, HTTP_IDEMPOTENCY_KEY="me").status_code == 405
    assert client.post("/api/v1/labs/", "{", content_type="application/json").json()["code"] == "parse_error"


@pytest.mark.django_db
@pytest.mark.parametrize("by_session", [True, False])
def test_an_upload_is_told_by_its_content(by_session: bool) -> None:
    emil = people.expert("Emil", verified=False)
    url = f"/api/v1/credentials/{people.credential(emil).public_id}/evidence/"
    client = APIClient() if by_session else people.api_client_for(emil.user)
    if by_session:
        client.force_login(emil.user)

    def hand_in(words: str) -> Any:
        document = {"upload": people.diploma(words), "note": "x"}
        return client.post(url, document, format="multipart", HTTP_IDEMPOTENCY_KEY="diploma")

    first = hand_in("one")
    assert first.status_code == 201
    # Each multipart body has a boundary of its own, so its bytes differ; the retry is known by its parts.
    assert hand_in("one").json() == first.json()
    assert hand_in("two").json()["code"] == "idempotency_mismatch"


@pytest.mark.django_db
def test_replies_are_forgotten_after_a_week() -> None:
    client = people.api_client_for(people.user("Sam"))
    for key in ("old", "new"):
        client.post("/api/v1/labs/", LAB, HTTP_IDEMPOTENCY_KEY=key)
    IdempotentReply.objects.filter(key="old").update(created_at=timezone.now() - timedelta(days=8))
    jobs.forget_replies()
    assert [reply.key for reply in IdempotentReply.objects.all()] == ["new"]


class Empty(Door):
    def post(self, request: Request) -> Response:
        return Response(status=204)


@pytest.mark.django_db
def test_a_reply_without_content_is_kept_too() -> None:
    sam = people.user("Sam")
    for _ in range(2):
        request = APIRequestFactory().post("/x/", {}, HTTP_IDEMPOTENCY_KEY="x")
        force_authenticate(request, user=sam)
        response = Empty.as_view()(request)
        assert (response.status_code, response.data) == (204, None)


def _twice_at_once(post: Any) -> list[Any]:
    """Two equal requests in the same moment; returns both answers."""
    gate = threading.Barrier(2, timeout=10)
    answers: list[Any] = []

    def asker() -> None:
        gate.wait()
        answers.append(post())
        connection.close()

    threads = [threading.Thread(target=asker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_a_duplicate_that_comes_while_the_first_is_at_work_waits_and_answers_the_same() -> None:
    _, secret = actions.create_token(name="tests", by=people.user("Sam"))

    def post() -> Any:
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client.post("/api/v1/labs/", LAB, HTTP_IDEMPOTENCY_KEY="lab-1")

    one, other = _twice_at_once(post)
    assert one.status_code == other.status_code == 201
    assert one.json() == other.json()
    assert Lab.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_unique_row_both_would_have_had_their_effect() -> None:
    """The negative control: look, then act, with nothing that makes the second wait."""
    sam = people.user("Sam")
    looked = threading.Barrier(2, timeout=10)

    def careless() -> bool:
        with transaction.atomic():
            known = IdempotentReply.objects.filter(user=sam, key="lab-1").exists()
            looked.wait()
            if not known:
                actions.create_lab(by=sam, **LAB)
        return known

    assert _twice_at_once(careless) == [False, False]
    assert Lab.objects.count() == 2


# --- the addresses of accounts


@pytest.mark.django_db
def test_a_labs_key_sees_that_lab_and_invites_with_its_owners_right() -> None:
    lab = people.lab()
    people.lab("Another lab")
    client = people.api_client_for(people.user("Ada"), lab=lab)
    assert client.get("/api/v1/me/").json()["key_of_lab"] == lab.public_id
    assert [found["name"] for found in client.get("/api/v1/labs/").json()["results"]] == ["Meridian AI"]
    url = f"/api/v1/labs/{lab.public_id}/"
    assert client.get(url).json()["status"] == "confirmed"
    assert [member["role"] for member in client.get(f"{url}members/").json()] == ["owner", "manager", "reviewer"]
    invited = client.post(f"{url}invites/", {"email": "sam@people.example", "role": "manager"})
    assert (invited.status_code, invited.json()["status"]) == (201, "sent")
    again = client.post(f"{url}invites/", {"email": "sam@people.example", "role": "manager"})
    assert (again.status_code, again.json()["code"]) == (409, "already_invited")
    assert client.get("/api/v1/expert/").status_code == 404
    strangers = people.api_client_for(people.user("Sam"))
    assert strangers.get(url).status_code == 404
    assert strangers.post(f"{url}invites/", {"email": "x@people.example", "role": "owner"}).status_code == 404


@pytest.mark.django_db
def test_one_edits_oneself() -> None:
    client = people.api_client_for(people.user("Sam"))
    answer = client.patch("/api/v1/me/", {"time_zone": "Asia/Tokyo", "email": "other@people.example"}).json()
    assert (answer["time_zone"], answer["email"], answer["name"]) == ("Asia/Tokyo", "sam@people.example", "Sam Nobody")
    bad = client.patch("/api/v1/me/", {"time_zone": "Mars"})
    assert bad.json()["errors"] == [{"row": None, "field": "time_zone", "message": "Mars is not a known time zone."}]


@pytest.mark.django_db
def test_agreements_are_read_in_every_version() -> None:
    client = people.api_client_for(people.user("Sam"))
    listed = client.get("/api/v1/agreements/").json()["results"]
    assert {row["kind"] for row in listed} == {"terms", "nda", "data_licence"}
    assert client.get(f"/api/v1/agreements/{listed[0]['id']}/").json()["text"] == listed[0]["text"]
    assert client.get("/api/v1/agreements/agr_nonsense/").status_code == 404


@pytest.mark.django_db
def test_emil_does_it_all_through_the_api() -> None:
    emil = people.user("Emil")
    client = people.api_client_for(emil)
    assert client.get("/api/v1/expert/").status_code == 404
    profile = {"country": "DK", "languages": ["en", "da"], "min_rate": 4000, "weekly_hours": 10}
    assert client.post("/api/v1/expert/", profile).status_code == 201
    assert client.post("/api/v1/expert/", profile).json()["code"] == "already_expert"
    assert client.patch("/api/v1/expert/", {"weekly_hours": 12}).json()["weekly_hours"] == 12
    assert client.patch("/api/v1/expert/", {"languages": ["xx"]}).json()["errors"][0]["field"] == "languages"
    assert client.get("/api/v1/fields/", {"q": "physics"}).json()[0] == {
        "code": "0533", "label": "Physics", "within": "053",
    }  # fmt: skip
    assert client.get("/api/v1/institutions/", {"q": "copenhagen"}).json()[0]["ror_id"] == "035b05819"
    claim = {
        "title": "PhD in Physics", "level": 8, "field": "0533", "institution_name": "University of Copenhagen",
        "country": "DK", "year": 2015, "name_on_document": "Emil Sørensen",
    }  # fmt: skip
    made = client.post("/api/v1/credentials/", claim)
    assert (made.status_code, made.json()["status"], made.json()["institution"]) == (201, "claimed", "035b05819")
    url = f"/api/v1/credentials/{made.json()['id']}/"
    bad = SimpleUploadedFile("x.pdf", b"<html>")
    refused = client.post(f"{url}evidence/", {"upload": bad}, format="multipart")
    assert (refused.status_code, refused.json()["code"]) == (400, "not_a_document")
    client.post(f"{url}evidence/", {"upload": people.diploma()}, format="multipart")
    answer = client.get(url).json()
    assert (answer["status"], len(answer["evidence"])) == ("evidenced", 1)
    assert answer["answer_by"] is not None
    assert [row["id"] for row in client.get("/api/v1/credentials/").json()["results"]] == [answer["id"]]
    farah = people.api_client_for(people.expert("Farah").user)
    assert farah.get(url).status_code == 404
