"""What the sandbox answers: objects of the SDK's shapes, balances that add up, the same key the same answer."""

from __future__ import annotations

from typing import Any

import pytest
import stripe as sdk

from payments import gateway
from payments.sandbox import disputes, objects
from payments.sandbox.engine import fee_of
from tests.payments.sandbox.steps import transfer_terms
from tests.sandbox import LocalStripe

SHAPES: dict[str, type[Any]] = {
    "customer": sdk.Customer,
    "invoice": sdk.Invoice,
    "account": sdk.v2.core.Account,
    "session": sdk.checkout.Session,
    "intent": sdk.PaymentIntent,
    "charge": sdk.Charge,
    "txn": sdk.BalanceTransaction,
    "dispute": sdk.Dispute,
    "transfer": sdk.Transfer,
    "reversal": sdk.TransferReversal,
    "payout": sdk.Payout,
}


def test_every_object_has_the_fields_that_the_sdks_class_always_has(stripe: LocalStripe) -> None:
    terms = transfer_terms(stripe)
    sent = gateway.send_transfer(terms, key="k")
    gateway.send_reversal({"transfer": sent.id, "amount": 100, "reversal": "rev_1"}, key="r")
    disputes.dispute(stripe.sandbox, terms["source_transaction"])
    stripe.days_pass(2)
    for kind, shape in SHAPES.items():
        thing = objects.public(next(stripe.sandbox.store.all(kind)))
        missing = {name for name in objects.required(shape) if thing.get(name) is None}
        assert not missing, f"{kind} lacks {missing}"
        assert thing["object"] == objects.object_name(shape)
    for event in stripe.sandbox.store.all("event"):
        thin = event["object"] == "v2.core.event"
        needed = objects.required(sdk.v2.core.Event if thin else sdk.Event)
        assert not needed - event.keys()


def test_every_balance_is_the_sum_of_its_transactions(stripe: LocalStripe) -> None:
    terms = transfer_terms(stripe)
    gateway.send_transfer(terms, key="k")
    assert gateway.balance() == {"usd": 100_000 - 2_930 - 4_000}
    stripe.days_pass(2)
    client = gateway.client()
    lines = client.v1.balance_transactions.list({"limit": 2}).auto_paging_iter()  # two pages
    assert sum(line.net for line in lines) == stripe.balance()
    theirs = client.v1.balance.retrieve(options={"stripe_account": terms["destination"]})
    assert [part.amount for part in theirs.available] == [0]  # it went to the bank


def test_objects_are_found_again_and_listed(stripe: LocalStripe) -> None:
    terms = transfer_terms(stripe)
    sent = gateway.send_transfer(terms, key="k")
    stripe.days_pass(2)
    client = gateway.client()
    account: sdk.RequestOptions = {"stripe_account": terms["destination"]}
    payout = client.v1.payouts.list(options=account).data[0]
    line = client.v1.balance_transactions.list({"payout": payout.id, "type": "payment"}, account).data[0]
    assert line.source == sent.destination_payment
    assert client.v1.balance_transactions.retrieve(line.id, options=account).net == 4_000
    with pytest.raises(sdk.InvalidRequestError, match="No such txn"):
        client.v1.balance_transactions.retrieve(line.id)  # not the platform's
    charge = client.v1.charges.retrieve(terms["source_transaction"], {"expand": ["balance_transaction"]})
    assert client.v1.payment_intents.retrieve(str(charge.payment_intent)).status == "succeeded"
    assert charge.balance_transaction.fee == 2_930  # type: ignore[union-attr]
    event = client.v1.events.list({"type": "transfer.created"}).data[0]
    assert client.v1.events.retrieve(event.id).type == "transfer.created"
    assert client.v1.transfers.list({"transfer_group": "prj_other"}).data == []
    with pytest.raises(sdk.InvalidRequestError, match="No such transfer"):
        client.v1.transfers.retrieve("tr_none")
    with pytest.raises(sdk.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.products.list()


@pytest.mark.parametrize(("amount", "method", "fee"), [(100_000, "card", 2_930), (10_000_000, "us_bank_account", 500)])
def test_fees(amount: int, method: str, fee: int) -> None:
    assert fee_of(amount, method) == fee


# --- idempotency ------------------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_transfer_for_a_day(stripe: LocalStripe) -> None:
    terms = transfer_terms(stripe)
    first = gateway.send_transfer(terms, key="k")
    assert gateway.send_transfer(terms, key="k").id == first.id
    with pytest.raises(gateway.Misused, match="same parameters"):
        gateway.send_transfer({**terms, "amount": 4_001}, key="k")
    stripe.days_pass(2)
    assert gateway.send_transfer(terms, key="k").id != first.id  # which is why we never send so late


def test_a_saved_500_is_replayed(stripe: LocalStripe) -> None:
    terms = transfer_terms(stripe)
    stripe.fail("500_saved")
    for _ in range(2):
        with pytest.raises(gateway.Unknown):
            gateway.send_transfer(terms, key="k")
    assert len(stripe.transfers()) == 1


def test_a_fault_must_be_a_known_one(stripe: LocalStripe) -> None:
    with pytest.raises(ValueError, match="none of"):
        stripe.fail("earthquake")
