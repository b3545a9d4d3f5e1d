"""Doing the same to many, so that the trouble of one holds up none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def each(things: Iterable[T], act: Callable[[T], R]) -> list[R]:
    """What `act` returned for each thing. Raises an ExceptionGroup of all that went wrong, after trying every one."""
    done, troubles = [], []
    for thing in things:
        try:
            done.append(act(thing))
        except Exception as trouble:
            trouble.add_note(f"while at {thing}")
            troubles.append(trouble)
    if troubles:
        raise ExceptionGroup(f"{len(troubles)} of {len(troubles) + len(done)} failed", troubles)
    return done
