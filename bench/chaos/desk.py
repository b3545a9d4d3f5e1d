"""Payouts by hand amid the chaos: ops at their desk, a bank that pays, refuses and returns, people who mend details.

Clerks know nothing but what a downloaded file says, and say the same again until the file has it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import requests

from bench.chaos.crowd import Person

BATCHES = "admin/payments/batch/"


def details(name: str) -> dict[str, str]:
    return {"holder": name, "account": "032180000118359719", "code": "BCMRMXMM", "bank": "Banorte"}


def fate(line: str) -> str:
    """What the bank makes of a transfer: most are paid, some refused, some paid and returned later."""
    return {0: "failed", 1: "returned"}.get(crc32(line.encode()) % 6, "paid")


def mend(me: Person) -> None:
    """Whose transfer a bank sent back gives the details again, until nobody is owed anything."""
    while not me.told.over and not me.late():
        status, payee = me.ask("payee/")
        if status == 200 and payee["status"] == "restricted":
            me.post("payee/bank/", details(str(payee["id"])))
        me.pause(4)


class Desk:
    """The admin's pages as a browser sends them. What gets no answer is tried again later, by whoever comes by."""

    def __init__(self, me: Person, session: str) -> None:
        self.told, self.root = me.told, me.base.removesuffix("api/v1/") + BATCHES
        self.http = requests.Session()
        self.http.headers["Host"] = "localhost"
        self.http.cookies.set("sessionid", session)

    def get(self) -> str:
        return self._send("GET", "")

    def post(self, path: str, answers: str = "") -> str:
        token = {"X-CSRFToken": self.http.cookies.get("csrftoken") or ""}
        files = {"file": ("answers.csv", answers, "text/csv")} if answers else None
        return self._send("POST", path, headers=token, files=files)

    def _send(self, method: str, path: str, **given: Any) -> str:
        self.told.requests += 1
        try:
            answer = self.http.request(method, self.root + path, timeout=10, allow_redirects=False, **given)
            return answer.text if answer.ok else ""
        except requests.RequestException:
            return ""


def clerk(session: str, wanted: int) -> Callable[[Person], None]:
    """Make batches, take their files to the bank and bring its answers, until the bank has paid all `wanted` cents."""

    def part(me: Person) -> None:
        desk, closed = Desk(me, session), set[str]()
        while not me.told.over and not me.late():
            desk.post("make/")
            batches = set(re.findall(BATCHES + r"(\d+)/change/", desk.get())) - closed
            closed |= {batch for batch in batches if _answered(me, desk, batch)}
            me.told.over = (
                sum(cents for line, cents in list(me.told.banked.items()) if line in me.told.by_hand) >= wanted
            )
            me.pause()

    return part


def _answered(me: Person, desk: Desk, batch: str) -> bool:
    """Tell what the bank says of some lines; whether the file already has all of it."""
    rows = list(csv.DictReader(io.StringIO(desk.post(f"{batch}/file/"), newline="")))
    left = [row for row in rows if not _keep(me, row)]
    if left:
        some = me.chance.sample(left, me.chance.randint(1, len(left)))
        desk.post(f"{batch}/answers/", _file([_words(row) for row in some]))
    return bool(rows) and not left


def _keep(me: Person, row: dict[str, str]) -> bool:
    """Note what the file says of a line; whether it is the bank's last word."""
    told, line, meant = me.told, row["line"], fate(row["line"])
    if row["result"] == "" and meant == "paid":
        told.banked[line] = int(row["amount"].replace(".", ""))  # the bank pays a line once, however often told
    final = row["result"] == ("paid" if meant == "paid" else "failed")
    if final:
        told.by_hand[line] = meant
    return final


def _words(row: dict[str, str]) -> dict[str, str]:
    """What the bank says of it next: what it returns, it has paid first."""
    line = row["line"]
    if fate(line) == "failed" or row["result"] == "paid":
        return {**row, "result": "failed", "reference": "", "date": "", "reason": "The account is closed."}
    return {**row, "result": "paid", "reference": f"TT-{line}", "date": datetime.now(UTC).date().isoformat()}


def _file(rows: list[dict[str, str]]) -> str:
    target = io.StringIO()
    writer = csv.DictWriter(target, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue()
