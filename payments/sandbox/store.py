"""What the sandbox remembers: objects by kind, in memory and in one SQLite file, so that a restart forgets nothing."""

from __future__ import annotations

import itertools
import json
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Thing = dict[str, Any]


class Store:
    """Not thread-safe by itself: the engine holds one lock around each request."""

    def __init__(self, path: Path | None) -> None:
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._file.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
            "CREATE TABLE IF NOT EXISTS thing (kind TEXT, id TEXT, seq INTEGER, body TEXT, PRIMARY KEY (kind, id));"
        )
        self._things: dict[str, dict[str, Thing]] = {}
        rows = self._file.execute("SELECT kind, id, seq, body FROM thing ORDER BY seq").fetchall()
        for kind, key, _, body in rows:
            self._things.setdefault(kind, {})[key] = json.loads(body)
        self._seq = itertools.count(max((row[2] for row in rows), default=0) + 1)

    def put(self, kind: str, key: str, thing: Thing) -> Thing:
        """Keep a new or changed thing. Its place in the order is that of its first time."""
        self._things.setdefault(kind, {})[key] = thing
        self._file.execute(
            "INSERT INTO thing (kind, id, seq, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, key, next(self._seq), json.dumps(thing)),
        )
        return thing

    def get(self, kind: str, key: str) -> Thing | None:
        return self._things.get(kind, {}).get(key)

    def all(self, kind: str) -> Iterator[Thing]:
        """Oldest first."""
        return iter(list(self._things.get(kind, {}).values()))

    def count(self, kind: str) -> int:
        return len(self._things.get(kind, {}))

    def kinds(self) -> list[str]:
        return sorted(self._things)

    def commit(self) -> None:
        self._file.commit()

    def close(self) -> None:
        self._file.commit()
        self._file.close()


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
