"""Services that are slow, gone, full or mad: a worker learns whether to ask again, and nothing hangs or swells."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from experts import remote
from experts.remote import Away, Nonsense, ask
from tests.remote import Service, Told, serving


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as running:
        yield running


def test_an_answer_is_status_and_body_and_what_is_asked_is_only_ever_a_parameter(service: Service) -> None:
    service.answers[""] = Told(404, b"no")
    answer = ask(service.url, accept="application/json", parameters={"name": "a/../b?c=d&e"})
    assert (answer.status, answer.body) == (404, b"no")
    assert service.asked == ["/?name=a%2F..%2Fb%3Fc%3Dd%26e"]
    assert service.accepts == ["application/json"]


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        (Told(429, headers={"Retry-After": "90"}), 90),
        (Told(429, headers={"Retry-After": "999999"}), 86_400),
        (Told(503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), 0),
        (Told(500), 0),
    ],
)
def test_who_is_busy_is_asked_again_and_not_before_they_like(service: Service, told: Told, wait: int) -> None:
    service.answers[""] = told
    with pytest.raises(Away, match=str(told.status)) as away:
        ask(service.url, accept="*/*")
    assert away.value.wait == wait


def test_a_redirect_is_not_followed(service: Service) -> None:
    service.answers[""] = Told(302, headers={"Location": f"{service.url}/inside"})
    with pytest.raises(Nonsense, match="elsewhere"):
        ask(service.url, accept="*/*")
    assert service.asked == ["/"]


def test_who_is_gone_is_asked_again() -> None:
    with serving() as gone:
        url = gone.url
    with pytest.raises(Away, match="ConnectionError"):
        ask(url, accept="*/*")


def test_an_answer_without_end_is_cut_off(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.answers[""] = Told(200, b"x" * 200_000)
    assert len(ask(service.url, accept="*/*").body) == 200_000
    monkeypatch.setattr(remote, "BIGGEST", 100_000)
    with pytest.raises(Nonsense, match="too long"):
        ask(service.url, accept="*/*")
    monkeypatch.setattr(remote, "BIGGEST", 10**9)
    monkeypatch.setattr(remote, "LONGEST", -1)
    with pytest.raises(Away, match="takes too long"):
        ask(service.url, accept="*/*")
