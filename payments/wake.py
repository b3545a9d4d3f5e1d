"""Telling the workers that there is something to do. A broker that is down costs seconds: beat drains anyway."""

from __future__ import annotations

import logging

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def wake_outbox() -> None:
    _wake("payments.dispatch_outbox")


def wake_inbox() -> None:
    _wake("payments.process_inbox")


def _wake(job: str) -> None:
    try:
        current_app.send_task(job, retry=False)
    except OperationalError as error:
        logger.warning("Broker unreachable, %s waits for the sweep: %s", job, error)
