"""Experts of known skill: each answers right with a known probability, and the same way in every run. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from marketplace.journey.material import Item, Preference, Stepwise

Json = dict[str, Any]

STUBBORN = 2 / 3
SKILLS = (0.98, 0.95, 0.92, 0.9, 0.85, 0.8, 0.7, 0.6)


@dataclass(frozen=True)
class Answerer:
    """`skill`: the probability of a right answer, 0…1."""

    name: str
    skill: float

    def answer(self, item: Item, *, attempt: int = 0) -> Json:
        """What this expert hands in at the first (0) or a later attempt.

        A second look raises the chance, but whoever is right less than two times in three does not look again.
        """
        attempt = 0 if self.skill < STUBBORN else attempt
        chance = random.Random(f"{self.name} {item.id} {attempt}")
        right = chance.random() < self.skill + attempt * (1 - self.skill) / 2
        if isinstance(item, Preference):
            return self._compare(item, right, chance)
        return self._check(item, right, chance)

    def _compare(self, item: Preference, right: bool, chance: random.Random) -> Json:
        side = -1 if (item.better == 0) == right else 1
        rationale = f"Judged by {self.name}: the chosen answer does what was asked, the other one misses a part of it."
        return {"strength": side * chance.randint(1, 3), "rationale": rationale}

    def _check(self, item: Stepwise, right: bool, chance: random.Random) -> Json:
        count = len(item.payload["steps"])
        found = item.first_wrong
        if not right:
            found = chance.choice([step for step in (None, *range(count)) if step != item.first_wrong])
        if found is None:
            return {"ratings": [1] * count, "first_wrong": None, "correction": "", "comment": ""}
        return {
            "ratings": [1] * found + [-1],
            "first_wrong": found,
            "correction": item.correction or "This step does not follow.",
            "comment": "",
        }
