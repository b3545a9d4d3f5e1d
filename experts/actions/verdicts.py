"""Decisions of ops: given, confirmed, taken back, delivered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Fault, Invalid, NotAllowed, Refused, WrongState
from core.events import record
from core.transitions import lock, step
from experts.actions.credentials import said
from experts.actions.matches import refresh_match
from experts.models import Credential, CredentialAppeal, Decision, Look, Verdict
from experts.policies import (
    another_person_decides,
    may_be_decided,
    needs_second,
    nobody_else_looks,
    others_than_who_refused,
    still_holds,
    unchanged_since,
)
from experts.queries import strongest, version_of

Status = Verdict.Status
TO: Final[dict[str, str]] = {
    Decision.APPROVE: Credential.Status.VERIFIED,
    Decision.ASK: Credential.Status.NEEDS_MORE,
    Decision.REFUSE: Credential.Status.REFUSED,
}


@transaction.atomic
def give_verdict(
    *,
    credential: Credential,
    decision: str,
    by: Actor,
    message: str = "",
    reason: str = "",
    seen: str = "",
    opened_at: datetime | None = None,
    in_bulk: bool = False,
) -> Verdict:
    """Decide; where somebody else did so before and waits for a second person, agree or not.

    `message`: what the expert reads; `reason` of a refusal: one of the closed list; `seen`: the `version_of` what was
    looked at. Nothing reaches the expert before `deliver_verdicts`.
    Raises NotAllowed, Invalid, WrongState, Refused (`changed_since`, `looked_at`).
    """
    authorise(by, Permission.CREDENTIAL_REVIEW)
    another_person_decides(by, credential)
    if decision == Decision.REFUSE and reason not in Credential.RefusalReason.values:
        raise Invalid("Choose a reason.", faults=(Fault("Choose a reason.", "reason"),))
    words = message.strip() if decision == Decision.APPROVE else said(message)
    credential = lock(credential)
    may_be_decided(credential, TO[decision])
    nobody_else_looks(by, credential)
    others_than_who_refused(by, credential)
    if seen:
        unchanged_since(seen, credential)
    if decision == Decision.APPROVE:
        still_holds(credential)
    first = _standing(credential)
    Look.objects.filter(credential=credential).delete()
    if first is not None and first.by_id == by.pk:
        raise NotAllowed("You decided on this one. Now somebody else confirms it, or you take yours back.")
    if first is not None and (first.decision, first.reason) == (decision, reason):
        return _hold(first, by=by, confirmed_by_id=by.pk, message=words or first.message, seen=seen)
    if first is not None:
        step(first, Status.OVERTURNED, by=by)
    verdict = Verdict.objects.create(
        credential=credential,
        decision=decision,
        reason=reason,
        message=words,
        seen=seen,
        by=cast(User, by),
        needs_second=decision != Decision.ASK and needs_second(credential),
        opened_at=opened_at or timezone.now(),
        in_bulk=in_bulk,
    )
    data = {"credential": credential.public_id, "decision": decision}
    record("verdict.waiting", verdict.public_id, by=by, after=Status.WAITING, note=words, data=data)
    return verdict if verdict.needs_second else _hold(verdict, by=by)


def _standing(credential: Credential) -> Verdict | None:
    """The verdict that waits for a second person, if it was given on what is there now."""
    first = credential.verdicts.filter(status__in=Verdict.LIVE).first()
    if first is None:
        return None
    first = lock(first)
    if first.status == Status.HELD:
        raise WrongState(f"{first.by} has decided on this one just now.")
    if first.seen and first.seen != version_of(credential):
        step(first, Status.VOID, by=SYSTEM)
        return None
    return first


def _hold(verdict: Verdict, *, by: Actor, **fields: Any) -> Verdict:
    due = timezone.now() + timedelta(seconds=settings.QUORUM_UNDO_SECONDS)
    return step(verdict, Status.HELD, by=by, due_at=due, **fields)


@transaction.atomic
def undo_verdict(*, verdict: Verdict, by: Actor) -> Verdict:
    """Take back one's own verdict, or one's own confirmation of another's. Raises NotAllowed, WrongState."""
    authorise(by, Permission.CREDENTIAL_REVIEW)
    verdict = lock(verdict)
    if verdict.status == Status.HELD and verdict.confirmed_by_id == by.pk:
        return step(verdict, Status.WAITING, by=by, due_at=None, confirmed_by_id=None)
    if verdict.by_id != by.pk:
        raise NotAllowed("Only those who decided can take it back.")
    return step(verdict, Status.UNDONE, by=by)


