"""Whom Stripe pays: Accounts v2 recipients."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import stripe

from payments.facts import Recipient, Requirement
from payments.gateway.client import client, dig, told_apart

PAGE: Final = 20


def create_recipient(*, payee: str, email: str, name: str, country: str, key: str) -> Recipient:
    """An Accounts v2 recipient on the Express dashboard; we carry fees and losses (separate charges and transfers)."""
    with told_apart():
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


def find_recipient(*, payee: str, country: str, since: datetime) -> Recipient | None:
    """The account that an earlier, unanswered call opened for a person in this country, if it opened one.

    v2 cannot be asked for what is younger than `since`: it lists the youngest first, so the look ends there.
    """
    with told_apart():
        listed = client().v2.core.accounts.list({"applied_configurations": ["recipient"], "limit": PAGE})
        for account in listed.auto_paging_iter():
            if datetime.fromisoformat(account.created) < since:
                return None
            if account.metadata and account.metadata.to_dict().get("payee") == payee:
                found = recipient(account.id)
                if found.country == country:
                    return found
    return None


def recipient(account_id: str) -> Recipient:
    with told_apart():
        account = client().v2.core.accounts.retrieve(
            account_id, {"include": ["configuration.recipient", "identity", "requirements"]}
        )
    return _recipient(account)


def onboarding_url(account_id: str, *, return_url: str, refresh_url: str) -> str:
    """A link to Stripe's hosted form. It is short-lived and for this person only: never stored, never mailed."""
    with told_apart():
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
    balance = dig(facts, "configuration", "recipient", "capabilities", "stripe_balance", "stripe_transfers")
    entries = dig(facts, "requirements").get("entries") or ()
    return Recipient(
        id=account.id,
        country=str(dig(facts, "identity").get("country") or "").upper(),
        status=balance.get("status", ""),
        details=tuple((d["code"], d["resolution"]) for d in balance.get("status_details") or ()),
        requirements=tuple(_requirement(entry) for entry in entries if entry["awaiting_action_from"] == "user"),
    )


def _requirement(entry: dict[str, Any]) -> Requirement:
    return Requirement(entry["description"], tuple(error["code"] for error in entry.get("errors") or ()))
