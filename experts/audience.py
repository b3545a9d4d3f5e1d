"""Files of people to invite, read and judged row by row, and the addresses in them. Pure.

A file is CSV in UTF-8 with the columns of COLUMNS, separated by commas or semicolons. It is taken whole or not at all.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, Final

from core.errors import Fault
from experts.degrees import match
from experts.fields import field_called, labels

COLUMNS: Final = ("name", "email", "field", "degree", "consent", "consent_date", "source")
CONSENTS: Final = ("consent", "request")  # agreed to be written to; asked us to write
MAX_BYTES: Final = 2 * 1024 * 1024
MAX_ROWS: Final = 5_000
MAX_FAULTS: Final = 200  # as many are told at once
LONGEST: Final = {"name": 120, "source": 120, "email": 254}  # characters
LEVELS: Final = {"6": 6, "7": 7, "8": 8}
FIRST_DAY: Final = date(2000, 1, 1)

LOCAL = re.compile(r"[a-z0-9_](?:[a-z0-9_.+'&-]{0,62}[a-z0-9_+'&-])?")  # what is in use of RFC 5321's
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
FORMULA = ("=", "+", "-", "@")  # what a spreadsheet would run


@dataclass(frozen=True)
class Row:
    """One person. `field`: ISCED-F code or ""; `degree`: ISCED level or 0; `consent`: one of CONSENTS."""

    number: int  # from 1, the head not counted
    name: str
    email: str  # as `address` writes it
    field: str
    degree: int
    consent: str
    consent_date: date
    source: str


@dataclass
class Read:
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)  # address → the row where it stands first


class Unfit(Exception):
    """A cell is no good; the words say why."""


def address(text: str) -> str:
    """`Emil@Bücher.example` → `emil@xn--bcher-kva.example`. Raises Unfit."""
    local, at, domain = text.strip().lower().rpartition("@")
    if not at or len(text) > LONGEST["email"]:
        raise Unfit("This is no e-mail address.")
    if not local.isascii():
        raise Unfit("We cannot write to an address with letters outside A to Z before the @.")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        raise Unfit("This is no e-mail address.") from None
    if ".." in local or not LOCAL.fullmatch(local) or not DOMAIN.fullmatch(domain):
        raise Unfit("This is no e-mail address.")
    return f"{local}@{domain}"


def digest(email: str) -> str:
    """What stands for an address (as `address` writes it) once the address itself is gone."""
    return sha256(f"quorum audience {email}".encode()).hexdigest()


def read(content: bytes, today: date) -> Read:
    """Every row or every fault, at most MAX_FAULTS of them."""
    found = Read()
    try:
        if len(content) > MAX_BYTES:
            raise Unfit(f"A file has at most {MAX_BYTES // 2**20} MB.")
        text = content.decode("utf-8-sig")
        for number, cells in enumerate(_records(text), start=1):
            if number > MAX_ROWS:
                raise Unfit(f"A file has at most {MAX_ROWS:,} rows.")
            _take(found, number, cells, today)
            if len(found.faults) >= MAX_FAULTS:
                break
        if not found.rows and not found.faults:
            raise Unfit("This file has no rows.")
    except UnicodeDecodeError:
        found.faults = [Fault("The file is not UTF-8. Save it as “CSV UTF-8”.")]
    except (Unfit, csv.Error) as problem:
        found.faults = [Fault(str(problem))]
    return Read(faults=found.faults) if found.faults else found


def _records(text: str) -> Iterator[dict[str, str]]:
    """Each row by its columns; blank lines are none."""
    head_line = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in head_line else ",", strict=True)
    head = [cell.strip().lower() for cell in next(reader, [])]
    missing, unknown = [name for name in COLUMNS if name not in head], [name for name in head if name not in COLUMNS]
    if missing or unknown or len(head) != len(COLUMNS):
        told = [f"Missing: {', '.join(missing)}."] * bool(missing) + [f"Unknown: {', '.join(unknown)}."] * bool(unknown)
        raise Unfit(" ".join([f"The first line names the columns {', '.join(COLUMNS)}, each once.", *told]))
    for cells in reader:
        if any(cell.strip() for cell in cells):
            if len(cells) > len(head):
                raise Unfit(f"A row has more cells than the first line: {reader.line_num} lines were read.")
            yield {**dict.fromkeys(COLUMNS, ""), **dict(zip(head, map(str.strip, cells), strict=False))}


def _take(found: Read, number: int, cells: dict[str, str], today: date) -> None:
    """Add the row, or what is wrong with it."""
    good: dict[str, Any] = {}
    faults = []
    for name, cell in CELLS.items():
        try:
            good[name] = cell(cells[name])
        except Unfit as problem:
            faults.append(Fault(str(problem), name, number))
    if not FIRST_DAY <= good.get("consent_date", today) <= today:
        faults.append(Fault("A consent was given between 2000 and today.", "consent_date", number))
    if "email" in good and (first := found.seen.setdefault(good["email"], number)) != number:
        faults.append(Fault(f"The same address stands in row {first}.", "email", number))
    found.faults += faults
    if not faults:
        found.rows.append(Row(number, **good))


# --- Cells ------------------------------------------------------------------------------------------------------------


def _words(text: str, longest: int) -> str:
    """Words that go into a letter and perhaps into a spreadsheet: nothing hidden, nothing that runs, no links."""
    if not text:
        raise Unfit("This is missing.")
    if len(text) > longest:
        raise Unfit(f"This is longer than {longest} characters.")
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for sign in text):
        raise Unfit("There are line breaks or hidden characters in it.")
    if text.startswith(FORMULA):
        raise Unfit("A spreadsheet would take this for a formula.")
    return text


def _name(text: str) -> str:
    name = _words(text, LONGEST["name"])
    if re.search(r"[/@<>\\]|www\.", name.lower()):
        raise Unfit("This is no name of a person.")
    return name


def _source(text: str) -> str:
    return _words(text, LONGEST["source"])


def _field(text: str) -> str:
    code = text if not text or text in labels() else field_called(text)
    if text and not code:
        raise Unfit("This is no field that we know. Write a code of ISCED-F, or its name.")
    return code


def _level(text: str) -> int:
    level = LEVELS.get(text) or (match(text).level if text else 0)
    if text and level not in LEVELS.values():
        raise Unfit("This is no degree that we know. Write 6, 7 or 8 of ISCED, or a title.")
    return level or 0


def _consent(text: str) -> str:
    if text.lower() not in CONSENTS:
        raise Unfit("Nobody is written to without consent. Write “consent” or “request”, or leave this person out.")
    return text.lower()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unfit("Write the day of the consent as 2026-11-25.") from None


CELLS: Final[dict[str, Callable[[str], object]]] = {
    "name": _name,
    "email": address,
    "field": _field,
    "degree": _level,
    "consent": _consent,
    "consent_date": _day,
    "source": _source,
}
