"""What labs pay, dispute and get back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import stripe

from payments.facts import Checkout, Dispute, Movement, Refund, Rejected
from payments.gateway.client import client, dig, id_of, told_apart

METHODS: Final[dict[str, stripe.params.checkout.SessionCreateParams]] = {
    "card": {"allowed_payment_method_types": ["card"]},
    "bank": {
        "allowed_payment_method_types": ["us_bank_account", "customer_balance"],
        "payment_method_options": {
            "customer_balance": {"funding_type": "bank_transfer", "bank_transfer": {"type": "us_bank_transfer"}}
        },
    },
}


def create_customer(*, lab: str, name: str, key: str) -> str:
    """The id of the Customer that stands for a lab. One per key."""
    with told_apart():
        return client().v1.customers.create({"name": name, "metadata": {"lab": lab}}, {"idempotency_key": key}).id


def find_customer(*, lab: str, since: datetime) -> str | None:
    """The Customer that an earlier, unanswered call made for a lab, if it made one."""
    with told_apart():
        listed = client().v1.customers.list({"created": {"gte": int(since.timestamp())}, "limit": 100})
        ids = (found.id for found in listed.auto_paging_iter() if _metadata(found).get("lab") == lab)
        return next(ids, None)


def _metadata(found: stripe.Customer) -> Mapping[str, str]:
    return found.metadata.to_dict() if found.metadata else {}


def start_checkout(
    *,
    funding: str,
    customer: str,
    method: str,
    group: str,
    title: str,
    amount: int,
    currency: str,
    success_url: str,
    cancel_url: str,
    key: str,
) -> Checkout:
    """A hosted Checkout page for one payment by one of METHODS, as far as the Stripe dashboard has them switched on."""
    with told_apart():
        session = client().v1.checkout.sessions.create(
            {
                **METHODS[method],
                "mode": "payment",
                "customer": customer,
                "ui_mode": "hosted_page",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": currency,
                            "unit_amount": amount,
                            "product_data": {"name": title},
                        },
                    }
                ],
                "client_reference_id": funding,
                "metadata": {"funding": funding},
                "payment_intent_data": {"transfer_group": group, "metadata": {"funding": funding}},
                "invoice_creation": {"enabled": True},
                "success_url": success_url,
                "cancel_url": cancel_url,
            },
            {"idempotency_key": key},
        )
    return _checkout(session)


def checkout(session_id: str) -> Checkout:
    with told_apart():
        session = client().v1.checkout.sessions.retrieve(
            session_id, {"expand": ["payment_intent.latest_charge.balance_transaction", "invoice"]}
        )
    return _checkout(session)


def expire_checkout(session_id: str, *, key: str) -> Checkout:
    """Nobody can pay on this page any more. One that is over already, paid or not, is answered as it is."""
    try:
        with told_apart():
            session = client().v1.checkout.sessions.expire(session_id, {}, {"idempotency_key": key})
    except Rejected:
        found = checkout(session_id)
        if found.status == "open":
            raise
        return found
    return _checkout(session)


def _checkout(session: stripe.checkout.Session) -> Checkout:
    facts: dict[str, Any] = session.to_dict()
    intent = facts.get("payment_intent")
    intent = intent if isinstance(intent, dict) else {"id": intent or ""}
    charge = intent.get("latest_charge") or {}
    settled = charge.get("balance_transaction") or {}
    return Checkout(
        id=session.id,
        url=facts.get("url") or "",
        status=facts.get("status") or "",
        payment_status=session.payment_status,
        reference=facts.get("client_reference_id") or "",
        amount=facts.get("amount_total") or 0,
        currency=facts.get("currency") or "",
        payment_intent=intent["id"],
        payment_failed=intent.get("status") in {"requires_payment_method", "canceled"},
        charge=charge.get("id", ""),
        fee=settled.get("fee"),
        failure_code=charge.get("failure_code") or "",
        failure_message=charge.get("failure_message") or "",
        instructions_url=_instructions(intent),
        invoice_url=_page_of(facts.get("invoice")),
        receipt_url=charge.get("receipt_url") or "",
    )


def _instructions(intent: Mapping[str, Any]) -> str:
    return dig(intent, "next_action", "display_bank_transfer_instructions").get("hosted_instructions_url") or ""


def _page_of(invoice: Any) -> str:
    """Stripe's page of an invoice, where it was expanded and is final."""
    return (invoice.get("hosted_invoice_url") or "") if isinstance(invoice, dict) else ""


def dispute(dispute_id: str) -> Dispute:
    with told_apart():
        found = client().v1.disputes.retrieve(dispute_id)
    facts: dict[str, Any] = found.to_dict()
    due = dig(facts, "evidence_details").get("due_by")
    return Dispute(
        id=found.id,
        charge=id_of(found.charge),
        amount=found.amount,
        currency=found.currency,
        reason=found.reason,
        status=found.status,
        evidence_due_at=datetime.fromtimestamp(due, UTC) if due else None,
        movements=tuple(Movement(line.id, line.amount, line.fee) for line in found.balance_transactions),
    )


def send_refund(payload: Mapping[str, Any], *, key: str) -> Refund:
    """`payload`: amount, charge, refund. One refund per key."""
    with told_apart():
        made = client().v1.refunds.create(
            {
                "charge": payload["charge"],
                "amount": payload["amount"],
                "reason": "requested_by_customer",
                "metadata": {"refund": payload["refund"]},
            },
            {"idempotency_key": key},
        )
    return _refund(made)


def refund(refund_id: str) -> Refund:
    with told_apart():
        return _refund(client().v1.refunds.retrieve(refund_id))


def refunds_of(charge: str) -> list[Refund]:
    """All refunds of a charge, ours and the dashboard's."""
    with told_apart():
        listed = client().v1.refunds.list({"charge": charge, "limit": 100})
        return [_refund(found) for found in listed.auto_paging_iter()]


def find_refund(payload: Mapping[str, Any], *, since: datetime) -> Refund | None:
    """The refund that an earlier, unanswered call made, if it made one. A charge has few: `since` is not needed."""
    return next((found for found in refunds_of(payload["charge"]) if found.subject == payload["refund"]), None)


def _refund(made: stripe.Refund) -> Refund:
    facts: dict[str, Any] = made.to_dict()
    return Refund(
        id=made.id,
        amount=made.amount,
        currency=made.currency,
        charge=id_of(made.charge),
        status=facts.get("status") or "",
        failure=facts.get("failure_reason") or "",
        subject=(facts.get("metadata") or {}).get("refund", ""),
    )
