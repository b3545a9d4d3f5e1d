"""How long our books take beside Stripe's lines: every page over HTTP through the SDK, stored and matched.

    python -m bench.reconciling NUMBER    seconds of one whole reconciliation, of which for reading and storing

In Stripe's place stands a server that knows nothing but these lines, of the last thirty days, so that what is measured
is ours: Stripe's own time for each page comes on top. A run that is not green, or does not match every line, is no
figure: RuntimeError.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.servers import Stack, python
from bench.stats import Report

PAGE = 100
FILL = """
SET session_replication_role = replica;
INSERT INTO payments_payout
    (public_id, payee_id, amount, currency, status, transfer_id, bank_payout_id, failure, sent_at)
    SELECT 'pay_' || lpad(n::text, 16, '0'), 0, 100 + n, 'usd', 'sent', 'tr_' || n, '', '', now() - interval '30 days'
    FROM generate_series(1, %(lines)s) n;
SET session_replication_role = origin;
"""
HELD = """
SELECT sum(p.amount) FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id WHERE a.kind = 'stripe_clearing'
"""


def measure(stack: Stack, lines: int, report: Report) -> None:
    url = stack.make_database("books")
    environment = stack.environment(DATABASE_URL=url, DJANGO_SETTINGS_MODULE="marketplace.settings")
    python("bench.ledger", "prepare", environment=environment)
    with stack.connect("books") as connection, connection.cursor() as cursor:
        cursor.execute(FILL, {"lines": lines})
        cursor.execute(HELD)
        [(held,)] = cursor.fetchall()
    server = _serve(lines, int(held))
    environment |= {"STRIPE_SECRET_KEY": "sk_test_bench", "STRIPE_API_BASE": f"http://127.0.0.1:{server.server_port}"}
    whole, reading = map(float, python("bench.reconciling", str(lines), environment=environment).split())
    server.shutdown()
    report.add(f"reconciliation of {lines:,} balance transactions", whole, "s")
    report.add("of which reading them over HTTP, and keeping them", reading, "s")


def _serve(lines: int, held: int) -> ThreadingHTTPServer:
    now, apart = int(time.time()), 30 * 86_400 / lines
    parts = [{"amount": held, "currency": "usd", "source_types": {}}]
    balance = {"object": "balance", "available": parts, "pending": [], "livemode": False}

    def page(asked: dict[str, list[str]]) -> dict[str, Any]:
        """The highest number is the newest, and comes first."""
        first = int(asked["starting_after"][0].removeprefix("txn_")) - 1 if "starting_after" in asked else lines
        oldest = int(asked["created[gte]"][0]) if "created[gte]" in asked else 0
        numbers = [number for number in range(first, max(first - PAGE, 0), -1) if moment(number) >= oldest]
        more = len(numbers) == PAGE and numbers[-1] > 1 and moment(numbers[-1] - 1) >= oldest
        data = [_line(number, moment(number)) for number in numbers]
        return {"object": "list", "url": "/v1/balance_transactions", "has_more": more, "data": data}

    def moment(number: int) -> int:
        return int(now - (lines - number) * apart)

    class Stripe(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # a body that waits for its head to be acknowledged waits 40 ms

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            body = json.dumps(balance if asked.path == "/v1/balance" else page(parse_qs(asked.query))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads them."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stripe)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _line(number: int, moment: int) -> dict[str, Any]:
    return {
        "id": f"txn_{number}",
        "object": "balance_transaction",
        "type": "transfer",
        "source": f"tr_{number}",
        "amount": -100 - number,
        "fee": 0,
        "net": -100 - number,
        "currency": "usd",
        "created": moment,
    }


def _reconcile(lines: int) -> None:
    from payments.actions import reconciling

    started, store_lines, reading = time.perf_counter(), reconciling.store_lines, 0.0

    def timed(**given: Any) -> int:
        nonlocal reading
        begun = time.perf_counter()
        new = store_lines(**given)
        reading += time.perf_counter() - begun
        return new

    reconciling.store_lines = timed
    run = reconciling.reconcile(full=True)
    whole = time.perf_counter() - started
    if (run.read, run.matched, run.findings) != (lines, lines, []):
        raise RuntimeError(f"read {run.read}, matched {run.matched}, odd: {run.findings[:3]}")
    print(whole, reading)


if __name__ == "__main__":
    import django

    django.setup()
    _reconcile(int(sys.argv[1]))
