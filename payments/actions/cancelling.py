"""A payment that is not wanted any more: its page at Stripe is closed, and what arrives all the same goes back."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from accounts.models import Lab
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.transitions import lock, step
from payments import gateway
from payments.actions.delivery import Op, Payload, put_out
from payments.models import Funding, Outbox

Status = Funding.Status


@transaction.atomic
def cancel_funding(*, funding: Funding, by: Actor) -> Funding:
    """Take back a request to pay. Raises WrongState once Stripe has seen a payment, NotAllowed."""
    authorise(by, Permission.PROJECT_FUND, lab=funding.lab)
    data = {"ref": funding.ref, "amount": funding.amount, "currency": funding.currency}
    funding = step(lock(funding), Status.CANCELLED, by=by, data=data)
    close_page(funding)
    return funding


@transaction.atomic
def cancel_fundings(*, ref: str, lab: Lab, by: Actor) -> int:
    """Take back every request to pay into `ref` that nobody has paid yet. Returns how many. Raises NotAllowed."""
    authorise(by, Permission.PROJECT_FUND, lab=lab)
    waiting = Funding.objects.filter(ref=ref, lab=lab, status=Status.PENDING).select_related("lab").order_by("pk")
    locked = list(waiting.select_for_update(no_key=True, of=("self",)))
    for funding in locked:
        cancel_funding(funding=funding, by=by)
    return len(locked)


def close_page(funding: Funding) -> None:
    """Owe Stripe the end of the payment page, where there is one."""
    if funding.checkout_session_id:
        payload = {"session": funding.checkout_session_id}
        put_out(op=Outbox.Op.EXPIRY, subject=funding.public_id, payload=payload)


def _closed(payload: Payload) -> gateway.Checkout | None:
    found = gateway.checkout(payload["session"])
    return None if found.status == "open" else found


def _nothing_to_book(*_: Any) -> None:
    """No money moves. Should it have been paid before, Stripe's news of that books it and sends it back."""


EXPIRY: Final = Op(
    send=lambda payload, key: gateway.expire_checkout(payload["session"], key=key),
    find=lambda payload, since: _closed(payload),
    fetch=lambda _payload, session_id: gateway.checkout(session_id),
    fits=lambda row, found: bool(found.reference == row.subject),
    booked=_nothing_to_book,
    refused=_nothing_to_book,
)
