"""Text as it is compared: lower case, no marks, no punctuation. Pure; every script keeps its letters."""

from __future__ import annotations

import re
import unicodedata

# Letters that Unicode does not take apart, and signs that stand for a word or for nothing.
_SPELLED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i", "&": " and "}
    | dict.fromkeys("'’‘ʼ`´ʻ", "")
)
_WORD = re.compile(r"[^\W_]+")
_ABBREVIATION = re.compile(r"\b(?:\w\.){2,}")


def fold(text: str) -> str:
    """ "Universität zu Köln (UzK)" → "universitat zu koln uzk"; "St. John's" → "st johns"."""
    return " ".join(words(text))


def words(text: str) -> list[str]:
    """The same as a list. Dots inside an abbreviation close up: "U.S.A." → ["usa"]."""
    if text.isascii():  # most are, and need nothing taken off
        plain = text.lower()
    else:
        lowered = text.casefold().translate(_SPELLED)
        bare = "".join(sign for sign in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(sign))
        plain = unicodedata.normalize("NFC", bare)  # Hangul comes together again
    return _WORD.findall(_ABBREVIATION.sub(_closed_up, plain.translate(_SPELLED)))


def _closed_up(match: re.Match[str]) -> str:
    return match[0].replace(".", "") + " "
