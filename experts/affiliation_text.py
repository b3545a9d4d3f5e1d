"""An affiliation taken apart: its parts, its words, its countries; and how a name stands in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from experts.affiliation_words import (
    CENTERS,
    COUNTRIES,
    HOUSES,
    IDLE,
    KINDS,
    LEGAL,
    LINKS,
    PARTS,
    PLACES,
    SCHOOLS,
    meant,
    skeleton,
)
from experts.spelling import words

_BREAK = re.compile(r"[,;|/()\[\]\n“”\"„«»–—:]| - |\b[Ll]ocation\b|(?<=[a-z]{5})\.\s(?=[A-Z])")
_CAPITALS = re.compile(r"\b[A-Z][A-Za-z]*[A-Z]\w*")  # ETH, UCLouvain, H2O


@dataclass(frozen=True, slots=True)
class Word:
    """`meant`: as names are indexed; `idle`: of, the, und …; `part`: which part of the text it stands in, from 0."""

    text: str
    meant: str
    idle: bool
    part: int


@dataclass(frozen=True, slots=True)
class Text:
    parts: list[str]  # between commas and the like, as written
    words: list[Word]
    counting: list[int]  # where in `words` those stand that are not idle
    said: dict[int, list[str]]  # by part: the meaning of its words that count
    countries: tuple[str, ...]  # ISO 3166-1 alpha-2, the last first
    bones: frozenset[str]  # skeletons of all words
    capitals: frozenset[str]  # folded words that are written with capitals, as acronyms are

    def capital(self, word: Word) -> bool:
        return word.text in self.capitals

    def elsewhere(self, meant: Iterable[str], part: int) -> bool:
        """Whether other parts say all these words: the city behind a name, said once more."""
        return all(any(word in said for other, said in self.said.items() if other != part) for word in meant)


def taken_apart(text: str) -> Text:
    parts = [part for part in _BREAK.split(text) if part.strip()]
    read = [Word(word, meant(word), word in IDLE, at) for at, part in enumerate(parts) for word in words(part)]
    counting = [at for at, word in enumerate(read) if not word.idle]
    said: dict[int, list[str]] = {}
    for at in counting:
        said.setdefault(read[at].part, []).append(read[at].meant)
    bones = frozenset(skeleton(each) for word in read for each in (word.text, word.meant))
    capitals = frozenset(word for found in _CAPITALS.finditer(text) for word in words(found[0]))
    return Text(parts, read, counting, said, _countries(parts), bones, capitals)


def _countries(parts: list[str]) -> tuple[str, ...]:
    """The last that is named, at the end of a part, and before it those that are a part of their own."""
    found: list[str] = []
    for part in reversed(parts):
        read = words(part)
        for length in range(min(5, len(read)), 0, -1):
            code = COUNTRIES.get(" ".join(read[-length:]))
            if code and (length == len(read) or not found):
                found.append(code)
                break
    return tuple(found)


class Standing(NamedTuple):
    """How sure a name is where it stands, 0…1; `near`: only if the institution's city is in the text."""

    score: float
    near: bool = False


WHOLE: Final = Standing(0.96)  # nothing but the name
NOBODY: Final = Standing(0.3)  # what stands beside it could make it the name of somebody else


def standing(text: Text, first: int, last: int, cities: Container[str]) -> Standing:
    """Of the words `first` to `last`, which lie in one part: what else does that part say?"""
    part = text.words[first].part
    start, end = first, last
    while start and text.words[start - 1].part == part:
        start -= 1
    while end + 1 < len(text.words) and text.words[end + 1].part == part:
        end += 1
    name = {word.meant for word in text.words[first : last + 1]}
    before = _before(text, text.words[start:first], name)
    after = _after(text, text.words[last + 1 : end + 1], name, cities)
    if max(before.score, after.score) < 0.93:  # words on both sides
        return NOBODY
    if "ministry" in name and before.score + after.score > 1.9:
        return NOBODY if "education" in name else Standing(0.61)  # it funds the laboratory that is meant
    return Standing(min(before.score, after.score), before.near or after.near)


def _before(text: Text, beside: list[Word], name: set[str]) -> Standing:
    told = [word for word in beside if not word.idle]
    if not told:
        return WHOLE
    said = {word.meant for word in told}
    if beside[-1].text == "and" and said & KINDS:
        return Standing(0.93)
    academy = "academy" in name and "institute" in said  # its institutes are houses of their own
    if said & HOUSES or (academy and beside[-1].text in LINKS):
        return NOBODY
    if beside[-1].text in LINKS:  # "Faculty of Law of the"
        return Standing(0.85)
    return _before_unlinked(text, beside, said)


def _before_unlinked(text: Text, beside: list[Word], said: set[str]) -> Standing:
    if all(map(text.capital, beside)):  # "CNRS-"
        return Standing(0.9)
    if "university" not in said and said & PARTS:  # "School of Nursing"
        return Standing(0.62)
    if len(said) <= 2 and text.elsewhere(said, beside[0].part):  # the city, which stands behind as well
        return Standing(0.9, near=True)
    return NOBODY


def _after(text: Text, beside: list[Word], name: set[str], cities: Container[str]) -> Standing:
    told = [word.meant for word in beside if not word.idle]
    if not told:
        return WHOLE
    if beside[0].text == "and" and (KINDS.intersection(told) or all(map(text.capital, beside[1:]))):
        return Standing(0.93)
    house = HOUSES.intersection(told) or told[:2] in (["medical", "center"], ["health", "system"])
    if house or beside[0].text in ("of", "and", "for"):
        return NOBODY
    if all(word in PLACES or word in LEGAL for word in told):
        return Standing(0.95)
    a_part = beside[0].meant in PARTS  # there is a town of College
    if len(told) <= 3 and not a_part and (text.elsewhere(told, beside[0].part) or all(each in cities for each in told)):
        return Standing(0.94, near=True)
    return _with_its_part(text, beside, told, name)


def _with_its_part(text: Text, beside: list[Word], told: list[str], name: set[str]) -> Standing:
    if beside[0].meant in PARTS or beside[0].meant == "medical":
        return Standing(0.84)
    if SCHOOLS.intersection(told):
        return Standing(0.8)
    if all(text.capital(word) or word.text[-1].isdigit() for word in beside):  # "INSERM U1148"
        return Standing(0.9)
    if "university" in name and CENTERS.intersection(told):
        return Standing(0.7)
    return NOBODY
