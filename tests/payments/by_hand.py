"""Juan, whom Stripe cannot pay, and what the bank says of his transfers."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.models import Notice, User
from core.events import drain
from payments import actions, bank, ledger
from payments.models import AccountKind, BatchLine, Payee
from tests import people

ACCOUNT = "032180000118359719"
DETAILS = {"holder": "Juan Castillo", "account": ACCOUNT, "code": "BCMRMXMM", "bank": "Banorte"}
TODAY = timezone.now().date()


def juan(name: str = "Juan", country: str = "MX") -> Payee:
    user = people.user(name)
    row = actions.choose_country(user=user, country=country, by=user)
    return actions.give_bank_details(payee=row, details=DETAILS, by=user)


def told(line: BatchLine, result: str = "paid", **other: Any) -> bank.Told:
    words: dict[str, Any] = {"reference": "TT-1", "on": TODAY, "reason": "", "amount": ""}
    if result == "failed":
        words = {"reference": "", "on": None, "reason": "The account is closed.", "amount": ""}
    return bank.Told(row=1, line=line.public_id, result=result, **{**words, **other})


def confirm(line: BatchLine, result: str = "paid", **other: Any) -> int:
    return actions.confirm_lines(batch=line.batch, told=[told(line, result, **other)], by=people.ops())


def owed(user: User) -> tuple[int, int]:
    """(payable, in flight)"""
    return tuple(  # type: ignore[return-value]
        ledger.balance(kind, user.public_id) for kind in (AccountKind.EXPERT_PAYABLE, AccountKind.PAYOUT_IN_FLIGHT)
    )


def hears(user: User) -> list[str]:
    drain()
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("title", flat=True))
