"""The sandbox itself: requests (33), response shapes, idempotency, pages, faults, restarts."""

from __future__ import annotations

import io
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe as sdk
from django.core.management import CommandError, call_command

from payments import gateway
from payments.management.commands import stripe_sandbox
from payments.sandbox import contract, objects
from payments.sandbox.api import unfold
from payments.sandbox.engine import Refusal, Sandbox, fee_of
from payments.sandbox.server import Server
from payments.sandbox.webhooks import Sender, over_http
from tests.sandbox import LocalStripe

KEY = {"Authorization": "Bearer sk_test_x"}


@pytest.fixture
def refusing(stripe: LocalStripe) -> Iterator[LocalStripe]:
    """For tests that break the contract on purpose."""
    yield stripe
    stripe.server.api.violations.clear()


def checkout(amount: int = 100_000) -> gateway.Checkout:
    return gateway.start_checkout(
        funding="fnd_1",
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


# --- response shapes --------------------------------------------------------------------------------------------------

SHAPES: dict[str, type[Any]] = {
    "account": sdk.v2.core.Account,
    "session": sdk.checkout.Session,
    "intent": sdk.PaymentIntent,
    "charge": sdk.Charge,
    "txn": sdk.BalanceTransaction,
    "transfer": sdk.Transfer,
    "payout": sdk.Payout,
}


def test_every_object_has_the_fields_that_the_sdks_class_always_has(stripe: LocalStripe) -> None:
    gateway.send_transfer(transfer_terms(stripe), key="k")
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
        client.v1.customers.list()


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
    session = checkout()
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


@pytest.mark.parametrize(("amount", "method", "fee"), [(100_000, "card", 2_930), (10_000_000, "us_bank_account", 500)])
def test_fees(amount: int, method: str, fee: int) -> None:
    assert fee_of(amount, method) == fee


# --- pages ------------------------------------------------------------------------------------------------------------


def press(url: str, button: str) -> requests.Response:
    return requests.post(url, data={"do": button}, allow_redirects=False, timeout=5)


def test_every_page_says_what_it_is_and_runs_no_script(stripe: LocalStripe) -> None:
    session = checkout()
    account = recipient(stripe)
    link = gateway.onboarding_url(account, return_url="http://localhost/r", refresh_url="http://localhost/r")
    stripe.pay(session.id, "us_bank_account")
    other = gateway.start_checkout(
        funding="fnd_2", group="g", title="<b>Funds</b>", amount=100, currency="usd",
        success_url="http://localhost/ok", cancel_url="http://localhost/no", key="other",
    )  # fmt: skip
    for path in ("/", "/objects/account", "/objects/refund", "/deliveries", "/clock", session.url, other.url, link):
        answer = requests.get(path if path.startswith("http") else stripe.url + path, timeout=5)
        assert answer.status_code == 200
        assert "Sandbox money." in answer.text
        assert "<script" not in answer.text
        assert "style=" not in answer.text
        assert "script-src" not in answer.headers["Content-Security-Policy"]  # default-src 'none' covers it
    assert "&lt;b&gt;Funds" in requests.get(other.url, timeout=5).text
    assert requests.get(f"{stripe.url}/sandbox.css", timeout=5).headers["Content-Type"].startswith("text/css")
    assert requests.get(f"{stripe.url}/nowhere", timeout=5).status_code == 404
    assert requests.get(f"{stripe.url}/pay/cs_none", timeout=5).status_code == 404


def test_the_payment_page_pays_declines_and_cancels(stripe: LocalStripe) -> None:
    session = checkout()
    assert press(session.url, "cancel").headers["Location"] == "http://localhost/no"
    assert press(session.url, "decline").status_code == 303
    assert "declined" in requests.get(session.url, timeout=5).text
    assert press(session.url, "card").headers["Location"] == f"http://localhost/ok?s={session.id}"
    assert gateway.checkout(session.id).payment_status == "paid"
    assert "over" in requests.get(session.url, timeout=5).text
    assert press(session.url, "card").status_code == 400


def test_the_onboarding_page_leads_back(stripe: LocalStripe) -> None:
    account = recipient(stripe, "needs_info")
    link = gateway.onboarding_url(account, return_url="http://localhost/r", refresh_url="http://localhost/r")
    assert press(link, "nonsense").status_code == 400
    assert press(link, "unsupported").headers["Location"] == "http://localhost/r"
    assert gateway.recipient(account).status == "unsupported"


def test_the_desk_moves_the_clock_settles_debits_and_closes_banks(stripe: LocalStripe) -> None:
    session = checkout()
    stripe.pay(session.id, "us_bank_account")
    assert press(f"{stripe.url}/settle/{session.id}", "arrives").status_code == 303
    assert gateway.checkout(session.id).payment_status == "paid"
    before = stripe.sandbox.now()
    assert press(f"{stripe.url}/clock", "2").status_code == 303
    assert stripe.sandbox.now() - before >= 2 * 86_400
    assert press(f"{stripe.url}/clock", "a year").status_code == 400
    account = recipient(stripe)
    assert press(f"{stripe.url}/bank/{account}", "account_closed").status_code == 303
    assert "account_closed" in requests.get(f"{stripe.url}/objects/account", timeout=5).text


def test_tests_of_other_processes_have_controls(stripe: LocalStripe) -> None:
    account = recipient(stripe)
    for path, wish in (
        ("clock", {"days": 1}),
        ("faults", {"fault": "429", "path": "/v1/transfers", "times": 1}),
        ("bank", {"account": account, "state": "account_closed"}),
    ):
        assert requests.post(f"{stripe.url}/_sandbox/{path}", json=wish, timeout=5).status_code == 200
    assert stripe.server.api.faults == [("429", "/v1/transfers")]
    assert requests.delete(f"{stripe.url}/v1/transfers", headers=KEY, timeout=5).status_code == 404


# --- webhooks and restarts --------------------------------------------------------------------------------------------


def test_a_webhook_that_is_not_taken_is_sent_again(stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    stripe.pay(checkout().id)
    answers = iter([500, 0, 200])
    stripe.sender.post = lambda endpoint, body, signature: next(answers)
    assert [stripe.deliver(), stripe.deliver()] == [0, 0]  # the second is too early
    for expected in (0, 1):
        later = time.time() + 3_600
        monkeypatch.setattr("payments.sandbox.webhooks.time.time", lambda moment=later: moment)
        for delivery in stripe.sandbox.store.all("delivery"):
            delivery["due"] = 0
        assert stripe.deliver() == expected
    delivery = next(stripe.sandbox.store.all("delivery"))
    assert (delivery["tries"], delivery["done"], delivery["answer"]) == (3, True, "200")


def test_the_page_of_deliveries_sends_again(stripe: LocalStripe) -> None:
    stripe.pay(checkout().id)
    stripe.sender.post = lambda endpoint, body, signature: 200
    event = next(stripe.sandbox.store.all("event"))["id"]
    for _ in range(2):
        assert press(f"{stripe.url}/deliveries/{event}", "send").status_code == 303
    assert next(stripe.sandbox.store.all("delivery"))["tries"] == 2


@pytest.mark.django_db(transaction=True)
def test_webhooks_over_http_know_their_host_and_survive_a_dead_server(stripe: LocalStripe, live_server: Any) -> None:
    recipient(stripe)
    assert stripe.deliver_over_http(live_server.url) == 2
    assert over_http(live_server.url, host="localhost:8000")("platform", b"{}", "t=1") == 400
    assert over_http(stripe.url)("platform", b"{}", "t=1") == 404
    gone = over_http("http://127.0.0.1:9")("platform", b"{}", "t=1")
    assert gone == 0


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.sqlite3"
    first = Sandbox(path)
    first.advance(1)
    account = first.create_account({"display_name": "Emil"})["id"]
    first.onboard(account, "verified")
    first.store.close()
    second = Sandbox(path)
    assert second.capability(second.find("account", account)) == "active"
    assert second.now() > time.time() + 80_000
    newer = second.create_account({"display_name": "Farah"})["id"]
    assert [thing["id"] for thing in second.store.all("account")] == [account, newer]
    second.store.close()


def test_the_delivery_thread_sends_and_lets_time_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.sandbox.server.TICK", 0.015)
    sent, ticked = threading.Event(), threading.Event()

    class Ticking(Sandbox):
        def tick(self) -> None:
            super().tick()
            ticked.set()

    sandbox = Ticking()

    def post(endpoint: str, body: bytes, signature: str) -> int:
        sent.set()
        return 200

    server = Server(("127.0.0.1", 0), sandbox, Sender(sandbox, {"thin": "whsec_x"}, post))
    worker = threading.Thread(target=server.deliver, kwargs={"pause": 0.01})
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    worker.start()
    serving.start()
    sandbox.onboard(sandbox.create_account({})["id"], "verified")
    assert sent.wait(5)
    assert ticked.wait(5)
    server.shutdown()
    worker.join(5)
    serving.join(5)
    server.server_close()
    sandbox.store.close()


def test_the_command_serves_until_it_is_told_to_stop(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LOCAL_DIR = tmp_path
    settings.STRIPE_SECRET_KEY = "sk_test_sandbox"
    stops: list[Callable[..., Any]] = []
    monkeypatch.setattr(signal, "signal", lambda number, act: stops.append(act))
    ready = threading.Event()

    class Output(io.StringIO):
        def write(self, text: str) -> int:
            ready.set()
            return super().write(text)

    out = Output()
    served = threading.Thread(target=lambda: call_command("stripe_sandbox", port=0, public="http://here", stdout=out))
    served.start()
    assert ready.wait(10)
    stops[0]()
    served.join(10)
    assert not served.is_alive()
    assert "http://here" in out.getvalue()
    assert (tmp_path / "sandbox" / "state.sqlite3").exists()


def test_the_command_refuses_live_money(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_live_x"
    with pytest.raises(CommandError, match="never meet"):
        call_command(stripe_sandbox.Command())
