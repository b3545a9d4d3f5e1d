"""Money: the double-entry ledger, what labs pay in, what experts earned, and what goes to and from Stripe.

Every amount is an integer in minor units of its `currency` (ISO 4217, lower case). PostgreSQL triggers guard the ledger
(payments/migrations/0002): entries balance, never change, and move balances; docs/money.md explains the chart.
"""

from __future__ import annotations

from payments.models.customers import Customer
from payments.models.delivery import InboxEvent, Outbox
from payments.models.incoming import Dispute, Funding, Refund
from payments.models.ledger import CREDIT_SIDE, LIABILITIES, Account, AccountKind, Entry, Posting
from payments.models.manual import Batch, BatchLine
from payments.models.ops import Adjustment, BalanceTransaction, EventSweep, Hold, Reconciliation
from payments.models.outgoing import Allocation, Due, Earning, Payee, Payout, Reversal

__all__ = [
    "CREDIT_SIDE",
    "LIABILITIES",
    "Account",
    "AccountKind",
    "Adjustment",
    "Allocation",
    "BalanceTransaction",
    "Batch",
    "BatchLine",
    "Customer",
    "Dispute",
    "Due",
    "Earning",
    "Entry",
    "EventSweep",
    "Funding",
    "Hold",
    "InboxEvent",
    "Outbox",
    "Payee",
    "Payout",
    "Posting",
    "Reconciliation",
    "Refund",
    "Reversal",
]
