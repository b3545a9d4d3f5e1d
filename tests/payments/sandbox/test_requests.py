"""What the sandbox takes: requests that the SDK's own types allow (33), and terms that Stripe itself would take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import stripe as sdk

from payments import gateway
from payments.sandbox import contract
from payments.sandbox.api import unfold
from payments.sandbox.engine import Refusal
from tests.payments.sandbox.steps import checkout, recipient, transfer_terms
from tests.sandbox import LocalStripe, contract_kept


@pytest.fixture
def refusing(stripe: LocalStripe) -> Iterator[LocalStripe]:
    """For tests that break the contract on purpose."""
    yield stripe
    stripe.server.api.violations.clear()


# --- the request contract ---------------------------------------------------------------------------------------------

TRANSFER = {"amount": 1, "currency": "usd", "destination": "acct_1"}
LINK = {"account": "acct_1", "use_case": {"type": "account_onboarding", "account_onboarding": {"refresh_url": "u"}}}
BAD: dict[str, tuple[Callable[[Any], Any], str]] = {
    "unknown parameter": (lambda c: c.v1.transfers.create({**TRANSFER, "application_fee_amount": 5}), "unknown"),
    "missing parameter": (lambda c: c.v1.transfers.create({"amount": 1, "currency": "usd"}), "Missing.*destination"),
    "wrong type": (lambda c: c.v1.transfers.create({**TRANSFER, "amount": "a lot"}), "Invalid integer: amount"),
    "wrong enum": (lambda c: c.v1.transfers.create({**TRANSFER, "source_type": "cash"}), "Invalid source_type"),
    "wrong metadata": (lambda c: c.v1.transfers.create({**TRANSFER, "metadata": {"a": {"b": 1}}}), "hash of strings"),
    "old ui_mode": (
        lambda c: c.v1.checkout.sessions.create({"mode": "payment", "ui_mode": "hosted"}),
        "Invalid ui_mode",
    ),
    "list expected": (lambda c: c.v1.checkout.sessions.create({"line_items": "one"}), "Invalid array: line_items"),
    "object expected": (
        lambda c: c.v1.checkout.sessions.create({"payment_intent_data": "x"}),
        "Invalid object: payment_intent_data",
    ),
    "bad boolean": (
        lambda c: c.v1.checkout.sessions.create({"invoice_creation": {"enabled": "maybe"}}),
        r"Invalid boolean: invoice_creation\[enabled\]",
    ),
    "dahlia's form": (
        lambda c: c.v2.core.account_links.create(
            {
                **LINK,
                "use_case": {
                    "type": "account_onboarding",
                    "account_onboarding": {"refresh_url": "u", "configurations": ["recipient"]},
                },
            }
        ),
        "unknown parameter.*configurations",
    ),
    "typed boolean": (
        lambda c: c.v2.core.accounts.create(
            {
                "configuration": {
                    "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": "true"}}}}
                }
            }
        ),
        "Invalid boolean",
    ),
    "typed text": (lambda c: c.v2.core.accounts.create({"display_name": 5}), "Invalid str: display_name"),
}


@pytest.mark.parametrize("name", BAD)
def test_33_a_request_that_the_sdks_types_do_not_allow_is_refused(refusing: LocalStripe, name: str) -> None:
    act, words = BAD[name]
    with pytest.raises(sdk.StripeError, match=words):
        act(gateway.client())
    assert len(refusing.server.api.violations) == 1


def test_33_the_suite_fails_for_a_request_of_any_sandbox_that_breaks_the_contract() -> None:
    """Also of one that no fixture looks after; those of other processes say over HTTP what they refused."""

    def asked(**form: object) -> list[str]:
        stripe = LocalStripe()
        requests.post(f"{stripe.url}/v1/transfers", data=form, headers={"Authorization": "Bearer sk_test_x"}, timeout=5)
        told: list[str] = requests.get(f"{stripe.url}/_sandbox/violations", timeout=5).json()
        stripe.stop()
        assert told == stripe.server.api.violations
        return stripe.server.api.violations

    with contract_kept():
        assert asked(**TRANSFER) == []
    watch = contract_kept()
    watch.__enter__()
    broken = asked(**TRANSFER, application_fee_amount=5)
    with pytest.raises(AssertionError, match="application_fee_amount"):
        watch.__exit__(None, None, None)
    broken.clear()  # the suite's own watch has seen it too


def test_every_operation_of_the_sandbox_has_a_contract_in_the_sdk() -> None:
    for operation in contract.OPERATIONS:
        with pytest.raises(contract.Violation, match="unknown parameter"):
            contract.check(operation, {"surely_not_a_parameter": "x"}, typed=False)


@pytest.mark.parametrize(
    ("pairs", "nested"),
    [
        ([("a", "1"), ("b[c]", "2")], {"a": "1", "b": {"c": "2"}}),
        ([("a[0][b]", "1"), ("a[1][b]", "2")], {"a": [{"b": "1"}, {"b": "2"}]}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
    ],
)
def test_forms_unfold(pairs: list[tuple[str, str]], nested: dict[str, Any]) -> None:
    assert unfold(pairs) == nested


def test_leaves_have_their_types() -> None:
    shape = contract.check("event_list", {"created": {"gte": "5"}, "delivery_success": "true"}, typed=False)
    assert shape == {"created": {"gte": 5}, "delivery_success": True}
    assert contract.check("account_create", {"configuration": {}, "metadata": {"a": "b"}}, typed=True)
    with pytest.raises(contract.Violation, match="Invalid integer"):
        contract._leaf(True, int, "x", typed=True)
    assert contract._leaf(None, type(None), "x", typed=True) is None
    assert contract._leaf(5, int, "x", typed=True) == 5
    assert contract._leaf(True, bool, "x", typed=True) is True
    with pytest.raises(contract.Violation, match="Invalid null"):
        contract._leaf("a", type(None), "x", typed=True)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": 0}, "greater than or equal to 1"),
        ({"currency": "eur"}, "currency"),
        ({"source_transaction": "ch_none"}, "No such charge"),
        ({"destination": "acct_none"}, "No such account"),
    ],
)
def test_a_transfer_that_cannot_be(stripe: LocalStripe, change: dict[str, Any], words: str) -> None:
    with pytest.raises(gateway.Rejected, match=words):
        gateway.send_transfer(transfer_terms(stripe, **change), key="k")


def test_money_that_has_not_arrived_cannot_be_transferred(stripe: LocalStripe) -> None:
    session = checkout(method="bank")
    stripe.pay(session.id, "us_bank_account")
    terms = {**TRANSFER, "destination": recipient(stripe), "transfer_group": "prj_1", "payout": "pay_1"}
    terms["source_transaction"] = gateway.checkout(session.id).charge
    with pytest.raises(gateway.Rejected, match="has not succeeded"):
        gateway.send_transfer(terms, key="k")


def test_a_transfer_without_a_source_takes_available_money(stripe: LocalStripe) -> None:
    terms = transfer_terms(stripe)
    stripe.days_pass(2)
    sent = gateway.client().v1.transfers.create({"amount": 5, "currency": "usd", "destination": terms["destination"]})
    assert sent.source_transaction is None


@pytest.mark.parametrize("act", ["pay", "expire"])
def test_a_checkout_that_is_over_stays_over(stripe: LocalStripe, act: str) -> None:
    session = checkout()
    stripe.sandbox.expire(session.id)
    with pytest.raises(Refusal, match="over"):
        getattr(stripe.sandbox, act)(session.id)
    with pytest.raises(Refusal, match="Nothing is on its way"):
        stripe.sandbox.settle(session.id, arrives=True)


def test_live_keys_and_strangers_are_refused(stripe: LocalStripe) -> None:
    for key in ("sk_live_x", ""):
        answer = requests.get(f"{stripe.url}/v1/balance", headers={"Authorization": f"Bearer {key}"}, timeout=5)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")


def test_an_onboarding_link_needs_its_case(stripe: LocalStripe) -> None:
    account = recipient(stripe)
    with pytest.raises(sdk.StripeError, match="is missing"):
        gateway.client().v2.core.account_links.create({"account": account, "use_case": {"type": "account_update"}})


def test_what_include_does_not_name_is_null(stripe: LocalStripe) -> None:
    account = recipient(stripe)
    assert gateway.client().v2.core.accounts.retrieve(account).configuration is None
