"""Delivering payouts to Stripe exactly once, whatever dies in between.

A row is claimed under a lease and committed; Stripe is called with no transaction open; the outcome, the payout's
status and the ledger entry are committed together. The same key is used for at most 20 hours (Stripe forgets it
after 24); after that only a look-up may find the transfer, and a new attempt needs a person.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import WrongState
from core.events import record
from core.transitions import lock, step
from payments import gateway, ledger
from payments.actions.payouts import give_back, write_outbox
from payments.models import AccountKind, Hold, Outbox, Payee, Payout

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=120)  # longer than the SDK can take: (5 + 20) s × 3 tries and its pauses
KEY_LIFE: Final = timedelta(hours=20)
FIRST_RETRY: Final = timedelta(seconds=10)
LAST_RETRY: Final = timedelta(hours=1)
FUNDS_RETRY: Final = timedelta(hours=1)
State = Outbox.State


class KeyTooOld(Exception):
    """Stripe may have forgotten the key, and no transfer is found: sending again needs a person."""


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
        .select_related("payout__payee")
        .filter(due, payout__payee__payee__status=Payee.Status.READY)
        .exclude(payout__payee__in=Hold.objects.active().values("payee"))
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


def _find_or_send(row: Outbox) -> gateway.Transfer:
    """An earlier attempt may have worked unseen (a lost answer, a saved 500, a killed worker): look before sending."""
    if row.attempts > 1 or row.payout.run > 1:
        found = gateway.find_transfer(row.payload, since=row.payout.created_at - timedelta(hours=1))
        if found:
            return found
    if timezone.now() - (row.first_at or timezone.now()) > KEY_LIFE:
        raise KeyTooOld("Tried for 20 hours; no transfer is found at Stripe")
    return gateway.send_transfer(row.payload, key=row.key)


@transaction.atomic
def complete(*, row: Outbox, sent: gateway.Transfer, by: Actor) -> Outbox:
    """The transfer exists: close the row, move the payout to SENT, book it. All or nothing, and once."""
    authorise(by, Permission.MONEY_OPERATE)
    row = lock(row)
    if row.state in (State.DONE, State.FAILED):
        return row
    payout = lock(row.payout)
    asked = (payout.public_id, payout.amount, payout.currency, row.payload["destination"])
    if (sent.payout, sent.amount, sent.currency, sent.destination) != asked:
        row.state, row.last_error = State.NEEDS_OPS, f"{sent.id} is not the transfer we asked for"
        row.save(update_fields=["state", "last_error"])
        return row
    row.state, row.remote_id, row.last_error, row.lease_until = State.DONE, sent.id, "", None
    row.save(update_fields=["state", "remote_id", "last_error", "lease_until"])
    step(
        payout,
        Payout.Status.SENT,
        by=by,
        data={"payee": payout.payee.public_id, "amount": payout.amount, "currency": payout.currency},
        transfer_id=sent.id,
        destination_payment=sent.destination_payment,
        sent_at=timezone.now(),
    )
    ledger.post(
        key=row.key,
        kind="transfer",
        lines=ledger.transfer(
            payout.amount,
            debit=(AccountKind.PAYOUT_IN_FLIGHT, payout.payee.public_id),
            credit=(AccountKind.STRIPE_CLEARING, ""),
        ),
        currency=payout.currency,
        meta={"payout": payout.public_id, "transfer": sent.id},
    )
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
    """Stripe said no for good: the money is owed to the person again, and both they and ops can read why."""
    attempts = row.attempts
    row = lock(row)
    if row.state != State.SENDING or row.attempts != attempts:
        return
    row.state, row.last_error, row.lease_until = State.FAILED, f"{error.reason}: {error}"[:2000], None
    row.save(update_fields=["state", "last_error", "lease_until"])
    if error.reason == gateway.NO_FUNDS:
        _anew(row, pause=FUNDS_RETRY)  # Stripe would repeat its no to the same key for a day
        return
    payout = step(
        lock(row.payout),
        Payout.Status.FAILED,
        by=by,
        data={"payee": row.payout.payee.public_id, "amount": row.payout.amount, "currency": row.payout.currency},
        failure=str(error),
    )
    give_back(payout, row)


def adopt(*, row: Outbox, transfer_id: str, by: Actor) -> Outbox:
    """Ops name the transfer that this row made. Raises WrongState where it is another one's. Outside transactions."""
    authorise(by, Permission.MONEY_OPERATE)
    sent = gateway.transfer(transfer_id)
    if sent.payout != row.payout.public_id:
        raise WrongState(f"{transfer_id} belongs to another payout.")
    return complete(row=row, sent=sent, by=by)


def confirm_transfer(*, transfer_id: str, by: Actor = SYSTEM) -> Outbox | None:
    """Stripe told of a transfer: close its row if the answer never reached us. None where it is not ours."""
    authorise(by, Permission.MONEY_OPERATE)
    sent = gateway.transfer(transfer_id)
    row = Outbox.objects.filter(payout__public_id=sent.payout).exclude(state=State.FAILED).first()
    return complete(row=row, sent=sent, by=by) if row else None


@transaction.atomic
def send_anew(*, row: Outbox, by: Actor, note: str) -> Outbox:
    """Ops have looked and found no transfer: a new key for the same payout. It is looked for once more before sending.

    Raises WrongState unless the row needs ops.
    """
    authorise(by, Permission.MONEY_OPERATE)
    row = lock(row)
    if row.state != State.NEEDS_OPS:
        raise WrongState("Only a payout that waits for a person can be sent anew.")
    row.state = State.FAILED
    row.save(update_fields=["state"])
    record("payout.sent_anew", row.payout.public_id, by=by, note=note)
    return _anew(row)


def _anew(row: Outbox, *, pause: timedelta = timedelta(0)) -> Outbox:
    """The same payout under a new key; its money stays in flight."""
    payout = lock(row.payout)
    payout.run += 1
    payout.save(update_fields=["run"])
    return write_outbox(payout, Payee.objects.get(user=payout.payee), pause=pause)
