"""Too many requests: who is counted together, what they are told, and what never counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.throttles import PerMinute
from tests import people
from tests.tasks.scene import accepted, answer, claimed, project

pytestmark = pytest.mark.django_db

ME = "/api/v1/me/"


class Watch:
    """The throttles' clock, in seconds."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(PerMinute, "timer", watch)
    return watch


def statuses(ask: Callable[[], Any], times: int) -> list[int]:
    return [ask().status_code for _ in range(times)]


def test_a_key_that_asks_too_often_is_told_when_to_come_back(settings: Settings, watch: Watch) -> None:
    settings.QUORUM_API_PER_MINUTE = 3
    client = people.api_client_for(people.user("Sam"))
    assert statuses(lambda: client.get(ME), 2) == [200, 200]
    watch.now += 20
    assert statuses(lambda: client.get(ME), 2) == [200, 429]
    refused = client.get(ME)
    assert refused["Retry-After"] == "40"
    assert refused.json() == {
        "code": "throttled",
        "message": "Request was throttled. Expected available in 40 seconds.",
        "errors": [],
    }
    watch.now += 40
    assert statuses(lambda: client.get(ME), 3) == [200, 200, 429]


def test_another_key_and_the_browser_of_the_same_person_are_counted_by_themselves(settings: Settings) -> None:
    settings.QUORUM_API_PER_MINUTE = 1
    sam = people.user("Sam")
    one, other, browser = people.api_client_for(sam), people.api_client_for(sam), APIClient()
    browser.force_login(people.user("Sam"))
    for client in (one, other, browser):
        assert statuses(lambda: client.get(ME), 2) == [200, 429]  # noqa: B023 - called at once


def test_without_a_key_or_with_a_wrong_one_the_address_is_counted(settings: Settings) -> None:
    settings.QUORUM_API_PER_MINUTE_ANONYMOUS = 3
    nobody, guesser = APIClient(), APIClient(HTTP_AUTHORIZATION="Bearer qk_guessed")
    assert statuses(lambda: nobody.get(ME), 2) == [401, 401]
    assert statuses(lambda: guesser.get(ME), 2) == [401, 429]
    assert guesser.get(ME).json()["code"] == "throttled"
    assert APIClient(REMOTE_ADDR="203.0.113.8").get(ME).status_code == 401
    sam = people.api_client_for(people.user("Sam"))
    assert sam.get(ME).status_code == 200, "a neighbour behind the same address"


@pytest.mark.parametrize(("proxies", "last"), [(0, 429), (1, 401)])
def test_an_address_is_believed_only_when_a_proxy_of_ours_says_it(settings: Settings, proxies: int, last: int) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}
    settings.QUORUM_API_PER_MINUTE_ANONYMOUS = 1
    assert APIClient(HTTP_X_FORWARDED_FOR="203.0.113.7").get(ME).status_code == 401
    assert APIClient(HTTP_X_FORWARDED_FOR="203.0.113.8").get(ME).status_code == last


def test_the_schema_says_so_and_is_itself_not_made_for_anybody_as_often_as_they_like(settings: Settings) -> None:
    settings.QUORUM_API_PER_MINUTE_ANONYMOUS = 1
    schema = APIClient().get("/api/v1/schema/", {"format": "json"})
    assert "429" in schema.json()["info"]["description"]
    assert "Retry-After" in schema.json()["info"]["description"]
    again = APIClient().get("/api/v1/schema/", {"format": "json"})
    assert (again.status_code, again.json()["code"]) == (429, "throttled")


def test_the_limits_can_be_switched_off(settings: Settings) -> None:
    settings.QUORUM_API_PER_MINUTE = settings.QUORUM_API_PER_MINUTE_ANONYMOUS = 0
    client = people.api_client_for(people.user("Sam"))
    assert set(statuses(lambda: client.get(ME), 5)) == {200}
    assert set(statuses(lambda: APIClient().get(ME), 5)) == {401}


def test_without_the_cache_the_api_answers_and_the_log_says_that_nobody_is_counted(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.QUORUM_API_PER_MINUTE = 1
    client = people.api_client_for(people.user("Sam"))
    assert statuses(lambda: client.get(ME), 2) == [200, 429]
    cache = settings.CACHES["default"]
    settings.CACHES = {"default": {**cache, "LOCATION": "redis://127.0.0.1:1/0"}}  # nobody listens there
    assert statuses(lambda: client.get(ME), 2) == [200, 200]
    assert caplog.messages.count("The cache is away: requests to the API are not counted.") == 2


def test_an_hour_of_careful_work_with_a_save_each_second_is_never_hit(watch: Watch) -> None:
    """With the limits as they ship: two pieces of work, side by side, saved every second."""
    ice = project(tasks=2)
    emil = people.api_client_for(accepted("Emil", ice).user)
    claims = [emil.post(f"/api/v1/projects/{ice.public_id}/claims/").json()["id"] for _ in range(2)]
    for version in range(75):
        watch.now += 1
        for work in claims:
            body = {"response": {"rationale": f"word {version}"}, "version": version, "seconds": 1}
            assert emil.put(f"/api/v1/work/{work}/draft/", body, format="json").status_code == 200
    done = emil.post(f"/api/v1/work/{claims[0]}/submit/", {"response": answer(), "seconds": 60}, format="json")
    assert done.status_code == 200


def test_what_the_pages_save_by_themselves_is_not_counted(settings: Settings, client: Client) -> None:
    settings.QUORUM_API_PER_MINUTE = 1
    ice = project(tasks=1)
    emil = accepted("Emil", ice)
    people.sign_in(client, emil.user)
    assert statuses(lambda: client.get(ME), 2) == [200, 429]
    work = claimed(ice).public_id
    drafts = [client.post(f"/work/{work}/draft/", {"rationale": "a", "version": version}) for version in range(4)]
    assert [saved.json()["version"] for saved in drafts] == [1, 2, 3, 4]
    assert client.post(f"/work/{work}/extend/", headers={"Accept": "application/json"}).status_code == 200
