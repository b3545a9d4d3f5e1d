"""A name as words in order: without titles and particles, initials apart, what belongs together joined. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from experts.facts import rows
from experts.romanised import HAN, HANGUL, LATIN, script_of, spellings

MOST_WORDS = 12
TITLES = {
    "dr", "prof", "professor", "sir", "dame", "lord", "lady", "mr", "mrs", "ms", "miss", "herr", "frau", "ing", "mag",
    "dipl", "med", "rer", "nat", "phil", "doc", "mudr", "judr", "phdr", "rndr", "mgr", "bc", "rev", "fr", "hon", "drs",
    "ir", "lic", "dott", "sr", "sra", "don", "doña", "mme", "mlle", "m", "engr", "adv", "smt", "shri", "hajji", "haji",
}  # fmt: skip
BEHIND = {
    "phd", "md", "msc", "bsc", "ma", "ba", "mba", "esq", "csc", "drsc", "mph", "jd", "llm", "dphil", "frcs", "obe",
}  # fmt: skip
SUFFIXES = {"jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "2", "iii": "3", "iv": "4", "filho": "jr"}
PARTICLES = {
    "van", "von", "der", "den", "de", "het", "ter", "ten", "te", "zu", "zum", "und", "of", "af", "av", "da", "do",
    "dos", "das", "di", "del", "della", "degli", "dei", "la", "le", "les", "los", "las", "y", "e", "i", "al", "el",
    "ul", "bin", "ibn", "ben", "binti", "bint", "bte", "freiherr", "graf", "ní", "nic", "uí", "ó", "d", "l", "vom", "a",
}  # fmt: skip
CHILD_OF = {"bin", "ibn", "ben", "binti", "bint", "bte"}
BORN = re.compile(r",?\s+(?:geb\.?|geboren|née?|nee|born|épouse|epouse|ép\.|roz\.|f\.)\s+", re.IGNORECASE)
SYLLABLE = re.compile(r"[bcdfghjklmnpqrstwxyz]{0,3}[aeiou]{1,3}(?:ng|n|m|k|p|t|r|l|h)?")
INITIALS = re.compile(r"[A-Z][BCDFGHJ-NP-TV-Z]{1,2}")


@dataclass(frozen=True)
class Word:
    text: str
    script: str
    spellings: frozenset[str]
    linked: bool = False  # by a hyphen to the word before

    @property
    def initial(self) -> bool:
        return all(len(spelling) == 1 for spelling in self.spellings)


@dataclass(frozen=True)
class Name:
    words: tuple[Word, ...]
    suffix: str
    child_of: bool  # "bin" and the like: the order is fixed


@cache
def family_first() -> set[str]:
    """Romanised family names of Chinese and Korean."""
    return {name for row in rows("family_names.csv") if row["kind"] != "same" for name in row["names"].split("; ")}


def read(name: str) -> list[Name]:
    """A name, and what else it says that the person is or was called ("Anna Schmidt geb. Meier")."""
    parts = BORN.split(unicodedata.normalize("NFC", name).strip())
    return [_parsed(parts[0]), *(_parsed(f"{given_part(parts[0])} {part}") for part in parts[1:])]


def given_part(name: str) -> str:
    """Without its last word: the former family name takes its place."""
    return name.rpartition(" ")[0]


def _parsed(name: str) -> Name:
    family, comma, given = name.partition(",")
    behind = re.sub(r"\W", "", given).casefold()
    ordered = f"{given} {family}" if comma and behind not in BEHIND | set(SUFFIXES) else name.replace(",", " ")
    raw = [part for chunk in ordered.split() for part in _split(chunk)]
    folded = [re.sub(r"\W", "", part).casefold() for part, _ in raw]
    suffix = next((SUFFIXES[word] for at, word in enumerate(folded) if at > 1 and word in SUFFIXES), "")
    kept: list[Word] = []
    shouting = ordered.isupper()
    for at, (part, linked) in enumerate(raw):
        if folded[at] and not _dropped(folded, at, part, bool(kept)):
            kept += _words(part, linked and bool(kept), shouting)
    child_of = any(word in CHILD_OF for word in folded[1:])
    return Name(_joined(kept), suffix, child_of)


def _split(chunk: str) -> Iterator[tuple[str, bool]]:
    """ "J.-B." → J, B; "Kramp-Karrenbauer" → two, the second linked."""
    for number, part in enumerate(re.split(r"[-‐–]", re.sub(r"['’‘ʼ`]", "", chunk))):
        pieces = [piece for piece in part.split(".") if piece]
        for place, piece in enumerate(pieces):
            dotted = len(piece) == 1 and "." in part
            yield (piece + "." if dotted else piece), number > 0 and place == 0


def _dropped(folded: list[str], at: int, part: str, begun: bool) -> bool:
    word = folded[at]
    if len(word) == 1 and (part.endswith(".") or part.isupper()):
        return word in PARTICLES and not part.isascii()  # an initial, unless it is "Ó"
    if word in PARTICLES:
        return begun or (at + 2 < len(folded) and word not in {"al", "ben", "van", "el"})
    if at > 1 and (word in SUFFIXES or word in BEHIND):
        return True
    return not begun and word in TITLES and at + 2 < len(folded)


def _words(part: str, linked: bool, shouting: bool) -> list[Word]:
    script = script_of(part)
    if script in (HAN, HANGUL):
        return _syllables(part, script)
    if script == LATIN and not shouting and INITIALS.fullmatch(part) and part.casefold() not in family_first():
        return [Word(letter, LATIN, frozenset({letter.lower()})) for letter in part]
    known = spellings(part.rstrip("."))
    return [Word(part, script, known, linked)] if any(known) else []


def _syllables(part: str, script: str) -> list[Word]:
    """ "王小明" → wang, xiaoming. Family names of two characters are few and known."""
    romanised = ["".join(spellings(sign)) for sign in part]
    size = 2 if len(part) > 2 and "".join(romanised[:2]) in family_first() else 1
    told = [(part[:size], "".join(romanised[:size])), (part[size:], "".join(romanised[size:]))]
    return [Word(text, script, frozenset({letters})) for text, letters in told if text]


def _joined(words: list[Word]) -> tuple[Word, ...]:
    """Words that belong together made one: "Abd al-Rahman", and the syllables of "Wang Xiao-Ming"."""
    kept: list[Word] = []
    for word in words:
        if kept and kept[-1].spellings & {"abd", "abdul", "abdel", "abdal"}:
            kept[-1] = one_word(Word("Abd", LATIN, frozenset({"abd"})), word)
        else:
            kept.append(_bare_abd(word))
    start = _given_syllables(kept)
    if start is not None:
        kept[start : start + 2] = [one_word(*kept[start : start + 2])]
    return tuple(kept[:MOST_WORDS])


def _given_syllables(words: list[Word]) -> int | None:
    """Where the two syllables of a Chinese or Korean given name begin, before or behind the family name."""
    places = [at for at, word in enumerate(words) if word.spellings & family_first()]
    behind = [at + 1 for at in places if at + 3 == len(words)]
    before = [0 for at in places if at == 2 == len(words) - 1]
    fitting = [at for at in (*behind, *before) if all(map(_syllable, words[at : at + 2]))]
    return next((at for at in fitting if words[at + 1].linked), next(iter(fitting), None))


def _syllable(word: Word) -> bool:
    return any(SYLLABLE.fullmatch(spelling) for spelling in word.spellings)


def _bare_abd(word: Word) -> Word:
    bare = {
        re.sub(r"^abd[aeu]l?(?=[bcdfghjkmnpqrstvwyz])|^abd[aeu](?=([rsnzt])\1)", "abd", form) for form in word.spellings
    }
    return Word(word.text, word.script, frozenset(bare), word.linked)


def one_word(first: Word, second: Word) -> Word:
    forms = frozenset(one + other for one in first.spellings for other in second.spellings)
    return Word(f"{first.text} {second.text}", second.script, forms, first.linked)
