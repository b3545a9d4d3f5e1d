"""What machines notice before people look. Pure: each check says what it compared; it advises, people decide."""

from __future__ import annotations

from dataclasses import dataclass

PASSES, ADVISES, UNKNOWN = "passes", "advises", "unknown"


@dataclass(frozen=True)
class Finding:
    """`compared`: the two sides, as they were read; `words`: what follows; `serious`: asks for a second person."""

    name: str
    outcome: str
    compared: str
    words: str
    serious: bool = False
