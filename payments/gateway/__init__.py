"""The only door to Stripe: the real SDK over HTTP, answers as plain facts, errors as the four kinds that matter.

Never call it inside a database transaction that has written something: every function here may take 80 seconds.
The SDK's pinned API version is used as it is; where the code leans on a belief about Stripe, docs/money.md says so.
"""

from payments.facts import (
    BadWebhook,
    BankPayout,
    Busy,
    Checkout,
    Dispute,
    GatewayError,
    Hint,
    Misused,
    Movement,
    Recipient,
    Refund,
    Rejected,
    Requirement,
    Reversal,
    Transfer,
    Unknown,
)
from payments.gateway.client import NO_FUNDS, client, is_live
from payments.gateway.lists import balance_lines, events, funding_of_charge, thin_events
from payments.gateway.money_in import (
    checkout,
    create_customer,
    dispute,
    expire_checkout,
    find_customer,
    find_refund,
    refund,
    refunds_of,
    send_refund,
    start_checkout,
)
from payments.gateway.money_out import balance, bank_payout, find_transfer, send_transfer, transfer
from payments.gateway.recipients import create_recipient, find_recipient, onboarding_url, recipient
from payments.gateway.reversals import find_reversal, reversal, reversal_of_line, reversals_of, send_reversal
from payments.gateway.webhooks import SECRETS, verify

__all__ = [
    "NO_FUNDS",
    "SECRETS",
    "BadWebhook",
    "BankPayout",
    "Busy",
    "Checkout",
    "Dispute",
    "GatewayError",
    "Hint",
    "Misused",
    "Movement",
    "Recipient",
    "Refund",
    "Rejected",
    "Requirement",
    "Reversal",
    "Transfer",
    "Unknown",
    "balance",
    "balance_lines",
    "bank_payout",
    "checkout",
    "client",
    "create_customer",
    "create_recipient",
    "dispute",
    "events",
    "expire_checkout",
    "find_customer",
    "find_recipient",
    "find_refund",
    "find_reversal",
    "find_transfer",
    "funding_of_charge",
    "is_live",
    "onboarding_url",
    "recipient",
    "refund",
    "refunds_of",
    "reversal",
    "reversal_of_line",
    "reversals_of",
    "send_refund",
    "send_reversal",
    "send_transfer",
    "start_checkout",
    "thin_events",
    "transfer",
    "verify",
]
