"""The sandbox's side: its pages are pressed as a person would, and its books are read as Stripe's."""

from __future__ import annotations

from typing import Any

import requests
from django.conf import settings

from marketplace.demo.money import press
from marketplace.journey.door import Caller

BACK = "https://journey.example/back"


def pay(lab: Caller, project: str, amount: int) -> str:
    """Fund the project by card; returns the funding's id. It counts when the webhook has said so."""
    urls = {"success_url": BACK, "cancel_url": BACK}
    funding = lab.post(f"projects/{project}/fundings/", {"amount": amount, **urls})
    press(lab.post(f"fundings/{funding['id']}/checkout/")["url"], "card")
    return str(funding["id"])


def open_account(expert: Caller, country: str = "US") -> None:
    """Choose the country, and let Stripe's form and every check of it succeed."""
    expert.post("payee/", {"country": country})
    press(expert.post("payee/link/", {"return_url": BACK, "refresh_url": BACK})["url"], "verified")


def balance() -> int:
    """Everything the platform holds at Stripe, in cents: available, pending and reserved."""
    held = _get("balance", {})
    parts = [part for name in ("available", "pending", "connect_reserved") for part in held.get(name) or ()]
    return sum(int(part["amount"]) for part in parts)


def transferred(project: str) -> int:
    """What left for experts' accounts on behalf of one project, in cents, less what was reversed."""
    total, after = 0, ""  # cents, the last id seen
    while True:
        page = _get(
            "transfers", {"transfer_group": project, "limit": 100, **({"starting_after": after} if after else {})}
        )
        total += sum(int(each["amount"]) - int(each["amount_reversed"]) for each in page["data"])
        if not page["has_more"]:
            return total
        after = page["data"][-1]["id"]


def _get(what: str, query: dict[str, Any]) -> dict[str, Any]:
    key = {"Authorization": f"Bearer {settings.STRIPE_SECRET_KEY}"}
    answer = requests.get(f"{settings.STRIPE_API_BASE}/v1/{what}", params=query, headers=key, timeout=10)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
