"""The worker's door: event delivery, and the nightly look for stray files."""

from __future__ import annotations

from celery import shared_task

from core import events, files


@shared_task(name="core.deliver", ignore_result=True)
def deliver(delivery_id: int) -> None:
    events.deliver_one(delivery_id)


@shared_task(name="core.drain", ignore_result=True)
def drain() -> None:
    events.drain()


@shared_task(name="core.remove_strays", ignore_result=True)
def remove_strays() -> None:
    files.remove_strays()
