"""Transfers that come back, wholly or in part."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import stripe

from payments.facts import Reversal, reversal_named
from payments.gateway.client import client, id_of, told_apart


def send_reversal(payload: Mapping[str, Any], *, key: str) -> Reversal:
    """`payload`: transfer, amount, reversal. One reversal per key.

    Stripe takes it from the recipient's balance; where that is too small, it says NO_FUNDS.
    """
    with told_apart():
        made = client().v1.transfers.reversals.create(
            payload["transfer"],
            {"amount": payload["amount"], "metadata": {"reversal": payload["reversal"]}},
            {"idempotency_key": key},
        )
    return _reversal(made)


def reversal(transfer_id: str, reversal_id: str) -> Reversal:
    with told_apart():
        return _reversal(client().v1.transfers.reversals.retrieve(transfer_id, reversal_id))


def reversals_of(transfer_id: str) -> list[Reversal]:
    """All reversals of a transfer, ours and the dashboard's."""
    with told_apart():
        listed = client().v1.transfers.reversals.list(transfer_id, {"limit": 100})
        return [_reversal(found) for found in listed.auto_paging_iter()]


def find_reversal(payload: Mapping[str, Any], *, since: datetime) -> Reversal | None:
    """The reversal that an earlier, unanswered call made, if it made one. `since` is not needed: there are few."""
    asked = reversal_named(payload["reversal"])
    return next((found for found in reversals_of(payload["transfer"]) if found.subject == asked), None)


def reversal_of_line(txn_id: str) -> Reversal | None:
    """What a line of the platform's balance says came back; None where it speaks of something else."""
    with told_apart():
        line = client().v1.balance_transactions.retrieve(txn_id, {"expand": ["source"]})
    return _reversal(line.source) if isinstance(line.source, stripe.TransferReversal) else None


def _reversal(made: stripe.TransferReversal) -> Reversal:
    return Reversal(
        id=made.id,
        amount=made.amount,
        currency=made.currency,
        transfer=id_of(made.transfer),
        subject=reversal_named(made.metadata.to_dict().get("reversal", "")) if made.metadata else "",
    )
