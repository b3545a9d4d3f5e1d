"""Where projects' money is, to the cent: one statement, however many projects. No writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from django.db import connection

from payments.models import Dispute, Earning, Refund

_SUMS: Final = """
WITH asked AS (
    SELECT unnest(%(refs)s::text[]) AS ref
), paid_in AS (
    SELECT f.ref, f.amount, f.stripe_fee,
        (SELECT coalesce(sum(r.amount), 0) FROM payments_refund r
            WHERE r.funding_id = f.id AND r.status = ANY(%(holding)s)) AS back,
        (SELECT coalesce(sum(a.amount), 0) FROM payments_allocation a WHERE a.funding_id = f.id) AS drawn,
        (SELECT coalesce(sum(v.amount), 0) FROM payments_reversal v JOIN payments_payout p ON p.id = v.payout_id
            WHERE p.funding_id = f.id AND v.status = 'done' AND v.proposed_by_id IS NOT NULL) AS again
    FROM payments_funding f WHERE f.ref = ANY(%(refs)s) AND f.currency = %(currency)s AND f.status = 'paid'
), funded AS (
    SELECT ref, sum(amount) AS amount, sum(stripe_fee) AS processor, sum(back) AS back,
        sum(again) AS again, sum(amount - stripe_fee - back - drawn + again) AS carries
    FROM paid_in GROUP BY ref
), earned AS (
    SELECT ref, sum(pay) AS pay, sum(fee) AS fees FROM payments_earning
    WHERE ref = ANY(%(refs)s) AND currency = %(currency)s AND kind <> ALL(%(house)s) GROUP BY ref
), held AS (
    SELECT ref, sum(balance) FILTER (WHERE kind = 'project_reserved') AS reserved,
        sum(balance) FILTER (WHERE kind = 'project_funds') AS free
    FROM ledger_account WHERE ref = ANY(%(refs)s) AND currency = %(currency)s GROUP BY ref
), owing AS (
    SELECT ref, sum(amount) AS owed FROM payments_due
    WHERE ref = ANY(%(refs)s) AND currency = %(currency)s AND status = 'owed' GROUP BY ref
), disputed AS (
    SELECT DISTINCT f.ref FROM payments_dispute d JOIN payments_funding f ON f.id = d.funding_id
    WHERE f.ref = ANY(%(refs)s) AND d.status <> ALL(%(settled)s)
)
SELECT ref, coalesce(funded.amount, 0)::bigint, (coalesce(earned.pay, 0) - coalesce(funded.again, 0))::bigint,
    coalesce(earned.fees, 0)::bigint, coalesce(funded.processor, 0)::bigint, coalesce(held.reserved, 0)::bigint,
    coalesce(held.free, 0)::bigint, coalesce(funded.back, 0)::bigint,
    coalesce(owing.owed, 0)::bigint,
    CASE WHEN disputed.ref IS NULL
        THEN least(greatest(coalesce(held.free, 0) - coalesce(owing.owed, 0), 0), coalesce(funded.carries, 0))::bigint
        ELSE 0 END
FROM asked LEFT JOIN funded USING (ref) LEFT JOIN earned USING (ref) LEFT JOIN held USING (ref)
    LEFT JOIN owing USING (ref) LEFT JOIN disputed USING (ref)
"""


@dataclass(frozen=True)
class Balance:
    """Minor units: funded = pay + fees + processor + reserved + free + refunded + lost."""

    funded: int
    pay: int  # less what was taken back from experts
    fees: int
    processor: int  # what Stripe kept of the payments
    reserved: int
    free: int
    refunded: int  # on its way back, or there
    owed: int  # to experts, beyond any reserve: `free` pays it first, or does not reach yet
    refundable: int  # the part of `free` that can go back now: none while a payment is disputed

    @property
    def spent(self) -> int:
        return self.pay + self.fees

    @property
    def gone(self) -> int:
        """What is spent, and what Stripe kept."""
        return self.spent + self.processor

    @property
    def spendable(self) -> int:
        """What new seats can be opened with."""
        return max(0, self.free - self.owed)

    @property
    def lost(self) -> int:
        """To lost disputes, less what Quorum's staff corrected: all that the other lines do not explain."""
        return self.funded - self.spent - self.processor - self.reserved - self.free - self.refunded


def balances_of(refs: Iterable[str], currency: str) -> dict[str, Balance]:
    """By reference; every one gets an answer."""
    given: dict[str, Any] = {
        "refs": list(refs),
        "currency": currency,
        "holding": list(Refund.HOLDING),
        "house": list(Earning.HOUSE_PAID),
        "settled": list(Dispute.SETTLED),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, given)
        return {ref: Balance(*sums) for ref, *sums in cursor.fetchall()}


def balance_of(ref: str, currency: str = "usd") -> Balance:
    return balances_of([ref], currency)[ref]


def total(balances: Iterable[Balance]) -> Balance:
    balances = list(balances)
    return Balance(*(sum(getattr(one, field.name) for one in balances) for field in fields(Balance)))
