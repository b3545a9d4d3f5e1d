"""The only door to Stripe: the real SDK over HTTP, answers as plain facts, errors as the four kinds that matter.

Never call it inside a database transaction that has written something: every function here may take 80 seconds.
The SDK's pinned API version is used as it is; where the code leans on a belief about Stripe, docs/money.md says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import stripe
from django.conf import settings

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
    Transfer,
    Unknown,
)

__all__ = [
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
    "Transfer",
    "Unknown",
]


NO_FUNDS = "balance_insufficient"  # Rejected.reason where the platform's available balance is too small


@lru_cache(maxsize=4)
def _client(key: str, base: str, timeout: tuple[float, float], retries: int) -> stripe.StripeClient:
    if not base:
        return stripe.StripeClient(key, http_client=stripe.RequestsClient(timeout=timeout), max_network_retries=retries)
    return stripe.StripeClient(
        key,
        base_addresses={"api": base, "connect": base, "files": base, "meter_events": base},
        http_client=stripe.RequestsClient(timeout=timeout),
        max_network_retries=retries,
    )


def client() -> stripe.StripeClient:
    return _client(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.STRIPE_TIMEOUT, settings.STRIPE_NETWORK_RETRIES
    )


def is_live() -> bool:
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))


@contextmanager
def _told_apart() -> Iterator[None]:
    """Sort the SDK's errors by what they say about the effect."""
    try:
        yield
    except stripe.RateLimitError as error:
        raise Busy(str(error)) from error
    except (stripe.IdempotencyError, stripe.AuthenticationError, stripe.PermissionError) as error:
        raise Misused(str(error)) from error
    except stripe.APIConnectionError as error:
        raise Unknown(str(error)) from error
    except stripe.StripeError as error:
        status = error.http_status or 0
        if status == 409:
            raise Busy(str(error)) from error
        if 400 <= status < 500:
            raise Rejected(error.user_message or str(error), error.code or "") from error
        raise Unknown(str(error)) from error


# --- recipients -------------------------------------------------------------------------------------------------------


def create_recipient(*, payee: str, email: str, name: str, country: str, key: str) -> Recipient:
    """An Accounts v2 recipient on the Express dashboard; we carry fees and losses (separate charges and transfers)."""
    with _told_apart():
        account = client().v2.core.accounts.create(
            {
                "contact_email": email,
                "display_name": name,
                "dashboard": "express",
                "identity": {"country": country.lower(), "entity_type": "individual"},
                "configuration": {
                    "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
                },
                "defaults": {
                    "currency": "usd",
                    "responsibilities": {"fees_collector": "application", "losses_collector": "application"},
                },
                "metadata": {"payee": payee},
                "include": ["configuration.recipient", "identity", "requirements"],
            },
            {"idempotency_key": key},
        )
    return _recipient(account)


def recipient(account_id: str) -> Recipient:
    with _told_apart():
        account = client().v2.core.accounts.retrieve(
            account_id, {"include": ["configuration.recipient", "identity", "requirements"]}
        )
    return _recipient(account)


def onboarding_url(account_id: str, *, return_url: str, refresh_url: str) -> str:
    """A link to Stripe's hosted form. It is short-lived and for this person only: never stored, never mailed."""
    with _told_apart():
        link = client().v2.core.account_links.create(
            {
                "account": account_id,
                "use_case": {
                    "type": "account_onboarding",
                    "account_onboarding": {"return_url": return_url, "refresh_url": refresh_url},
                },
            }
        )
    return link.url


def _recipient(account: stripe.v2.core.Account) -> Recipient:
    facts: dict[str, Any] = account.to_dict()
    balance = _dig(facts, "configuration", "recipient", "capabilities", "stripe_balance", "stripe_transfers")
    entries = _dig(facts, "requirements").get("entries") or ()
    return Recipient(
        id=account.id,
        country=str(_dig(facts, "identity").get("country") or "").upper(),
        status=balance.get("status", ""),
        details=tuple((d["code"], d["resolution"]) for d in balance.get("status_details") or ()),
        requirements=tuple(e["description"] for e in entries if e["awaiting_action_from"] == "user"),
    )


