"""What the sandbox's tests begin with: a checkout, a recipient, a charge that was paid; a button that is pressed."""

from __future__ import annotations

from typing import Any

import requests

from payments import gateway
from tests.sandbox import LocalStripe


def checkout(amount: int = 100_000, method: str = "card") -> gateway.Checkout:
    return gateway.start_checkout(
        funding="fnd_1",
        customer=gateway.create_customer(lab="lab_1", name="Meridian AI", key="customer:lab_1"),
        method=method,
        group="prj_1",
        title="Funds",
        amount=amount,
        currency="usd",
        success_url="http://localhost/ok?s={CHECKOUT_SESSION_ID}",
        cancel_url="http://localhost/no",
        key="checkout:fnd_1",
    )


def recipient(stripe: LocalStripe, outcome: str = "verified") -> str:
    made = gateway.create_recipient(
        payee="pye_1", email="emil@people.example", name="Emil", country="DK", key="recipient:pye_1"
    )
    stripe.onboard(made.id, outcome)
    return made.id


def paid_charge(stripe: LocalStripe) -> str:
    session = checkout()
    stripe.pay(session.id)
    return gateway.checkout(session.id).charge


def transfer_terms(stripe: LocalStripe, **more: Any) -> dict[str, Any]:
    return {
        "amount": 4_000,
        "currency": "usd",
        "destination": recipient(stripe),
        "source_transaction": paid_charge(stripe),
        "transfer_group": "prj_1",
        "payout": "pay_1",
        **more,
    }


def press(url: str, button: str) -> requests.Response:
    return requests.post(url, data={"do": button}, allow_redirects=False, timeout=5)
