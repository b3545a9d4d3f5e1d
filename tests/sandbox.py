"""The Stripe sandbox inside the test process, on a free loopback port: `stripe` is the fixture of every money test.

Webhooks wait until a test says `stripe.deliver()`: then they are posted through Django's test client, in this thread.
For a live server use `stripe.deliver_over_http(live_server.url)`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client

from payments.sandbox.api import Api
from payments.sandbox.engine import Sandbox
from payments.sandbox.server import Server
from payments.sandbox.webhooks import PATHS, Sender, over_http

SECRETS = {"platform": "whsec_platform", "connect": "whsec_connect", "thin": "whsec_thin"}


def post_in_process(endpoint: str, body: bytes, signature: str) -> int:
    answer = Client().post(
        PATHS[endpoint], body, content_type="application/json", headers={"Stripe-Signature": signature}
    )
    return answer.status_code


@contextmanager
def contract_kept() -> Iterator[None]:
    """No sandbox that begins meanwhile, whoever makes it, is sent what the SDK's own types do not allow."""
    refused: list[list[str]] = []
    begin = Api.__init__

    def watched(self: Api, sandbox: Sandbox) -> None:
        begin(self, sandbox)
        refused.append(self.violations)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Api, "__init__", watched)
        yield
    if broken := [violation for each in refused for violation in each]:
        raise AssertionError("\n".join(["These requests break the SDK's contract:", *broken]))


class LocalStripe:
    """What a test does to the sandbox, in a test's words."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self.sender = Sender(self.sandbox, SECRETS, post_in_process)
        self.server = Server(("127.0.0.1", 0), self.sandbox, self.sender)
        self.sandbox.public = self.server.url
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return self.server.url

    def deliver(self) -> int:
        """Post every waiting webhook to the product. Returns how many it took."""
        return self.sender.flush()

    def deliver_over_http(self, base: str) -> int:
        """The same, to a running web server."""
        return Sender(self.sandbox, SECRETS, over_http(base)).flush()

    def pay(self, session_id: str, method: str = "card") -> None:
        self.sandbox.pay(session_id, method)

    def onboard(self, account_id: str, outcome: str = "verified") -> None:
        self.sandbox.onboard(account_id, outcome)

    def days_pass(self, days: int) -> None:
        self.sandbox.advance(days)

    def fail(self, fault: str, times: int = 1, path: str = "/v1/transfers") -> None:
        self.server.api.inject(fault, path, times)

    def transfers(self) -> list[dict[str, Any]]:
        return list(self.sandbox.store.all("transfer"))

    def balance(self) -> int:
        """Everything the platform holds at Stripe, available or not, in cents."""
        held = self.sandbox.balance("")
        return sum(sum(part.values()) for part in held.values())

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()
        self.sandbox.store.close()


@pytest.fixture
def stripe(settings: Any) -> Iterator[LocalStripe]:
    """A sandbox of one's own, and settings that lead to it. The SDK does not retry here: a test shows each try."""
    local = LocalStripe()
    settings.STRIPE_SECRET_KEY = "sk_test_sandbox"
    settings.STRIPE_API_BASE = local.url
    settings.STRIPE_WEBHOOK_SECRET = SECRETS["platform"]
    settings.STRIPE_CONNECT_WEBHOOK_SECRET = SECRETS["connect"]
    settings.STRIPE_THIN_WEBHOOK_SECRET = SECRETS["thin"]
    settings.STRIPE_TIMEOUT = (5, 10)
    settings.STRIPE_NETWORK_RETRIES = 0
    yield local
    local.stop()
    assert local.server.api.violations == []  # said of the test that did it; `contract_kept` watches the whole suite
