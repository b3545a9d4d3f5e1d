"""Emptying the database after a transactional test.

Two things Django's flush does not know: the ledger and the events refuse TRUNCATE by trigger, and migrations ship
rows (agreements, fields of study) that the next test needs again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations

COLUMNS = """
    SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'django_migrations'
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY c.relname ORDER BY c.relname
"""


def remember_shipped_rows() -> list[str]:
    """Copy every table that has rows after migrating; returns the statements that bring the rows back."""
    statements = []
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS shipped CASCADE")
        cursor.execute("CREATE SCHEMA shipped")
        cursor.execute(COLUMNS)
        for table, columns in cursor.fetchall():
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
            if cursor.fetchone() == (True,):
                cursor.execute(f'CREATE TABLE shipped."{table}" AS SELECT {columns} FROM "{table}"')
                statements.append(f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM shipped."{table}"')
    return statements


@contextmanager
def past_the_guards(shipped: list[str]) -> Iterator[None]:
    original = DatabaseOperations.execute_sql_flush

    def execute_sql_flush(self: DatabaseOperations, sql_list: list[str]) -> Any:
        before, after = "SET LOCAL session_replication_role = replica", "SET LOCAL session_replication_role = origin"
        return original(self, [before, *sql_list, *shipped, after])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
        yield
