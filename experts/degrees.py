"""What a degree's title says: its level by ISCED 2011, its name and, where it is told, its field. Pure.

Titles are those of `data/degrees.csv`, each with the language and the countries it belongs to; what follows or is grown
together with them ("… of Laws", "Dipl.-Geophys.", "MGeophys", "工学博士") tells the field, by the names of fields and
the short forms of `data/degree_words.csv`. A title that means different things in different countries is less certain.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile

import pycountry

from experts.facts import rows
from experts.fields import named
from experts.spelling import words
from experts.stems import one_off

LEVELS = {
    8: "a doctorate", 7: "a degree at master’s level", 6: "a degree at bachelor’s level",
    5: "below a bachelor’s degree", 4: "below a bachelor’s degree", 3: "a school-leaving certificate",
    0: "not a degree that one studies for",
}  # fmt: skip
SURE = 0.5  # below it, the title does not say
CERTAIN, AMBIGUOUS = 0.95, 0.65
HONORARY = "Honorary degree"
OPEN = {"Bachelor", "Master", "Doctor"}  # English titles whose end is their name: "Bachelor of Laws"

STOP = {
    "of", "in", "de", "du", "des", "der", "den", "del", "di", "da", "do", "en", "em", "la", "le", "las", "los", "the",
    "et", "and", "und", "es", "an", "a", "y", "e", "degree", "degrees", "with", "hons", "honours", "honors", "cum",
    "laude", "summa", "magna", "first", "class", "upper", "second", "fur", "im", "than",
}  # fmt: skip
# Small words that tell the language, and with it the country, of a title that several have.
HINTS = {
    "en": {"es", "fr"}, "em": {"pt"}, "y": {"es"}, "della": {"it"}, "delle": {"it"}, "dei": {"it"}, "fur": {"de"},
    "der": {"de"}, "und": {"de"}, "rer": {"de"}, "of": {"en"}, "z": {"pl"}, "du": {"fr"}, "phil": {"de"},
    "iur": {"de"}, "theol": {"de"}, "oec": {"de"},
}  # fmt: skip
SHORTER = {"RU": "Russia"}  # names of countries
COLLEGES = {"fh", "dh", "fachhochschule", "berufsakademie"}  # whose diploma is a bachelor’s equal
# What the words of a title say of its field, but for those by which whole faculties go.
FACULTIES = {"02", "021", "0223", "05"}
PAIRS = {"bs", "ms", "ba", "ma", "as", "aa"}  # a run of dotted letters may begin with one: B.S.M.E.
LOWER = {"ba", "bs", "ma", "ms", "md", "jd", "be", "me"}  # as people type them
FORWARD = re.compile(r"(Fd|FD|B|M|D)a?(?=[A-Z])(.+)")  # MGeophys, BScEcon
BACKWARD = re.compile(r"((?=.*[a-z])[A-Z][A-Za-z]+)(B|M|D)")  # MusB, PsychD
LETTERS = {"Fd": 5, "FD": 5, "A": 5, "B": 6, "M": 7, "D": 8}
HEADS = {5: "Associate degree", 6: "Bachelor", 7: "Master", 8: "Doctor"}
MIN_BASE = 6  # letters of a title that may be grown together with other words


@dataclass(frozen=True)
class Degree:
    """What a title says. `level` is None where it does not say or means no degree; 5 and below are too low for us."""

    text: str
    level: int | None
    title: str
    field: str  # ISCED-F code, or none
    confidence: float
    why: str

    @property
    def too_low(self) -> bool:
        return self.level is not None and self.level < 6


@dataclass(frozen=True)
class Title:
    """A row of the table. Countries by ISO 3166-1; none: everywhere."""

    level: int
    title: str
    field: str
    language: str
    countries: tuple[str, ...]
    confidence: float  # 0: nothing special is told


@dataclass(frozen=True)
class Token:
    text: str
    folded: str
    dotted: bool = False  # a dot follows, so that it is short for something
    place: int = -1


@dataclass(frozen=True)
class Hit:
    """What a title may be, which tokens make it, and what was grown together with it."""

    titles: list[Title]
    taken: list[Token]
    rest: str = ""
    share: float = 1.0  # of the confidence


def tokens_of(text: str) -> list[Token]:
    """ "B.Sc. (Hons)" → B, Sc, Hons. Articles that lean on a word fall off: "d’ingénieur"."""
    plain = re.sub(r"\b([dlDL])['’](?=\w)|\[\d+\]", "", text)
    spread = unicodedata.normalize("NFKD", re.sub(r"['’‘`]", "", plain))
    bare = unicodedata.normalize("NFC", "".join(sign for sign in spread if not unicodedata.combining(sign)))
    found = re.finditer(r"([^\W_]+)(\.?)", bare)
    return [Token(one[1], "".join(words(one[1])), bool(one[2]), place) for place, one in enumerate(found)]


def _key(tokens: list[Token]) -> str:
    return "".join(token.folded for token in tokens)


def _counts(token: Token) -> bool:
    return token.folded not in STOP or (token.text.isupper() and len(token.text) == 1)


def _plain(tokens: list[Token]) -> list[Token]:
    kept = [token for token in tokens if _counts(token) and not token.text.isdigit()]
    return [
        replace(token, folded=token.folded.removesuffix("s")) if token.folded in PLURALS else token for token in kept
    ]


PLURALS = {"masters", "bachelors", "doctors", "doctorates", "associates"}


@cache
def titles() -> dict[str, list[Title]]:
    """Folded form → the titles that it may be, in the order of the table."""
    known: dict[str, list[Title]] = defaultdict(list)
    for row in rows("degrees.csv"):
        countries = tuple(row["countries"].split())
        confidence = float(row["confidence"] or 0)
        title = Title(int(row["level"]), row["title"], row["field"], row["language"], countries, confidence)
        for form in row["forms"].split("; "):
            key = _key(_plain(tokens_of(form)))
            if (len(key) > 1 or not key.isascii()) and title not in known[key]:
                known[key].append(title)
    return dict(known)


@cache
def bases() -> list[str]:
    """Forms that other words grow together with, longest first."""
    return sorted((key for key in titles() if len(key) >= (MIN_BASE if key.isascii() else 2)), key=len, reverse=True)


@cache
def short_forms() -> dict[str, str]:
    """Folded short form of a field → code."""
    told = [(row["code"], word) for row in rows("degree_words.csv") for word in row["words"].split("; ")]
    return {_key(tokens_of(word)): code for code, word in told}


def match(text: str, country: str = "") -> Degree:
    """Level, name and field of a title as people write it. `country`: where it was awarded, if known (ISO 3166-1)."""
    tokens = tokens_of(text)
    hit = _whole(_plain(tokens)) or _short(tokens) or _grown(_plain(tokens)) or _misspelt(_plain(tokens))
    if hit is None:
        found = named(text)
        return Degree(text, None, "", found.code if found else "", 0, "We do not know this title.")
    title, sure = _chosen(hit, country, tokens)
    rest = _rest(tokens, hit)
    field = _field(rest, title.field)
    if not field and title.language not in {"", "en"}:
        own = _field(tokens, "")
        field = "" if own in FACULTIES else own
    level = title.level if sure * hit.share >= SURE and title.level else None
    name = _name(title, hit, tokens, rest)
    return Degree(text, level, name, field, round(sure * hit.share, 2), _why(title, name, hit.titles, country, level))


def _whole(tokens: list[Token]) -> Hit | None:
    """The title that stands first; of several that begin there, the longest. Weak ones ("diploma") only if alone."""
    best: tuple[tuple[int, int, int], Hit] | None = None
    run = _run(tokens)
    for start in range(len(tokens)):
        for end in range(start + 1, min(len(tokens), start + 8) + 1):
            key = _key(tokens[start:end])
            found = titles().get(key)
            torn = start < run and not (start == 0 and (end >= run or key in PAIRS))
            if not found or torn or not _spelt(key, tokens[start:end], start):
                continue
            order = (_weight(found), -start, len(key))
            if best is None or order > best[0]:
                best = order, Hit(found, tokens[start:end])
    return best[1] if best else None


def _run(tokens: list[Token]) -> int:
    """How many tokens one dotted abbreviation at the beginning takes: "B.Med.Sci. (Hons)" → 3."""
    dotted = list(takewhile(lambda token: token.dotted, tokens))
    if not dotted or len(dotted[0].text) > 1:
        return 0
    after = tokens[len(dotted) : len(dotted) + 1]
    length = len(dotted) + sum(len(token.text) <= 2 and token.text[0].isupper() for token in after)
    return length if length > 2 else 0


def _weight(found: list[Title]) -> int:
    first = found[0]
    if first.title == HONORARY:
        return 2
    return int(first.level > 0 and (not first.confidence or first.confidence >= SURE))


def _spelt(key: str, tokens: list[Token], start: int) -> bool:
    """Whether a short form is written as one: capitals or dots, or lower case at the beginning of a longer form."""
    if len(key) > 3 or not key.isascii() or tokens[0].text[0].isupper() or tokens[0].dotted:
        return True
    return start == 0 and (len(key) == 3 or key in LOWER)


def _short(tokens: list[Token]) -> Hit | None:
    """What is short for a bachelor, a master or a doctor of something: MGeophys, M.S.M.E., PsychD."""
    at = 0
    while at < len(tokens):
        run = list(takewhile(lambda token: token.dotted, tokens[at:]))
        run += tokens[at + len(run) : at + len(run) + 1]
        end = at + len(run) if len(run) > 1 and len(run[0].text) == 1 else at + 1
        joined = "".join(token.text for token in tokens[at:end])
        dotted = end - at > 1 or tokens[at].dotted
        hit = _lettered(joined, dotted)
        alone = not tokens[end:] or tokens[end].folded in STOP
        if hit and (hit[2] > SURE or (alone and at == 0)):
            level, rest, share = hit
            return Hit([Title(level, HEADS[level], "", "", (), share)], tokens[at:end], rest)
        at = end
    return None


def _lettered(joined: str, dotted: bool) -> tuple[int, str, float] | None:
    """Level, the letters that are left and how sure that is, of one abbreviation."""
    if dotted and re.fullmatch(r"A[A-Z][A-Za-z]*", joined):
        return 5, joined[1:], 0.7
    found = FORWARD.fullmatch(joined) or BACKWARD.fullmatch(joined)
    if not found:
        return None
    head, rest = found.groups() if found[1] in LETTERS else (found[2], found[1])
    cased = any(letter.islower() for letter in rest)
    return LETTERS[head], rest, 0.8 if cased else 0.7 if dotted else SURE


def _grown(tokens: list[Token]) -> Hit | None:
    """A title grown together with other words: "Diplomingenieur", "filosofiemagisterexamen", "工学博士"."""
    for base in bases():
        for token in tokens:
            place = token.folded.find(base)
            ends = place == 0 or place + len(base) == len(token.folded)
            if place >= 0 and (ends or not base.isascii()):
                rest = f"{token.folded[:place]} {token.folded[place + len(base) :]}"
                return Hit(titles()[base], [token], rest, 0.9)
    return None


def _misspelt(tokens: list[Token]) -> Hit | None:
    for at, token in enumerate(tokens):
        meant = next((base for base in bases() if base.isascii() and one_off(token.folded, base)), None)
        if meant and len(token.folded) >= MIN_BASE:
            hit = _whole([*tokens[:at], replace(token, folded=meant), *tokens[at + 1 :]])
            return replace(hit, share=0.8) if hit else None
    return None


def _chosen(hit: Hit, country: str, tokens: list[Token]) -> tuple[Title, float]:
    """The title meant in this country, else in the language of the words around it, and how sure that is."""
    found = hit.titles
    if hit.taken[0].folded.startswith("dipl") and COLLEGES & {token.folded for token in tokens}:
        name = found[0].title if found[0].title.startswith("Diplom-") else "Diplom"
        return replace(found[0], level=6, title=f"{name.removesuffix(' (FH)')} (FH)"), CERTAIN
    here = next((title for title in found if country and country in title.countries), None)
    if here:
        return here, max(0.9, here.confidence)
    hints = set().union(*(HINTS.get(token.folded, set()) for token in tokens))
    title = next((title for title in found if title.language in hints), found[0])
    differs = len({title.level for title in found}) > 1
    return title, title.confidence or (AMBIGUOUS if differs else CERTAIN)


def _rest(tokens: list[Token], hit: Hit) -> list[Token]:
    """What stands beside the title or was grown together with it."""
    taken = {token.place for token in hit.taken}
    parts = re.findall(r"[A-Z][a-z]+|[A-Z]+(?![a-z])|[^A-Z\s]+", hit.rest)
    return [token for token in tokens if token.place not in taken] + [Token(part, part.lower(), True) for part in parts]


def _field(rest: list[Token], told: str) -> str:
    """A detailed field of the title's own stays; a wider one gives way to what stands beside it."""
    if len(told) == 4:
        return told
    full = " ".join(token.text for token in rest)
    found = named(full)
    code = found.code if found else ""
    if len(code) < 4:
        code = max(code, _shortened(rest), key=len)
    return code if len(code) > len(told) or not told else told