def deliver_verdicts() -> int:
    """The sweep: what nobody took back within the minute. Returns how many reached their experts."""
    due = Verdict.objects.filter(status=Status.HELD, due_at__lte=timezone.now()).select_related("credential")
    return sum(_deliver(verdict) is not None for verdict in due.order_by("due_at", "pk"))


@transaction.atomic
def _deliver(verdict: Verdict) -> Credential | None:
    """The credential in its new state, or None where it changed since or the verdict was taken back."""
    credential = lock(verdict.credential)
    verdict = lock(verdict)
    if verdict.status != Status.HELD:
        return None
    changed = verdict.seen and verdict.seen != version_of(credential)
    if changed or credential.status != Credential.Status.EVIDENCED:
        step(verdict, Status.VOID, by=SYSTEM)
        return None
    person = verdict.by
    step(verdict, Status.DELIVERED, by=person)
    fields: dict[str, Any] = {"decided_at": timezone.now(), "decided_by": person, "reason": verdict.reason}
    if verdict.decision == Decision.APPROVE:
        method, strength = strongest(credential)
        fields |= {"method": method, "strength": strength, "recheck_on": None, "warned_days": 0}
    if verdict.decision != Decision.ASK:
        fields["flag"] = ""
    data = {"expert": credential.expert.public_id, "reason": verdict.reason}
    note = fields["message"] = verdict.message
    credential = step(credential, TO[verdict.decision], by=person, note=note, data=data, **fields)
    _close_appeal(credential, verdict)
    refresh_match(credential.expert)
    return credential


def _close_appeal(credential: Credential, verdict: Verdict) -> None:
    appeal = credential.appeals.filter(status=CredentialAppeal.Status.OPEN).first()
    if appeal is None or verdict.decision == Decision.ASK:
        return
    ends = CredentialAppeal.Status.UPHELD
    if verdict.decision == Decision.APPROVE:
        ends = CredentialAppeal.Status.OVERTURNED
        step(lock(appeal.verdict), Status.OVERTURNED, by=verdict.by)
    step(lock(appeal), ends, by=verdict.by, decided_by=verdict.by, data={"credential": credential.public_id})


# --- At once: for those who have no minute, the demo and the journey --------------------------------------------------


@transaction.atomic
def verify_credential(*, credential: Credential, by: Actor, message: str = "", seen: str = "") -> Credential:
    """A verdict given and delivered in one. Raises as `give_verdict`, and Refused (`second_needed`)."""
    return _at_once(credential, Decision.APPROVE, by=by, message=message, seen=seen)


@transaction.atomic
def ask_for_more(*, credential: Credential, message: str, by: Actor, seen: str = "") -> Credential:
    """`message` says what is missing. Raises as `verify_credential`."""
    return _at_once(credential, Decision.ASK, by=by, message=message, seen=seen)


@transaction.atomic
def refuse_credential(*, credential: Credential, reason: str, message: str, by: Actor, seen: str = "") -> Credential:
    """`reason`: one of the closed list; `message`: our words to the expert. Raises as `verify_credential`."""
    return _at_once(credential, Decision.REFUSE, by=by, message=message, reason=reason, seen=seen)


def _at_once(credential: Credential, decision: str, **given: Any) -> Credential:
    verdict = give_verdict(credential=credential, decision=decision, **given)
    if verdict.status == Status.WAITING:
        raise Refused("A second person of ops has to confirm this one.", code="second_needed")
    return cast(Credential, _deliver(verdict))  # nothing changed since: the credential is locked
