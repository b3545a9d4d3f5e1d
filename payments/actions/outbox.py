"""Delivering to Stripe exactly once, whatever dies in between: transfers, refunds, reversals.

A row is claimed under a lease and committed; Stripe is called with no transaction open; the outcome, its subject's
status and the ledger entry are committed together. The same key is used for at most 20 hours (Stripe forgets it
after 24); after that only a look-up may find what was made, and a new attempt needs a person.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Min, Q
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.transitions import lock
from payments import gateway
from payments.actions.cancelling import EXPIRY
from payments.actions.delivery import Op, put_out
from payments.actions.payouts import TRANSFER
from payments.actions.refunds import REFUND, apply_refund
from payments.actions.reversals import REVERSAL, apply_reversal
from payments.models import Hold, Outbox, Payee, Refund, Reversal

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=120)  # longer than the SDK can take: (5 + 20) s × 3 tries and its pauses
KEY_LIFE: Final = timedelta(hours=20)
FIRST_RETRY: Final = timedelta(seconds=10)
LAST_RETRY: Final = timedelta(hours=1)
FUNDS_RETRY: Final = timedelta(hours=1)
State = Outbox.State
OPS: Final[dict[str, Op]] = {
    Outbox.Op.TRANSFER: TRANSFER,
    Outbox.Op.REFUND: REFUND,
    Outbox.Op.EXPIRY: EXPIRY,
    Outbox.Op.REVERSAL: REVERSAL,
}


class KeyTooOld(Exception):
    """Stripe may have forgotten the key, and nothing is found: sending again needs a person."""


def dispatch(*, limit: int = 200, by: Actor = SYSTEM) -> int:
    """Send what is due, oldest first. Safe to run many times at once. Returns how many rows it tried."""
    authorise(by, Permission.MONEY_OPERATE)
    tried = 0
    while tried < limit and (row := _claim()):
        _send(row, by)
        tried += 1
    return tried


@transaction.atomic
def _claim() -> Outbox | None:
    """Take one due row under a lease. A person who is not ready, or held, waits: their row is not even looked at."""
    now = timezone.now()
    due = Q(state__in=[State.PENDING, State.UNKNOWN], due_at__lte=now) | Q(state=State.SENDING, lease_until__lt=now)
    row = (
        Outbox.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(due, Q(payee=None) | Q(payee__status=Payee.Status.READY))
        .exclude(payee__user__in=Hold.objects.active().values("payee"))
        .order_by("due_at", "pk")
        .first()
    )
    if row is None:
        return None
    row.state, row.lease_until, row.attempts = State.SENDING, now + LEASE, row.attempts + 1
    row.first_at = row.first_at or now
    row.save(update_fields=["state", "lease_until", "attempts", "first_at"])
    return row


def _send(row: Outbox, by: Actor) -> None:
    try:
        sent = _find_or_send(row)
    except gateway.Busy as error:
        _put_back(row, State.PENDING, error)
    except gateway.Unknown as error:
        _put_back(row, State.UNKNOWN, error)
    except gateway.Rejected as error:
        _refused(row, error, by)
    except (gateway.Misused, KeyTooOld) as error:
        _put_back(row, State.NEEDS_OPS, error)
        logger.error("%s needs a person: %s", row.key, error)
    else:
        complete(row=row, sent=sent, by=by)


def _find_or_send(row: Outbox) -> Any:
    """An earlier attempt may have worked unseen (a lost answer, a saved 500, a killed worker): look before sending."""
    op = OPS[row.op]
    if (row.attempts > 1 or row.run > 1) and (found := look_up(row)):
        return found
    if timezone.now() - (row.first_at or timezone.now()) > KEY_LIFE:
        raise KeyTooOld("Tried for 20 hours; nothing is found at Stripe")
    return op.send(row.payload, row.key)


def look_up(row: Outbox) -> Any:
    """What any earlier try for this subject made at Stripe, or None. Raises gateway errors."""
    first = Outbox.objects.filter(op=row.op, subject=row.subject).aggregate(first=Min("created_at"))["first"]
    return OPS[row.op].find(row.payload, first - timedelta(hours=1))


@transaction.atomic
def complete(*, row: Outbox, sent: Any, by: Actor) -> Outbox:
    """It exists at Stripe: close the row, move its subject, book it. All or nothing, and once."""
    authorise(by, Permission.MONEY_OPERATE)
    row = lock(row)
    if row.state in (State.DONE, State.FAILED):
        return row
    if not OPS[row.op].fits(row, sent):
        row.state, row.last_error = State.NEEDS_OPS, f"{sent.id} is not the {row.op} we asked for"
        row.save(update_fields=["state", "last_error"])
        return row
    row.state, row.remote_id, row.last_error, row.lease_until = State.DONE, sent.id, "", None
    row.save(update_fields=["state", "remote_id", "last_error", "lease_until"])
    OPS[row.op].booked(row, sent, by)
    return row


@transaction.atomic
def _put_back(row: Outbox, state: str, error: Exception) -> None:
    """Give the row up, unless another sender has taken it over meanwhile (then its count of attempts is higher)."""
    pause = min(FIRST_RETRY * 2 ** min(row.attempts - 1, 12), LAST_RETRY)
    Outbox.objects.filter(pk=row.pk, state=State.SENDING, attempts=row.attempts).update(
        state=state, lease_until=None, due_at=timezone.now() + pause, last_error=str(error)[:2000]
    )


@transaction.atomic
def _refused(row: Outbox, error: gateway.Rejected, by: Actor) -> None:
    """Stripe said no for good: the money goes back to whom it was taken from, and all can read why."""
    attempts = row.attempts
    row = lock(row)
    if row.state != State.SENDING or row.attempts != attempts:
        return
    row.state, row.last_error, row.lease_until = State.FAILED, f"{error.reason}: {error}"[:2000], None
    row.save(update_fields=["state", "last_error", "lease_until"])
    if error.reason == gateway.NO_FUNDS and OPS[row.op].waits_for_funds:
        anew(row, pause=FUNDS_RETRY)  # Stripe would repeat its no to the same key for a day
        return
    OPS[row.op].refused(row, error, by)


def confirm_transfer(*, transfer_id: str, by: Actor = SYSTEM) -> Outbox | None:
    """Stripe told of a transfer: close its row if the answer never reached us. None where it is not ours."""
    authorise(by, Permission.MONEY_OPERATE)
    sent = gateway.transfer(transfer_id)
    row = Outbox.objects.filter(op=Outbox.Op.TRANSFER, subject=sent.payout).exclude(state=State.FAILED).first()
    return complete(row=row, sent=sent, by=by) if row else None


@transaction.atomic
def confirm_refund(*, facts: gateway.Refund, by: Actor = SYSTEM) -> Refund:
    """Stripe told of a refund: close its row if the answer never reached us, then follow it. Raises ForeignRefund."""
    authorise(by, Permission.MONEY_OPERATE)
    row = Outbox.objects.filter(op=Outbox.Op.REFUND, subject=facts.subject).exclude(state=State.FAILED).first()
    if row:
        complete(row=row, sent=facts, by=by)
    return apply_refund(facts=facts, by=by)


@transaction.atomic
def confirm_reversal(*, facts: gateway.Reversal, by: Actor = SYSTEM) -> Reversal:
    """Stripe told of a reversal: close its row if the answer never reached us, or book what nobody asked for.

    Raises ForeignReversal.
    """
    authorise(by, Permission.MONEY_OPERATE)
    row = Outbox.objects.filter(op=Outbox.Op.REVERSAL, subject=facts.subject).exclude(state=State.FAILED).first()
    if row:
        complete(row=row, sent=facts, by=by)
    return apply_reversal(facts=facts, by=by)


def anew(row: Outbox, *, pause: timedelta = timedelta(0)) -> Outbox:
    """The same call under a new key; its money stays in flight."""
    return put_out(op=row.op, subject=row.subject, payload=row.payload, payee=row.payee, pause=pause)
