"""Asking registers and ORCID: an inquiry is written down at once, and a worker asks until somebody answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Refused
from core.events import record
from core.transitions import lock
from experts.actions.assertions import take_down
from experts.models import Credential, Expert, Inquiry, Road
from experts.policies import OPEN_TO_EVIDENCE
from experts.registers import Finding, Register, licence_of, register_for, registers
from experts.remote import Away, Nonsense

logger = logging.getLogger(__name__)

ASK = "experts.ask_remotes"  # the job's name: jobs stand above actions, which wake it
FIRST = timedelta(minutes=1)  # the pause after the first failure; it doubles
LONGEST = timedelta(hours=6)
TRIES = 10  # some twenty hours in all
LEASE = timedelta(minutes=5)  # nobody else asks meanwhile

Settle = Callable[[Inquiry], None]


@transaction.atomic
def ask_register(*, credential: Credential, by: Actor) -> Inquiry:
    """Have the register of this licence asked. Raises Refused (`road_closed`, `asked_already`)."""
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=credential.expert.user)
    credential = lock(credential)
    if credential.status not in OPEN_TO_EVIDENCE:
        raise Refused("This credential takes no more proof.", code="road_closed")
    register = register_for(credential)
    if register is None:
        raise Refused("We know no register that we could ask about this.", code="road_closed")
    return inquire(expert=credential.expert, credential=credential, road=Road.REGISTER, subject=register.code, by=by)


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


def ask_remotes(*, limit: int = 50) -> int:
    """The sweep: ask what is due, oldest first. Returns how many were tried."""
    due = Inquiry.objects.filter(closed_at=None, due_at__lte=timezone.now()).order_by("due_at", "pk")
    return sum(_ask(pk) for pk in list(due.values_list("pk", flat=True)[:limit]))


def _ask(pk: int) -> int:
    inquiry = _taken(pk)
    if inquiry is None:
        return 0
    try:
        settle = _answer_of(inquiry)  # the network, outside of any transaction
    except Away as away:
        _later(inquiry, str(away), away.wait)
    except Nonsense as nonsense:
        _close(inquiry, problem=str(nonsense))
    else:
        with transaction.atomic():
            settle(inquiry)
            _close(inquiry)
    return 1


@transaction.atomic
def _taken(pk: int) -> Inquiry | None:
    """The inquiry, leased to this worker; None where another has it."""
    now = timezone.now()
    rows = Inquiry.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    inquiry = rows.select_related("credential__expert", "expert__user").filter(pk=pk, closed_at=None).first()
    if inquiry is None or inquiry.due_at > now:
        return None
    inquiry.tries += 1
    inquiry.due_at = now + LEASE
    inquiry.save(update_fields=["tries", "due_at"])
    return inquiry


def _answer_of(inquiry: Inquiry) -> Settle:
    """Ask; the answer is what is to be done in the transaction that closes the inquiry. Raises Away, Nonsense."""
    credential = inquiry.credential
    if credential is None:
        raise Nonsense("nobody is asked about a whole person")
    register = next(known for known in registers() if known.code == inquiry.subject)
    finding = register.look_up(licence_of(credential))
    return lambda _: _take(credential, register, finding)


def _take(credential: Credential, register: Register, finding: Finding) -> None:
    take_down(
        credential=credential,
        road=Road.REGISTER,
        source=register.title,
        verdict=finding.verdict,
        strength=register.strength,
        says=finding.says,
        reasons=finding.reasons,
        by=SYSTEM,
    )


def _later(inquiry: Inquiry, problem: str, wait: int) -> None:
    """Once more after a pause, or never again."""
    if inquiry.tries >= TRIES:
        _close(inquiry, problem=problem)
        return
    pause = max(min(FIRST * 2 ** (inquiry.tries - 1), LONGEST), timedelta(seconds=wait))
    _save(inquiry, problem=problem[:200], due_at=timezone.now() + pause)


@transaction.atomic
def _close(inquiry: Inquiry, problem: str = "") -> None:
    _save(inquiry, problem=problem[:200], closed_at=timezone.now())
    data = {"road": inquiry.road, "problem": problem}
    record("inquiry.closed", inquiry.public_id, by=SYSTEM, data=data)


def _save(inquiry: Inquiry, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(inquiry, name, value)
    inquiry.save(update_fields=list(fields))
