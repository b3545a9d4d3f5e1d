"""The gateway against Stripe itself, in its test mode. Never part of CI: nobody but you has your key.

    STRIPE_LIVE_TEST_KEY=sk_test_… make test ARGS="tests/live" JOBS=0

STRIPE_LIVE_TEST_RECIPIENT=acct_… names somebody there who has gone through onboarding: only they can get a transfer.
"""

from __future__ import annotations

import _socket
import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from payments import gateway

NAMED = "STRIPE_LIVE_TEST_KEY"


def key_of(environment: Mapping[str, str]) -> str:
    """The key to test with, or an empty string. Raises ValueError for one that moves real money."""
    key = environment.get(NAMED, "")
    if key and not key.startswith(("sk_test_", "rk_test_")):
        raise ValueError(f"{NAMED} must be a test key: these tests pay, refund and transfer.")
    return key


@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x", "pk_test_x"])
def test_a_key_that_moves_real_money_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="must be a test key"):
        key_of({NAMED: key})
    assert (key_of({NAMED: "sk_test_x"}), key_of({})) == ("sk_test_x", "")


@pytest.mark.live_stripe
@pytest.mark.skipif(not os.environ.get(NAMED), reason=f"{NAMED} is not set: Stripe itself is not asked")
def test_a_lab_pays_an_expert_is_paid_and_the_rest_goes_back(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _socket.socket.connect)  # this one leaves the machine
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = key_of(os.environ), ""
    run = uuid4().hex[:16]
    began = timezone.now() - timedelta(hours=1)

    made = gateway.create_recipient(
        payee=f"pye_{run}", email=f"{run}@example.com", name="Emil Test", country="US", key=f"recipient:{run}"
    )
    assert gateway.recipient(made.id).status != "active"
    form = gateway.onboarding_url(made.id, return_url="https://example.com/a", refresh_url="https://example.com/b")
    assert form.startswith("https://")

    page = gateway.start_checkout(
        funding=f"fnd_{run}",
        customer=gateway.create_customer(lab=f"lab_{run}", name="Meridian Test", key=f"customer:{run}"),
        method="card",
        group=f"prj_{run}",
        title="Funds",
        amount=5_000,
        currency="usd",
        success_url="https://example.com/paid",
        cancel_url="https://example.com/not",
        key=f"checkout:{run}",
    )
    assert page.url.startswith("https://")
    seen = gateway.checkout(page.id)
    assert (seen.status, seen.reference, seen.amount) == ("open", f"fnd_{run}", 5_000)
    assert gateway.expire_checkout(page.id, key=f"expiry:{run}").status == "expired"

    charge = paid(run)
    terms = {"amount": 1_000, "currency": "usd", "source_transaction": charge, "transfer_group": f"prj_{run}"}
    terms |= {"payout": f"pay_{run}", "destination": os.environ.get("STRIPE_LIVE_TEST_RECIPIENT", made.id)}
    if terms["destination"] == made.id:
        with pytest.raises(gateway.Rejected):  # nobody has filled the form in
            gateway.send_transfer(terms, key=f"transfer:{run}")
    else:
        sent = gateway.send_transfer(terms, key=f"transfer:{run}")
        assert gateway.find_transfer(terms, since=began) == sent == gateway.send_transfer(terms, key=f"transfer:{run}")

    asked = {"amount": 2_000, "currency": "usd", "charge": charge, "refund": f"rfd_{run}"}
    back = gateway.send_refund(asked, key=f"refund:{run}")
    found = gateway.find_refund(asked, since=began)
    assert found
    assert (back.amount, found.id, found.subject) == (2_000, back.id, f"rfd_{run}")


def paid(run: str) -> str:
    """A charge of $50.00 that is available at once, made without a browser. Its id."""
    intent = gateway.client().v1.payment_intents.create(
        {
            "amount": 5_000,
            "currency": "usd",
            "payment_method": "pm_card_bypassPending",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "transfer_group": f"prj_{run}",
        },
        {"idempotency_key": f"charge:{run}"},
    )
    charge = intent.latest_charge
    return charge if isinstance(charge, str) else str(charge and charge.id)
