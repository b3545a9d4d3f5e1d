"""How well a qualified expert fits, as a weighted sum of named parts with their reasons. Pure: no Django.

The first form of the design's score (MATCHING §8): field, level, price, hours and idleness. Text affinity and past
quality join when there is text and work to judge. Nothing protected enters: no name, country, age, sex or origin.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ENGINE = "parts-1"

# Sum 1; each part lies in 0…1, so does the score.
WEIGHTS: Mapping[str, float] = {"field": 0.35, "level": 0.15, "price": 0.20, "hours": 0.20, "idle": 0.10}

FULL_WEEK = 20  # hours beyond which more hours do not rank higher
LEVELS = {0: "no degree", 6: "bachelor's", 7: "master's", 8: "doctorate"}


@dataclass(frozen=True)
class Need:
    """What a project asks: ISCED-F codes (any of them; none: no limit), ISCED level, minor units an hour."""

    id: str
    fields: frozenset[str]
    min_level: int
    hourly: int


@dataclass(frozen=True)
class Candidate:
    """One qualified expert: verified codes with their ancestors, highest level, rate asked, hours a week, and how
    many projects they are accepted on now."""

    id: str
    key: int
    fields: frozenset[str]
    level: int
    min_rate: int
    weekly_hours: int
    projects: int = 0


@dataclass(frozen=True)
class Part:
    name: str
    weight: float
    value: float
    why: str

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "weight": self.weight, "value": round(self.value, 4), "why": self.why}


@dataclass(frozen=True, order=True)
class Scored:
    """Sorts best first: by score, then by a lot drawn for this pair alone."""

    order: tuple[float, bytes]
    candidate: Candidate = field(compare=False)
    score: float = field(compare=False)
    parts: tuple[Part, ...] = field(compare=False)


def score(need: Need, candidate: Candidate, weights: Mapping[str, float] = WEIGHTS) -> Scored:
    judged = {
        "field": _field(need, candidate),
        "level": _level(need, candidate),
        "price": _price(need, candidate),
        "hours": _hours(candidate),
        "idle": _idle(candidate),
    }
    parts = tuple(Part(name, weights[name], *judged[name]) for name in judged)
    total = round(sum(part.weight * part.value for part in parts), 6)
    lot = hashlib.sha256(f"{need.id}/{candidate.id}".encode()).digest()
    return Scored((-total, lot), candidate, total, parts)


def rank(
    need: Need, candidates: Iterable[Candidate], limit: int, weights: Mapping[str, float] = WEIGHTS
) -> list[Scored]:
    """The best `limit`, best first; the same candidates in any order give the same list."""
    return heapq.nsmallest(limit, (score(need, candidate, weights) for candidate in candidates))


def _field(need: Need, candidate: Candidate) -> tuple[float, str]:
    if not need.fields:
        return 1.0, "Any field is asked for"
    held = len(need.fields & candidate.fields)
    return held / len(need.fields), f"Verified in {held} of {len(need.fields)} fields asked for"


def _level(need: Need, candidate: Candidate) -> tuple[float, str]:
    above = max(candidate.level - need.min_level, 0)
    held, asked = LEVELS[candidate.level], LEVELS[need.min_level]
    return (1 + above) / 3, f"Verified {held}; {asked} or higher is asked for"


def _price(need: Need, candidate: Candidate) -> tuple[float, str]:
    if not candidate.min_rate:
        return 1.0, "Asks no minimum rate"
    slack = max(need.hourly - candidate.min_rate, 0) / need.hourly if need.hourly else 0.0
    above = round(100 * slack)
    return slack, f"Pays {above} % above the rate asked" if above else "Pays just the rate asked"


def _hours(candidate: Candidate) -> tuple[float, str]:
    return min(candidate.weekly_hours / FULL_WEEK, 1.0), f"{candidate.weekly_hours} hours a week"


def _idle(candidate: Candidate) -> tuple[float, str]:
    held = candidate.projects
    return 1 / (1 + held), f"On {held} other project{'s' if held > 1 else ''} now" if held else "On no project now"
