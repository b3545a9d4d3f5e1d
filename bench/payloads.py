"""The same deterministic tasks for everyone: a preference pair of about a kilobyte."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

WORDS = (  # noqa: SIM905 - a list of forty strings reads worse
    "the a bridge load beam steel of under when shear moment span deck pier each cable wind resonance damping "
    "frequency measured against design limit margin safety fatigue cycles stress strain linear elastic plastic"
).split()
RESPONSE: dict[str, Any] = {
    "strength": 2,
    "rationale": "The second answer checks the units and states the limit it compares with; the first does neither.",
}


def payload(number: int) -> dict[str, Any]:
    """About 1,000 bytes as JSON."""
    chance = random.Random(number)

    def text(words: int) -> str:
        return " ".join(chance.choices(WORDS, k=words)).capitalize() + "."

    return {
        "prompt": f"Question {number}: {text(25)}",
        "answers": [{"id": "a", "text": text(60)}, {"id": "b", "text": text(60)}],
    }


def jsonl(rows: int, prefix: str = "t") -> Iterator[bytes]:
    """Lines of an import file; `prefix` makes their ids new."""
    for number in range(rows):
        yield json.dumps({"external_id": f"{prefix}{number}", **payload(number)}).encode() + b"\n"
