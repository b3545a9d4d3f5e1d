"""After every story that moved money the books are asked whether they agree: with themselves, and with the seats.

A story without seats is of money alone: the checks that join the two would find every earning without its work.
A story that breaks the books on purpose and leaves them so says why: `@pytest.mark.broken_books("…")`. One that says so
and leaves nothing broken fails too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from payments.audit import CHECKS as BOOKS
from payments.audit import Breach
from tasks.audit import CHECKS as SEATS

DATABASE = {"db", "transactional_db", "live_server"}


@pytest.fixture(autouse=True)
def _every_cent_is_accounted_for(request: pytest.FixtureRequest) -> Iterator[None]:
    with_database = request.node.get_closest_marker("django_db") or DATABASE & set(request.fixturenames)
    if with_database:
        request.getfixturevalue("_django_db_helper")  # so that its rollback waits for us
    yield
    if with_database and not connection.needs_rollback:
        broken = request.node.get_closest_marker("broken_books")
        found = contradictions()
        assert bool(found) == (broken is not None), broken.args[0] if broken else found


def contradictions() -> list[Breach]:
    """All checks as one statement, planned once per connection: planning them costs more than asking."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM ledger_entry), EXISTS (SELECT FROM tasks_seat),"
            " ARRAY(SELECT name FROM pg_prepared_statements)"
        )
        money, seats, prepared = cursor.fetchone()
        if not money:
            return []
        name = "audit_of_all" if seats else "audit_of_books"
        if name not in prepared:
            cursor.execute(f"PREPARE {name} AS {_asking({**BOOKS, **SEATS} if seats else BOOKS)}")
        cursor.execute(f"EXECUTE {name}")
        return [Breach(*row) for row in cursor.fetchall()]


def _asking(checks: dict[str, str]) -> str:
    return " UNION ALL ".join(f"SELECT $${name}$$, what FROM ({sql}) AS breach (what)" for name, sql in checks.items())
