"""Machine-readable zones of identity documents (ICAO 9303, parts 3 to 5): TD1 cards and TD3 passports.

A hook: nothing here reads pictures. Whoever has the lines (an identity provider) gets the holder's name and year of
birth for the checks, and hears which check digits do not fit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

WEIGHTS = (7, 3, 1)


class Unreadable(ValueError):
    """These lines are no machine-readable zone."""


@dataclass(frozen=True)
class Zone:
    """`faults`: the names of the check digits that do not fit."""

    document: str
    country: str
    name: str  # "ANNA MARIA ERIKSSON"
    number: str
    born: date
    expires: date
    faults: tuple[str, ...]


def digit(text: str) -> int:
    """The check digit: 0 to 9 as they are, A to Z from 10, the filler 0; weighted 7, 3, 1; modulo 10."""
    values = (0 if char == "<" else int(char, 36) for char in text)
    return sum(value * WEIGHTS[place % 3] for place, value in enumerate(values)) % 10


def parse(text: str, *, today: date) -> Zone:
    """Raises Unreadable."""
    lines = [line.strip().upper() for line in text.strip().splitlines()]
    if any(not re.fullmatch(r"[A-Z0-9<]+", line) for line in lines):
        raise Unreadable("A zone holds A to Z, 0 to 9 and < only.")
    shape = [len(line) for line in lines]
    if shape == [44, 44]:
        return _passport(lines, today)
    if shape == [30, 30, 30]:
        return _card(lines, today)
    raise Unreadable("A passport has two lines of 44 characters, a card three of 30.")


def _passport(lines: list[str], today: date) -> Zone:
    first, second = lines
    checked = {
        "number": (second[0:9], second[9]),
        "birth": (second[13:19], second[19]),
        "expiry": (second[21:27], second[27]),
        "whole": (second[0:10] + second[13:20] + second[21:43], second[43]),
    }
    return _zone(first, first[5:], checked, today)


def _card(lines: list[str], today: date) -> Zone:
    first, second, third = lines
    checked = {
        "number": (first[5:14], first[14]),
        "birth": (second[0:6], second[6]),
        "expiry": (second[8:14], second[14]),
        "whole": (first[5:30] + second[0:7] + second[8:15] + second[18:29], second[29]),
    }
    return _zone(first, third, checked, today)


def _zone(first: str, names: str, checked: dict[str, tuple[str, str]], today: date) -> Zone:
    """`checked`: each field with the digit that the zone gives for it."""
    family, _, given = names.partition("<<")
    words = [word for part in (given, family) for word in part.split("<") if word]
    return Zone(
        document=first[0:2].replace("<", ""),
        country=first[2:5].replace("<", ""),
        name=" ".join(words),
        number=checked["number"][0].replace("<", ""),
        born=_day(checked["birth"][0], today, ahead=False),
        expires=_day(checked["expiry"][0], today, ahead=True),
        faults=tuple(name for name, (field, said) in checked.items() if str(digit(field)) != said.replace("<", "0")),
    )


def _day(text: str, today: date, *, ahead: bool) -> date:
    """YYMMDD: of a birth the last century that is past; of an expiry this one."""
    if not text.isdigit():
        raise Unreadable("A date has six digits.")
    year = 2000 + int(text[0:2])
    if not ahead and year > today.year:
        year -= 100
    try:
        return date(year, int(text[2:4]), int(text[4:6]))
    except ValueError:
        raise Unreadable("There is no such day.") from None
