"""Payouts by hand: a batch of bank transfers out, the bank's answers in. Each is one transaction, whole or not at all.

Everybody here locks payees first (in order of id), then fundings by project, then lines: nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid, Refused
from core.events import record
from core.transitions import step
from payments import bank, ledger, queries
from payments.actions.netting import net_take_backs
from payments.actions.payouts import draw, payout_data
from payments.models import AccountKind, Batch, BatchLine, Payee, Payout, Reversal
from payments.money import plain
from payments.sealing import unseal

Status = BatchLine.Status
AGAIN: Final = "Please check your bank details and save them again; the next batch then pays you."


def make_batch(*, by: User, currency: str = "usd") -> Batch:
    """Put all that ops must pay by hand into one batch, a line for each person.

    Whoever is held, or has a line that the bank has not answered, waits for the next one. Two at once: the second finds
    nothing left. What is to be taken back is kept first. Raises Refused (code `nothing_to_pay`), money.ShortOfFunding.
    """
    authorise(by, Permission.MONEY_OPERATE)
    net_take_backs()
    return _make_batch(by, currency)


@transaction.atomic
def _make_batch(by: User, currency: str) -> Batch:
    _lock_payees(Payee.objects.filter(route=Payee.Route.MANUAL))
    payees = queries.owed_by_hand(currency)
    owed = {payee.pk: [part for part in queries.to_send(payee.user) if part.currency == currency] for payee in payees}
    for ref in sorted({part.ref for parts in owed.values() for part in parts if part.ref}):
        queries.lock_fundings(ref, currency)
    batch = Batch.objects.create(currency=currency, made_by=by)
    lines = [line for payee in payees if (line := _line(batch, payee, owed[payee.pk], by))]
    if not lines:
        raise Refused("There is nothing to pay by hand.", code="nothing_to_pay")
    record(
        "batch.made", batch.public_id, by=by, data={"lines": len(lines), "amount": sum(line.amount for line in lines)}
    )
    return batch


def _lock_payees(payees: Iterable[Payee]) -> None:
    locked = Payee.objects.select_for_update(no_key=True).filter(pk__in=[payee.pk for payee in payees])
    list(locked.order_by("pk"))


def _line(batch: Batch, payee: Payee, owed: list[queries.Owed], by: Actor) -> BatchLine | None:
    """One transfer of what came back and what is new, as far as the books owe it (two of ops may have corrected it).

    None where a correction by hand is all that is owed.
    """
    room = ledger.balance(AccountKind.EXPERT_PAYABLE, payee.user.public_id, batch.currency)
    back = queries.returned(payee.user, batch.currency).select_for_update(no_key=True, of=("self",))
    payouts = [
        step(payout, Payout.Status.PENDING, by=by, data=payout_data(payout), failure="")
        for payout in back.order_by("pk")
        if (room := room - payout.amount) >= 0
    ]
    payouts += draw(payee, owed, by)
    if not payouts:
        return None
    line = BatchLine.objects.create(
        batch=batch,
        payee=payee.user,
        amount=sum(payout.amount for payout in payouts),
        bank_details=payee.bank_details,
    )
    Payout.objects.filter(pk__in=[payout.pk for payout in payouts]).update(line=line)
    _post(line, "batch", debit=AccountKind.EXPERT_PAYABLE, credit=AccountKind.PAYOUT_IN_FLIGHT)
    return line


def _post(line: BatchLine, what: str, *, debit: AccountKind, credit: AccountKind) -> None:
    """One entry of the whole line, `<what>:<line>`."""
    owner = {kind: "" if kind == AccountKind.HOUSE else line.payee.public_id for kind in (debit, credit)}
    ledger.post(
        key=f"{what}:{line.public_id}",
        kind=what,
        lines=ledger.transfer(line.amount, debit=(debit, owner[debit]), credit=(credit, owner[credit])),
        currency=line.batch.currency,
        meta={"line": line.public_id, "batch": line.batch.public_id},
    )


@transaction.atomic
def read_batch(*, batch: Batch, by: Actor) -> list[dict[str, str]]:
    """The rows of its file (see payments.bank), always the same lines and amounts. Who took it is written down: it
    holds bank details, except those of lines that the bank has answered.
    """
    authorise(by, Permission.MONEY_OPERATE)
    record("batch.read", batch.public_id, by=by)
    lines = batch.lines.select_related("payee__payee", "batch").order_by("pk")
    return [_row(line) for line in lines]


def _row(line: BatchLine) -> dict[str, str]:
    return {
        "line": line.public_id,
        "batch": line.batch.public_id,
        "amount": plain(line.amount, line.batch.currency),
        "currency": line.batch.currency.upper(),
        "country": line.payee.payee.country,
        **(unseal(line.bank_details) if line.bank_details else {}),
        "text": f"Quorum {line.public_id}",
        "result": "" if line.status == Status.PENDING else line.status,
        "reference": line.reference,
        "date": line.paid_on.isoformat() if line.paid_on else "",
        "reason": line.failure,
    }


@transaction.atomic
def confirm_lines(*, batch: Batch, told: list[bank.Told], by: User) -> int:
    """What the bank made of these lines; the others of the batch go on waiting. Returns how many were news.

    Paid lines are booked, failed ones are owed again; a line that was paid may still come back. The same words again
    change nothing. Raises Invalid naming every row and field, and then nothing is booked.
    """
    authorise(by, Permission.MONEY_OPERATE)
    names = [words.line for words in told]
    _lock_payees(Payee.objects.filter(user__batch_lines__public_id__in=names))
    found = batch.lines.select_for_update(no_key=True, of=("self",)).filter(public_id__in=names)
    lines = {line.public_id: line for line in found.select_related("batch", "payee").order_by("pk")}
    list(Payout.objects.select_for_update(no_key=True, of=("self",)).filter(line__in=lines.values()).order_by("pk"))
    faults = tuple(fault for words in told for fault in _faults(words, lines))
    if faults:
        raise Invalid(f"{len(faults)} things must be put right; nothing was booked.", faults=faults)
    return sum(_tell(lines[words.line], words, by) for words in told)


def _faults(told: bank.Told, lines: Mapping[str, BatchLine]) -> Iterator[Fault]:
    line = lines.get(told.line)
    if line is None:
        yield Fault("This batch has no such line.", "line", told.row)
        return
    if told.amount and told.amount != plain(line.amount, line.batch.currency):
        yield Fault(f"This line is {plain(line.amount, line.batch.currency)}.", "amount", told.row)
    if told.on and not line.batch.made_at.date() <= told.on <= timezone.now().date():
        yield Fault("The day lies before the batch was made, or is still to come.", "date", told.row)
    if line.status == Status.FAILED and told.result == "paid":
        yield Fault("This line failed, and another one pays its money.", "result", told.row)
    if told.result == "failed" and line.status == Status.PAID and (back := _taken_back(line)):
        message = f"Its pay was taken back ({back}). Refuse that first; what is kept already, pay again as a top-up."
        yield Fault(message, "result", told.row)
    if line.status == Status.PAID and told.result == "paid" and not _same(line, told):
        yield Fault(f"This line is paid already, under {line.reference}.", "reference", told.row)


def _taken_back(line: BatchLine) -> Reversal | None:
    agreed = (Reversal.Status.PENDING, Reversal.Status.DONE)
    return Reversal.objects.filter(payout__line=line, status__in=agreed).order_by("pk").first()


def _same(line: BatchLine, told: bank.Told) -> bool:
    return (line.reference, line.paid_on) == (told.reference, told.on)


def _tell(line: BatchLine, told: bank.Told, by: User) -> bool:
    if line.status == told.result:
        return False
    if told.result == "paid":
        _paid(line, told, by)
    else:
        _failed(line, told, by)
    return True


def _paid(line: BatchLine, told: bank.Told, by: User) -> None:
    """Our own bank paid it, so it comes off the house: Stripe's balance does not move."""
    now = timezone.now()
    step(
        line,
        Status.PAID,
        by=by,
        data=_data(line),
        reference=told.reference,
        paid_on=told.on,
        told_by=by,
        told_at=now,
        bank_details="",
    )
    _post(line, "manual", debit=AccountKind.PAYOUT_IN_FLIGHT, credit=AccountKind.HOUSE)
    for payout in _payouts(line):
        step(payout, Payout.Status.SENT, by=by, data=payout_data(payout), sent_at=now)
        step(
            payout,
            Payout.Status.PAID,
            by=by,
            data=payout_data(payout),
            paid_at=now,
            arrives_on=told.on,
            bank_payout_id=told.reference,
        )


