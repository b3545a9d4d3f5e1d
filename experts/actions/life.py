"""Life after verification: its end, the warnings before it, a fresh proof after it, and what a withdrawal would do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import WrongState
from core.events import record
from core.transitions import lock, step
from experts.actions.credentials import edit_claim, revoke_credential
from experts.actions.evidence import add_evidence
from experts.actions.matches import refresh_match
from experts.models import Credential, Evidence
from experts.policies import another_person_decides, lies_ahead
from experts.queries import ending, today
from experts.questions import OPEN_TO, UNDER_WAY

Status = Credential.Status
WARNINGS: Final = (1, 7, 30)  # days before the last day


@transaction.atomic
def plan_recheck(*, credential: Credential, on: date | None, by: Actor) -> Credential:
    """After the day `on` this credential counts again only with a fresh proof; None: no such day. Raises Invalid."""
    authorise(by, Permission.CREDENTIAL_REVIEW)
    another_person_decides(by, credential)
    if on is not None:
        lies_ahead(on)
    credential = lock(credential)
    if credential.status != Status.VERIFIED:
        raise WrongState(f"This credential is {credential.status}; only a verified one is checked again.")
    credential.recheck_on, credential.warned_days = on, 0
    credential.save(update_fields=["recheck_on", "warned_days"])
    record("credential.recheck_planned", credential.public_id, by=by, note=str(on or ""))
    return credential


def warn_of_ends() -> int:
    """The sweep: experts hear 30, 7 and 1 days before the last day, each once. Returns how many heard now."""
    return _each(ending(today() + timedelta(days=WARNINGS[-1] + 1)), _warn)


def _warn(credential: Credential) -> bool:
    if credential.status != Status.VERIFIED or credential.ends_on is None:
        return False
    left = (credential.ends_on - today()).days
    due = next((days for days in WARNINGS if 0 <= left <= days), 0)
    if not due or 0 < credential.warned_days <= due:
        return False
    credential.warned_days = due
    credential.save(update_fields=["warned_days"])
    data = {"days": left, "last_day": credential.ends_on.isoformat()}
    record("credential.ending", credential.public_id, by=SYSTEM, data=data)
    return True


def expire_credentials() -> int:
    """The sweep: what has run out, or waits for a fresh proof, no longer counts. Returns how many."""
    return _each(ending(today()), _expire)


def _expire(credential: Credential) -> bool:
    if credential.status != Status.VERIFIED or credential.ends_on is None or credential.ends_on >= today():
        return False
    words = "It ran out." if credential.ends_on == credential.expires_on else "It is time for a fresh proof."
    step(credential, Status.EXPIRED, by=SYSTEM, note=words, message=words)
    refresh_match(credential.expert)
    return True


def _each(found: QuerySet[Credential], act: Callable[[Credential], bool]) -> int:
    """One credential a transaction; it may have moved on since it was found."""
    count = 0
    for credential in found:
        with transaction.atomic():
            count += act(lock(credential))
    return count


@transaction.atomic
def renew_credential(
    *, credential: Credential, upload: UploadedFile[Any], by: Actor, expires_on: date | None = None
) -> Evidence:
    """A fresh proof of what has expired; `expires_on`: the licence's new last day. Raises as `add_evidence`."""
    if expires_on is not None:
        credential = edit_claim(credential=credential, expires_on=expires_on, by=by)
    return add_evidence(credential=credential, upload=upload, by=by)


@dataclass(frozen=True)
class Foretold:
    """`stops`: projects in which new claims end; `goes_on`: lines of work that is finished and paid all the same."""

    stops: list[str]
    goes_on: list[str]


def foretell_revocation(*, credential: Credential, by: Actor) -> Foretold:
    """What a withdrawal would do now: acted out in a transaction that is taken back. Raises as `revoke_credential`."""
    authorise(by, Permission.CREDENTIAL_REVIEW)
    expert = credential.expert
    with transaction.atomic():
        before = OPEN_TO.ask(expert)
        revoke_credential(credential=credential, message="Acted out only.", by=by)
        after = set(OPEN_TO.ask(expert))
        goes_on = UNDER_WAY.ask(expert)
        transaction.set_rollback(True)
    return Foretold([project for project in before if project not in after], goes_on)
