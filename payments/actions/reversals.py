"""Transfers that come back: two of ops take pay back with a reason, or Stripe reversed what nobody here asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Fault, Invalid, NotAllowed, Refused, WrongState
from core.events import record
from core.transitions import lock, step
from payments import gateway, ledger
from payments.actions.delivery import Op, put_out
from payments.models import AccountKind, Allocation, Outbox, Payout, Reversal

GOOD_FOR: Final = timedelta(days=7)
Status = Reversal.Status


class ForeignReversal(RuntimeError):
    """Stripe reversed what is not ours, or not as we asked. Nothing is booked; it stays in the inbox, in sight."""


@transaction.atomic
def propose_reversal(*, payout: Payout, amount: int, reason: str, by: User) -> Reversal:
    """Ask to take `amount` of a transfer back. Nothing moves until a second person agrees; the expert reads `reason`.

    Of a bank transfer by hand it is kept from what they earn next (payments.actions.netting).

    Raises Invalid, Refused (`over_reversed`), WrongState, NotAllowed.
    """
    authorise(by, Permission.MONEY_ADJUST)
    faults = [Fault("An amount is positive.", field="amount")] if amount <= 0 else []
    faults += [] if reason.strip() else [Fault("Say why.", field="reason")]
    if faults:
        raise Invalid(faults[0].message, faults=tuple(faults))
    payout = lock(payout)
    if not (payout.transfer_id or _paid_by_hand(payout)):
        raise WrongState("This payout has no transfer that could be reversed.")
    same = {"payout": payout, "amount": amount, "reason": reason.strip(), "proposed_by": by}
    if Reversal.objects.filter(**same, status=Status.PROPOSED).exists():
        raise WrongState("You have proposed this already: a second person decides on it.")
    _fits_into(payout, amount)
    made = Reversal.objects.create(
        **same,
        currency=payout.currency,
        by_hand=_paid_by_hand(payout),
        expires_at=timezone.now() + GOOD_FOR,
    )
    record("reversal.proposed", made.public_id, by=by, note=made.reason, data=reversal_data(made))
    return made


def _paid_by_hand(payout: Payout) -> bool:
    return payout.line_id is not None and payout.status == Payout.Status.PAID


def _fits_into(payout: Payout, amount: int) -> None:
    """Several reversals of one transfer add up to its amount at most."""
    taken = payout.reversals.filter(status__in=Reversal.HOLDING).aggregate(sum=Sum("amount"))["sum"] or 0
    if taken + amount > payout.amount:
        raise Refused("The transfer does not hold this much any more.", code="over_reversed")


@transaction.atomic
def agree_reversal(*, reversal: Reversal, by: User) -> Reversal:
    """The second person agrees: it goes out, or waits for the next pay. Raises NotAllowed for the first, WrongState."""
    authorise(by, Permission.MONEY_ADJUST)
    reversal = lock(reversal)
    if reversal.proposed_by_id == by.pk:
        raise NotAllowed("Taking pay back takes two people.")
    if reversal.status == Status.PROPOSED and reversal.expires_at and reversal.expires_at <= timezone.now():
        raise WrongState("This proposal is too old. Propose it again.")
    if reversal.by_hand and not _paid_by_hand(lock(reversal.payout)):
        raise WrongState("The bank has sent this transfer back: there is nothing to take back.")
    now = timezone.now()
    reversal = step(reversal, Status.PENDING, by=by, data=reversal_data(reversal), decided_by=by, decided_at=now)
    if reversal.by_hand:
        return reversal
    payload = {
        "transfer": reversal.payout.transfer_id,
        "amount": reversal.amount,
        "currency": reversal.currency,
        "reversal": reversal.public_id,
    }
    put_out(op=Outbox.Op.REVERSAL, subject=reversal.public_id, payload=payload)
    return reversal


@transaction.atomic
def refuse_reversal(*, reversal: Reversal, by: User, note: str) -> Reversal:
    """Either of two people may say no, the first one too; by hand even after it was agreed on, to what is not kept yet.

    Raises WrongState.
    """
    authorise(by, Permission.MONEY_ADJUST)
    reversal, now = lock(reversal), timezone.now()
    if reversal.status == Status.PENDING and not reversal.by_hand:
        raise WrongState("Stripe may already have it.")
    return step(reversal, Status.REFUSED, by=by, note=note, data=reversal_data(reversal), decided_by=by, decided_at=now)


def expire_reversals(*, by: Actor = SYSTEM) -> int:
    """The sweep: proposals that nobody decided on in time. Returns how many."""
    authorise(by, Permission.MONEY_ADJUST)
    due = Reversal.objects.filter(status=Status.PROPOSED, expires_at__lte=timezone.now()).order_by("pk")
    return len([_expire(reversal, by) for reversal in due])


@transaction.atomic
def _expire(reversal: Reversal, by: Actor) -> Reversal:
    return step(lock(reversal), Status.EXPIRED, by=by, data=reversal_data(reversal))


@transaction.atomic
def apply_reversal(*, facts: gateway.Reversal, by: Actor = SYSTEM) -> Reversal:
    """What Stripe says came back. Ours is booked by its delivery; one that nobody asked for is booked here, once.

    Raises ForeignReversal where the transfer is not ours, or where it does not hold that much.
    """
    authorise(by, Permission.MONEY_OPERATE)
    payout = Payout.objects.select_for_update(no_key=True).filter(transfer_id=facts.transfer).first()
    known = Reversal.objects.filter(reversal_id=facts.id).first()
    return known or _found(payout, facts, by)


def _found(payout: Payout | None, facts: gateway.Reversal, by: Actor) -> Reversal:
    other = Reversal.objects.filter(public_id=facts.subject).exists()  # asked for, but not like this
    if payout is None or other or facts.amount > payout.amount - _came_back(payout):
        raise ForeignReversal(f"{facts.id} of {facts.transfer} was not asked for and cannot be booked; ops must look")
    reversal = Reversal.objects.create(
        payout=payout, amount=facts.amount, currency=facts.currency, status=Status.PENDING
    )
    reversal = _done(reversal, facts, by)
    _book(reversal, f"reversal_found:{reversal.public_id}", "reversal_found")
    _owe_again(payout, reversal.amount)
    close_payout(payout, by)
    return reversal


def _came_back(payout: Payout) -> int:
    return payout.reversals.filter(status=Status.DONE).aggregate(sum=Sum("amount"))["sum"] or 0


def _done(reversal: Reversal, facts: gateway.Reversal, by: Actor) -> Reversal:
    return step(
        reversal, Status.DONE, by=by, data=reversal_data(reversal), reversal_id=facts.id, done_at=timezone.now()
    )


def _book(reversal: Reversal, key: str, kind: str) -> None:
    """Taken back with a reason, it is again whose it was before the work was paid; otherwise the person is owed."""
    payout = reversal.payout
    back = (AccountKind.PROJECT_FUNDS, payout.funding.ref) if payout.funding else (AccountKind.GOODWILL, "")
    ledger.post(
        key=key,
        kind=kind,
        lines=ledger.transfer(
            reversal.amount,
            debit=(AccountKind.STRIPE_CLEARING, ""),
            credit=back if reversal.asked else (AccountKind.EXPERT_PAYABLE, payout.payee.public_id),
        ),
        currency=reversal.currency,
        meta={"reversal": reversal.reversal_id, "of": reversal.public_id, "payout": payout.public_id},
    )


def _owe_again(payout: Payout, amount: int) -> None:
    """The payout carries less: what it no longer carries is unallocated, and the next sweep pays it. Youngest first."""
    for part in payout.allocations.order_by("-pk"):
        cut = min(part.amount, amount)
        amount -= cut
        part.amount -= cut
        if part.amount:
            part.save(update_fields=["amount"])
        else:
            Allocation.objects.filter(pk=part.pk).delete()


def close_payout(payout: Payout, by: Actor) -> None:
    """Nothing of the transfer is left with the person. `payout` is locked."""
    if _came_back(payout) == payout.amount:
        data = {"payee": payout.payee.public_id, "amount": payout.amount, "currency": payout.currency}
        step(payout, Payout.Status.REVERSED, by=by, data=data)


def _asked_for(row: Outbox, made: gateway.Reversal) -> bool:
    asked = (row.subject, row.payload["amount"], row.payload["currency"], row.payload["transfer"])
    return (made.subject, made.amount, made.currency, made.transfer) == asked


def _booked(row: Outbox, made: gateway.Reversal, by: Actor) -> None:
    reversal = _done(_reversal_of(row), made, by)
    payout = Payout.objects.select_for_update(no_key=True).get(pk=reversal.payout_id)
    _book(reversal, row.key, "reversal")
    close_payout(payout, by)


def _refused(row: Outbox, error: gateway.Rejected, by: Actor) -> None:
    reversal = _reversal_of(row)
    step(reversal, Status.FAILED, by=by, data=reversal_data(reversal), failure=str(error))


def _reversal_of(row: Outbox) -> Reversal:
    return Reversal.objects.select_for_update(no_key=True).get(public_id=row.subject)


def reversal_data(reversal: Reversal) -> dict[str, object]:
    payout = reversal.payout
    return {
        "payout": payout.public_id,
        "payee": payout.payee.public_id,
        "amount": reversal.amount,
        "currency": reversal.currency,
    }


REVERSAL: Final = Op(
    send=lambda payload, key: gateway.send_reversal(payload, key=key),
    find=lambda payload, since: gateway.find_reversal(payload, since=since),
    fetch=lambda payload, reversal_id: gateway.reversal(payload["transfer"], reversal_id),
    fits=_asked_for,
    booked=_booked,
    refused=_refused,
    waits_for_funds=False,  # the person's balance, not ours: what has left for a bank does not come back to it
)
