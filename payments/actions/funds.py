"""Project funds: reserve for a seat, give back, and turn a reserve into pay.

These are consequences inside another action's transaction: the caller above has authorised, because only it knows what
the reference stands for. They still say who, because the event does.
"""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from core.actors import Actor
from core.events import record
from payments import ledger
from payments.models import AccountKind, Earning


@transaction.atomic(savepoint=False)
def reserve(*, ref: str, key: str, amount: int, currency: str, by: Actor) -> None:
    """Set `amount` minor units of the project's free funds aside. Repeating a key does nothing.

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
        meta={"by": str(by.pk or "")},
    )


@transaction.atomic(savepoint=False)
def release(*, ref: str, key: str, amount: int, currency: str, by: Actor) -> None:
    """Give a reserve, or a part of it, back to the project's free funds. Repeating a key does nothing.

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
        meta={"by": str(by.pk or "")},
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
    figures returns the earning that is there. Five statements once the accounts exist.
    Raises InsufficientFunds where less is reserved, KeyReused where a repeat names other figures.
    """
    _positive(pay)
    if fee < 0 or released < 0:
        raise ValueError("A fee or a release is not negative")
    posted = ledger.post(
        key=f"earn:{source}:{kind}",
        kind=f"earn_{kind}",
        lines=(
            ledger.Line(AccountKind.PROJECT_RESERVED, ref, pay + fee + released),
            ledger.Line(AccountKind.EXPERT_PAYABLE, payee.public_id, -pay),
            ledger.Line(AccountKind.PLATFORM_FEE, "", -fee),
            ledger.Line(AccountKind.PROJECT_FUNDS, ref, -released),
        ),
        currency=currency,
        meta={"source": source, "by": str(by.pk or "")},
    )
    if not posted.fresh:
        return Earning.objects.get(entry=posted.entry_id)
    earning = Earning.objects.create(
        payee=payee,
        ref=ref,
        source=source,
        kind=kind,
        pay=pay,
        fee=fee,
        currency=currency,
        memo=memo[:200],
        entry_id=posted.entry_id,
    )
    data = {"payee": payee.public_id, "ref": ref, "source": source, "pay": pay, "fee": fee, "currency": currency}
    record("earning.booked", earning.public_id, by=by, data=data)
    return earning


def _positive(amount: int) -> None:
    if amount <= 0:
        raise ValueError("An amount of money is positive")