def _dig(facts: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """Into nested objects of which Stripe may leave out (null) any."""
    for name in path:
        facts = facts.get(name) or {}
    return facts


# --- money in ---------------------------------------------------------------------------------------------------------


def start_checkout(
    *, funding: str, group: str, title: str, amount: int, currency: str, success_url: str, cancel_url: str, key: str
) -> Checkout:
    """A hosted Checkout page for one payment. Payment methods are left to the Stripe dashboard."""
    with _told_apart():
        session = client().v1.checkout.sessions.create(
            {
                "mode": "payment",
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
    with _told_apart():
        session = client().v1.checkout.sessions.retrieve(
            session_id, {"expand": ["payment_intent.latest_charge.balance_transaction"]}
        )
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
    )


def dispute(dispute_id: str) -> Dispute:
    with _told_apart():
        found = client().v1.disputes.retrieve(dispute_id)
    facts: dict[str, Any] = found.to_dict()
    due = _dig(facts, "evidence_details").get("due_by")
    return Dispute(
        id=found.id,
        charge=_id(found.charge),
        amount=found.amount,
        currency=found.currency,
        reason=found.reason,
        status=found.status,
        evidence_due_at=datetime.fromtimestamp(due, UTC) if due else None,
        movements=tuple(Movement(line.id, line.amount, line.fee) for line in found.balance_transactions),
    )


# --- money out --------------------------------------------------------------------------------------------------------


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
    with _told_apart():
        sent = client().v1.transfers.create(terms, {"idempotency_key": key})
    return _transfer(sent)


def transfer(transfer_id: str) -> Transfer:
    with _told_apart():
        return _transfer(client().v1.transfers.retrieve(transfer_id))


def find_transfer(payload: Mapping[str, Any], *, since: datetime) -> Transfer | None:
    """The transfer that an earlier, unanswered call made, if it made one."""
    with _told_apart():
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
        destination=_id(sent.destination),
        destination_payment=_id(sent.destination_payment),
        payout=sent.metadata.to_dict().get("payout", ""),
    )


def send_refund(payload: Mapping[str, Any], *, key: str) -> Refund:
    """`payload`: amount, charge, refund. One refund per key."""
    with _told_apart():
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
    with _told_apart():
        return _refund(client().v1.refunds.retrieve(refund_id))


def refunds_of(charge: str) -> list[Refund]:
    """All refunds of a charge, ours and the dashboard's."""
    with _told_apart():
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
        charge=_id(made.charge),
        status=facts.get("status") or "",
        failure=facts.get("failure_reason") or "",
        subject=(facts.get("metadata") or {}).get("refund", ""),
    )


def bank_payout(payout_id: str, *, account: str) -> BankPayout:
    """A payout of a connected account, with what it carries: the balance transactions that Stripe files under it."""
    with _told_apart():
        found = client().v1.payouts.retrieve(payout_id, options={"stripe_account": account})
        carried = client().v1.balance_transactions.list(
            {"payout": payout_id, "limit": 100}, {"stripe_account": account}
        )
        sources = [(line.type, _id(line.source)) for line in carried.auto_paging_iter()]
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
    with _told_apart():
        held: dict[str, Any] = client().v1.balance.retrieve().to_dict()
    total: dict[str, int] = {}
    for part in (*held["available"], *held["pending"], *(held.get("connect_reserved") or ())):
        total[part["currency"]] = total.get(part["currency"], 0) + part["amount"]
    return total


def _id(thing: Any) -> str:
    """The id of an expandable field, expanded or not."""
    return thing if isinstance(thing, str) else getattr(thing, "id", "")


# --- events -----------------------------------------------------------------------------------------------------------

SECRETS = {
    "platform": "STRIPE_WEBHOOK_SECRET",
    "connect": "STRIPE_CONNECT_WEBHOOK_SECRET",
    "thin": "STRIPE_THIN_WEBHOOK_SECRET",
}


def verify(endpoint: str, body: bytes, signature: str) -> Hint:
    """Check who sent the raw body, and that it belongs to this endpoint and to this mode. Raises BadWebhook."""
    secret = getattr(settings, SECRETS[endpoint])
    if not secret:  # anybody can sign with an empty one
        raise BadWebhook("This endpoint is not set up.")
    try:
        if endpoint == "thin":
            note = client().parse_event_notification(body, signature, secret)
            related = getattr(note, "related_object", None)
            hint = Hint(note.id, str(note.type), _context(body), related.id if related else "", note.livemode)
        else:
            event = client().construct_event(body, signature, secret)
            hint = Hint(event.id, str(event.type), *_about(body), event.livemode)
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadWebhook("This is not an event of this endpoint.") from error
    if hint.livemode != is_live():
        raise BadWebhook("This event is of the other mode (live or test).")
    return hint


def _about(body: bytes) -> tuple[str, str]:
    """The connected account of an event (absent on the platform's own) and the id of its object."""
    facts = json.loads(body)
    return str(facts.get("account") or ""), str(facts["data"]["object"].get("id", ""))


def _context(body: bytes) -> str:
    return str(json.loads(body).get("context") or "")
