"""Money out: earnings become payouts, one per person, funding and run; then what became of each."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import WrongState
from core.events import record
from core.transitions import lock, step
from payments import gateway, ledger, money, queries, words
from payments.actions.delivery import Op, put_out
from payments.models import AccountKind, Allocation, Funding, Hold, Outbox, Payee, Payout
from payments.sweep import each

Status = Payout.Status
HOUSE_GROUP: Final = "top_ups"  # what Stripe files the platform's own transfers under


def make_payouts(*, by: Actor = SYSTEM) -> int:
    """Pay out what every ready person has earned. Returns how many payouts it made.

    One person's trouble does not hold up the others: it is raised at the end, for all to see.
    """
    return sum(len(made) for made in each(queries.owed_payees(), lambda payee: pay_out(payee=payee, by=by)))


@transaction.atomic
def pay_out(*, payee: Payee, by: Actor = SYSTEM) -> list[Payout]:
    """Draw everything this person has earned and not yet been allocated on the projects' fundings, oldest first.

    Raises money.ShortOfFunding where the books contradict themselves.
    """
    authorise(by, Permission.MONEY_OPERATE)
    payee = lock(payee)  # two sweeps at once: the second finds nothing left
    by_stripe = payee.route == Payee.Route.STRIPE and payee.status == Payee.Status.READY
    if not by_stripe or Hold.objects.filter(payee=payee.user).active().exists():
        return []
    payouts = draw(payee, queries.to_send(payee.user), by)
    for payout in payouts:
        _deliver(payout, payee)
    return payouts


def draw(payee: Payee, owed: Iterable[queries.Owed], by: Actor) -> list[Payout]:
    """Payouts of what is owed, by project, with their allocations; whoever calls sends them. `payee` is locked.

    Raises money.ShortOfFunding where the books contradict themselves.
    """
    payouts = []
    for (ref, currency), group in itertools.groupby(owed, key=lambda part: (part.ref, part.currency)):
        parts = list(group)
        payouts += _draw(payee, parts, ref, currency, by) if ref else [_from_the_house(payee, parts, currency, by)]
    return payouts


def _from_the_house(payee: Payee, owed: Iterable[queries.Owed], currency: str, by: Actor) -> Payout:
    allocations = [Allocation(earning_id=part.earning, amount=part.amount) for part in owed]
    return _payout(payee, None, allocations, currency, by)


def _draw(payee: Payee, owed: Iterable[queries.Owed], ref: str, currency: str, by: Actor) -> list[Payout]:
    fundings = {funding.pk: funding for funding in queries.lock_fundings(ref, currency)}
    shares = money.allocate(((part.earning, part.amount) for part in owed), queries.left_in(fundings.values()))
    by_funding: dict[int, list[Allocation]] = defaultdict(list)
    for share in shares:
        part = Allocation(earning_id=share.earning, funding_id=share.funding, amount=share.amount)
        by_funding[share.funding].append(part)
    return [_payout(payee, fundings[pk], parts, currency, by) for pk, parts in by_funding.items()]


def _payout(payee: Payee, funding: Funding | None, parts: list[Allocation], currency: str, by: Actor) -> Payout:
    payout = Payout.objects.create(
        payee=payee.user, funding=funding, amount=sum(part.amount for part in parts), currency=currency
    )
    for part in parts:
        part.payout = payout
    Allocation.objects.bulk_create(parts)
    record("payout.made", payout.public_id, by=by, data=payout_data(payout))
    return payout


def _deliver(payout: Payout, payee: Payee) -> None:
    """Take the money off what we owe and put the call to Stripe into the outbox, in one transaction.

    Without a funding there is no `source_transaction`: Stripe takes the money from what is available to the platform.
    """
    row = put_out(
        op=Outbox.Op.TRANSFER,
        subject=payout.public_id,
        payee=payee,
        payload={
            "amount": payout.amount,
            "currency": payout.currency,
            "destination": payee.stripe_account_id,
            "source_transaction": payout.funding.charge_id if payout.funding else None,
            "transfer_group": payout.funding.ref if payout.funding else HOUSE_GROUP,
            "payout": payout.public_id,
        },
    )
    ledger.post(
        key=f"payout:{payout.public_id}:{row.run}",
        kind="payout",
        lines=ledger.transfer(
            payout.amount,
            debit=(AccountKind.EXPERT_PAYABLE, payout.payee.public_id),
            credit=(AccountKind.PAYOUT_IN_FLIGHT, payout.payee.public_id),
        ),
        currency=payout.currency,
        meta={"payout": payout.public_id},
    )


@transaction.atomic
def retry_payout(*, payout: Payout, by: Actor) -> Payout:
    """Send a payout that Stripe refused once more, as a new run. Raises WrongState once it has a transfer."""
    authorise(by, Permission.MONEY_OPERATE)
    payee = Payee.objects.select_for_update(no_key=True).get(user=payout.payee_id)
    payout = lock(payout)
    if payee.route != Payee.Route.STRIPE:
        raise WrongState("This person is paid by hand: the next batch carries it again.")
    if payout.transfer_id:
        raise WrongState("The money is at Stripe; Stripe pays it out once the bank account is mended.")
    payout = step(payout, Status.PENDING, by=by, data=payout_data(payout), failure="")
    _deliver(payout, payee)
    return payout


def retry_refused(*, user: User, before: datetime, by: Actor) -> list[Payout]:
    """What Stripe refused, and was not tried since `before`, goes out again, as far as the books still owe it."""
    tried = Outbox.objects.filter(op=Outbox.Op.TRANSFER, first_at__gt=before).values("subject")
    refused = Payout.objects.filter(payee=user, status=Status.FAILED, transfer_id=None).exclude(public_id__in=tried)
    return [
        retry_payout(payout=payout, by=by)
        for payout in refused.order_by("pk")
        if ledger.balance(AccountKind.EXPERT_PAYABLE, user.public_id, payout.currency) >= payout.amount
    ]


@transaction.atomic
def cancel_payout(*, payout: Payout, by: Actor, note: str) -> Payout:
    """Take back a payout that was never tried. Its earnings wait for the next run.

    Raises WrongState where Stripe may already know of it.
    """
    authorise(by, Permission.MONEY_OPERATE)
    live = Outbox.objects.filter(subject=payout.public_id).exclude(state=Outbox.State.FAILED)
    row = live.select_for_update(no_key=True).first()  # the row before its payout, as the dispatcher does
    if row is None or row.attempts:
        raise WrongState("Stripe may already have this payout.")
    payout = step(lock(payout), Status.CANCELLED, by=by, note=note, data=payout_data(payout))
    row.state, row.last_error = Outbox.State.FAILED, note
    row.save(update_fields=["state", "last_error"])
    _give_back(payout, row)
    Allocation.objects.filter(payout=payout).delete()
    return payout


def _give_back(payout: Payout, row: Outbox) -> None:
    """The transfer will not happen: we owe the person again."""
    ledger.post(
        key=f"back:{row.key}",
        kind="payout_back",
        lines=ledger.transfer(
            payout.amount,
            debit=(AccountKind.PAYOUT_IN_FLIGHT, payout.payee.public_id),
            credit=(AccountKind.EXPERT_PAYABLE, payout.payee.public_id),
        ),
        currency=payout.currency,
        meta={"payout": payout.public_id},
    )


def _asked_for(row: Outbox, sent: gateway.Transfer) -> bool:
    asked = (row.subject, row.payload["amount"], row.payload["currency"], row.payload["destination"])
    return (sent.payout, sent.amount, sent.currency, sent.destination) == asked


def _sent(row: Outbox, sent: gateway.Transfer, by: Actor) -> None:
    payout = _payout_of(row)
    payout = step(
        payout,
        Status.SENT,
        by=by,
        data=payout_data(payout),
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


def _refused(row: Outbox, error: gateway.Rejected, by: Actor) -> None:
    payout = _payout_of(row)
    payout = step(payout, Status.FAILED, by=by, data=payout_data(payout), failure=str(error))
    _give_back(payout, row)


def _payout_of(row: Outbox) -> Payout:
    return Payout.objects.select_for_update(no_key=True).get(public_id=row.subject)


TRANSFER: Final = Op(
    send=lambda payload, key: gateway.send_transfer(payload, key=key),
    find=lambda payload, since: gateway.find_transfer(payload, since=since),
    fetch=lambda _payload, transfer_id: gateway.transfer(transfer_id),
    fits=_asked_for,
    booked=_sent,
    refused=_refused,
)


@transaction.atomic
def apply_bank_payout(*, facts: gateway.BankPayout, by: Actor) -> list[Payout]:
    """Stripe paid (or failed to pay) a person's bank: tell every payout that this money carried.

    Moves no money in our ledger: we owed nothing any more. Raises LookupError while a carried transfer is not ours yet.
    """
    authorise(by, Permission.MONEY_OPERATE)
    carried = Q(destination_payment__in=facts.payments) | Q(bank_payout_id__in={facts.id, *facts.retries})
    payouts = list(Payout.objects.select_for_update(no_key=True).filter(carried).order_by("pk"))
    unknown = facts.payments - {payout.destination_payment for payout in payouts}
    if unknown:
        raise LookupError(f"{facts.id} carries transfers that we have not booked: {sorted(unknown)}")
    return [_told_by_bank(payout, facts, by) for payout in payouts]


def _told_by_bank(payout: Payout, facts: gateway.BankPayout, by: Actor) -> Payout:
    if payout.status == Status.REVERSED:
        return payout
    data = {**payout_data(payout), "arrives_on": facts.arrives_on.isoformat()}
    bank: dict[str, Any] = {"bank_payout_id": facts.id, "arrives_on": facts.arrives_on}
    if facts.status == "paid" and payout.status != Status.PAID:
        return step(payout, Status.PAID, by=by, data=data, paid_at=timezone.now(), failure="", **bank)
    newer_knows_better = payout.bank_payout_id not in ("", facts.id)
    if facts.status in ("failed", "canceled") and payout.status != Status.FAILED and not newer_knows_better:
        failure = words.bank_failure(facts.failure_code, facts.failure_message)
        return step(payout, Status.FAILED, by=by, data=data, failure=failure, paid_at=None, **bank)
    if facts.status in ("pending", "in_transit") and payout.status != Status.PAID:
        payout.bank_payout_id, payout.arrives_on = facts.id, facts.arrives_on
        payout.save(update_fields=["bank_payout_id", "arrives_on"])
    return payout


def payout_data(payout: Payout) -> dict[str, object]:
    return {"payee": payout.payee.public_id, "amount": payout.amount, "currency": payout.currency}
