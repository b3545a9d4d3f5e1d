"""Signs that two accounts are one person, or that one proof serves two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experts.checks import ADVISES, PASSES, UNKNOWN, Finding


@dataclass(frozen=True)
class Other:
    """A credential of another expert: `what` it shares, in words ("page 1 of diploma.pdf, 2 of 64 bits apart")."""

    credential: str  # public id
    expert: str
    what: str


def documents(held: int, same: Sequence[Other]) -> Finding:
    """The very same file, from another expert."""
    return _shared("document", f"{held} document{'' if held == 1 else 's'}, byte by byte", held, same, "also with")


def pages(held: int, near: Sequence[Other]) -> Finding:
    """A page that looks the same, from another expert."""
    return _shared("pages", f"{held} page{'' if held == 1 else 's'}, by look", held, near, "like one of")


def accounts(claim: str, alike: Sequence[Other]) -> Finding:
    """The same name with the same degree, or the same number, ORCID iD or signed diploma, in another account."""
    return _shared("account", claim, 1, alike, "also claimed by")


def _shared(name: str, compared: str, held: int, others: Sequence[Other], verb: str) -> Finding:
    if not held:
        return Finding(name, UNKNOWN, compared, "There is nothing to compare yet.")
    if not others:
        return Finding(name, PASSES, compared, "No other account has them.")
    found = "; ".join(f"{other.expert} ({other.credential}): {other.what}" for other in others)
    return Finding(name, ADVISES, compared, f"It is {verb} {found}."[:900], serious=True)
