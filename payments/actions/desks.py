"""What ops do with a delivery or an event that does not come through by itself. Each act is recorded with its actor."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid, WrongState
from core.events import record
from core.transitions import lock
from payments import gateway
from payments.actions.outbox import OPS, anew, complete, look_up
from payments.models import InboxEvent, Outbox, Payee
from payments.wake import wake_inbox, wake_outbox

State = Outbox.State
TAKEN_BACK = "Our staff took it back before it was sent."  # what those read whose money it is


@transaction.atomic
def retry_now(*, row: Outbox, by: Actor) -> Outbox:
    """Make a waiting delivery due now: same key, and after a look where an answer was lost. Raises WrongState."""
    authorise(by, Permission.MONEY_OPERATE)
    row = lock(row)
    if row.state not in (State.PENDING, State.UNKNOWN):
        raise WrongState("Only what waits for its next try can be tried now.")
    row.due_at = timezone.now()
    row.save(update_fields=["due_at"])
    record("outbox.hurried", row.subject, by=by, data={"key": row.key})
    transaction.on_commit(wake_outbox)
    return row


def adopt(*, row: Outbox, remote_id: str, by: Actor) -> Outbox:
    """Ops name what this row made at Stripe; its metadata must say so too. Call it outside transactions.

    Twice is once. Where it is not what was asked for, the row says so and waits on. Raises WrongState where it is
    another one's or the row was given up, and gateway errors.
    """
    authorise(by, Permission.MONEY_OPERATE)
    sent = OPS[row.op].fetch(row.payload, remote_id)
    if sent.subject != row.subject:
        raise WrongState(f"{remote_id} belongs to another {row.op}.")
    with transaction.atomic():
        before = lock(row).state
        if before == State.FAILED:
            raise WrongState("This delivery was given up or sent anew.")
        row = complete(row=row, sent=sent, by=by)
        if row.state == State.DONE != before:
            record("outbox.adopted", row.subject, by=by, data={"key": row.key, "remote_id": remote_id})
    return row


@transaction.atomic
def send_anew(*, row: Outbox, by: Actor, note: str) -> Outbox:
    """Ops have looked and found nothing: a new key for the same subject. It is looked for once more before sending.

    Raises Invalid (no reason), WrongState unless the row needs ops.
    """
    authorise(by, Permission.MONEY_OPERATE)
    note = said(note)
    row = lock(row)
    if row.state != State.NEEDS_OPS:
        raise WrongState("Only what waits for a person can be sent anew.")
    row.state = State.FAILED
    row.save(update_fields=["state"])
    record("outbox.sent_anew", row.subject, by=by, note=note, data={"key": row.key})
    return anew(row)


def give_up(*, row: Outbox, by: Actor, note: str) -> Outbox:
    """Ops declare a delivery dead: the money is again whose it was. Call it outside transactions.

    Stripe is looked at first: what it has is never given up. Raises Invalid (no reason), WrongState, gateway errors.
    """
    authorise(by, Permission.MONEY_OPERATE)
    note = said(note)
    if not can_be_given_up(row):
        raise WrongState("Only what waits for a person, or for whoever cannot be paid, can be given up.")
    if found := look_up(row):
        raise WrongState(f"Stripe has it: adopt {found.id}.")
    return _close(row, by, note)


def can_be_given_up(row: Outbox) -> bool:
    """It needs a person; or it was tried, and nobody goes on with it because its person cannot be paid any more."""
    stuck = row.payee is not None and row.payee.status != Payee.Status.READY and row.attempts > 0
    return row.state == State.NEEDS_OPS or (stuck and row.state in (State.PENDING, State.UNKNOWN))


@transaction.atomic
def _close(seen: Outbox, by: Actor, note: str) -> Outbox:
    row = lock(seen)
    if not can_be_given_up(row):
        raise WrongState("Somebody has dealt with it meanwhile.")
    row.state, row.last_error, row.lease_until = State.FAILED, note, None
    row.save(update_fields=["state", "last_error", "lease_until"])
    record("outbox.given_up", row.subject, by=by, note=note, data={"key": row.key})
    OPS[row.op].refused(row, gateway.Rejected(TAKEN_BACK, "given_up"), by)
    return row


@transaction.atomic
def try_again(*, event: InboxEvent, by: Actor) -> None:
    """Make a waiting event due now. Raises WrongState where it is processed or closed."""
    authorise(by, Permission.MONEY_OPERATE)
    event = _waiting(event)
    event.due_at = timezone.now()
    event.save(update_fields=["due_at"])
    record("inbox_event.hurried", f"inbox:{event.pk}", by=by, data={"event": event.event_id})
    transaction.on_commit(wake_inbox)


@transaction.atomic
def close_event(*, event: InboxEvent, by: Actor, note: str) -> InboxEvent:
    """An event that cannot be processed, and that a person has done by hand or that nothing is to be done about.

    It is not tried again, and its error stays to be read. Raises Invalid (no reason), WrongState.
    """
    authorise(by, Permission.MONEY_OPERATE)
    note = said(note)
    event = _waiting(event)
    if not event.error:
        raise WrongState("It has not failed: it is processed by itself.")
    event.processed_at = timezone.now()
    event.save(update_fields=["processed_at"])
    record("inbox_event.closed", f"inbox:{event.pk}", by=by, note=note, data={"event": event.event_id})
    return event


def _waiting(event: InboxEvent) -> InboxEvent:
    event = lock(event)
    if event.processed_at:
        raise WrongState("This event is processed, or somebody has closed it.")
    return event


def said(note: str) -> str:
    """The reason without the space around it. Raises Invalid where there is none."""
    if not note.strip():
        raise Invalid("Say why, for the record.", faults=(Fault("Say why, for the record.", field="note"),))
    return note.strip()
