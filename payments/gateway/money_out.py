"""What experts get, and what the platform has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import stripe

from payments.facts import BankPayout, Transfer
from payments.gateway.client import client, id_of, told_apart


def send_transfer(payload: Mapping[str, Any], *, key: str) -> Transfer:
    """`payload`: amount, currency, destination, source_transaction, transfer_group, payout. One transfer per key.

    No source_transaction (None): Stripe takes it from the platform's available balance, or says NO_FUNDS.
    """
    terms: stripe.params.TransferCreateParams = {
        "amount": payload["amount"],
        "currency": payload["currency"],
        "destination": payload["destination"],
        "transfer_group": payload["transfer_group"],
        "metadata": {"payout": payload["payout"]},
    }
    if payload["source_transaction"]:
        terms["source_transaction"] = payload["source_transaction"]
    with told_apart():
        sent = client().v1.transfers.create(terms, {"idempotency_key": key})
    return _transfer(sent)


def transfer(transfer_id: str) -> Transfer:
    with told_apart():
        return _transfer(client().v1.transfers.retrieve(transfer_id))


def find_transfer(payload: Mapping[str, Any], *, since: datetime) -> Transfer | None:
    """The transfer that an earlier, unanswered call made, if it made one."""
    with told_apart():
        listed = client().v1.transfers.list(
            {
                "destination": payload["destination"],
                "transfer_group": payload["transfer_group"],
                "created": {"gte": int(since.timestamp())},
                "limit": 100,
            }
        )
        for found in listed.auto_paging_iter():
            if found.metadata.to_dict().get("payout") == payload["payout"]:
                return _transfer(found)
    return None


def _transfer(sent: stripe.Transfer) -> Transfer:
    return Transfer(
        id=sent.id,
        amount=sent.amount,
        amount_reversed=sent.amount_reversed,
        currency=sent.currency,
        destination=id_of(sent.destination),
        destination_payment=id_of(sent.destination_payment),
        payout=sent.metadata.to_dict().get("payout", ""),
    )


def bank_payout(payout_id: str, *, account: str) -> BankPayout:
    """A payout of a connected account, with what it carries: the balance transactions that Stripe files under it."""
    with told_apart():
        found = client().v1.payouts.retrieve(payout_id, options={"stripe_account": account})
        carried = client().v1.balance_transactions.list(
            {"payout": payout_id, "limit": 100}, {"stripe_account": account}
        )
        sources = [(line.type, id_of(line.source)) for line in carried.auto_paging_iter()]
    facts: dict[str, Any] = found.to_dict()
    return BankPayout(
        id=found.id,
        status=found.status,
        arrives_on=datetime.fromtimestamp(found.arrival_date, UTC).date(),
        failure_code=facts.get("failure_code") or "",
        failure_message=facts.get("failure_message") or "",
        payments=frozenset(source for kind, source in sources if kind == "payment"),
        retries=frozenset(source for kind, source in sources if kind == "payout_failure" and source != payout_id),
    )


def balance() -> dict[str, int]:
    """What Stripe holds for the platform, by currency: available, pending and reserved together."""
    with told_apart():
        held: dict[str, Any] = client().v1.balance.retrieve().to_dict()
    total: dict[str, int] = {}
    for part in (*held["available"], *held["pending"], *(held.get("connect_reserved") or ())):
        total[part["currency"]] = total.get(part["currency"], 0) + part["amount"]
    return total
