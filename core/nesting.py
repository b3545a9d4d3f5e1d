"""How deep JSON is nested: what can be read in at some depth can break whoever reads it next. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def deeper_than(value: Any, levels: int) -> bool:
    """Whether there is something inside `levels` objects and lists. Walks, so that no depth can exhaust the stack."""
    level = [value]
    for _ in range(levels):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return bool(level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
