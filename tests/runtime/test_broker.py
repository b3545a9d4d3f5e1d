"""Jobs through the real broker. CI runs this file twice: on the embedded Valkey and on Redis."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from kombu import Connection
from kombu.simple import SimpleQueue

from core import events
from core.actors import SYSTEM
from core.models import Delivery, Event
from marketplace.celery import app
from marketplace.wiring import WIRING

pytestmark = pytest.mark.broker


@pytest.fixture
def queue() -> Iterator[SimpleQueue]:
    with Connection(settings.CELERY_BROKER_URL) as connection:
        waiting = connection.SimpleQueue(settings.CELERY_TASK_DEFAULT_QUEUE)
        waiting.clear()
        yield waiting
        waiting.clear()
        waiting.close()


@pytest.fixture
def listening() -> Iterator[list[str]]:
    """One job wired to one event, for this test only."""
    heard: list[str] = []

    def remember(event: Event) -> None:
        heard.append(event.subject)

    events.subscribe((("lab.confirmed", remember),))
    yield heard
    events.subscribe(WIRING)


def run_next(queue: SimpleQueue) -> str:
    """What a worker does with the next message; returns the job's name."""
    message = queue.get(timeout=5)
    assert message.content_type == "application/json"
    arguments, keywords, _ = message.payload
    name: str = message.headers["task"]
    app.tasks[name].apply(arguments, keywords, throw=True)
    message.ack()
    return name


@pytest.mark.django_db(transaction=True)
def test_a_committed_event_wakes_a_worker_who_delivers_it_once(queue: Any, listening: list[str]) -> None:
    with transaction.atomic():
        events.record("lab.confirmed", "lab_aaaaaaaaaaaaaaaa", by=SYSTEM)
        with pytest.raises(Empty):
            queue.get(timeout=0.05)
    assert run_next(queue) == "core.deliver"
    assert listening == ["lab_aaaaaaaaaaaaaaaa"]
    assert Delivery.objects.get().done_at
    events.drain()
    assert listening == ["lab_aaaaaaaaaaaaaaaa"]


@pytest.mark.django_db(transaction=True)
def test_a_lost_message_costs_seconds_and_never_the_event(queue: Any, listening: list[str]) -> None:
    with transaction.atomic():
        events.record("lab.confirmed", "lab_aaaaaaaaaaaaaaaa", by=SYSTEM)
    queue.clear()
    app.send_task("core.drain")
    assert run_next(queue) == "core.drain"
    assert listening == ["lab_aaaaaaaaaaaaaaaa"]


def test_the_cache_forgets_in_time_and_queues_are_not_in_it(queue: Any) -> None:
    app.send_task("core.drain")
    cache.set("seen", "yes", timeout=60)
    assert cache.get("seen") == "yes"
    cache.clear()
    assert cache.get("seen") is None
    assert queue.qsize() == 1


def test_beat_names_only_jobs_that_exist() -> None:
    app.loader.import_default_modules()
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert "core.drain" in named
    assert named <= set(app.tasks)


def test_a_job_is_given_up_before_the_broker_gives_it_to_a_second_worker() -> None:
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]
    assert app.conf.task_acks_late
    assert app.conf.accept_content == ["json"]