def _failed(line: BatchLine, told: bank.Told, by: User) -> None:
    """Owed again. Nothing more goes to this account until its owner has looked at it."""
    came_back = line.status == Status.PAID
    step(
        line,
        Status.FAILED,
        by=by,
        note=told.reason,
        data=_data(line),
        failure=told.reason,
        told_by=by,
        told_at=timezone.now(),
        bank_details="",
    )
    if came_back:
        _post(line, "manual_returned", debit=AccountKind.HOUSE, credit=AccountKind.EXPERT_PAYABLE)
    else:
        _post(line, "manual_back", debit=AccountKind.PAYOUT_IN_FLIGHT, credit=AccountKind.EXPERT_PAYABLE)
    for payout in _payouts(line):
        step(
            payout,
            Payout.Status.FAILED,
            by=by,
            data=payout_data(payout),
            failure=told.reason,
            sent_at=None,
            paid_at=None,
            arrives_on=None,
            bank_payout_id="",
        )
    payee = Payee.objects.get(user=line.payee)
    if payee.status == Payee.Status.READY:
        needs = [told.reason, AGAIN]
        step(payee, Payee.Status.RESTRICTED, by=by, data={"payee": line.payee.public_id}, requirements=needs)


def _payouts(line: BatchLine) -> list[Payout]:
    return list(line.payouts.select_for_update(no_key=True, of=("self",)).select_related("payee").order_by("pk"))


def _data(line: BatchLine) -> dict[str, object]:
    return {"payee": line.payee.public_id, "amount": line.amount, "currency": line.batch.currency}
