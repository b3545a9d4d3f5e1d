"""The shapes of what the sandbox answers. Optional fields come from the SDK's classes; a test compares the others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import stripe

Thing = dict[str, Any]


def _optional(shape: type[Any]) -> list[str]:
    """The names of a class's fields that may be null."""
    return [name for name, note in shape.__annotations__.items() if _may_be_null(note)]


def _may_be_null(note: Any) -> bool:
    """`Optional[X]` prints as itself or, around a union, as a union with NoneType."""
    return "Optional[" in str(note) or "NoneType" in str(note)


def fill(shape: type[Any], fields: Thing) -> Thing:
    """`fields` and a null for everything else that Stripe would send."""
    return {**dict.fromkeys(_optional(shape)), "object": object_name(shape), **fields}


def object_name(shape: type[Any]) -> str:
    return str(shape.OBJECT_NAME)


def moment(seconds: int) -> str:
    """v2's way to write a time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def listing(items: list[Thing], url: str, has_more: bool = False) -> Thing:
    return {"object": "list", "url": url, "has_more": has_more, "data": items}


def customer(key: str, now: int, params: Thing) -> Thing:
    given = {"name": params.get("name"), "email": params.get("email"), "metadata": params.get("metadata", {})}
    return fill(stripe.Customer, {"id": key, "created": now, "livemode": False, **given})


def invoice(key: str, now: int, of: Thing) -> Thing:
    """The paid invoice that a checkout leaves behind."""
    amount, nothing = (
        of["amount_total"],
        dict.fromkeys(
            (
                "amount_due",
                "amount_overpaid",
                "amount_remaining",
                "amount_shipping",
                "post_payment_credit_notes_amount",
                "pre_payment_credit_notes_amount",
                "starting_balance",
            ),
            0,
        ),
    )
    return fill(
        stripe.Invoice,
        {
            **nothing,
            "id": key,
            "created": now,
            "livemode": False,
            "amount_paid": amount,
            "subtotal": amount,
            "total": amount,
            "attempt_count": 1,
            "attempted": True,
            "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
            "collection_method": "charge_automatically",
            "currency": of["currency"],
            "customer": of["customer"],
            "default_tax_rates": [],
            "discounts": [],
            "issuer": {"type": "self"},
            "lines": listing([], f"/v1/invoices/{key}/lines"),
            "payment_settings": {},
            "period_end": now,
            "period_start": now,
            "status": "paid",
            "status_transitions": {"paid_at": now},
        },
    )


def _wants_invoice(params: Thing) -> bool:
    return bool(params.get("invoice_creation", {}).get("enabled"))


def transfer_awaited(page: str) -> Thing:
    """What makes of an intent one that waits for a bank transfer."""
    shown = {"hosted_instructions_url": page, "type": "us_bank_transfer"}
    action = {"type": "display_bank_transfer_instructions", "display_bank_transfer_instructions": shown}
    return {"status": "requires_action", "next_action": action}


def session(key: str, now: int, params: Thing, page: str) -> Thing:
    line = params["line_items"][0]
    price, quantity = line["price_data"], line.get("quantity", 1)
    return fill(
        stripe.checkout.Session,
        {
            "id": key,
            "created": now,
            "expires_at": params.get("expires_at", now + 86_400),
            "livemode": False,
            "mode": params["mode"],
            "ui_mode": params.get("ui_mode", "hosted_page"),
            "status": "open",
            "payment_status": "unpaid",
            "payment_method_types": params.get("allowed_payment_method_types", ["card", "us_bank_account"]),
            "customer": params.get("customer"),
            "invoice_creation": {"enabled": _wants_invoice(params), "invoice_data": {}},
            "amount_subtotal": price["unit_amount"] * quantity,
            "amount_total": price["unit_amount"] * quantity,
            "currency": price["currency"],
            "client_reference_id": params.get("client_reference_id"),
            "metadata": params.get("metadata", {}),
            "success_url": params.get("success_url"),
            "cancel_url": params.get("cancel_url"),
            "url": page,
            "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
            "custom_fields": [],
            "custom_text": {
                "after_submit": None,
                "shipping_address": None,
                "submit": None,
                "terms_of_service_acceptance": None,
            },
            "shipping_options": [],
            "_title": price["product_data"]["name"],
            "_intent": params.get("payment_intent_data", {}),
            "_invoice": _wants_invoice(params),
        },
    )


def intent(key: str, now: int, of: Thing, method: str) -> Thing:
    data = of["_intent"]
    return fill(
        stripe.PaymentIntent,
        {
            "id": key,
            "created": now,
            "livemode": False,
            "amount": of["amount_total"],
            "amount_capturable": 0,
            "amount_received": 0,
            "currency": of["currency"],
            "capture_method": "automatic_async",
            "confirmation_method": "automatic",
            "metadata": data.get("metadata", {}),
            "payment_method_types": [method],
            "status": "processing",
            "transfer_group": data.get("transfer_group"),
        },
    )


def charge(key: str, now: int, of: Thing) -> Thing:
    return fill(
        stripe.Charge,
        {
            "id": key,
            "created": now,
            "livemode": False,
            "amount": of["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
            "captured": False,
            "currency": of["currency"],
            "disputed": False,
            "metadata": of["metadata"],
            "paid": False,
            "payment_intent": of["id"],
            "refunded": False,
            "status": "pending",
            "transfer_group": of["transfer_group"],
            "_method": of["payment_method_types"][0],
            "_transferred": 0,
        },
    )


def dispute(key: str, now: int, of: Thing, reason: str, status: str) -> Thing:
    return fill(
        stripe.Dispute,
        {
            "id": key,
            "created": now,
            "livemode": False,
            "amount": of["amount"],
            "balance_transactions": [],
            "charge": of["id"],
            "currency": of["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {},
            "evidence_details": {
                "due_by": now + 9 * 86_400,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": False,
            "metadata": {},
            "payment_intent": of["payment_intent"],
            "reason": reason,
            "status": status,
        },
    )


def transaction(key: str, now: int, fields: Thing) -> Thing:
    """`fields`: amount, fee, currency, type, source, available_on, and _account (empty: the platform)."""
    fees = [{"amount": fields["fee"], "application": None, "currency": fields["currency"], "type": "stripe_fee"}]
    return fill(
        stripe.BalanceTransaction,
        {
            "id": key,
            "created": now,
            "net": fields["amount"] - fields["fee"],
            "balance_type": "payments",
            "reporting_category": fields["type"],
            "fee_details": fees if fields["fee"] else [],
            "status": "pending",
            "_payout": None,
            **fields,
        },
    )


def transfer(key: str, now: int, params: Thing) -> Thing:
    return fill(
        stripe.Transfer,
        {
            "id": key,
            "created": now,
            "livemode": False,
            "amount": params["amount"],
            "amount_reversed": 0,
            "currency": params["currency"],
            "destination": params["destination"],
            "description": params.get("description"),
            "metadata": params.get("metadata", {}),
            "reversals": listing([], f"/v1/transfers/{key}/reversals"),
            "reversed": False,
            "source_transaction": params.get("source_transaction"),
            "source_type": "card",
            "transfer_group": params.get("transfer_group"),
        },
    )


def reversal(key: str, now: int, of: Thing, params: Thing) -> Thing:
    return fill(
        stripe.TransferReversal,
        {
            "id": key,
            "created": now,
            "amount": params["amount"],
            "currency": of["currency"],
            "metadata": params.get("metadata", {}),
            "transfer": of["id"],
        },
    )


def refund(key: str, now: int, params: Thing) -> Thing:
    """`params`: charge, amount, currency, and what the caller gave."""
    return fill(
        stripe.Refund,
        {
            "id": key,
            "created": now,
            "amount": params["amount"],
            "currency": params["currency"],
            "charge": params["charge"],
            "metadata": params.get("metadata", {}),
            "reason": params.get("reason"),
            "status": "succeeded",
        },
    )


def payout(key: str, now: int, fields: Thing) -> Thing:
    return fill(
        stripe.Payout,
        {
            "id": key,
            "created": now,
            "arrival_date": now,
            "livemode": False,
            "automatic": True,
            "metadata": {},
            "method": "standard",
            "reconciliation_status": "completed",
            "source_type": "card",
            "status": "in_transit",
            "type": "bank_account",
            **fields,
        },
    )


def account(key: str, now: int, params: Thing) -> Thing:
    return fill(
        stripe.v2.core.Account,
        {
            "id": key,
            "created": moment(now),
            "livemode": False,
            "applied_configurations": ["recipient"],
            "closed": False,
            "contact_email": params.get("contact_email"),
            "display_name": params.get("display_name"),
            "dashboard": params.get("dashboard"),
            "metadata": params.get("metadata", {}),
            "defaults": params.get("defaults"),
            "identity": params.get("identity"),
            "configuration": {"recipient": {"applied": True, "capabilities": {"stripe_balance": {}}}},
            "requirements": {"entries": [], "alternatives": None, "summary": None},
            "_bank": "ok",
        },
    )


def capability(status: str, code: str = "", resolution: str = "") -> Thing:
    details = [{"code": code, "resolution": resolution}] if code else []
    return {"stripe_transfers": {"status": status, "status_details": details}}


def requirement(path: str) -> Thing:
    return {
        "awaiting_action_from": "user",
        "description": path,
        "errors": [],
        "impact": {"restricts_capabilities": None},
        "minimum_deadline": {"status": "currently_due"},
        "reference": None,
        "requested_reasons": [{"code": "routine_onboarding"}],
    }


def event(key: str, now: int, kind: str, thing: Thing, of: str) -> Thing:
    """A snapshot event. `account` is there on a connected account's own events only, as at Stripe."""
    facts = {
        "id": key,
        "object": "event",
        "created": now,
        "api_version": stripe.api_version,
        "livemode": False,
        "pending_webhooks": 1,
        "type": kind,
        "data": {"object": thing},
        "request": {"id": None, "idempotency_key": None},
        "_account": of,
    }
    return {**facts, "account": of} if of else facts


def thin_event(key: str, now: int, kind: str, of: str) -> Thing:
    return {
        "id": key,
        "object": "v2.core.event",
        "_account": of,
        "created": moment(now),
        "livemode": False,
        "type": kind,
        "context": None,
        "reason": None,
        "related_object": {"id": of, "type": "v2.core.account", "url": f"/v2/core/accounts/{of}"},
    }


def public(thing: Any) -> Any:
    """Without what only the sandbox knows (names with an underscore)."""
    if isinstance(thing, dict):
        return {name: public(value) for name, value in thing.items() if not name.startswith("_")}
    if isinstance(thing, list):
        return [public(item) for item in thing]
    return thing


def required(shape: type[Any]) -> set[str]:
    """The fields that an object of this class always has."""
    return {
        name
        for name, note in shape.__annotations__.items()
        if not name.startswith("_") and not _may_be_null(note) and "ClassVar" not in str(note)
    }
