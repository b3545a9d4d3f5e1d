"""The whole loop on real rows, over HTTP, with a real worker and webhooks that come over HTTP too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from django.core.management import call_command
from pytest_django.live_server_helper import LiveServer

from marketplace.celery import app
from marketplace.journey import material
from marketplace.journey.run import journey
from tests.sandbox import LocalStripe

DATA = Path(os.environ.get("QUORUM_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
ROWS = int(os.environ.get("JOURNEY_ROWS", "12"))  # of each project; the command takes all

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not material.there(DATA), reason="the data sets are not here (QUORUM_DATA)"),
]


@pytest.fixture
def worker() -> Iterator[None]:
    """A Celery worker in a thread, on the real broker."""
    app.control.purge()
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30, loglevel="WARNING"):
        yield


def test_the_whole_loop(live_server: LiveServer, stripe: LocalStripe, settings: Any, worker: None) -> None:
    settings.QUORUM_PUBLIC_URL = live_server.url
    settings.STRIPE_TIMEOUT = (5, 20)
    told: list[str] = []
    outcomes = journey(
        base=live_server.url,
        data=DATA,
        limit=ROWS,
        pump=lambda: stripe.deliver_over_http(live_server.url),
        say=told.append,
    )
    happened = sum((outcome.project.happened for outcome in outcomes), start=outcomes[0].project.happened.__class__())
    assert happened["expired"] == 2
    assert happened["return"] > 0
    assert happened["resubmitted"] == happened["return"]
    assert happened["reject"] > 0
    assert happened["accept"] > 0
    for outcome in outcomes:
        assert outcome.books.partial > 0 or outcome.project.happened["reject"] == 0
        assert outcome.books.paid == outcome.project.happened["accept"] * outcome.project.plan.pay
        assert outcome.books.funded > outcome.books.paid
        truths = [loaded.right for loaded in outcome.files if loaded.right is not None]
        assert truths == [1.0]  # accepted work, and only that, is in the training files
    assert stripe.balance() > 0


def test_the_command_refuses_to_invent_data(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"hhh_alignment"):
        call_command("journey", data=tmp_path)
