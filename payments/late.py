"""Pay that should have gone to Stripe by now: what the promise of an hour says of each earning. No writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from payments.models import Earning

PAY_WITHIN: Final = timedelta(hours=1)
"""From approval to the transfer, once Stripe can pay the person. Who is paid by hand was promised days."""
MOST: Final = 200

# Only people to whom something is owed, or on its way to Stripe, are looked at: however much was ever paid.
_LATE: Final = """
SELECT e.id, greatest(e.booked_at, ready.at) + %(within)s
FROM payments_payee p
JOIN accounts_user u ON u.id = p.user_id
JOIN payments_earning e ON e.payee_id = p.user_id
LEFT JOIN LATERAL (
    SELECT max(at) AS at FROM core_event WHERE subject = p.public_id AND name = 'payee.ready'
) ready ON true
WHERE p.route = 'stripe' AND p.status = 'ready' AND greatest(e.booked_at, ready.at) + %(within)s < %(now)s
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
    """An earning whose transfer should have been made by `due`."""

    earning: Earning
    due: datetime


def late_pay() -> list[Late]:
    """What is late now, the oldest first, at most MOST. Not what a hold keeps: its person knows why, and until when."""
    with connection.cursor() as cursor:
        given = {"within": PAY_WITHIN, "now": timezone.now(), "most": MOST}
        cursor.execute(_LATE, given)  # type: ignore[arg-type]
        found = cursor.fetchall()
    earnings = Earning.objects.select_related("payee").in_bulk([pk for pk, _ in found])
    return [Late(earnings[pk], due) for pk, due in found]
