"""Codes and lists in words that people read."""

from __future__ import annotations

from collections.abc import Iterable

import pycountry

from experts.models import DegreeLevel


def country(code: str) -> str:
    """The common name of an ISO 3166-1 alpha-2 code, or the code itself."""
    found = pycountry.countries.get(alpha_2=code)
    return str(getattr(found, "common_name", found.name)) if found else code


def language(code: str) -> str:
    """The English name of an ISO 639-1 code, or the code itself."""
    found = pycountry.languages.get(alpha_2=code)
    return str(found.name) if found else code


def degree(level: int) -> str:
    """`a master's` for ISCED level 7."""
    names = {DegreeLevel.BACHELOR: "bachelor's", DegreeLevel.MASTER: "master's", DegreeLevel.DOCTORATE: "doctorate"}
    return f"a {names[DegreeLevel(level)]}"


def listed(items: Iterable[str], joint: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    words = list(items)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"
