"""Unspent funds go back the way they came: free project funds only, and never more than a charge still holds."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Lab, User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Fault, Invalid, Refused, WrongState
from core.events import record
from core.transitions import lock, step
from payments import gateway, ledger, queries
from payments.actions.delivery import Op, put_out
from payments.errors import InsufficientFunds
from payments.models import AccountKind, Funding, Outbox, Refund

Status = Refund.Status


class ForeignRefund(RuntimeError):
    """Stripe refunded what is not ours, or more than is free. Nothing is booked; it stays in the inbox, in sight."""


@transaction.atomic
def refund_funds(*, ref: str, lab: Lab, amount: int, currency: str, reason: str = "", by: Actor) -> list[Refund]:
    """Send `amount` of the project's free funds back, youngest funding first: payouts draw on the oldest.

    What is reserved for seats stays. Stripe's fee is not part of free funds, so it is not returned.
    Raises Invalid, Refused (`disputed`), InsufficientFunds, NotAllowed.
    """
    authorise(by, Permission.FUNDS_REFUND, lab=lab)
    if amount <= 0:
        message = "Enter an amount above zero."
        raise Invalid(message, faults=(Fault(message, field="amount"),))
    fundings = queries.lock_fundings(ref, currency)
    if queries.standing_disputes(ref):
        raise Refused(
            "A payment of this project is disputed at the bank: nothing goes back until it is settled.", code="disputed"
        )
    if amount > queries.free_funds_locked(ref, currency):
        raise InsufficientFunds(
            "Only free funds can go back; what is reserved for open seats or owed to experts stays."
        )
    left = dict(queries.left_in(fundings))
    made = []
    for funding in reversed(fundings):
        part = min(amount, left[funding.pk])
        if part > 0:
            made.append(_refund(funding, part, reason, by))
            amount -= part
    if amount:
        raise InsufficientFunds("The payments behind these funds cannot carry this refund. We have been told.")
    return made


@transaction.atomic
def send_back(*, funding: Funding, amount: int, reason: str, by: Actor = SYSTEM) -> Refund:
    """Free funds that lie in this payment go back by a rule, which `reason` states for the lab to read."""
    authorise(by, Permission.MONEY_OPERATE)
    refund = _refund(funding, amount, reason, by)
    data = {**_data(refund), "refund": refund.public_id}
    record("funding.returned", funding.public_id, by=by, note=reason, data=data)
    return refund


def _refund(funding: Funding, amount: int, reason: str, by: Actor) -> Refund:
    refund = Refund.objects.create(
        funding=funding,
        amount=amount,
        currency=funding.currency,
        reason=reason.strip()[:500],
        created_by=by if isinstance(by, User) else None,
    )
    record("refund.asked", refund.public_id, by=by, note=refund.reason, data=_data(refund))
    payload = {"amount": amount, "currency": funding.currency, "charge": funding.charge_id, "refund": refund.public_id}
    put_out(op=Outbox.Op.REFUND, subject=refund.public_id, payload=payload)
    _post(refund, "asked", debit=(AccountKind.PROJECT_FUNDS, funding.ref), credit=_in_flight(refund))
    return refund


@transaction.atomic
def cancel_refund(*, refund: Refund, by: Actor) -> Refund:
    """Keep the money after all. Raises WrongState where Stripe may already know of it."""
    authorise(by, Permission.FUNDS_REFUND, lab=refund.funding.lab)
    untried = Outbox.objects.select_for_update(no_key=True).filter(subject=refund.public_id, attempts=0)
    row = untried.exclude(state=Outbox.State.FAILED).first()  # the row before its refund, as the dispatcher does
    if row is None:
        raise WrongState("Stripe may already have this refund.")
    refund = step(lock(refund), Status.CANCELLED, by=by, data=_data(refund))
    row.state, row.last_error = Outbox.State.FAILED, "cancelled"
    row.save(update_fields=["state", "last_error"])
    _back(refund, _in_flight(refund))
    return refund


@transaction.atomic
def apply_refund(*, facts: gateway.Refund, by: Actor = SYSTEM) -> Refund:
    """Move our refund to what Stripe's is now; adopt one that was made in Stripe's dashboard from free funds.

    Raises ForeignRefund where the charge is not ours, or the free funds do not cover it.
    """
    authorise(by, Permission.MONEY_OPERATE)
    refund = Refund.objects.select_for_update(no_key=True).filter(refund_id=facts.id).first()
    return _follow(refund or _adopt(facts, by), facts, by)


def _adopt(facts: gateway.Refund, by: Actor) -> Refund:
    funding = Funding.objects.select_for_update(no_key=True).filter(charge_id=facts.charge).first()
    ours = Refund.objects.filter(public_id=facts.subject).exists()  # asked for, but not like this
    if ours or funding is None or dict(queries.left_in([funding]))[funding.pk] < facts.amount:
        raise ForeignRefund(f"{facts.id} of {facts.charge} was not made here and cannot be booked; ops must look")
    refund = Refund.objects.create(funding=funding, amount=facts.amount, currency=facts.currency)
    refund = step(refund, Status.SENT, by=by, data=_data(refund), refund_id=facts.id, sent_at=timezone.now())
    funds, clearing = (AccountKind.PROJECT_FUNDS, funding.ref), (AccountKind.STRIPE_CLEARING, "")
    _post(refund, "adopted", debit=funds, credit=clearing)
    return refund


def _follow(refund: Refund, facts: gateway.Refund, by: Actor) -> Refund:
    """What became of a refund that Stripe has: settled, or back."""
    if facts.status == "succeeded" and refund.status == Status.SENT:
        return step(refund, Status.SETTLED, by=by, data=_data(refund), settled_at=timezone.now())
    if facts.status in ("failed", "canceled") and refund.status in (Status.SENT, Status.SETTLED):
        failure = facts.failure.replace("_", " ") or facts.status
        refund = step(refund, Status.FAILED, by=by, data=_data(refund), failure=failure, settled_at=None)
        _back(refund, (AccountKind.STRIPE_CLEARING, ""))
    return refund


def _back(refund: Refund, source: tuple[AccountKind, str]) -> None:
    _post(refund, "back", debit=source, credit=(AccountKind.PROJECT_FUNDS, refund.funding.ref))


def _post(refund: Refund, what: str, *, debit: tuple[AccountKind, str], credit: tuple[AccountKind, str]) -> None:
    ledger.post(
        key=f"refund_{what}:{refund.public_id}",
        kind=f"refund_{what}",
        lines=ledger.transfer(refund.amount, debit=debit, credit=credit),
        currency=refund.currency,
        meta={"refund": refund.public_id},
    )


def _in_flight(refund: Refund) -> tuple[AccountKind, str]:
    return AccountKind.REFUND_IN_FLIGHT, refund.funding.ref


def _data(refund: Refund) -> dict[str, object]:
    funding = refund.funding
    return {"ref": funding.ref, "funding": funding.public_id, "amount": refund.amount, "currency": refund.currency}


def _refund_of(row: Outbox) -> Refund:
    return Refund.objects.select_for_update(no_key=True).get(public_id=row.subject)


def _asked_for(row: Outbox, made: gateway.Refund) -> bool:
    asked = (row.subject, row.payload["amount"], row.payload["currency"], row.payload["charge"])
    return (made.subject, made.amount, made.currency, made.charge) == asked


def _booked(row: Outbox, made: gateway.Refund, by: Actor) -> None:
    refund = _refund_of(row)
    refund = step(refund, Status.SENT, by=by, data=_data(refund), refund_id=made.id, sent_at=timezone.now())
    ledger.post(
        key=row.key,
        kind="refund",
        lines=ledger.transfer(refund.amount, debit=_in_flight(refund), credit=(AccountKind.STRIPE_CLEARING, "")),
        currency=refund.currency,
        meta={"refund": made.id, "of": refund.public_id},
    )
    _follow(refund, made, by)


def _refused(row: Outbox, error: gateway.Rejected, by: Actor) -> None:
    refund = _refund_of(row)
    refund = step(refund, Status.FAILED, by=by, data=_data(refund), failure=str(error))
    _back(refund, _in_flight(refund))


REFUND: Final = Op(
    send=lambda payload, key: gateway.send_refund(payload, key=key),
    find=lambda payload, since: gateway.find_refund(payload, since=since),
    fetch=lambda _payload, refund_id: gateway.refund(refund_id),
    fits=_asked_for,
    booked=_booked,
    refused=_refused,
)
