"""The door that supervisors and load balancers knock at."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_healthy_server_says_so_and_is_never_cached(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "product": "quorum"}
    assert "no-store" in answer["Cache-Control"]


def test_every_page_carries_the_strict_policy(client: Client) -> None:
    policy = client.get("/healthz")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "form-action 'self' https://checkout.stripe.com" in policy


def test_health_is_a_question(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
