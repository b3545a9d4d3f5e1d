"""Questions about money. None of them writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Lab, User
from core.events import history
from payments import ledger
from payments.models import (
    Account,
    AccountKind,
    Allocation,
    BatchLine,
    Customer,
    Dispute,
    Due,
    Earning,
    Funding,
    Hold,
    Payee,
    Payout,
    Refund,
    Reversal,
)
from payments.money import PAYABLE_COUNTRIES


@dataclass(frozen=True)
class EarningTotals:
    """One person's money by how far it has come, in minor units. What a bank sent back is on its way again; what came
    back to us unasked is approved again; `taken_back` was, with a reason, and is theirs no more."""

    approved: int
    on_its_way: int
    paid: int
    taken_back: int

    @property
    def total(self) -> int:
        return self.approved + self.on_its_way + self.paid


def free_funds(ref: str, currency: str = "usd") -> int:
    return ledger.balance(AccountKind.PROJECT_FUNDS, ref, currency)


def free_funds_locked(ref: str, currency: str = "usd") -> int:
    """Free funds less what the project owes people first, held still until the caller's transaction ends.

    Ask before opening seats or sending funds back.
    """
    return max(0, ledger.locked_balance(AccountKind.PROJECT_FUNDS, ref, currency) - owed_first(ref, currency))


def owed_first(ref: str, currency: str = "usd") -> int:
    """What the project's free funds did not reach yet, and is paid before anything else."""
    owed = Due.objects.filter(ref=ref, currency=currency, status=Due.Status.OWED)
    total: int = owed.aggregate(total=Coalesce(Sum("amount"), 0))["total"]
    return total


def owing() -> list[str]:
    """Every project that owes something."""
    owed = Due.objects.filter(status=Due.Status.OWED).order_by("ref")
    return list(owed.values_list("ref", flat=True).distinct())


def reserved(ref: str, currency: str = "usd") -> int:
    return ledger.balance(AccountKind.PROJECT_RESERVED, ref, currency)


def free_funds_of(refs: Iterable[str], currency: str = "usd") -> dict[str, int]:
    """Free funds of many projects in one statement; those never funded are missing."""
    found = Account.objects.filter(kind=AccountKind.PROJECT_FUNDS, ref__in=list(refs), currency=currency)
    return dict(found.values_list("ref", "balance"))


def route_to(country: str) -> str:
    """How somebody in this country (ISO 3166-1 alpha-2) is paid: one of Payee.Route, "" where nobody can pay them."""
    if country in PAYABLE_COUNTRIES:
        return Payee.Route.STRIPE
    return Payee.Route.MANUAL if country in settings.QUORUM_MANUAL_COUNTRIES else ""


def payee_ready(user: User) -> bool:
    return Payee.objects.filter(user=user, status=Payee.Status.READY).exists()


def payee_country(user: User) -> str:
    """ISO 3166-1 alpha-2, or an empty string while it is not known."""
    return Payee.objects.filter(user=user).values_list("country", flat=True).first() or ""


def owed_payees(route: str = Payee.Route.STRIPE, currency: str | None = None) -> list[Payee]:
    """Ready people to whom we owe something: their payable account says so, without looking at old earnings."""
    owed = Account.objects.filter(kind=AccountKind.EXPERT_PAYABLE, balance__gt=0, ref=OuterRef("user__public_id"))
    owed = owed.filter(currency=currency) if currency else owed
    ready = Payee.objects.filter(Exists(owed), status=Payee.Status.READY, route=route)
    return list(ready.select_related("user").order_by("pk"))


def owed_by_hand(currency: str) -> list[Payee]:
    """Of those whom ops pay by hand, the ones that the next batch will carry: not held, and no line is under way."""
    held = set(Hold.objects.active().values_list("payee", flat=True))
    under_way = set(BatchLine.objects.filter(status=BatchLine.Status.PENDING).values_list("payee", flat=True))
    owed = owed_payees(Payee.Route.MANUAL, currency)
    return [payee for payee in owed if payee.user_id not in held | under_way]


def waiting_by_hand(currency: str = "usd") -> tuple[int, int]:
    """(people, minor units) that the next batch will carry, for the desk."""
    refs = [payee.user.public_id for payee in owed_by_hand(currency)]
    owed = Account.objects.filter(kind=AccountKind.EXPERT_PAYABLE, ref__in=refs, currency=currency)
    return len(refs), owed.aggregate(total=Coalesce(Sum("balance"), 0))["total"]


