"""The sweep that asks registers and ORCID, again and again, until somebody answers or it is given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.actors import SYSTEM
from core.events import record
from experts.actions.assertions import take_down
from experts.actions.orcid import keep_record
from experts.models import Credential, Inquiry, Road
from experts.orcid.client import record_of
from experts.registers import Finding, Register, licence_of, registers
from experts.remote import Away, Nonsense

FIRST = timedelta(minutes=1)  # the pause after the first failure; it doubles
LONGEST = timedelta(hours=6)
TRIES = 10  # some twenty hours in all
LEASE = timedelta(minutes=5)  # nobody else asks meanwhile


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
            settle()
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


def _answer_of(inquiry: Inquiry) -> Callable[[], object]:
    """Ask; the answer is what is to be done in the transaction that closes the inquiry. Raises Away, Nonsense."""
    credential = inquiry.credential
    if credential is None:
        found = record_of(inquiry.subject)
        return lambda: keep_record(expert=inquiry.expert, found=found)
    register = next(known for known in registers() if known.code == inquiry.subject)
    finding = register.look_up(licence_of(credential))
    return lambda: _take(credential, register, finding)


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
