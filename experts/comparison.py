"""The claim beside what else we know, for the eyes of ops. Pure: it advises, people decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.forms import country_name
from experts import degrees, naming
from experts.models import Credential, DegreeLevel, Institution
from experts.registry import proposed, story

SAME, CLOSE, DIFFERS, UNKNOWN = "same", "close", "differs", "unknown"
VERDICTS = {naming.SAME: SAME, naming.LIKELY: CLOSE, naming.DIFFERS: DIFFERS}


@dataclass(frozen=True)
class Row:
    """One line of the desk's table: what is claimed, what it is held against, and how they compare."""

    label: str
    claimed: str
    known: str
    verdict: str
    words: str = ""  # what was compared, where that does not show
    meant: Institution | None = None  # by free text, as far as we can tell


def compare_names(one: str, other: str) -> str:
    """Whether both may be one person's: the same, close by some custom of names, or they differ."""
    return VERDICTS[naming.compare(one, other).verdict]


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
    expert = credential.expert
    found = naming.compare(credential.name_on_document, expert.user.name, expert.former_names)
    return Row("Name", credential.name_on_document, expert.user.name, VERDICTS[found.verdict], found.words)


def _level(credential: Credential) -> Row:
    """Against the title, as it is meant in the country. A title that says nothing is not judged."""
    told = degrees.match(credential.title, credential.country)
    claimed = DegreeLevel(credential.level).label
    if told.level is None:
        return Row("Level", claimed, f"“{credential.title}” does not say", UNKNOWN, told.why)
    known = "Below a bachelor's" if told.too_low else DegreeLevel(told.level).label
    return Row("Level", claimed, known, SAME if told.level == credential.level else DIFFERS, told.why)


def _institution(credential: Credential) -> Row:
    known = credential.institution
    if known is None:
        return _perhaps(credential)
    same = credential.institution_name.casefold() == known.name.casefold()
    ended = story(known)
    verdict = UNKNOWN if ended else SAME if same else CLOSE
    return Row("Institution", credential.institution_name, f"{known.name}, {ended}" if ended else known.name, verdict)


def _perhaps(credential: Credential) -> Row:
    """Whom the free text seems to mean, how sure we are and why."""
    meant, match = proposed(credential.institution_name, country_name(credential.country))
    known = f"Not in our registry. {match.reason}."
    if meant is not None:
        known = f"Not chosen from our registry. Perhaps {meant} ({match.confidence:.0%}): {match.reason}."
    return Row("Institution", credential.institution_name, known, UNKNOWN, meant=meant)


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