def lock_fundings(ref: str, currency: str) -> list[Funding]:
    """What the project was paid, oldest first, held until the caller's transaction ends."""
    paid = Funding.objects.filter(ref=ref, currency=currency, status=Funding.Status.PAID)
    return list(paid.select_for_update(no_key=True).order_by("paid_at", "pk"))


def left_in(fundings: Iterable[Funding]) -> list[tuple[int, int]]:
    """(key, amount) that each funding can still carry: its charge less Stripe's fee, payouts and refunds; pay that was
    taken back is there again."""
    fundings = list(fundings)
    taken = Reversal.objects.taken_back().filter(payout__funding__in=fundings)
    again = dict(taken.values_list("payout__funding").annotate(Sum("amount")).order_by())
    drawn = _by_funding(Allocation.objects.filter(funding__in=fundings))
    back = _by_funding(Refund.objects.filter(funding__in=fundings, status__in=Refund.HOLDING))
    return [
        (f.pk, f.amount - f.stripe_fee - drawn.get(f.pk, 0) - back.get(f.pk, 0) + again.get(f.pk, 0)) for f in fundings
    ]


def room_in(ref: str, currency: str) -> int:
    """How much more free funds the payments into a project could carry, in minor units: what they still hold less what
    is free, reserved, or earned and not sent. Negative where they carry less than the books say."""
    fundings = Funding.objects.filter(ref=ref, currency=currency, status=Funding.Status.PAID)
    held: int = sum(left for _, left in left_in(fundings))
    earned = Earning.objects.filter(ref=ref, currency=currency).exclude(kind__in=Earning.HOUSE_PAID)
    carried: int = Allocation.objects.filter(earning__in=earned).aggregate(sum=Coalesce(Sum("amount"), 0))["sum"]
    unsent: int = earned.aggregate(sum=Coalesce(Sum("pay"), 0))["sum"] - carried
    return held - free_funds(ref, currency) - reserved(ref, currency) - unsent


def refunds_of(ref: str) -> QuerySet[Refund]:
    """What went back from one project, newest first."""
    return Refund.objects.filter(funding__ref=ref).select_related("funding", "created_by").order_by("-pk")


def disputes_of(ref: str) -> QuerySet[Dispute]:
    """All that banks have ever contested of one project's payments, newest first."""
    return Dispute.objects.filter(funding__ref=ref).select_related("funding").order_by("-pk")


def _by_funding(rows: QuerySet[Any]) -> dict[int, int]:
    return dict(rows.values_list("funding").annotate(Sum("amount")).order_by())


class Owed(NamedTuple):
    """What of one earning (its key) no payout carries: minor units. `ref`: whose fundings pay it, "" the platform."""

    earning: int
    ref: str
    currency: str
    amount: int


def unallocated(user: User) -> list[Owed]:
    """Earnings, or what is left of them, that no payout carries yet, by project, oldest first.

    An earning drawn on two fundings has two payouts; where one is cancelled, its part is owed again.
    """
    of_earning = Allocation.objects.filter(earning=OuterRef("pk")).order_by().values("earning")
    carried = Coalesce(Subquery(of_earning.annotate(total=Sum("amount")).values("total")), 0)
    payer = Case(When(kind__in=Earning.HOUSE_PAID, then=Value("")), default=F("ref"))
    rows = Earning.objects.filter(payee=user).annotate(left=F("pay") - carried, payer=payer).filter(left__gt=0)
    ordered = rows.order_by("payer", "currency", "pk")
    return [Owed(*row) for row in ordered.values_list("pk", "payer", "currency", "left")]


def to_send(user: User) -> list[Owed]:
    """Of what no payout carries, what the books owe: two of ops may have corrected a person's pay by hand.

    What came back from a bank, or was refused by Stripe, has the first claim.
    """
    owed = unallocated(user)
    room = {
        currency: ledger.balance(AccountKind.EXPERT_PAYABLE, user.public_id, currency)
        - (returned(user, currency).aggregate(total=Sum("amount"))["total"] or 0)
        for currency in {part.currency for part in owed}
    }
    return cut(owed, room)


def cut(owed: Iterable[Owed], room: dict[str, int]) -> list[Owed]:
    """As much of it as there is room for in its currency, in order; the last part may be cut."""
    found, left = [], dict(room)
    for part in owed:
        taken = min(part.amount, left.get(part.currency, 0))
        if taken > 0:
            found.append(part._replace(amount=taken))
            left[part.currency] -= taken
    return found


