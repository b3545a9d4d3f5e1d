"""Affiliations as people write them → the institution they mean, with a confidence and the reason. Pure.

    index = Index(places)
    index.match("Dept. of Physics, Univ. of Copenhagen, Denmark")
    → Match("035b05819", 0.96, "“Univ. of Copenhagen” is University of Copenhagen; the country agrees")

A name must be what a part of the text (between commas and the like) says: whole, or beside words for a part of an
institution; in any order and in any of its languages, slips of the pen forgiven. The country, where one is written,
must agree. Where the text holds words that could name somebody else, nobody is named: `ror_id` is None.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from experts.affiliation_text import NOBODY, Standing, Text, standing, taken_apart
from experts.affiliation_words import (
    COUNTRIES,
    HOUSES,
    IDLE,
    KINDS,
    PROFESSIONS,
    TOWN,
    UNITS,
    agree,
    meant,
    skeleton,
    spellings,
    telling,
)
from experts.spelling import words

SURE: Final = 0.6  # below it nobody is named
ACRONYM: Final = "acronym"
_LONGEST: Final = 14  # words that count in a name that is looked for inside a part
_COMMON: Final = 25  # names that hold a word: with more of them it tells nobody apart
_MASK: Final = (1 << 61) - 1


class Place(NamedTuple):
    """What is known of one institution. `names`: (kind, value), the shown one first, acronyms by that kind."""

    ror_id: str
    names: tuple[tuple[str, str], ...]
    country: str
    city: str


class Match(NamedTuple):
    """`confidence`: 0…1, and 0 where nobody is named."""

    ror_id: str | None
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    place: int
    score: float
    university: bool
    weight: int  # words of the text that it explains
    city: bool  # is in the text
    ordered: bool  # the words stand as they do in the name
    shown: bool  # by the name that ROR shows
    part: int
    why: str  # "“ETH” is an acronym of"

    @property
    def rank(self) -> tuple[float, bool, int, bool, bool, bool, int]:
        return (self.score, self.university, self.weight, self.city, self.ordered, self.shown, -self.part)


class _Reading(NamedTuple):
    """Words of the text taken for a name: what they mean, their part, their standing; `why` as in _Candidate."""

    said: list[str]
    part: int
    why: str
    stands: Standing


def _key(said: Iterable[str]) -> int:
    """The same for the same words in any order."""
    return sum(map(hash, said)) & _MASK


class Index:
    """Built once per process from the whole registry; about 2 KB for each institution."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.places: list[tuple[str, str, str, str]] = []  # ROR id, shown name, country, city
        self._owner = array("I")  # by number of the name: the place
        self._said: list[str] = []  # by number of the name: its words that count
        self._shown = array("B")
        self._names: dict[int, list[int]] = {}
        self._bones: dict[str, list[int]] = {}
        self._acronyms: dict[str, list[int]] = {}
        self._spread: Counter[str] = Counter()
        self._cities: set[str] = set()
        for place in places:
            self._add(place)

    def __len__(self) -> int:
        return len(self.places)

    def _add(self, place: Place) -> None:
        owner, city = len(self.places), " ".join(meant(word) for word in words(place.city) if word not in TOWN)
        self.places.append((place.ror_id, place.names[0][1], place.country, city))
        self._cities.update(city.split())
        for at, (kind, name) in enumerate(place.names):
            if kind == ACRONYM:
                self._acronyms.setdefault(" ".join(words(name)), []).append(owner)
                continue
            for form in {name, name.partition(" (")[0]}:  # "Amazon (Germany)"
                for said in spellings(telling(form)):
                    self._add_name(owner, said, shown=at == 0)

    def _add_name(self, owner: int, said: list[str], *, shown: bool) -> None:
        number = len(self._said)
        self._owner.append(owner)
        self._said.append(" ".join(said))
        self._shown.append(shown)
        self._names.setdefault(_key(said), []).append(number)
        self._bones.setdefault("".join(map(skeleton, said)), []).append(number)
        self._spread.update(set(said))

    # --- deciding ---------------------------------------------------------------------------------------------------
    def match(self, text: str) -> Match:
        read = taken_apart(text)
        found = [*self._mentions(read), *self._slips(read), *self._schools(read)]
        named = {candidate.part for candidate in found if candidate.score >= SURE}
        found += self._short(read, named)
        found = sorted((each for each in found if each.score >= SURE), key=lambda each: each.rank, reverse=True)
        doubt = ""
        for _, tied in groupby(found, key=lambda each: each.rank):
            group = {each.place: each for each in tied}
            best = self._told_apart(read, list(group.values()))
            if best is not None and self._its_hospital(read, best, named):
                doubt = doubt or f"A hospital of {self.places[best.place][1]} is named, which the registry lacks"
            elif best is not None:
                return self._said_of(read, best)
            doubt = doubt or "Several fit alike: " + ", ".join(sorted(self.places[place][1] for place in group))
        return Match(None, 0.0, doubt or "No name of the registry stands in it beyond doubt")

    def _its_hospital(self, text: Text, best: _Candidate, named: set[int]) -> bool:
        """ "First Hospital of Jinan University, Jinan University" """
        name = set(text.said[best.part])
        return any(
            name < set(said) and HOUSES.intersection(said) and not HOUSES & name
            for part, said in text.said.items()
            if part != best.part and part not in named
        )

    def _told_apart(self, text: Text, group: list[_Candidate]) -> _Candidate | None:
        """Of candidates alike, the one whose shown name the text says most of."""

        def share(candidate: _Candidate) -> float:
            shown = [word for word in words(self.places[candidate.place][1]) if word not in IDLE]
            return sum(skeleton(word) in text.bones for word in shown) / max(len(shown), 1)

        ordered = sorted(group, key=share, reverse=True)
        alone = len(ordered) == 1 or share(ordered[0]) > share(ordered[1])
        return ordered[0] if alone else None

    def _said_of(self, text: Text, best: _Candidate) -> Match:
        ror_id, name, *_ = self.places[best.place]
        place = "the country agrees" if text.countries else "no country is written"
        if best.city:
            place = "city and country agree" if text.countries else "the city agrees"
        return Match(ror_id, round(min(best.score + 0.02 * best.city, 1.0), 2), f"{best.why} {name}; {place}")

    # --- finding ----------------------------------------------------------------------------------------------------
    def _candidates(self, text: Text, numbers: Sequence[int], read: _Reading) -> Iterator[_Candidate]:
        """Those of the names that the country, and where it has to the city, let pass."""
        said, joined = read.said, " ".join(read.said)
        for number in numbers:
            owner = self._owner[number]
            _, name, country, _ = self.places[owner]
            if text.countries and not agree(country, text.countries):
                continue
            there, shown = self._in_its_city(text, owner), bool(self._shown[number])
            doubtful = read.stands.near or (self._plain(said, shown) and not self._alone(numbers, text))
            if not there and (doubtful or (name.endswith(" System") and "system" not in said)):
                continue
            yield _Candidate(
                place=owner,
                score=read.stands.score - (0 if text.countries else 0.1),
                university="university" in said and not HOUSES.intersection(said),
                weight=len(said),
                city=there,
                ordered=joined == self._said[number],
                shown=shown,
                part=read.part,
                why=read.why,
            )

    def _in_its_city(self, text: Text, owner: int) -> bool:
        city = self.places[owner][3]
        return bool(city) and all(skeleton(word) in text.bones for word in city.split())

    def _plain(self, said: list[str], shown: bool) -> bool:
        """A name that many could have: "Institute of Pathology"; "National Institute of Technology" for another."""
        if len(said) <= 2 and UNITS.intersection(said):
            return True
        return not shown and all(self._spread[word] > _COMMON for word in said)

    def _alone(self, numbers: Sequence[int], text: Text) -> bool:
        """Whether only one institution of the countries written has such a name, and it is no mere unit's."""
        here = {self._owner[number] for number in numbers if agree(self.places[self._owner[number]][2], text.countries)}
        return len(here) == 1 and bool(text.countries) and "university" in self._said[numbers[0]].split()

    def _mentions(self, text: Text) -> Iterator[_Candidate]:
        """Names that words side by side spell, alone or with a later part: "University of California, Davis"."""
        small = [(part, said, _key(said)) for part, said in text.said.items() if len(said) <= 4]
        for at, first in enumerate(text.counting):
            part, key, said = text.words[first].part, 0, list[str]()
            for last in text.counting[at : at + _LONGEST]:
                if text.words[last].part != part:
                    break
                said.append(text.words[last].meant)
                key = (key + hash(said[-1])) & _MASK
                own = self._names.get(key, [])
                later = [each for each in small if each[0] > part and (key + each[2]) & _MASK in self._names]
                fuller = [] if own or "university" not in said else self._fuller(key)
                stands = standing(text, first, last, self._cities) if own or later or fuller else NOBODY
                if stands.score >= SURE:
                    read = _Reading(list(said), part, _written(text, first, last), stands)
                    yield from self._spelled(text, read, own, fuller)
                    yield from self._with_later(text, read, later, known=bool(own))

    def _fuller(self, key: int) -> list[int]:
        """ "University of Viçosa" for the Federal University of Viçosa."""
        wholes = ((key + hash(word)) & _MASK for word in ("national", "federal"))
        return [number for whole in wholes for number in self._names.get(whole, ())]

    def _spelled(self, text: Text, read: _Reading, own: list[int], fuller: list[int]) -> Iterator[_Candidate]:
        read = read._replace(why=f"“{read.why}” is")
        if len(read.said) > 1 or (read.stands.score >= 0.9 and read.said[0] not in self._cities):
            yield from self._candidates(text, own, read)
        if read.stands.score >= 0.84:
            yield from self._candidates(text, fuller, read._replace(stands=Standing(0.8, near=True)))

    def _with_later(
        self, text: Text, read: _Reading, later: list[tuple[int, list[str], int]], *, known: bool
    ) -> Iterator[_Candidate]:
        for other, more, its_key in later:
            whole = read.said + more
            if set(more) <= set(read.said) or not KINDS.intersection(whole):
                continue
            numbers = self._names[(_key(read.said) + its_key) & _MASK]
            both = read._replace(said=whole, why=f"“{read.why}” with “{text.parts[other].strip()}” is")
            if known:  # "University of Chile, Santiago" is not the University of Santiago de Chile
                joined = " ".join(whole)
                yield from self._candidates(text, [each for each in numbers if self._said[each] == joined], both)
            elif len(read.said) > 1 and read.stands.score >= 0.84:
                yield from self._candidates(text, numbers, both._replace(stands=read.stands._replace(near=True)))

    def _slips(self, text: Text) -> Iterator[_Candidate]:
        """Whole parts that are a name but for their vowels, doubled letters or spaces, alone or with their city."""
        for part, said in text.said.items():
            for other in (None, *(each for each in text.said if each > part and len(text.said[each]) <= 3)):
                whole = said + (text.said[other] if other is not None else [])
                bones = "".join(map(skeleton, whole))
                if len(whole) < 2 or len(bones) < 8:
                    continue
                numbers = [number for number in self._bones.get(bones, ()) if self._slipped(number, whole)]
                why = f"“{text.parts[part].strip()}” is all but in spelling"
                stands = Standing(0.8, near=other is not None)
                yield from self._candidates(text, numbers, _Reading(whole, part, why, stands))

    def _slipped(self, number: int, said: list[str]) -> bool:
        """A word that other names have is no slip: Hunan is not Henan. The city's other spelling is none either."""
        name = self._said[number].split()
        if "ministry" in said:  # see standing
            return False
        if "".join(name) == "".join(said):
            return True
        city = {skeleton(word) for word in self.places[self._owner[number]][3].split()}
        odd = [word for word in said if word not in name]
        return all(len(skeleton(word)) > 2 and (not self._spread[word] or skeleton(word) in city) for word in odd)

    def _schools(self, text: Text) -> Iterator[_Candidate]:
        """ "Yale School of Medicine" is Yale University, "Dartmouth Medical School" Dartmouth College."""
        for part, said in text.said.items():
            if "school" not in said[1:] or not PROFESSIONS.intersection(said) or HOUSES.intersection(said):
                continue
            if "university" in said or text.elsewhere(said[:1], part):  # "London School of Hygiene, London"
                continue
            for kind in ("university", "college"):
                whole = [said[0], kind]
                why = f"“{text.parts[part].strip()}” is a school of"
                read = _Reading(whole, part, why, Standing(0.75))
                yield from self._candidates(text, self._names.get(_key(whole), ()), read)

    def _short(self, text: Text, named: set[int]) -> Iterator[_Candidate]:
        """Acronyms, where a country is written with which they agree."""
        for at, word in enumerate(text.words if text.countries else ()):
            owners = self._acronyms.get(word.text)
            if not owners or len(word.text) < 3 or word.text in COUNTRIES or not text.capital(word):
                continue
            after = text.words[at + 1].meant if at + 1 < len(text.words) else ""
            unknown = (part for part, said in text.said.items() if "university" in said and part not in named)
            if after in ("institute", "center") or any(part != word.part for part in unknown):
                continue
            end = at + (after == "university" and text.words[at + 1].part == word.part)
            stands = standing(text, at, end, self._cities)
            for owner in owners:
                there = self._in_its_city(text, owner)
                if agree(self.places[owner][2], text.countries) and (there or not stands.near):
                    why = f"“{word.text.upper()}” is short for"
                    yield _Candidate(owner, stands.score * 0.75, False, 1, there, False, False, word.part, why)


def _written(text: Text, first: int, last: int) -> str:
    part = text.words[first].part
    alone = not first or text.words[first - 1].part != part
    ends = last + 1 == len(text.words) or text.words[last + 1].part != part
    return text.parts[part].strip() if alone and ends else " ".join(word.text for word in text.words[first : last + 1])
