"""The worker's door to event delivery."""

from __future__ import annotations

from celery import shared_task

from core import events


@shared_task(name="core.deliver", ignore_result=True)
def deliver(delivery_id: int) -> None:
    events.deliver_one(delivery_id)


@shared_task(name="core.drain", ignore_result=True)
def drain() -> None:
    events.drain()