def returned(user: User, currency: str) -> QuerySet[Payout]:
    """Payouts that Stripe or our bank refused, and that are owed again as they are."""
    return Payout.objects.filter(payee=user, currency=currency, status=Payout.Status.FAILED, transfer_id=None)


def moved_because(payee: Payee) -> str:
    """Why ops last moved this person to another way of being paid, in their words; empty where nobody did."""
    notes = [event.note for event in history(payee.public_id) if event.name == "payee.moved"]
    return notes[-1] if notes else ""


def taking_back(user: User) -> list[Reversal]:
    """What will be kept from what this person earns next."""
    found = Reversal.objects.filter(payout__payee=user, by_hand=True, status=Reversal.Status.PENDING)
    return list(found.order_by("pk"))


def earning_totals(user: User, currency: str = "usd") -> EarningTotals:
    earned = Earning.objects.filter(payee=user, currency=currency).aggregate(total=Coalesce(Sum("pay"), 0))["total"]
    sums = Payout.objects.filter(payee=user, currency=currency).aggregate(
        going=Coalesce(Sum("amount", filter=Q(status__in=("sent", "failed"), transfer_id__isnull=False)), 0),
        paid=Coalesce(Sum("amount", filter=Q(status=Payout.Status.PAID)), 0),
    )
    back = Reversal.objects.filter(payout__payee=user, currency=currency, status=Reversal.Status.DONE).aggregate(
        going=Coalesce(Sum("amount", filter=Q(payout__status__in=("sent", "failed"))), 0),
        paid=Coalesce(Sum("amount", filter=Q(payout__status=Payout.Status.PAID)), 0),
        taken=Coalesce(Sum("amount", filter=~Q(proposed_by=None)), 0),
    )
    going, paid = sums["going"] - back["going"], sums["paid"] - back["paid"]
    approved = earned - going - paid - back["taken"]
    return EarningTotals(approved=approved, on_its_way=going, paid=paid, taken_back=back["taken"])


def waiting_fundings() -> list[Funding]:
    """Payments that were taken to Stripe and are not settled, oldest first."""
    waiting = (Funding.Status.PENDING, Funding.Status.PROCESSING)
    return list(Funding.objects.filter(status__in=waiting, checkout_session_id__isnull=False).order_by("pk")[:200])


def waiting_payees() -> list[Payee]:
    """Whose account waits for Stripe or for its owner, or was refused a transfer: a webhook may have been lost.

    Whoever was asked about longest ago comes first.
    """
    refused = Payout.objects.filter(payee=OuterRef("user"), status=Payout.Status.FAILED, transfer_id=None)
    waiting = Q(status__in=(Payee.Status.PENDING, Payee.Status.RESTRICTED)) | Exists(refused)
    rows = Payee.objects.filter(waiting, route=Payee.Route.STRIPE, stripe_account_id__isnull=False)
    return list(rows.select_related("user").order_by("updated_at")[:200])


def card_limit() -> tuple[int, int]:
    """(minor units, days): what a new lab may pay by card in total, and until how long after its first payment."""
    return settings.QUORUM_CARD_LIMIT, settings.QUORUM_CARD_LIMIT_DAYS


def card_room(lab: Lab, currency: str = "usd") -> int | None:
    """What the lab may still pay by card, in minor units; None where nothing limits it.

    A page on which nobody has paid yet counts: it still may be paid. A payment that a bank contests proves nothing.
    """
    limit, days = card_limit()
    paid = Funding.objects.filter(lab=lab, status=Funding.Status.PAID)
    known = paid.filter(paid_at__lte=timezone.now() - timedelta(days=days)).exclude(
        disputes__in=Dispute.objects.exclude(status__in=Dispute.SETTLED)
    )
    if not limit or known.exists() or Customer.objects.filter(lab=lab, card_limit_lifted_at__isnull=False).exists():
        return None
    live = (Funding.Status.PENDING, Funding.Status.PROCESSING, Funding.Status.PAID)
    cards = Funding.objects.filter(lab=lab, method=Funding.Method.CARD, currency=currency, status__in=live)
    return max(0, limit - (cards.aggregate(total=Sum("amount"))["total"] or 0))


def standing_disputes(ref: str) -> list[Dispute]:
    """What banks contest of a project's payments, and what they took: all that was not settled for us, oldest first."""
    found = Dispute.objects.filter(funding__ref=ref).exclude(status__in=Dispute.SETTLED)
    return list(found.order_by("pk"))
