"""Sweeps: the same act for many things, one transaction each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")


def sweep(act: Callable[[T], bool], things: Iterable[T]) -> int:
    """How many `act` did something to. Everybody's turn comes: a fault with one is raised after all had theirs."""
    done, fault = 0, None
    for thing in list(things):
        try:
            done += act(thing)
        except Exception as error:
            logger.exception("%s failed for %s", act.__name__, thing)
            fault = fault or error
    if fault is not None:
        raise fault
    return done
