"""Waiting for what the workers do, and letting an hour pass that nobody wants to wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from marketplace.celery import app
from tasks.models import Seat

PATIENCE = 120.0  # seconds


class TooLate(RuntimeError):
    """The background did not do in time what it should."""


class Background:
    """`pump` is called while we wait: where webhooks do not come by themselves, it brings them."""

    def __init__(self, pump: Callable[[], object]) -> None:
        self.pump = pump

    def wake(self, *jobs: str) -> None:
        """Hand these jobs to the workers now, through the broker; beat would do it within the minute."""
        for job in jobs:
            app.send_task(job)

    def until(self, happened: Callable[[], bool], what: str, *jobs: str) -> None:
        """Wake `jobs` and wait until it happened. Raises TooLate."""
        deadline = time.monotonic() + PATIENCE
        woken = 0.0
        while not happened():
            if time.monotonic() > deadline:
                raise TooLate(f"Waited {PATIENCE:.0f} s in vain: {what}")
            if time.monotonic() - woken > 2:
                self.wake("core.drain", *jobs)
                woken = time.monotonic()
            self.pump()
            time.sleep(0.2)


def let_lease_pass(submission: str) -> None:
    """As if the time of this claim had run out a minute ago."""
    Seat.objects.filter(submissions__public_id=submission).update(lease_until=timezone.now() - timedelta(minutes=1))
