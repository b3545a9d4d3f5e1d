"""The sandbox as a server: webhooks, restarts, its thread and its command."""

from __future__ import annotations

import io
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from payments.management.commands import stripe_sandbox
from payments.sandbox.engine import Sandbox
from payments.sandbox.server import Server
from payments.sandbox.webhooks import Sender, over_http
from tests.payments.sandbox.steps import checkout, press, recipient
from tests.sandbox import LocalStripe


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


@pytest.mark.chaos
def test_half_a_request_of_somebody_who_was_killed_is_none(stripe: LocalStripe) -> None:
    """The chaos found it: cut off, amount=1000 is amount=10, or lacks its currency."""
    with socket.create_connection(("127.0.0.1", stripe.server.server_port), timeout=5) as caller:
        head = "POST /v1/transfers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_x\r\nContent-Length: 60\r\n\r\n"
        caller.sendall(head.encode() + b"amount=10")
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(100) == b""
    assert (stripe.transfers(), stripe.server.api.violations) == ([], [])
