"""Checks of a claim against itself, the account, the institution and the expert's other degrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experts.checks import ADVISES, PASSES, UNKNOWN, Finding

LEVELS = {6: "bachelor's degree", 7: "master's degree", 8: "doctorate"}
APART = 2  # years from a bachelor's degree to a doctorate, below which we ask


def name(on_document: str, known: Sequence[str], differs: bool, words: str) -> Finding:
    """`known`: the account's name and those the expert bore before; `differs`, `words`: what comparing them gave."""
    return Finding("name", ADVISES if differs else PASSES, f"{on_document} / {', '.join(known)}", words)


def existence(institution: str, year: int, existed: bool | None, words: str) -> Finding:
    """Whether the institution was there in the year of the degree; None: nobody knows."""
    outcome = UNKNOWN if existed is None else PASSES if existed else ADVISES
    return Finding("existence", outcome, f"{year} / {institution}", words, serious=existed is False)


@dataclass(frozen=True)
class Degree:
    title: str
    level: int  # ISCED
    year: int


def order(claimed: Degree, others: Sequence[Degree]) -> Finding:
    """Whether the years of all degrees follow their levels."""
    if not others:
        return Finding(
            "order", UNKNOWN, f"{claimed.title}, {claimed.year}", "There is no other degree to compare with."
        )
    compared = "; ".join(f"{degree.title}, {degree.year}" for degree in (claimed, *others))
    for other in others:
        low, high = sorted((claimed, other), key=lambda degree: degree.level)
        if low.level < high.level and high.year < low.year:
            words = f"The {LEVELS[high.level]} of {high.year} comes before the {LEVELS[low.level]} of {low.year}."
            return Finding("order", ADVISES, compared, words)
        if high.level - low.level == APART and high.year - low.year < APART:
            words = f"From {LEVELS[low.level]} to {LEVELS[high.level]} in under {APART} years."
            return Finding("order", ADVISES, compared, words)
    return Finding("order", PASSES, compared, "The years follow the levels.")


def age(year: int, level: int, born: int | None) -> Finding:
    """How old somebody was with this degree, where a year of birth is known (from an identity document)."""
    if born is None:
        return Finding("age", UNKNOWN, str(year), "The year of birth is not known.")
    at = year - born
    youngest = {8: 21, 7: 19, 6: 17}.get(level, 17)
    compared = f"{year} / born {born}"
    if at < youngest or at > 90:
        return Finding("age", ADVISES, compared, f"At {at} years of age: look again.", serious=True)
    return Finding("age", PASSES, compared, f"At {at} years of age.")
