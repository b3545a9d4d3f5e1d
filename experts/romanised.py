"""Names in other scripts and spellings: do two words sound like one name? Pure.

Latin letters compare by their spellings (ö is o or oe). Other alphabets are romanised first (anyascii) and compare by
sound; Arabic and Hebrew, which leave vowels out, by what could be read into them; Hangul by its consonants.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

LATIN, LETTERS, ABJAD, HAN, HANGUL = "latin", "letters", "abjad", "han", "hangul"
SCRIPTS = {
    "LATIN": LATIN, "ARABIC": ABJAD, "HEBREW": ABJAD, "DEVANAGARI": ABJAD, "CJK": HAN, "HANGUL": HANGUL,
}  # fmt: skip
SPELLINGS = {
    "ä": ("a", "ae"), "ö": ("o", "oe"), "ü": ("u", "ue"), "ø": ("o", "oe"), "å": ("a", "aa"), "æ": ("ae", "a"),
    "œ": ("oe", "o"), "ß": ("ss",), "đ": ("d", "dj"), "þ": ("th",), "ð": ("d", "dh"), "ł": ("l",), "ı": ("i",),
    "ō": ("o", "ou", "oo", "oh"), "ū": ("u", "uu"),
}  # fmt: skip
GREEK = [("ου", "u"), ("ευ", "ev"), ("αυ", "av"), ("γγ", "ng"), ("γκ", "gk"), ("μπ", "b"), ("οι", "i"), ("υ", "i")]

# What different romanisations write for one sound, in the order in which it is put right.
LIGHT = [
    (r"ohn(?=[aeiou])", "on"), (r"oh$|ou$", "o"), (r"ou|oo|oe|uu", "u"), (r"ee", "i"), (r"ksh", "ks"),
    (r"sky$|ski[yij]$", "ski"), (r"(?<!^)(?<![aeou])(?:iy|yi|yy|ii|ij|y)$", "i"), (r"(?<=[aeou])[yj]$", "i"),
    (r"^ij", "y"), (r"dj", "d"), (r"sch(?=k)", "sh"),
]  # fmt: skip
HEAVY = [
    (r"shch|schtsch", "sc"), (r"sch", "sh"), (r"tch", "ch"), (r"dj", "d"), (r"kh", "h"), (r"ck", "k"), (r"ph", "f"),
    (r"w", "v"), (r"x", "ks"), (r"ou|oo", "u"), (r"ee", "i"), (r"[yj]", "i"), (r"(.)\1+", r"\1"), (r"i[eo]", "e"),
    (r"(?<=[uo])$", ""), (r"oh?(?=$|[^aeiou])", "o"),
]  # fmt: skip
# What a letter of a script without vowels may stand for. Short vowels go unwritten, long ones do not.
READINGS = {
    "kh": "(?:kh|ch|k|c|h)", "gh": "(?:gh|g)", "sh": "(?:sh|ch|s)", "th": "(?:th|t|s)", "dh": "(?:dh|d|z|th)",
    "b": "[bv]", "d": "[dz]", "f": "(?:f|ph|p)", "g": "[gj]", "j": "(?:j|g|dj)", "k": "(?:k|c|ck)", "p": "[pf]",
    "q": "(?:q|k|g|c)", "r": "r", "s": "(?:s|sh|c|z)", "t": "(?:t|th)", "v": "(?:[vw]|o|u|ou|oo)", "z": "[zd]",
    "w": "(?:w|v|o|u|ou|oo)", "y": "(?:[iyej]|ee|ei|ai|ay|ey|ia|ie)?", "h": "h?", "l": "l", "m": "m", "n": "n",
    "c": "(?:ch|c|s|ts)", "a": "[ae]{0,2}", "i": "[iey]?", "u": "[uo]?", "e": "[ei]?", "o": "[ou]?",
}  # fmt: skip
ARTICLE = "ال"  # "al", a particle like those in Latin letters
LONGEST = 14  # letters that are read without vowels; longer words are no names
CONSONANTS = str.maketrans("gdbjr", "ktpcl", "aeiouyw")


def script_of(word: str) -> str:
    """By its first letter."""
    letter = next((sign for sign in word if sign.isalpha()), "a")
    return SCRIPTS.get(unicodedata.name(letter, "LATIN").split()[0], LETTERS)


@lru_cache(maxsize=4096)
def spellings(word: str) -> frozenset[str]:
    """How a word may stand in plain Latin letters, each one way throughout: "Sørensen" → sorensen, soerensen."""
    if word.startswith(ARTICLE) and len(word) > 4:
        return spellings(word.removeprefix(ARTICLE))
    lowered = unicodedata.normalize("NFC", word.replace("I", "ı") if "İ" in word else word).lower()
    if any("\u0370" <= sign <= "\u03ff" for sign in lowered):
        lowered = _greek(lowered)
    choices = [SPELLINGS.get(sign) or (re.sub(r"[^a-z]", "", anyascii(sign).lower()),) for sign in lowered]
    return frozenset("".join(ways[min(way, len(ways) - 1)] for ways in choices) for way in range(4))


def _greek(word: str) -> str:
    spread = unicodedata.normalize("NFD", word)
    bare = "".join(sign for sign in spread if not unicodedata.combining(sign))
    for letters, instead in GREEK:
        bare = bare.replace(letters, instead)
    return bare


def light(word: str) -> str:
    return _through(LIGHT, word)


def heavy(word: str) -> str:
    return _through(HEAVY, word)


def _through(rules: list[tuple[str, str]], word: str) -> str:
    for pattern, instead in rules:
        word = re.sub(pattern, instead, word)
    return word


@lru_cache(maxsize=1024)
def reading(letters: str) -> re.Pattern[str]:
    """What the letters of a script without vowels may be read as: "mhmd" → mohamed, muhammad, not mahmoud."""
    parts = [READINGS.get(part, part) for part in re.findall(r"kh|gh|sh|th|dh|[a-z]", letters[:LONGEST])]
    doubled = [part if part[-1] in "?}" else f"{part}{{1,2}}" for part in parts]
    return re.compile("[aeiou]?" + "(?:[aeiou](?![aeiou]))?".join(doubled) + "[aeiou]?h?")


def consonants(word: str) -> str:
    """Of a Korean name, as far as romanisations agree: "younghee" and "yeonghui" → "nkh"."""
    return word.replace("ch", "c").translate(CONSONANTS)


def sound_alike(one: str, one_script: str, other: str, other_script: str) -> bool:
    """Whether two romanised words may be one name, given the scripts that they were written in."""
    scripts = {one_script, other_script}
    if scripts == {LATIN}:
        return light(one) == light(other)
    if HANGUL in scripts:
        return consonants(one) == consonants(other)
    if ABJAD in scripts:
        bare, said = (one, other) if one_script == ABJAD else (other, one)
        return reading(bare).fullmatch(said) is not None
    return heavy(one) == heavy(other)
