"""Telling the product what happened: signed, at least once, in no promised order."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Final

from stripe import WebhookSignature

from payments.sandbox import objects
from payments.sandbox.engine import Sandbox
from payments.sandbox.store import Thing

LAST_PAUSE: Final = 60.0
PATHS: Final = {
    "platform": "/stripe/webhook/",
    "connect": "/stripe/webhook/connect/",
    "thin": "/stripe/webhook/thin/",
}

Post = Callable[[str, bytes, str], int]  # (endpoint, body, signature) -> HTTP status


class Sender:
    """`post` carries one signed body to one endpoint; `secrets` are the endpoints' signing secrets."""

    def __init__(self, sandbox: Sandbox, secrets: Mapping[str, str], post: Post) -> None:
        self.sandbox = sandbox
        self.secrets = secrets
        self.post = post

    def waiting(self) -> list[Thing]:
        with self.sandbox.lock:
            return [d for d in self.sandbox.store.all("delivery") if not d["done"] and d["due"] <= time.time()]

    def flush(self) -> int:
        """Send everything that is due, oldest first. Returns how many arrived."""
        return sum(self.send(delivery["id"]) for delivery in self.waiting())

    def send(self, event_id: str) -> bool:
        """One delivery, now. Stripe may send an event again after it arrived; so may the page of deliveries."""
        with self.sandbox.lock:
            event = self.sandbox.find("event", event_id)
            delivery = dict(self.sandbox.find("delivery", event_id))
        body = json.dumps(objects.public(event))
        signature = WebhookSignature.generate_signature_header(body, self.secrets[delivery["endpoint"]])
        status = self.post(delivery["endpoint"], body.encode(), signature)
        done = 200 <= status < 300
        tries = delivery["tries"] + 1
        pause = min(2.0 ** min(tries, 12), LAST_PAUSE)
        with self.sandbox.lock:
            delivery.update(tries=tries, answer=str(status or "no answer"), done=delivery["done"] or done)
            delivery["due"] = time.time() + pause
            self.sandbox.store.put("delivery", event_id, delivery)
            self.sandbox.store.commit()
        return done


def over_http(base: str, *, host: str = "") -> Post:
    """To the product at `base`, which may know itself by another name (`host`). One that is down answers 0."""

    def post(endpoint: str, body: bytes, signature: str) -> int:
        headers = {
            "Content-Type": "application/json",
            "Stripe-Signature": signature,
            **({"Host": host} if host else {}),
        }
        request = urllib.request.Request(base + PATHS[endpoint], data=body, headers=headers)  # noqa: S310 ours
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return 0

    return post
