"""Many rows at once, by PostgreSQL's COPY: twenty times faster than INSERT, in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

NULL = "\\N"
PIECE = 2**18
"""Bytes sent at once; psycopg's own 8 KB costs a call for every few rows."""
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


def copy_in(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write `rows` (values in the order of `columns`) into the table of `model`. Raises django.db's errors.

    Values: int, str, datetime, None, and dict or list for jsonb.
    """
    copy_lines(model, columns, (line(row).encode() for row in rows))


def copy_lines(model: type[models.Model], columns: Sequence[str], lines: Iterable[bytes]) -> None:
    """The same from lines that are ready (see `line`)."""
    copy_lines_to(model._meta.db_table, columns, lines)


def copy_lines_to(table: str, columns: Sequence[str], lines: Iterable[bytes]) -> None:
    """The same into a table that no model stands for, such as a temporary one."""
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(f"COPY {connection.ops.quote_name(table)} ({names}) FROM STDIN", _Lines(lines), PIECE)


def refresh_statistics(model: type[models.Model]) -> None:
    """After commit: let PostgreSQL look at a table that has just grown by a lot, before it plans a claim on it."""
    statement = f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}"
    transaction.on_commit(lambda: _run(statement), robust=True)


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def line(values: Iterable[Any]) -> str:
    """One line of COPY's text format."""
    return "\t".join(map(_cell, values)) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, datetime):
        value = value.isoformat()
    text = str(value)
    for sign, escaped in _ESCAPES:  # three times faster than str.translate
        text = text.replace(sign, escaped)
    return text


class _Lines:
    """The lines as the file that psycopg reads in pieces, so that only a piece is ever in memory."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines: Iterator[bytes] = iter(lines)
        self._rest = b""

    def read(self, size: int) -> bytes:
        pieces, held = [self._rest], len(self._rest)
        while held < size and (more := next(self._lines, b"")):
            pieces.append(more)
            held += len(more)
        whole = b"".join(pieces)
        self._rest = whole[size:]
        return whole[:size]
