"""Questions to registers and to ORCID, written down at once. A worker asks them (experts/actions/asking.py)."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from core.actors import Actor
from core.errors import Refused
from core.events import record
from core.transitions import lock
from experts.models import Credential, Expert, Inquiry

logger = logging.getLogger(__name__)

ASK = "experts.ask_remotes"  # the job's name: jobs stand above actions, which wake it


def inquire(*, expert: Expert, credential: Credential | None, road: str, subject: str, by: Actor) -> Inquiry:
    """Write the question down and wake the worker. For actions that have authorised, in their transaction."""
    expert = lock(expert)
    if Inquiry.objects.filter(expert=expert, credential=credential, road=road, closed_at=None).exists():
        raise Refused("We are asking already. The answer appears here.", code="asked_already")
    inquiry = Inquiry.objects.create(expert=expert, credential=credential, road=road, subject=subject)
    about = credential.public_id if credential else expert.public_id
    record("inquiry.asked", inquiry.public_id, by=by, data={"about": about, "road": road})
    transaction.on_commit(wake)
    return inquiry


def wake() -> None:
    """A broker that is down costs the minute until the sweep, never the question."""
    try:
        current_app.send_task(ASK, retry=False)
    except OperationalError as error:
        logger.warning("Broker unreachable, inquiries wait for the sweep: %s", error)
