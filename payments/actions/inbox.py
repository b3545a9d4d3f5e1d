"""What Stripe tells us: stored first, acted on later. An event is a hint; the object is fetched again and believed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from payments import gateway
from payments.actions.disputes import apply_dispute
from payments.actions.funding import apply_checkout
from payments.actions.outbox import confirm_refund, confirm_reversal, confirm_transfer
from payments.actions.payees import apply_recipient
from payments.actions.payouts import apply_bank_payout
from payments.models import InboxEvent
from payments.wake import wake_inbox

logger = logging.getLogger(__name__)

FIRST_RETRY: Final = timedelta(seconds=10)
LAST_RETRY: Final = timedelta(hours=1)
Effect = Callable[[], object]


@transaction.atomic
def receive(*, endpoint: str, body: bytes, signature: str, by: Actor = SYSTEM) -> bool:
    """Verify and store one event. Returns whether it was new. Raises gateway.BadWebhook, and then stores nothing."""
    authorise(by, Permission.MONEY_OPERATE)
    hint = gateway.verify(endpoint, body, signature)
    return keep(hint=hint, endpoint=endpoint, raw=body.decode(), by=by)


@transaction.atomic
def keep(*, hint: gateway.Hint, endpoint: str, raw: str, by: Actor) -> bool:
    """Store an event that is known to be Stripe's. Returns whether it was new."""
    authorise(by, Permission.MONEY_OPERATE)
    _, new = InboxEvent.objects.get_or_create(
        event_id=hint.id,
        defaults={
            "endpoint": endpoint,
            "account": hint.account,
            "object_id": hint.object_id,
            "type": hint.type,
            "livemode": hint.livemode,
            "raw": raw,
        },
    )
    transaction.on_commit(wake_inbox)
    return new


def process(*, limit: int = 200, by: Actor = SYSTEM) -> int:
    """Act on what is stored and due, oldest first. Returns how many events it tried."""
    authorise(by, Permission.MONEY_OPERATE)
    due = InboxEvent.objects.filter(processed_at=None, due_at__lte=timezone.now()).order_by("due_at", "pk")
    events = list(due[:limit])
    for event in events:
        process_one(event=event, by=by)
    return len(events)


def process_one(*, event: InboxEvent, by: Actor) -> None:
    """Fetch, then apply: the effect and `processed_at` commit together. What fails stays, with its error."""
    authorise(by, Permission.MONEY_OPERATE)
    try:
        effect = HANDLERS.get(event.type, _nothing_to_do)(event)
        with transaction.atomic():
            rival = InboxEvent.objects.select_for_update(no_key=True, skip_locked=True)
            locked = rival.filter(pk=event.pk, processed_at=None).first()
            if locked is None:
                return
            effect()
            locked.processed_at, locked.error, locked.attempts = timezone.now(), "", locked.attempts + 1
            locked.save(update_fields=["processed_at", "error", "attempts"])
    except Exception as error:
        logger.exception("%s could not be processed", event)
        pause = min(FIRST_RETRY * 2 ** min(event.attempts, 12), LAST_RETRY)
        InboxEvent.objects.filter(pk=event.pk, processed_at=None).update(
            attempts=F("attempts") + 1, due_at=timezone.now() + pause, error=repr(error)[:2000]
        )


def _checkout(event: InboxEvent) -> Effect:
    facts = gateway.checkout(event.object_id)
    return lambda: apply_checkout(facts=facts, by=SYSTEM)


def _transfer(event: InboxEvent) -> Effect:
    confirm_transfer(transfer_id=event.object_id)
    return lambda: None


def _reversals(event: InboxEvent) -> Effect:
    confirm_transfer(transfer_id=event.object_id)  # the news may overtake the answer
    found = gateway.reversals_of(event.object_id)
    return lambda: [confirm_reversal(facts=facts) for facts in found]


def _dispute(event: InboxEvent) -> Effect:
    facts = gateway.dispute(event.object_id)
    return lambda: apply_dispute(facts=facts, by=SYSTEM)


def _refund(event: InboxEvent) -> Effect:
    facts = gateway.refund(event.object_id)
    return lambda: confirm_refund(facts=facts)


def _charge_refunds(event: InboxEvent) -> Effect:
    found = gateway.refunds_of(event.object_id)
    return lambda: [confirm_refund(facts=facts) for facts in found]


def _bank_payout(event: InboxEvent) -> Effect:
    facts = gateway.bank_payout(event.object_id, account=event.account)
    return lambda: apply_bank_payout(facts=facts, by=SYSTEM)


def _recipient(event: InboxEvent) -> Effect:
    facts = gateway.recipient(event.object_id)
    return lambda: apply_recipient(facts=facts, by=SYSTEM)


def _nothing_to_do(_event: InboxEvent) -> Effect:
    return lambda: None


_ACCOUNT: Final = "v2.core.account"
HANDLERS: Final[dict[str, Callable[[InboxEvent], Effect]]] = {
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "checkout.session.async_payment_failed": _checkout,
    "checkout.session.expired": _checkout,
    "transfer.created": _transfer,
    "transfer.updated": _transfer,
    "transfer.reversed": _reversals,
    "charge.refunded": _charge_refunds,
    "charge.refund.updated": _refund,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
    "charge.dispute.closed": _dispute,
    "payout.created": _bank_payout,
    "payout.updated": _bank_payout,
    "payout.paid": _bank_payout,
    "payout.failed": _bank_payout,
    "payout.canceled": _bank_payout,
    f"{_ACCOUNT}[configuration.recipient].capability_status_updated": _recipient,
    f"{_ACCOUNT}[configuration.recipient].updated": _recipient,
    f"{_ACCOUNT}[requirements].updated": _recipient,
    f"{_ACCOUNT}.closed": _recipient,
}
