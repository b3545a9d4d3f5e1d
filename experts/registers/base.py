"""What every register is asked, and what it answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Licence:
    """What the expert claims. `place`: ISO 3166, "US-CA" or "US"."""

    number: str
    name: str
    profession: str
    place: str


@dataclass(frozen=True)
class Finding:
    """`verdict`, `says` and `reasons` as in Assertion: "holds", "refused" or "unverifiable"; facts; sentences."""

    verdict: str
    reasons: list[str]
    says: Mapping[str, Any] = field(default_factory=dict)


class Register(Protocol):
    code: str  # as in Inquiry.subject
    title: str  # as people know it
    strength: int  # of what it confirms

    def covers(self, licence: Licence) -> bool: ...

    def look_up(self, licence: Licence) -> Finding:
        """Raises remote.Away where it should be asked again later."""
        ...


def same_number(one: str, other: str) -> bool:
    """As people write them: "A-123 456" is "a123456"."""
    return _bare(one) == _bare(other) != ""


def _bare(number: str) -> str:
    return "".join(letter for letter in number.upper() if letter.isalnum())
