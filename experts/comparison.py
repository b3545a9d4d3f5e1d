"""The claim beside what else we know, for the eyes of ops. Pure: it advises, people decide."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.forms import country_name
from experts.models import Credential, DegreeLevel
from experts.registry import proposed, story

# Letters that Unicode does not take apart.
SPELLED = str.maketrans("øØłŁđĐ", "oOlLdD", "") | {ord("ß"): "ss", ord("æ"): "ae", ord("Æ"): "Ae", ord("œ"): "oe"}
SAME, CLOSE, DIFFERS, UNKNOWN = "same", "close", "differs", "unknown"

LEVEL_WORDS: dict[int, re.Pattern[str]] = {
    DegreeLevel.DOCTORATE: re.compile(r"\b(ph\.?\s?d|d\.?phil|doctor|doctorate|dr)\b", re.IGNORECASE),
    DegreeLevel.MASTER: re.compile(r"\b(master|m\.?sc|m\.?a|mba|ll\.?m|m\.?eng|magister|diplom)\b", re.IGNORECASE),
    DegreeLevel.BACHELOR: re.compile(r"\b(bachelor|b\.?sc|b\.?a|ll\.?b|b\.?eng|licenciatura)\b", re.IGNORECASE),
}


@dataclass(frozen=True)
class Row:
    """One line of the desk's table: what is claimed, what it is held against, and how they compare."""

    label: str
    claimed: str
    known: str
    verdict: str


def name_words(name: str) -> list[str]:
    """Lower-case words without marks: "Sørensen-Åberg, Émil" → ["sorensen", "aberg", "emil"]."""
    special = name.translate(SPELLED)
    plain = unicodedata.normalize("NFKD", special).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z]+", plain.lower())


def compare_names(one: str, other: str) -> str:
    """Same: the same words in any order. Close: one holds the other, initials counted. Else they differ."""
    first, second = name_words(one), name_words(other)
    if sorted(first) == sorted(second):
        return SAME
    shorter, longer = sorted((first, second), key=len)
    if shorter and all(any(_fits(word, there) for there in longer) for word in shorter):
        return CLOSE
    return DIFFERS


def _fits(word: str, other: str) -> bool:
    return word == other or (1 in (len(word), len(other)) and word[0] == other[0])


def level_of(title: str) -> int | None:
    """The ISCED level that a degree's title speaks of, or None where it does not say ("MD", "JD")."""
    return next((level for level, words in LEVEL_WORDS.items() if words.search(title)), None)


def compare(credential: Credential) -> list[Row]:
    """The rows of the desk, in the order in which a reviewer looks."""
    rows = [_name(credential), _institution(credential), _country(credential), _mailbox(credential)]
    return rows if credential.kind == Credential.Kind.LICENCE else [rows[0], _level(credential), *rows[1:]]


def disagreements(credential: Credential, says: Mapping[str, Any]) -> list[str]:
    """The names of what somebody says (as in `Assertion.says`) that the claim has otherwise. Silence agrees."""
    known = credential.institution
    claimed: dict[str, Any] = {
        "level": credential.level,
        "field": credential.field.code,
        "institution": known.ror_id if known else None,
        "year": credential.year,
        "number": credential.number,
        "expires_on": credential.expires_on.isoformat() if credential.expires_on else None,
    }
    said = {name: value for name, value in says.items() if value not in (None, "")}
    wrong = [name for name, value in claimed.items() if name in said and str(said[name]) != str(value)]
    if "name" in said and compare_names(str(said["name"]), credential.name_on_document) == DIFFERS:
        wrong.append("name")
    return wrong


def _name(credential: Credential) -> Row:
    account = credential.expert.user.name
    return Row("Name", credential.name_on_document, account, compare_names(credential.name_on_document, account))


def _level(credential: Credential) -> Row:
    told = level_of(credential.title)
    claimed = DegreeLevel(credential.level).label
    if told is None:
        return Row("Level", claimed, f"“{credential.title}” does not say", UNKNOWN)
    return Row("Level", claimed, DegreeLevel(told).label, SAME if told == credential.level else DIFFERS)


def _institution(credential: Credential) -> Row:
    known = credential.institution
    if known is None:
        return Row("Institution", credential.institution_name, _perhaps(credential), UNKNOWN)
    same = credential.institution_name.casefold() == known.name.casefold()
    ended = story(known)
    verdict = UNKNOWN if ended else SAME if same else CLOSE
    return Row("Institution", credential.institution_name, f"{known.name}, {ended}" if ended else known.name, verdict)


def _perhaps(credential: Credential) -> str:
    """Whom the free text seems to mean, how sure we are and why."""
    meant, match = proposed(credential.institution_name, country_name(credential.country))
    if meant is None:
        return f"Not in our registry. {match.reason}."
    return f"Not chosen from our registry. Perhaps {meant} ({match.confidence:.0%}): {match.reason}."


def _country(credential: Credential) -> Row:
    known = credential.institution
    if known is None:
        return Row("Country", credential.country, "–", UNKNOWN)
    return Row("Country", credential.country, known.country, SAME if credential.country == known.country else DIFFERS)


def _mailbox(credential: Credential) -> Row:
    domain = credential.expert.user.email.rpartition("@")[2]
    domains = credential.institution.domains if credential.institution else []
    inside = any(domain == own or domain.endswith(f".{own}") for own in domains)
    return Row("E-mail domain", domain, ", ".join(domains) or "–", SAME if inside else UNKNOWN)
