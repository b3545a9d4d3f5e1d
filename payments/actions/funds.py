"""Project funds: reserve for a seat, give back, and turn a reserve into pay.

These are consequences inside another action's transaction: the caller above has authorised, because only it knows what
the reference stands for. They still say who, because the event does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction

from accounts.models import User
from core.actors import Actor
from core.events import record
from payments import ledger
from payments.models import AccountKind, Earning


@transaction.atomic(savepoint=False)
def reserve(
    *, ref: str, key: str, amount: int, currency: str, by: Actor, cause: Mapping[str, object] | None = None
) -> None:
    """Set `amount` minor units of the project's free funds aside. Repeating a key does nothing.

    `cause` is for the lab to read: `seats`, `about` (a public id), as payments.causes knows them.
    Raises InsufficientFunds.
    """
    _positive(amount)
    ledger.post(
        key=f"reserve:{key}",
        kind="reserve",
        lines=ledger.transfer(
            amount, debit=(AccountKind.PROJECT_FUNDS, ref), credit=(AccountKind.PROJECT_RESERVED, ref)
        ),
        currency=currency,
        meta={"by": str(by.pk or ""), **(cause or {})},
    )


@transaction.atomic(savepoint=False)
def release(
    *, ref: str, key: str, amount: int, currency: str, by: Actor, cause: Mapping[str, object] | None = None
) -> None:
    """Give a reserve, or a part of it, back to the project's free funds. Repeating a key does nothing.

    `cause` as for `reserve`, and `why`, one of payments.causes.WHY.
    Raises InsufficientFunds where less than `amount` is reserved.
    """
    _positive(amount)
    ledger.post(
        key=f"release:{key}",
        kind="release",
        lines=ledger.transfer(
            amount, debit=(AccountKind.PROJECT_RESERVED, ref), credit=(AccountKind.PROJECT_FUNDS, ref)
        ),
        currency=currency,
        meta={"by": str(by.pk or ""), **(cause or {})},
    )


@transaction.atomic(savepoint=False)
def earn(
    *,
    ref: str,
    source: str,
    payee: User,
    kind: str,
    pay: int,
    fee: int,
    currency: str,
    memo: str,
    by: Actor,
    released: int = 0,
) -> Earning:
    """Settle a reserve of pay + fee + released: pay to the expert, fee to the platform, the rest back to the funds.

    `source` is what was done (sub_…), `kind` one of Earning.Kind; together they are paid once: a repeat with the same
    figures returns the earning that is there. Four statements once the accounts exist.
    Raises InsufficientFunds where less is reserved, KeyReused where a repeat names other figures.
    """
    if fee < 0 or released < 0:
        raise ValueError("A fee or a release is not negative")
    lines = (
        ledger.Line(AccountKind.PROJECT_RESERVED, ref, pay + fee + released),
        ledger.Line(AccountKind.EXPERT_PAYABLE, payee.public_id, -pay),
        ledger.Line(AccountKind.PLATFORM_FEE, "", -fee),
        ledger.Line(AccountKind.PROJECT_FUNDS, ref, -released),
    )
    earning = Earning(payee=payee, ref=ref, source=source, kind=kind, pay=pay, fee=fee, currency=currency, memo=memo)
    return _book(earning, lines, by)


@transaction.atomic(savepoint=False)
def earn_from_funds(
    *, ref: str, source: str, payee: User, kind: str, pay: int, fee: int, currency: str, memo: str, by: Actor
) -> Earning:
    """Pay for what no seat was reserved for (a qualification, onboarding): from the project's free funds.

    Paid once per source and kind, as `earn` does. Raises InsufficientFunds, KeyReused.
    """
    if fee < 0:
        raise ValueError("A fee is not negative")
    lines = (
        ledger.Line(AccountKind.PROJECT_FUNDS, ref, pay + fee),
        ledger.Line(AccountKind.EXPERT_PAYABLE, payee.public_id, -pay),
        ledger.Line(AccountKind.PLATFORM_FEE, "", -fee),
    )
    earning = Earning(payee=payee, ref=ref, source=source, kind=kind, pay=pay, fee=fee, currency=currency, memo=memo)
    return _book(earning, lines, by)


@transaction.atomic(savepoint=False)
def top_up(*, payee: User, ref: str, source: str, amount: int, currency: str, memo: str, by: Actor) -> Earning:
    """The platform pays from its own pocket what a promise of it owes for `source`, work of the project `ref`.

    Once per source: a repeat with the same amount returns the earning that is there. The transfer draws on no funding,
    so it waits until the platform's Stripe balance has that much available. Raises KeyReused.
    """
    kind = Earning.Kind.TOP_UP
    lines = ledger.transfer(
        amount, debit=(AccountKind.GOODWILL, ""), credit=(AccountKind.EXPERT_PAYABLE, payee.public_id)
    )
    earning = Earning(payee=payee, ref=ref, source=source, kind=kind, pay=amount, fee=0, currency=currency, memo=memo)
    return _book(earning, lines, by)


def _book(earning: Earning, lines: Iterable[ledger.Line], by: Actor) -> Earning:
    """Post and keep the earning, or return the one that was booked before under its source and kind."""
    _positive(earning.pay)
    posted = ledger.post(
        key=f"earn:{earning.source}:{earning.kind}",
        kind=f"earn_{earning.kind}",
        lines=lines,
        currency=earning.currency,
        meta={"source": earning.source, "by": str(by.pk or "")},
    )
    if not posted.fresh:
        return Earning.objects.get(entry=posted.entry_id)
    earning.entry_id, earning.memo = posted.entry_id, earning.memo[:200]
    earning.save(force_insert=True)
    record(
        "earning.booked",
        earning.public_id,
        by=by,
        data={
            "payee": earning.payee.public_id,
            "ref": earning.ref,
            "source": earning.source,
            "pay": earning.pay,
            "fee": earning.fee,
            "currency": earning.currency,
        },
    )
    return earning


def _positive(amount: int) -> None:
    if amount <= 0:
        raise ValueError("An amount of money is positive")
