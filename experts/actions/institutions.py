"""Loading the registry of institutions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from itertools import islice
from typing import Final

from django.db import connection, transaction

from core.copying import copy_lines_to, line
from core.errors import Refused
from experts.dumps import Read
from experts.models import Institution, InstitutionName
from experts.ror import BadRecord, Entry, entry_of
from experts.spelling import fold

BATCH: Final = 5_000  # records of one transaction
_LOCK: Final = 20_002 << 40  # of our advisory locks; see tasks.actions.imports
_COLUMNS: Final = (
    "ror_id", "name", "country", "city", "countries", "types", "status", "established", "closed", "domains", "website",
    "parents", "children", "predecessors", "successors", "digest",
)  # fmt: skip
_NAMES: Final = ("ror_id", "value", "kind", "folded")
_HELD, _GIVEN = Institution._meta.db_table, ", ".join(_COLUMNS)
_NAMED = InstitutionName._meta.db_table
_MAKE = f"""
CREATE TEMPORARY TABLE incoming_institution AS
    SELECT {_GIVEN}, ARRAY[]::text[] AS words FROM {_HELD} WITH NO DATA;
CREATE TEMPORARY TABLE incoming_name (ror_id text, value text, kind text, folded text);
"""  # noqa: S608, names of our own tables
_DROP = "DROP TABLE incoming_institution, incoming_name"
_MERGE = f"""
WITH written AS (
    INSERT INTO {_HELD} AS held ({_GIVEN}, words)
    SELECT {_GIVEN}, array_to_tsvector(words) FROM incoming_institution
    ON CONFLICT (ror_id) DO UPDATE
        SET ({_GIVEN}, words) = ROW ({", ".join(f"EXCLUDED.{name}" for name in (*_COLUMNS, "words"))})
        WHERE held.digest <> EXCLUDED.digest
    RETURNING id, ror_id, xmax = 0 AS is_new
), gone AS (
    DELETE FROM {_NAMED} USING written WHERE institution_id = written.id AND NOT is_new
), named AS (
    INSERT INTO {_NAMED} (institution_id, value, kind, folded)
    SELECT written.id, value, kind, folded FROM incoming_name JOIN written USING (ror_id)
)
SELECT count(*) FILTER (WHERE is_new), count(*) FROM written
"""  # noqa: S608, names of our own tables


class BusyLoading(Refused):
    """Somebody else is loading institutions right now."""


@dataclass
class Loaded:
    """What became of the records so far. `bad`: (record number, field, reason), in the order of the file."""

    read: int = 0
    new: int = 0
    changed: int = 0
    bad: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def known(self) -> int:
        """Records that changed nothing."""
        return self.read - self.new - self.changed - len(self.bad)


def load_institutions(*, reads: Iterable[Read], said: Callable[[Loaded], None] = lambda _: None) -> Loaded:
    """Every record of ROR's dump, or of our own shape, into the registry; `said` hears of each batch that is in.

    What is known and the same is left alone, what changed is written over, nothing is ever deleted: a record that ROR
    withdrew is marked. A bad record is told and skipped. Raises BusyLoading, and what `reads` raises: batches before
    that stay, and a second run goes on from there.
    """
    loaded, seen = Loaded(), dict[str, int]()
    with _alone():
        entries = _good(reads, loaded, seen)
        while batch := list(islice(entries, BATCH)):
            _merge(batch, loaded)
            said(loaded)
    _refresh_statistics()
    return loaded


@contextmanager
def _alone() -> Iterator[None]:
    """PostgreSQL lets go of the lock when this process dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if cursor.fetchone() != (True,):
            raise BusyLoading("Institutions are being loaded by somebody else right now.", code="busy")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _good(reads: Iterable[Read], loaded: Loaded, seen: dict[str, int]) -> Iterator[Entry]:
    """`seen`: which record had a ROR id first."""
    for number, value, fault in reads:
        loaded.read = number
        try:
            if fault:
                raise BadRecord("record", fault)
            entry = entry_of(value)
            if entry.ror_id in seen:
                raise BadRecord("id", f"{entry.ror_id} was record {seen[entry.ror_id]} already")
        except BadRecord as bad:
            loaded.bad.append((number, bad.field, bad.reason))
        else:
            seen[entry.ror_id] = number
            yield entry


@transaction.atomic
def _merge(batch: list[Entry], loaded: Loaded) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MAKE)
        rows, names = [], []
        for entry in batch:
            folded = [(kind, value, fold(value)[:300]) for kind, value in entry.names]
            rows.append(_row(entry, folded).encode())
            names += [line((entry.ror_id, value, kind, plain)).encode() for kind, value, plain in folded]
        copy_lines_to("incoming_institution", (*_COLUMNS, "words"), rows)
        copy_lines_to("incoming_name", _NAMES, names)
        cursor.execute(_MERGE)
        new, written = cursor.fetchone()
        cursor.execute(_DROP)
    loaded.new += new
    loaded.changed += written - new


def _row(entry: Entry, folded: list[tuple[str, str, str]]) -> str:
    """One line for COPY, in the order of _COLUMNS and the words."""
    kin = [entry.relations.get(kind, ()) for kind in ("parent", "child", "predecessor", "successor")]
    values = [
        entry.ror_id, entry.name, entry.country, entry.city, _array(entry.countries), _array(entry.types),
        entry.status, entry.established, entry.closed, _array(entry.domains), entry.website, *map(_array, kin),
    ]  # fmt: skip
    facts = json.dumps([values, folded], ensure_ascii=False)
    words = dict.fromkeys(word for _, _, plain in folded for word in plain.split())
    return line([*values, md5(facts.encode(), usedforsecurity=False).hexdigest(), _array(words)])


def _array(values: Iterable[str]) -> str:
    """PostgreSQL's text for an array of texts."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


def _refresh_statistics() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {_HELD}, {_NAMED}")
