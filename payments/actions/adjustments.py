"""The only entries by hand: one person proposes with a reason, another one posts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Fault, Invalid, NotAllowed, WrongState
from core.events import record
from core.transitions import lock, step
from payments import ledger, queries
from payments.errors import InsufficientFunds
from payments.models import Account, AccountKind, Adjustment, BalanceTransaction
from payments.models.ops import ADJUSTABLE, ADJUSTABLE_OF_OTHERS
from payments.money import show

GOOD_FOR: Final = timedelta(days=7)
MOST: Final = 10**12  # minor units: what is larger is mistyped
Status = Adjustment.Status


@transaction.atomic
def propose_adjustment(
    *,
    debit: str,
    credit: str,
    amount: int,
    reason: str,
    by: User,
    debit_ref: str = "",
    credit_ref: str = "",
    explains: BalanceTransaction | None = None,
    currency: str = "usd",
) -> Adjustment:
    """Ask for one entry of two legs, in minor units. Nothing moves until a second person posts it.

    `explains`: the line of Stripe's that it books. Raises Invalid, InsufficientFunds, WrongState
    where the same is proposed already.
    """
    authorise(by, Permission.MONEY_ADJUST)
    _check((debit, debit_ref), (credit, credit_ref), amount, reason)
    _check_project(credit, credit_ref, amount, currency)
    legs = {"debit": debit, "debit_ref": debit_ref, "credit": credit, "credit_ref": credit_ref}
    same = {**legs, "amount": amount, "currency": currency, "reason": reason.strip(), "proposed_by": by}
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two at once: the second sees the first
    if Adjustment.objects.filter(**same, explains=explains, status=Status.PROPOSED).exists():
        raise WrongState("You have proposed this already: a second person decides on it.")
    made = Adjustment.objects.create(**same, explains=explains, expires_at=timezone.now() + GOOD_FOR)
    record("adjustment.proposed", made.public_id, by=by, note=made.reason, data=_data(made))
    return made


def _check(debit: tuple[str, str], credit: tuple[str, str], amount: int, reason: str) -> None:
    faults = [*_leg_faults("debit", *debit), *_leg_faults("credit", *credit)]
    if debit == credit or not {debit[0], credit[0]} & set(ADJUSTABLE):
        faults.append(
            Fault("One side is the house's own account, and another one than the other side.", field="credit")
        )
    if not 0 < amount <= MOST:
        faults.append(Fault(f"An amount is positive, and at most {show(MOST)}.", field="amount"))
    if not reason.strip():
        faults.append(Fault("Say why.", field="reason"))
    if faults:
        raise Invalid(faults[0].message, faults=tuple(faults))


def _leg_faults(field: str, kind: str, ref: str) -> Iterator[Fault]:
    if kind not in ADJUSTABLE + ADJUSTABLE_OF_OTHERS:
        yield Fault("This account is not adjusted by hand.", field=field)
    elif (kind in ADJUSTABLE_OF_OTHERS) != bool(ref):
        yield Fault("Name whose account it is, and only where it is somebody's.", field=f"{field}_ref")
    elif ref and not _is_known(kind, ref):
        yield Fault("Nobody is called that.", field=f"{field}_ref")


def _is_known(kind: str, ref: str) -> bool:
    if kind == AccountKind.EXPERT_PAYABLE:
        return User.objects.filter(public_id=ref).exists()
    return Account.objects.filter(kind=kind, ref=ref).exists()


def _check_project(credit: str, ref: str, amount: int, currency: str) -> None:
    """Funds that no payment carries would buy work that nothing pays. Raises InsufficientFunds."""
    if credit != AccountKind.PROJECT_FUNDS:
        return
    queries.lock_fundings(ref, currency)
    room = max(0, queries.room_in(ref, currency))
    if amount > room:
        message = (
            f"The payments into {ref} carry {show(room, currency)} more than the books say. Funds beyond that could"
            " not be paid out: ask for a payment, or top the experts' pay up instead."
        )
        raise InsufficientFunds(message, faults=(Fault(message, field="amount"),))


@transaction.atomic
def post_adjustment(*, adjustment: Adjustment, by: User) -> Adjustment:
    """The second person agrees: one entry. Raises NotAllowed for the first, WrongState, InsufficientFunds."""
    authorise(by, Permission.MONEY_ADJUST)
    adjustment = lock(adjustment)
    if adjustment.proposed_by_id == by.pk:
        raise NotAllowed("An adjustment takes two people.")
    if adjustment.status == Status.PROPOSED and adjustment.expires_at <= timezone.now():
        raise WrongState("This proposal is too old. Propose it again.")
    _check_project(adjustment.credit, adjustment.credit_ref, adjustment.amount, adjustment.currency)
    now = timezone.now()
    adjustment = step(adjustment, Status.POSTED, by=by, data=_data(adjustment), decided_by=by, decided_at=now)
    ledger.post(
        key=f"adjustment:{adjustment.public_id}",
        kind="adjustment",
        lines=ledger.transfer(
            adjustment.amount,
            debit=(AccountKind(adjustment.debit), adjustment.debit_ref),
            credit=(AccountKind(adjustment.credit), adjustment.credit_ref),
        ),
        currency=adjustment.currency,
        meta={"adjustment": adjustment.public_id, "by": [str(adjustment.proposed_by_id), str(by.pk)]},
    )
    BalanceTransaction.objects.filter(adjustment=adjustment).update(matched=adjustment.public_id)
    return adjustment


@transaction.atomic
def propose_for(*, line: BalanceTransaction, reason: str, by: User) -> Adjustment:
    """Propose to book a line that nothing of ours explains as the house's own. Raises WrongState, Invalid."""
    authorise(by, Permission.MONEY_ADJUST)
    if line.matched or hasattr(line, "adjustment"):
        raise WrongState("This line is explained, or somebody has proposed how.")
    debit, credit = ("stripe_clearing", "house") if line.net > 0 else ("house", "stripe_clearing")
    return propose_adjustment(
        debit=debit, credit=credit, amount=abs(line.net), currency=line.currency, reason=reason, explains=line, by=by
    )


@transaction.atomic
def refuse_adjustment(*, adjustment: Adjustment, by: User, note: str) -> Adjustment:
    """Either of two people may say no, the first one too."""
    authorise(by, Permission.MONEY_ADJUST)
    now = timezone.now()
    adjustment = lock(adjustment)
    return step(
        adjustment,
        Status.REFUSED,
        by=by,
        note=note,
        data=_data(adjustment),
        decided_by=by,
        decided_at=now,
        explains=None,
    )


def expire_adjustments(*, by: Actor = SYSTEM) -> int:
    """The sweep: proposals that nobody decided on in time. Returns how many."""
    authorise(by, Permission.MONEY_ADJUST)
    due = Adjustment.objects.filter(status=Status.PROPOSED, expires_at__lte=timezone.now()).order_by("pk")
    return len([_expire(adjustment, by) for adjustment in due])


@transaction.atomic
def _expire(adjustment: Adjustment, by: Actor) -> Adjustment:
    return step(lock(adjustment), Status.EXPIRED, by=by, data=_data(adjustment), explains=None)


def _data(adjustment: Adjustment) -> dict[str, object]:
    names = ("debit", "debit_ref", "credit", "credit_ref", "amount", "currency")
    return {name: getattr(adjustment, name) for name in names}
