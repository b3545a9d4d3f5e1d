"""Recording events, and delivering them upward to the jobs that `marketplace/wiring.py` names."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.actors import Actor, System
from core.models import Delivery, Event

logger = logging.getLogger(__name__)

Job = Callable[[Event], None]
Wiring = tuple[tuple[str, Job], ...]

_jobs: dict[str, Job] = {}
_wanted: dict[str, tuple[str, ...]] = {}

FIRST_RETRY = timedelta(seconds=10)
LAST_RETRY = timedelta(hours=1)


def job_name(job: Job) -> str:
    return f"{job.__module__}.{job.__qualname__}"


def subscribe(wiring: Wiring) -> None:
    """Take the whole table of (event name, job) at once; a second call replaces the first."""
    _jobs.clear()
    _wanted.clear()
    for name, job in wiring:
        _jobs[job_name(job)] = job
        _wanted[name] = (*_wanted.get(name, ()), job_name(job))


def record(
    name: str,
    subject: str,
    *,
    by: Actor,
    before: str = "",
    after: str = "",
    note: str = "",
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Write the event in the caller's transaction, owe it to its jobs, and wake them after commit."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{name} must be recorded in the transaction of the change it speaks of")
    event = Event.objects.create(
        name=name,
        subject=subject,
        actor_id=None if isinstance(by, System) else by.pk,
        before=before,
        after=after,
        note=note,
        data=dict(data or {}),
    )
    if wanted := _wanted.get(name):
        owed = Delivery.objects.bulk_create(Delivery(event=event, job=job) for job in wanted)
        transaction.on_commit(lambda: wake(delivery.pk for delivery in owed))
    return event


def wake(delivery_ids: Iterable[int]) -> None:
    """Tell the workers. A broker that is down costs the seconds until the beat sweep, never the event."""
    from core.jobs import deliver

    for pk in delivery_ids:
        try:
            deliver.apply_async((pk,), retry=False)
        except deliver.OperationalError as error:
            logger.warning("Broker unreachable, delivery %s waits for the sweep: %s", pk, error)
            return


def deliver_one(pk: int) -> bool:
    """Run one delivery. Its effect and its `done_at` commit together.

    Returns whether it is settled; an exception of the job is kept on the row and tried again with growing pauses.
    """
    with transaction.atomic():
        delivery = (
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("event")
            .filter(pk=pk, done_at=None)
            .first()
        )
        if delivery is None:
            return True
        try:
            with transaction.atomic():
                _jobs[delivery.job](delivery.event)
        except Exception as error:
            logger.exception("Delivery %s failed", delivery)
            pause = min(FIRST_RETRY * 2 ** min(delivery.tries, 12), LAST_RETRY)
            Delivery.objects.filter(pk=pk).update(
                tries=F("tries") + 1, due_at=timezone.now() + pause, last_error=repr(error)[:2000]
            )
            return False
        delivery.done_at = timezone.now()
        delivery.tries += 1
        delivery.last_error = ""
        delivery.save(update_fields=["done_at", "tries", "last_error"])
    return True


def drain(limit: int = 500) -> int:
    """Deliver what is owed and due, oldest first. The beat sweep calls it; returns how many were tried."""
    due = Delivery.objects.filter(done_at=None, due_at__lte=timezone.now()).order_by("due_at", "pk")
    owed = list(due.values_list("pk", flat=True)[:limit])
    for pk in owed:
        deliver_one(pk)
    return len(owed)


def history(subject: str) -> list[Event]:
    """Everything that happened to one thing, oldest first."""
    return list(Event.objects.filter(subject=subject).select_related("actor").order_by("pk"))
