"""The fields of ISCED-F 2013 and the names by which people know them. Pure.

A field is a code: broad (2 digits), narrow (3), detailed (4). Names are the classification's own labels and those
of `data/field_names.csv`: branches, professions, short forms, the commonest words of other languages.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from experts.facts import rows
from experts.spelling import words as words_of
from experts.stems import one_off, stem

CATCH_ALL = ("not further defined", "not elsewhere classified")
# Words that tell no field from another.
EMPTY = {
    "a", "an", "and", "at", "de", "del", "degree", "der", "des", "di", "do", "e", "en", "et", "for", "in", "la", "of",
    "on", "the", "to", "und", "with", "y",
}  # fmt: skip
# Those that alone mean no field; left out where nothing holds every word.
WEAK = {"advanced", "applied", "general", "level", "modern", "research", "study", "studies", "theory"}
JOINTS = {"and", "with", "und", "et", "y", "e", "in", "of", "de", "for", "mit", "en"}
EXACT, PREFIX, TYPO = 1.0, 0.6, 0.45  # how well a typed word fits a known one
IN_ORDER = 0.03  # for a name that begins as what was typed
MIN_INFLECTED = 7  # letters; the last two may differ
MIN_TYPO = 4  # letters; shorter words are one letter from too many others


@dataclass(frozen=True)
class Found:
    """A field, the name that was meant (its label, or a synonym) and how well it fits (0 to 1)."""

    code: str
    name: str
    score: float

    @property
    def label(self) -> str:
        return labels()[self.code]

    @property
    def path(self) -> str:
        return path(self.code)

    @property
    def synonym(self) -> str:
        """The name that was meant, where it is not the label."""
        return "" if self.name == self.label else self.name


@dataclass(frozen=True)
class Name:
    code: str
    text: str
    words: tuple[str, ...]  # their stems
    rank: float  # taken from the score: catch-alls, wide fields and names at the end of a line come later


@dataclass(frozen=True)
class Index:
    names: list[Name]
    by_word: dict[str, list[int]]  # stem → places in `names`
    by_words: dict[frozenset[str], int]  # all stems of a name → the first of these names
    spellings: list[tuple[str, str]]  # (as written, stem), sorted
    by_pair: dict[tuple[int, str], list[int]]  # two letters and where they stand in a spelling → places in `spellings`


@cache
def labels() -> dict[str, str]:
    """Code → label, in the order of the codes."""
    return {row["code"]: row["label"] for row in rows("isced_f_2013.csv")}


def path(code: str) -> str:
    """Broad › narrow › detailed: "0912" → "Health and welfare › Health › Medicine"."""
    return " › ".join(labels()[code[:length]] for length in range(2, len(code) + 1))


def kept(words: list[str]) -> list[str]:
    """Without the empty words, if anything is left then."""
    return [word for word in words if word not in EMPTY] or words


def below(code: str) -> list[Found]:
    """The detailed fields of a field, without the catch-alls: those one can choose once the wide one is known."""
    known = [(own, label) for own, label in labels().items() if own.startswith(code) and len(own) == 4]
    return [Found(own, label, 1.0) for own, label in known if not label.endswith(CATCH_ALL)]


def _told() -> Iterator[tuple[str, str, float]]:
    """Code, name, rank. Labels first; within a line of names the best known stand first."""
    for code, label in labels().items():
        wide = 0.0 if len(code) == 4 else 0.02
        yield code, label, 0.3 if label.endswith(CATCH_ALL) else wide
    for row in rows("field_names.csv"):
        for place, text in enumerate(row["names"].split("; ")):
            yield row["code"], text, min(0.05, 0.01 + place / 5000)


@cache
def index() -> Index:
    names: list[Name] = []
    by_word: dict[str, list[int]] = defaultdict(list)
    pairs: set[tuple[str, str]] = set()
    for code, text, rank in _told():
        written = kept(words_of(text))
        stems = tuple(stem(word) for word in written)
        pairs |= set(zip(written, stems, strict=True)) | set(zip(stems, stems, strict=True))
        for word in set(stems):
            by_word[word].append(len(names))
        names.append(Name(code, text, stems, rank))
    narrow_first = sorted(range(len(names)), key=lambda place: (len(names[place].code), -names[place].rank))
    by_words = {frozenset(names[place].words): place for place in narrow_first}  # the last one stays
    spellings = sorted(pairs)
    by_pair: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, (written_word, _) in enumerate(spellings):
        for at in range(min(4, len(written_word) - 1)):
            by_pair[at, written_word[at : at + 2]].append(place)
    return Index(names, dict(by_word), by_words, spellings, dict(by_pair))


def _meant(word: str) -> dict[str, float]:
    """The stems that a typed word may mean, and how well it fits each."""
    known, own = index(), stem(word)
    fits: dict[str, float] = {}
    at = bisect_left(known.spellings, (word, ""))
    while at < len(known.spellings) and known.spellings[at][0].startswith(word):
        written, there = known.spellings[at]
        fits[there] = max(fits.get(there, 0), PREFIX + 0.35 * len(word) / len(written))
        at += 1
    if own in known.by_word:
        fits[own] = EXACT
    return fits or dict(_misspelt(word))


def _misspelt(word: str) -> Iterator[tuple[str, float]]:
    """Stems one letter off the word, or off whose beginning it is: the first two letters are right, or the next."""
    if len(word) < MIN_TYPO:
        return
    known, size = index(), len(word)
    keys = [(0, word[:2]), *((at, word[2:4]) for at in (1, 2, 3))]
    for place in {place for key in keys for place in known.by_pair.get(key, [])}:
        written, there = known.spellings[place]
        if any(one_off(word, written[:end]) for end in (size - 1, size, size + 1)):
            yield there, TYPO + 0.3 * min(1, size / len(written))


def search(text: str, limit: int = 12) -> list[Found]:
    """The fields that somebody may mean who types this, best first, each by the name that fits best.

    Words may come in any order, begun only, in British or American spelling, with one letter wrong. If no name holds
    all of them, those that hold the most.
    """
    typed = list(dict.fromkeys(kept(words_of(text))))[:8]
    if typed and typed[0].isdigit():
        return [Found(code, label, 1.0) for code, label in labels().items() if code.startswith(typed[0])][:limit]
    return _ranked(typed)[:limit] or _ranked([word for word in typed if word not in WEAK], every=False)[:limit]


def _ranked(typed: list[str], every: bool = True) -> list[Found]:
    """The best name of each field that holds every word, or else as many of them as any does."""
    known = index()
    meant = [_meant(word) for word in typed]
    fits: dict[int, list[float]] = defaultdict(list)
    for means in meant:
        best: dict[int, float] = {}
        for there, fit in means.items():
            for place in known.by_word[there]:
                best[place] = max(best.get(place, 0), fit)
        for place, fit in best.items():
            fits[place].append(fit)
    most = len(typed) if every else max(map(len, fits.values()), default=0)
    found: dict[str, Found] = {}
    for place, held in fits.items():
        if len(held) < most:
            continue
        name = known.names[place]
        score = sum(held) / len(typed) * (0.5 + len(held) / (len(typed) + len(name.words))) - name.rank
        score += IN_ORDER * (name.words[0] in meant[0])
        if name.code not in found or found[name.code].score < score:
            found[name.code] = Found(name.code, name.text, score)
    return sorted(found.values(), key=lambda one: (-one.score, -len(one.code), one.code))


def named(text: str) -> Found | None:
    """The field that a whole description speaks of, or None: "Applied Physics and Chemistry" → 0533.

    Whole words only, as names know them. The first part with a detailed field wins: ISCED counts the leading subject.
    """
    said = kept(words_of(text))
    whole = _known(said)
    if whole:
        return Found(whole.code, whole.text, 1.0)
    parts: list[list[str]] = [[]]
    for word in words_of(text):
        parts += [[]] if word in JOINTS else []
        parts[-1] += [] if word in EMPTY or word in JOINTS else [word]
    found = [name for name in (_within(said, 2), *map(_within, parts)) if name] or list(_inflected(said))
    if not found:
        return None
    best = max(found, key=lambda name: len(name.code))
    return Found(best.code, best.text, 0.8 if len(found) == 1 else 0.7)


def field_called(text: str) -> str:
    """The code of the field of exactly this name, or none: "organic synthesis" → "0531"."""
    known = _known(kept(words_of(text)))
    return known.code if known else ""


def _known(words: list[str]) -> Name | None:
    place = index().by_words.get(frozenset(map(stem, words)))
    return None if place is None else index().names[place]


def _within(words: list[str], least: int = 1) -> Name | None:
    """The longest name among neighbouring words; of two as long the later, which is the noun in most languages."""
    for size in range(len(words), least - 1, -1):
        for start in range(len(words) - size, -1, -1):
            name = _known(words[start : start + size])
            if name:
                return name
    return None


def _inflected(words: list[str]) -> Iterator[Name]:
    """Names of one word that another ending makes of one of these: "экономики" → "экономика"."""
    spellings = index().spellings
    for word in words:
        if len(word) < MIN_INFLECTED:
            continue
        beginning = word[:-2]
        at = bisect_left(spellings, (beginning, ""))
        while at < len(spellings) and spellings[at][0].startswith(beginning):
            name = _known([spellings[at][0]])
            if name and abs(len(spellings[at][0]) - len(word)) <= 2:
                yield name
            at += 1