def _shortened(rest: list[Token]) -> str:
    """The field of the longest short form among neighbouring tokens."""
    kept = [token for token in rest if _counts(token)]
    spans = [(end - start, -start) for start in range(len(kept)) for end in range(start + 1, len(kept) + 1)]
    for size, start in sorted(spans, reverse=True):
        key = _key(kept[-start : -start + size])
        code = short_forms().get(key) or short_forms().get(key.removeprefix("s") if len(key) < 5 else key)
        if code and (len(key) > 1 or kept[-start].dotted):
            return code
    return ""


def _name(title: Title, hit: Hit, tokens: list[Token], rest: list[Token]) -> str:
    """ "Bachelor" and "of Laws (Honours)" → "Bachelor of Laws"."""
    if title.title not in OPEN:
        return title.title
    after = [token for token in rest if token.dotted is False]
    said = list(takewhile(lambda token: token.folded not in {"in", "with", "hons", "honours", "by"}, after[1:]))
    if not after or after[0].folded != "of" or not said:
        return title.title
    return f"{title.title} of {' '.join(_cased(token) for token in said)}"


def _cased(token: Token) -> str:
    return token.text if token.folded in STOP else token.text[0].upper() + token.text[1:]


def _why(title: Title, name: str, found: list[Title], country: str, level: int | None) -> str:
    where = [country] if country in title.countries else title.countries[:3]
    inside = f" in {_listed([_country(code) for code in where])}" if where else ""
    elsewhere = {other.level for other in found} - {title.level}
    if level is None and elsewhere:
        return f"{name} means different levels in different countries."
    if level is None and title.level:
        return f"{name} alone does not say the level."
    said = f"{name} is {LEVELS[title.level]}{inside}"
    return (
        f"{said}; in other countries it can be {LEVELS[max(elsewhere)]}." if elsewhere and not country else f"{said}."
    )


def _country(code: str) -> str:
    found = pycountry.countries.get(alpha_2=code)
    name = SHORTER.get(code) or str(getattr(found, "common_name", found.name) if found else code)
    return f"the {name}" if name.startswith("United") else name


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
