"""What each kind of line in Stripe's account of our balance means for our books. Pure; a test holds it to the SDK."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Meaning(StrEnum):
    FUNDING = "funding"  # a lab paid
    PAYOUT = "payout"  # a transfer to an expert
    REVERSAL = "reversal"  # a transfer, or a part of it, came back
    REFUND = "refund"  # money on its way back to a lab
    REFUND_BACK = "refund_back"  # a refund that did not arrive
    DISPUTE = "dispute"
    HOUSE = "house"  # between the operator and Stripe: books itself, it is nobody else's money
    INSIDE = "inside"  # from one part of the balance to another: the sum of all parts stays
    ALERT = "alert"  # we know of it, and do not expect it: a person looks


_M = Meaning
MEANINGS: Final[dict[str, Meaning]] = {
    "charge": _M.FUNDING,
    "payment": _M.FUNDING,
    "transfer": _M.PAYOUT,
    "transfer_cancel": _M.REVERSAL,
    "transfer_failure": _M.REVERSAL,
    "transfer_refund": _M.REVERSAL,
    "refund": _M.REFUND,
    "payment_refund": _M.REFUND,
    "refund_failure": _M.REFUND_BACK,
    "payment_failure_refund": _M.REFUND,  # a debit that bounced after it was counted
    "payment_reversal": _M.REFUND,
    "adjustment": _M.DISPUTE,
    "stripe_fee": _M.HOUSE,
    "stripe_fx_fee": _M.HOUSE,
    "tax_fee": _M.HOUSE,
    "topup": _M.HOUSE,
    "topup_reversal": _M.HOUSE,
    "reserve_transaction": _M.INSIDE,
    "reserved_funds": _M.INSIDE,
    "reserve_hold": _M.INSIDE,
    "reserve_release": _M.INSIDE,
    "payment_network_reserve_hold": _M.INSIDE,
    "payment_network_reserve_release": _M.INSIDE,
    "payout_minimum_balance_hold": _M.INSIDE,
    "payout_minimum_balance_release": _M.INSIDE,
    # The platform's own payouts: its schedule must be manual, or clients' money leaves with ours.
    "payout": _M.ALERT,
    "payout_cancel": _M.ALERT,
    "payout_failure": _M.ALERT,
    **dict.fromkeys(
        (
            "advance", "advance_funding", "anticipation_repayment", "application_fee", "application_fee_refund",
            "climate_order_purchase", "climate_order_refund", "connect_collection_transfer", "contribution",
            "fee_credit_funding", "inbound_transfer", "inbound_transfer_reversal", "issuing_authorization_hold",
            "issuing_authorization_release", "issuing_dispute", "issuing_dispute_provisional_credit",
            "issuing_dispute_provisional_credit_reversal", "issuing_transaction", "obligation_outbound",
            "obligation_reversal_inbound", "payment_unreconciled", "stripe_balance_payment_debit",
            "stripe_balance_payment_debit_reversal", "tax_fund",
        ),
        _M.ALERT,
    ),
}  # fmt: skip


def types_of(meaning: Meaning) -> list[str]:
    return [kind for kind, means in MEANINGS.items() if means is meaning]
