"""Do two names belong to one person? Pure: it advises, people decide.

Names are read as words in order, without titles and particles; one side may leave words out (a middle name, a
patronymic, a mother's family name), give initials or a short form, write another script or put the family first. Where
both sides hold a word that the other does not, they differ.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from experts.facts import rows
from experts.name_reading import Name, Word, family_first, given_part, one_word, read
from experts.romanised import sound_alike

SAME, LIKELY, DIFFERS = "same", "likely", "differs"

GROWN = ("al", "el", "ben", "van", "vanden", "vander", "de", "di", "da", "la", "le", "mac", "mc", "o", "d", "del")
OFTEN_LEFT_OUT = {"mohammed", "maria"}  # first names before the one that is used
FEMININE = re.compile(r"(?:(?P<a>.+(?:ov|ev|in|yn|ow))a|(?P<ova>.+?)ova|(?P<ska>.+[sc]k)a|(?P<aya>.+sk)(?:aya|aia))")
FULL, VARIANT, INITIAL = 3, 2, 1


@dataclass(frozen=True)
class Comparison:
    """`words` say what was compared, for the eyes of ops."""

    verdict: str
    words: str


@dataclass(frozen=True)
class Pair:
    one: int
    other: int
    fit: int
    note: str


@dataclass(frozen=True)
class Alignment:
    pairs: tuple[Pair, ...]
    left_one: tuple[int, ...]  # places of words that have no partner
    left_other: tuple[int, ...]

    @property
    def worth(self) -> tuple[int, int]:
        return sum(pair.fit for pair in self.pairs), -len(self.left_one) - len(self.left_other)


@cache
def groups() -> dict[str, set[int]]:
    """Given or family name → the numbers of the groups of names that stand for one another."""
    known: dict[str, set[int]] = defaultdict(set)
    families = [row["names"] for row in rows("family_names.csv") if row["kind"] == "same"]
    for number, names in enumerate([*(row["names"] for row in rows("given_names.csv")), *families]):
        for name in names.split("; "):
            known[name].add(number)
    return dict(known)


def compare(one: str, other: str, former: Iterable[str] = ()) -> Comparison:
    """`former`: names that the bearer of `other` had before, whole ones or the family name only."""
    best = max((_judge(first, second) for first in read(one) for second in read(other)), key=_rank)
    if best.verdict != DIFFERS:
        return best
    for past in former:
        for name in (past, f"{given_part(other)} {past}"):
            found = max((_judge(first, second) for first in read(one) for second in read(name)), key=_rank)
            if found.verdict != DIFFERS:
                return Comparison(LIKELY, f"As the former name “{past}”. {found.words}")
    return best


def _rank(comparison: Comparison) -> int:
    return [DIFFERS, LIKELY, SAME].index(comparison.verdict)


def _judge(one: Name, other: Name) -> Comparison:
    if not one.words or not other.words:
        return Comparison(DIFFERS, "There is no name to compare.")
    if one.suffix and other.suffix and one.suffix != other.suffix:
        return Comparison(DIFFERS, "Junior, senior or a number tells them apart.")
    fixed = one.child_of or other.child_of
    tries = [(_turned(one.words, turn), other.words, turn) for turn in range(1 if fixed else len(one.words))]
    tries += [(one.words, _turned(other.words, turn), turn) for turn in range(1, 1 if fixed else len(other.words))]
    return max((_aligned(*words) for words in tries), key=lambda found: found[0])[1]


def _turned(words: tuple[Word, ...], turn: int) -> tuple[Word, ...]:
    """The family name first, or no longer first."""
    return (*words[turn:], *words[:turn])


def _aligned(
    one: tuple[Word, ...], other: tuple[Word, ...], turn: int
) -> tuple[tuple[bool, int, int, int], Comparison]:
    """How good this order is, and what it says."""
    found = align(one, other)
    refused = _refused(one, other, found)
    whole = not found.left_one and not found.left_other and all(pair.fit == FULL for pair in found.pairs)
    verdict = DIFFERS if refused else SAME if whole else LIKELY
    words = refused or _said(one, other, found, turn)
    return (not refused, *found.worth, -turn), Comparison(verdict, words)


def align(one: tuple[Word, ...], other: tuple[Word, ...]) -> Alignment:
    """The best way to pair the words of both in their order; two words of one side may be one of the other."""
    best: dict[tuple[int, int], Alignment] = {}
    for at in range(len(one), -1, -1):
        for there in range(len(other), -1, -1):
            best[at, there] = max(_choices(one, other, at, there, best), key=lambda found: found.worth)
    return best[0, 0]


def _choices(
    one: tuple[Word, ...], other: tuple[Word, ...], at: int, there: int, best: dict[tuple[int, int], Alignment]
) -> Iterator[Alignment]:
    if at == len(one) or there == len(other):
        yield Alignment((), tuple(range(at, len(one))), tuple(range(there, len(other))))
        return
    for step, step_there in ((1, 1), (2, 1), (1, 2)):
        if at + step <= len(one) and there + step_there <= len(other):
            fit, note = fits(_several(one[at : at + step]), _several(other[there : there + step_there]))
            if fit > (INITIAL if step + step_there > 2 else 0):
                rest = best[at + step, there + step_there]
                yield Alignment((Pair(at, there, fit, note), *rest.pairs), rest.left_one, rest.left_other)
    skipped = best[at + 1, there]
    yield Alignment(skipped.pairs, (at, *skipped.left_one), skipped.left_other)
    skipped = best[at, there + 1]
    yield Alignment(skipped.pairs, skipped.left_one, (there, *skipped.left_other))


def _several(words: tuple[Word, ...]) -> Word:
    return words[0] if len(words) == 1 else one_word(*words)


def fits(one: Word, other: Word) -> tuple[int, str]:
    """How well two words can be one name, and what makes them so."""
    if one.initial or other.initial:
        alike = {form[:1] for form in one.spellings} & {form[:1] for form in other.spellings}
        return (INITIAL, f"{one.text} as an initial of {other.text}") if alike else (0, "")
    if one.spellings & other.spellings:
        return FULL, ""
    pairs = [(form, there) for form in one.spellings for there in other.spellings]
    if any(groups().get(form, set()) & groups().get(there, set()) for form, there in pairs):
        return VARIANT, f"{one.text} and {other.text} stand for one name"
    if any(sound_alike(form, one.script, there, other.script) for form, there in pairs):
        return VARIANT, f"{one.text} and {other.text} are spellings of one name"
    if any(_grown(form, there) or _grown(there, form) for form, there in pairs):
        return VARIANT, f"{one.text} and {other.text} differ by a particle"
    ending = any(_feminine(form, there) or _feminine(there, form) for form, there in pairs)
    return (VARIANT, ENDING) if ending else (0, "")


ENDING = "the family name's ending differs"


def _grown(word: str, bare: str) -> bool:
    return len(bare) > 2 and word.endswith(bare) and word[: -len(bare)] in GROWN


def _feminine(word: str, masculine: str) -> bool:
    found = FEMININE.fullmatch(word)
    if not found or len(word) < 6:
        return False
    stem = next(stem for stem in found.groups() if stem)
    return (
        masculine in {stem, f"{stem}i", f"{stem}y", f"{stem}iy"} or (found["a"] or "").removesuffix("ov") == masculine
    )


def _refused(one: tuple[Word, ...], other: tuple[Word, ...], found: Alignment) -> str:
    """Why these are two people, or nothing."""
    lone, there = [one[at] for at in found.left_one], [other[at] for at in found.left_other]
    if lone and there:
        return f"{_listed(lone)} against {_listed(there)}."
    sure = [pair for pair in found.pairs if pair.fit > INITIAL]
    if not sure or (len(found.pairs) < 2 and max(len(one), len(other)) > 1):
        return f"Too little in common: {_listed(one)} against {_listed(other)}."
    initials = any(one[pair.one].initial and other[pair.other].initial for pair in found.pairs)
    if initials and any(word.initial for word in [*lone, *there]):
        return "Other initials."
    endings = [pair for pair in found.pairs if pair.note == ENDING]
    others = [pair for pair in found.pairs if pair.note != ENDING]
    if endings and not any(form.endswith("a") for pair in others for form in one[pair.one].spellings):
        return "The family name's ending belongs to another sex."
    side, left = (one, found.left_one) if lone else (other, found.left_other)
    held = {pair.one if lone else pair.other for pair in found.pairs}
    wrong = [side[at] for at in left if not _may_lack(side, at, held)]
    return f"{_listed(wrong)} is left out, which no custom explains." if wrong else ""


def _may_lack(words: tuple[Word, ...], at: int, held: set[int]) -> bool:
    """Whether a name may go without the word: in the middle, at the end behind a family name, beside a hyphen."""
    word, last = words[at], len(words) - 1
    if word.initial or 0 < at < last:
        return True
    if at == last:
        before = words[at - 1]
        return word.linked or (last >= 2 and not any(form in groups() for form in before.spellings))
    following = words[1]
    used = any(groups().get(form, set()) & groups()[usual] for form in word.spellings for usual in OFTEN_LEFT_OUT)
    english = bool(following.spellings & family_first()) and last >= 2
    return following.linked or (used and last >= 2) or english


def _said(one: tuple[Word, ...], other: tuple[Word, ...], found: Alignment, turn: int) -> str:
    notes = ["Another order"] if turn else []
    notes += list(dict.fromkeys(pair.note for pair in found.pairs if pair.note))
    left = [*(one[at] for at in found.left_one), *(other[at] for at in found.left_other)]
    notes += [f"{_listed(left)} left out on one side"] if left else []
    text = "; ".join(notes) or "The same words, marks and particles aside"
    return f"{text[0].upper()}{text[1:]}."


def _listed(words: Iterable[Word]) -> str:
    return " ".join(f"“{word.text}”" for word in words)
