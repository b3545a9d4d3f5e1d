"""How a status changes: one function, one lock, one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models, transaction

from core.actors import Actor
from core.errors import WrongState
from core.events import record

M = TypeVar("M", bound=models.Model)


def lock(obj: M) -> M:
    """The row as the database has it now, locked until the transaction ends.

    NO KEY: whoever inserts a row that points here only needs the key to stay, and must not wait (or deadlock).
    """
    manager = type(obj)._base_manager
    return manager.select_for_update(of=("self",), no_key=True).get(pk=obj.pk)


def move(obj: M, to: str, *, by: Actor, note: str = "", data: Mapping[str, Any] | None = None, **fields: Any) -> M:
    """Lock the row, check the locked state, save the new one with `fields`, record `<noun>.<to>`.

    The model states `NOUN`, `TRANSITIONS` ({status: {status, …}}) and `public_id`.
    Returns the locked, saved row (not `obj`). Raises WrongState where the table has no such step.
    """
    with transaction.atomic():
        return step(lock(obj), to, by=by, note=note, data=data, **fields)


def step(locked: M, to: str, *, by: Actor, note: str = "", data: Mapping[str, Any] | None = None, **fields: Any) -> M:
    """`move` for a row that this transaction has already locked."""
    table: dict[str, set[str]] = locked.TRANSITIONS  # type: ignore[attr-defined]
    noun: str = locked.NOUN  # type: ignore[attr-defined]
    before: str = locked.status  # type: ignore[attr-defined]
    if to not in table.get(before, set()):
        raise WrongState(f"This {noun} is {before}; it cannot become {to}.")
    for name, value in {**fields, "status": to}.items():
        setattr(locked, name, value)
    locked.save(update_fields=[*fields, "status"])
    subject: str = locked.public_id  # type: ignore[attr-defined]
    record(f"{noun}.{to}", subject, by=by, before=before, after=str(to), note=note, data=data)
    return locked
