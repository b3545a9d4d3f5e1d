"""A lab's bank contests a payment. The platform carries it: approved work stays paid, whatever the bank decides."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.events import record
from core.transitions import step
from payments import gateway, ledger
from payments.models import AccountKind, Dispute, Entry, Funding


class UnknownCharge(LookupError):
    """The disputed charge is not one that we have booked, or not yet. The hint stays in the inbox, in sight."""


@transaction.atomic
def apply_dispute(*, facts: gateway.Dispute, by: Actor = SYSTEM) -> Dispute:
    """Move the dispute to what Stripe says, and book what it moved. Repeats, disorder and late news change nothing.

    Raises UnknownCharge, and WrongState where the answer is older than what we know: it is then fetched again.
    """
    authorise(by, Permission.MONEY_OPERATE)
    dispute = _mirror(facts, by)
    for movement in facts.movements:
        _book(dispute, movement)
    _write_off(dispute)
    return dispute


def _mirror(facts: gateway.Dispute, by: Actor) -> Dispute:
    funding = Funding.objects.filter(charge_id=facts.charge, status=Funding.Status.PAID).first()
    if funding is None:
        raise UnknownCharge(f"{facts.id} disputes {facts.charge}, which we have not booked")
    mirrored: dict[str, Any] = {
        "amount": facts.amount,
        "withdrawn": -sum(movement.amount for movement in facts.movements),
        "fee": sum(movement.fee for movement in facts.movements),
        "evidence_due_at": facts.evidence_due_at,
    }
    fixed = {"funding": funding, "currency": facts.currency, "reason": facts.reason}
    _, first = Dispute.objects.get_or_create(stripe_id=facts.id, defaults={**fixed, **mirrored})
    dispute = Dispute.objects.select_for_update(no_key=True, of=("self",)).get(stripe_id=facts.id)
    data = {"ref": funding.ref, "amount": facts.amount, "currency": facts.currency, "reason": facts.reason}
    if first:
        record("dispute.opened", dispute.public_id, by=by, data=data)
    if facts.status != dispute.status:
        return step(dispute, facts.status, by=by, data=data, **mirrored)
    for name, value in mirrored.items():
        setattr(dispute, name, value)
    dispute.save(update_fields=list(mirrored))
    return dispute


def _book(dispute: Dispute, movement: gateway.Movement) -> None:
    """What Stripe took or gave back is owed to us by the bank; its fee for the dispute is ours for good."""
    net = movement.amount - movement.fee
    ledger.post(
        key=f"dispute:{movement.id}",
        kind="dispute",
        lines=(
            ledger.Line(AccountKind.DISPUTE_RECEIVABLE, dispute.public_id, -movement.amount),
            ledger.Line(AccountKind.DISPUTE_LOSS, "", movement.fee),
            ledger.Line(AccountKind.STRIPE_CLEARING, "", net),
        ),
        currency=dispute.currency,
        meta={
            "dispute": dispute.public_id,
            "source": dispute.stripe_id,
            "net": net,
            "currency": dispute.currency,
        },
    )


def _write_off(dispute: Dispute) -> None:
    """Lost: the project's free funds pay as far as they reach, the platform the rest. Undone should it be won yet."""
    receivable = (AccountKind.DISPUTE_RECEIVABLE, dispute.public_id)
    lost = dispute.status == Dispute.Status.LOST
    if ledger.balance(*receivable, dispute.currency) == (0 if lost else dispute.withdrawn):
        return
    earlier = Entry.objects.filter(key__startswith=f"dispute_lost:{dispute.public_id}:")
    if standing := earlier.filter(reversal=None).first():
        ledger.reverse(standing, key=f"undo:{standing.key}", meta={"dispute": dispute.public_id})
    owed = ledger.balance(*receivable, dispute.currency)
    if not lost or owed <= 0:
        _bear(dispute, 0)
        return
    ref = dispute.funding.ref
    taken = min(owed, ledger.locked_balance(AccountKind.PROJECT_FUNDS, ref, dispute.currency))
    _bear(dispute, taken)
    ledger.post(
        key=f"dispute_lost:{dispute.public_id}:{earlier.count() + 1}",
        kind="dispute_lost",
        lines=(
            ledger.Line(AccountKind.PROJECT_FUNDS, ref, taken),
            ledger.Line(AccountKind.DISPUTE_LOSS, "", owed - taken),
            ledger.Line(*receivable, -owed),
        ),
        currency=dispute.currency,
        meta={"dispute": dispute.public_id},
    )


def _bear(dispute: Dispute, amount: int) -> None:
    dispute.borne = amount
    dispute.save(update_fields=["borne"])
