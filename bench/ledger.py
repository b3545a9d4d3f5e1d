"""The ledger beside the same rows without its guards, and what reading a balance costs among a million postings.

    python -m bench.ledger write NAME SECONDS   one connection: for each line "ours" or "plain" it answers a count
    python -m bench.ledger read NUMBER          milliseconds of one balance and of its bare row, medians

"Without guards" is the same three tables, keys and foreign keys, written through the same Django connection: an entry,
two postings and two balances by hand in three statements. No trigger, no floor, no order of locks, no digest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.servers import ROOT, Stack, python
from bench.stats import Report, median

POSTINGS = 1_000_000
CONNECTIONS = (1, 8)
PROJECTS = 64
SIDES = ("ours", "plain")
PLAIN = """
CREATE SCHEMA plain;
CREATE TABLE plain.account (LIKE public.ledger_account INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING IDENTITY);
CREATE TABLE plain.entry (LIKE public.ledger_entry INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING IDENTITY);
CREATE TABLE plain.posting (LIKE public.ledger_posting INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING IDENTITY);
ALTER TABLE plain.posting ADD FOREIGN KEY (entry_id) REFERENCES plain.entry DEFERRABLE INITIALLY DEFERRED,
    ADD FOREIGN KEY (account_id) REFERENCES plain.account DEFERRABLE INITIALLY DEFERRED;
INSERT INTO plain.account (kind, ref, currency, side, tracked, floor0, balance)
    SELECT kind, ref, currency, side, tracked, floor0, balance FROM public.ledger_account;
"""
FILL = """
SET session_replication_role = replica;
INSERT INTO ledger_account (kind, ref, currency, side, tracked, floor0, balance)
    SELECT 'expert_payable', 'usr_' || n, 'usd', 'credit', true, true, 0 FROM generate_series(1, 1000) n;
INSERT INTO ledger_entry (key, kind, digest, meta)
    SELECT 'fill:' || n, 'fill', '', '{}' FROM generate_series(1, %(half)s) n;
WITH many AS (SELECT min(id) AS first FROM ledger_account WHERE kind = 'expert_payable')
INSERT INTO ledger_posting (entry_id, account_id, amount)
    SELECT e.id, many.first + (e.id + leg) %% 1000, 1 - 2 * leg
    FROM ledger_entry e, many, generate_series(0, 1) leg WHERE e.kind = 'fill';
