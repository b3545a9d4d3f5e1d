"""People at the API who take no answer for no answer: each asks again, under the same key, until they have been told.

What they were told is kept in `Told`; at the end all of it must be there, once.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import requests

from bench.payloads import RESPONSE

LATER = {"no_task", "claims_full", "stripe_unreachable", "stripe_misused"}  # refusals that mean: not yet
AGAIN = 0.15  # share of requests that are sent once more although they were answered
BACK = "https://chaos.example/"


@dataclass
class Told:
    """Ids that the product acknowledged."""

    fundings: set[str] = field(default_factory=set)
    paid: set[str] = field(default_factory=set)
    claims: dict[str, str] = field(default_factory=dict)  # submission: its task
    submitted: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)
    by_hand: dict[str, str] = field(default_factory=dict)  # line: the bank's last word, which the file has
    banked: dict[str, int] = field(default_factory=dict)  # line: cents that the bank has paid for good
    over: bool = False  # nobody waits to be paid by hand any more
    requests: int = 0
    most_tries: int = 0
    changed: int = 0  # a second answer to one key that was not the first one
    refused: list[str] = field(default_factory=list)  # what nobody expected


class Person(threading.Thread):
    """`part` is what this person does, with themself as its argument."""

    def __init__(
        self, base: str, key: str, *, told: Told, seed: int, until: float, part: Callable[[Person], None]
    ) -> None:
        super().__init__(daemon=True)
        self.base, self.told, self.until, self.part = base + "/api/v1/", told, until, part
        self.chance = random.Random(seed)
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {key}"

    def run(self) -> None:
        self.part(self)

    def late(self) -> bool:
        return time.monotonic() > self.until

    def post(self, path: str, value: Any = None, *, key: str = "") -> dict[str, Any] | None:
        """The answer, however long it takes; None once time is up or it is refused for good."""
        key = key or uuid.uuid4().hex
        tries = 0
        while not self.late():
            tries += 1
            self.told.most_tries = max(self.told.most_tries, tries)
            status, body = self._try("POST", path, value, key)
            if 200 <= status < 300:
                self._perhaps_again(path, value, key, body)
                return body
            if 400 <= status < 500 and body.get("code") not in LATER and status != 429:
                self.told.refused.append(f"{path} {status} {body}")
                return None
            self.pause(tries)
        return None

    def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        return self._try("GET", path, None, "")

    def get(self, path: str) -> list[dict[str, Any]]:
        status, body = self.ask(path)
        return body["results"] if status == 200 else []

    def pause(self, tries: int = 1) -> None:
        """Longer each time at first: whoever waits for others leaves the machine to them."""
        time.sleep(self.chance.uniform(0.2, 0.8) * min(tries, 4))

    def _perhaps_again(self, path: str, value: Any, key: str, body: dict[str, Any]) -> None:
        if self.chance.random() < AGAIN:
            status, second = self._try("POST", path, value, key)
            if 200 <= status < 300 and second.get("id") != body.get("id"):
                self.told.changed += 1

    def _try(self, method: str, path: str, value: Any, key: str) -> tuple[int, dict[str, Any]]:
        self.told.requests += 1
        headers = {"Idempotency-Key": key, "Host": "localhost"}
        try:
            answer = self.http.request(method, self.base + path, json=value, headers=headers, timeout=10)
            return answer.status_code, answer.json()
        except (requests.RequestException, ValueError):
            return 0, {}


def expert(projects: Iterable[str]) -> Callable[[Person], None]:
    """One task of each project: claim it, hand it in."""

    def part(me: Person) -> None:
        for project in projects:
            work = me.post(f"projects/{project}/claims/")
            if work is None:
                return
            me.told.claims[work["id"]] = work["task"]["id"]
            if me.post(f"work/{work['id']}/submit/", {"response": RESPONSE, "seconds": 300}):
                me.told.submitted.add(work["id"])

    return part


def payer(projects: Iterable[str]) -> Callable[[Person], None]:
    """One payment into each of these projects, at Stripe's own page."""

    def part(me: Person) -> None:
        for project in projects:
            terms = {"amount": me.chance.randint(170, 400), "success_url": BACK, "cancel_url": BACK}
            funding = me.post(f"projects/{project}/fundings/", terms)
            if funding is None:
                return
            me.told.fundings.add(funding["id"])
            page = me.post(f"fundings/{funding['id']}/checkout/")
            if page and _press(page["url"]):
                me.told.paid.add(funding["id"])

    return part


def _press(url: str) -> bool:
    return requests.post(url, data={"do": "card"}, allow_redirects=False, timeout=30).status_code == 303


def reviewer(projects: list[str], wanted: int) -> Callable[[Person], None]:
    """Accept whatever comes, until all of it has come."""

    def part(me: Person) -> None:
        while len(me.told.accepted) < wanted and not me.late():
            for project in projects:
                for work in me.get(f"projects/{project}/submissions/?status=submitted&limit=200"):
                    if me.post(f"submissions/{work['id']}/reviews/", {"verdict": "accept"}, key=f"accept:{work['id']}"):
                        me.told.accepted.add(work["id"])
            me.pause()

    return part
