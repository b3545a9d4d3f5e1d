"""Putting a call into the outbox, and what the dispatcher must know of each kind of call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.actors import Actor
from payments import gateway
from payments.models import Outbox, Payee
from payments.wake import wake_outbox

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Op:
    """One kind of call. What Stripe answers has an `id` and names its `subject`; `booked` and `refused` run in the
    dispatcher's transaction, with the row locked and its new state saved."""

    send: Callable[[Payload, str], Any]  # (payload, idempotency key)
    find: Callable[[Payload, datetime], Any]  # what an earlier, unanswered call made since then, or None
    fetch: Callable[[Payload, str], Any]  # by its id at Stripe
    fits: Callable[[Outbox, Any], bool]  # is this what the row asked for?
    booked: Callable[[Outbox, Any, Actor], None]
    refused: Callable[[Outbox, gateway.Rejected, Actor], None]
    waits_for_funds: bool = True  # NO_FUNDS is a matter of time, and not a no


def put_out(
    *, op: str, subject: str, payload: Payload, payee: Payee | None = None, pause: timedelta = timedelta(0)
) -> Outbox:
    """Owe Stripe one call about `subject` (pay_…, rfd_…). The key is what Stripe sees: one subject and run, one key.

    With a `payee` it waits until that person can be paid. Call it in the transaction that books what the call is about.
    """
    run = Outbox.objects.filter(op=op, subject=subject).count() + 1
    row = Outbox.objects.create(
        key=f"{op}:{subject}:{run}",
        op=op,
        subject=subject,
        run=run,
        payload=payload,
        payee=payee,
        due_at=timezone.now() + pause,
    )
    transaction.on_commit(wake_outbox)
    return row