SET session_replication_role = origin;
"""


def measure(stack: Stack, rounds: int, seconds: float, report: Report) -> None:
    """In a database of its own, so that a million postings slow nobody else down."""
    url = stack.make_database("ledger")
    environment = stack.environment(DATABASE_URL=url, DJANGO_SETTINGS_MODULE="marketplace.settings")
    python("bench.ledger", "prepare", environment=environment)
    database = stack.connect("ledger")
    database.autocommit = True
    with database.cursor() as cursor:
        cursor.execute(PLAIN)
        for people in CONNECTIONS:
            with _writers(environment, people, seconds) as rate:
                turns = [tuple(rate(side) for side in SIDES) for _ in range(rounds)]
            ours, plain = sorted(turns, key=lambda turn: turn[0] / turn[1])[rounds // 2]
            report.add(f"ledger entries at {people} connections, beside no guards", ours, "1/s", plain)
        cursor.execute(FILL, {"half": POSTINGS // 2})
        cursor.execute("VACUUM ANALYZE")
    database.close()
    ours, plain = map(float, python("bench.ledger", "read", "1000", environment=environment).split())
    report.add(f"balance among {POSTINGS:,} postings, beside its row", ours, "ms", plain)


@contextmanager
def _writers(environment: dict[str, str], people: int, seconds: float) -> Iterator[Callable[[str], float]]:
    """Processes of one connection each, which begin together: entries a second of all, on the side that is named."""
    command = [sys.executable, "-m", "bench.ledger", "write"]
    pipes = {"env": environment, "cwd": ROOT, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*command, f"{number}", str(seconds)], **pipes) for number in range(people)]  # type: ignore[call-overload]

    def rate(side: str) -> float:
        for each in running:
            each.stdin.write(f"{side}\n")
            each.stdin.flush()
        return sum(int(each.stdout.readline()) for each in running) / seconds

    try:
        for side in SIDES:
            rate(side)  # nobody waits for an import later
        yield rate
    finally:
        for each in running:
            each.communicate()


def _prepare() -> None:
    from django.core.management import call_command
    from django.db import transaction

    from payments import ledger
    from payments.models import AccountKind

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        for number in range(PROJECTS):
            funds = (AccountKind.PROJECT_FUNDS, f"prj_{number}")
            reserved = (AccountKind.PROJECT_RESERVED, f"prj_{number}")
            lines = ledger.transfer(10**12, debit=(AccountKind.STRIPE_CLEARING, ""), credit=funds)
            ledger.post(key=f"fund:{number}", kind="fund", lines=lines, currency="usd")
            lines = ledger.transfer(1, debit=funds, credit=reserved)
            ledger.post(key=f"reserve:{number}", kind="reserve", lines=lines, currency="usd")


def _write(name: str, seconds: float) -> None:
    acts = {"ours": _ours(int(name)), "plain": _by_hand(int(name))}
    number = 0
    for line in sys.stdin:
        act, first, until = acts[line.strip()], number, time.perf_counter() + seconds
        while time.perf_counter() < until:
            number += 1
            act(f"{os.getpid()}:{number}")
        print(number - first, flush=True)


def _ours(project: int) -> Callable[[str], None]:
    from django.db import transaction

    from payments import ledger
    from payments.models import AccountKind

    funds, reserved = (AccountKind.PROJECT_FUNDS, f"prj_{project}"), (AccountKind.PROJECT_RESERVED, f"prj_{project}")

    def act(key: str) -> None:
        with transaction.atomic():
            lines = ledger.transfer(1, debit=funds, credit=reserved)
            ledger.post(key=key, kind="bench", lines=lines, currency="usd")

    return act


def _by_hand(project: int) -> Callable[[str], None]:
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM plain.account WHERE ref = %s ORDER BY kind", [f"prj_{project}"])
        [(funds,), (reserved,)] = cursor.fetchall()

    def act(key: str) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO plain.entry (key, kind, digest, meta) VALUES (%s, 'bench', %s, '{}') RETURNING id",
                [key, "0" * 64],
            )
            [entry] = cursor.fetchone()
            cursor.execute(
                "INSERT INTO plain.posting (entry_id, account_id, amount) VALUES (%s, %s, 1), (%s, %s, -1)",
                [entry, funds, entry, reserved],
            )
            cursor.execute(
                "UPDATE plain.account SET balance = balance + CASE id WHEN %s THEN -1 ELSE 1 END WHERE id IN (%s, %s)",
                [funds, funds, reserved],
            )

    return act


def _read(times: int) -> None:
    from django.db import connection

    from payments import ledger
    from payments.models import AccountKind

    def bare(ref: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT balance FROM ledger_account WHERE kind = 'expert_payable' AND ref = %s AND currency = 'usd'",
                [ref],
            )
            cursor.fetchone()

    both: list[tuple[float, float]] = []
    for number in range(times):
        ref = f"usr_{number % 1000 + 1}"
        start = time.perf_counter()
        ledger.balance(AccountKind.EXPERT_PAYABLE, ref)
        half = time.perf_counter()
        bare(ref)
        both.append((1000 * (half - start), 1000 * (time.perf_counter() - half)))
    print(*(median(side) for side in zip(*both, strict=True)))


if __name__ == "__main__":
    import django

    django.setup()
    match sys.argv[1:]:
        case ["write", name, seconds]:
            _write(name, float(seconds))
        case ["read", times]:
            _read(int(times))
        case _:
            _prepare()
