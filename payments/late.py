"""Pay that should have left by now: what the promises say of each earning. No writes.

Through Stripe it leaves within the hour. Who is paid by hand was promised business days, until our bank has the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from core.clock import business_deadline
from payments.models import Batch, BatchLine, Earning, Payee

PAY_WITHIN: Final = timedelta(hours=1)
"""From approval to the transfer, once Stripe can pay the person."""
MOST: Final = 200

# Only people to whom something is owed, or on its way, are looked at: however much was ever paid.
_UNSENT: Final = """
SELECT e.id, greatest(e.booked_at, ready.at)
FROM payments_payee p
JOIN accounts_user u ON u.id = p.user_id
JOIN payments_earning e ON e.payee_id = p.user_id
LEFT JOIN LATERAL (
    SELECT max(at) AS at FROM core_event WHERE subject = p.public_id AND name = 'payee.ready'
) ready ON true
WHERE p.route = %(route)s AND p.status = 'ready' AND greatest(e.booked_at, ready.at) < %(before)s
    AND (%(payee)s::bigint IS NULL OR p.user_id = %(payee)s)
    AND EXISTS (
        SELECT FROM ledger_account a
        WHERE a.ref = u.public_id AND a.kind IN ('expert_payable', 'payout_in_flight') AND a.balance > 0)
    AND NOT EXISTS (
        SELECT FROM payments_hold h WHERE h.payee_id = p.user_id AND h.released_at IS NULL AND h.ends_at > %(now)s)
    AND e.pay > coalesce((
        SELECT sum(c.amount) FROM payments_allocation c JOIN payments_payout t ON t.id = c.payout_id
        WHERE c.earning_id = e.id AND t.sent_at IS NOT NULL), 0)
ORDER BY 2, 1 LIMIT %(most)s
"""


@dataclass(frozen=True)
class Late:
    """An earning that should have left us by `due`. `line`: the bank transfer by hand that carries it, if one does."""

    earning: Earning
    due: datetime
    line: BatchLine | None = None


def _unsent(route: str, before: datetime, payee: User | None = None) -> dict[int, datetime]:
    """What nothing has sent: since when it could have been (by earning), the oldest first, at most MOST."""
    given = {"route": route, "before": before, "now": timezone.now(), "most": MOST, "payee": payee and payee.pk}
    with connection.cursor() as cursor:
        cursor.execute(_UNSENT, given)  # type: ignore[arg-type]
        return dict(cursor.fetchall())


def late_pay() -> list[Late]:
    """What Stripe should have by now, the oldest first. Not what a hold keeps: its person knows why, until when."""
    found = _unsent(Payee.Route.STRIPE, timezone.now() - PAY_WITHIN)
    earnings = Earning.objects.select_related("payee").in_bulk(found)
    return [Late(earnings[pk], since + PAY_WITHIN) for pk, since in found.items()]


# --- by hand ----------------------------------------------------------------------------------------------------------


def by_hand_due(since: datetime) -> datetime:
    """When our bank has the order for what was approved at `since`. Business days are Monday to Friday, in UTC."""
    return business_deadline(since, settings.QUORUM_MANUAL_DAYS, zone="UTC", country="")


def waiting_by_hand(user: User | None = None) -> list[Late]:
    """What our bank has not paid yet, what is due first first: of one person, or of all. Not what a hold keeps."""
    found = _unsent(Payee.Route.MANUAL, timezone.now(), user)
    earnings = Earning.objects.select_related("payee").prefetch_related("allocations__payout__line__batch")
    known = earnings.in_bulk(found)
    waiting = [Late(known[pk], by_hand_due(since), _line(known[pk])) for pk, since in found.items()]
    return sorted(waiting, key=lambda late: late.due)


def _line(earning: Earning) -> BatchLine | None:
    lines = [part.payout.line for part in earning.allocations.all() if part.payout.line]
    return next((line for line in lines if line.status == BatchLine.Status.PENDING), None)


def late_by_hand(user: User | None = None) -> list[Late]:
    """What of it is due already."""
    return [late for late in waiting_by_hand(user) if late.due < timezone.now()]


def overdue_batches() -> list[Batch]:
    """Batches of which the bank has not answered every line in the time that people were promised, oldest first."""
    waiting = Batch.objects.filter(lines__status=BatchLine.Status.PENDING).distinct().order_by("pk")
    return [batch for batch in waiting if by_hand_due(batch.made_at) < timezone.now()]
