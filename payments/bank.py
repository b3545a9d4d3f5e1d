"""Bank details and the files that ops exchange with their bank. Pure: text in, plain values and faults out.

The file out has a line for each transfer and four empty columns. Filled in, as a whole or in part, the same file
comes back in; only `line` and those columns are read, and `amount`, which must not have changed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from core import cells
from core.errors import Fault, Invalid

DETAILS: Final = ("holder", "account", "code", "bank")
ANSWER: Final = ("result", "reference", "date", "reason")
HEAD: Final = ("line", "batch", "amount", "currency", "country", *DETAILS, "text", *ANSWER)
MOST_BYTES: Final = 2_000_000
LONGEST_CELL: Final = 100_000
LONGEST: Final = {"reference": 140, "reason": 300}
RESULTS: Final = ("paid", "failed")

_ACCOUNT: Final = re.compile(r"[A-Z0-9]{4,34}")
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_CODE: Final = re.compile(r"[A-Z0-9]{3,20}")


@dataclass(frozen=True)
class Told:
    """What the bank made of one line. `row` counts from 1 below the head; `on` and `reference` belong to "paid"."""

    row: int
    line: str
    result: str
    reference: str
    on: date | None
    reason: str
    amount: str  # as the file has it; empty where it does not say


def tidy(given: Mapping[str, str]) -> dict[str, str]:
    """The details as they are kept: numbers without blanks, hyphens and dots. Raises Invalid with a fault a field."""
    details = {name: " ".join(given.get(name, "").split()) for name in DETAILS}
    for name in ("account", "code"):
        details[name] = re.sub(r"[\s.-]", "", details[name]).upper()
    faults = []
    if not details["holder"]:
        faults.append(Fault("Say whose account it is, as the bank writes the name.", "holder"))
    if not _ACCOUNT.fullmatch(details["account"]):
        faults.append(Fault("An account number has 4 to 34 letters and digits.", "account"))
    elif _IBAN.fullmatch(details["account"]) and not _iban_adds_up(details["account"]):
        faults.append(Fault("This IBAN is mistyped: its check digits do not fit.", "account"))
    if not _CODE.fullmatch(details["code"]):
        faults.append(Fault("A SWIFT/BIC or national bank code has 3 to 20 letters and digits.", "code"))
    if not details["bank"]:
        faults.append(Fault("Name the bank.", "bank"))
    faults += [Fault("At most 140 characters.", name) for name in ("holder", "bank") if len(details[name]) > 140]
    if faults:
        raise Invalid("These bank details cannot be used.", faults=tuple(faults))
    return details


def _iban_adds_up(iban: str) -> bool:
    """ISO 7064, mod 97-10."""
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def written(rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """The file out, line by line."""
    yield cells.line(HEAD)
    for row in rows:
        yield cells.line(row.get(name, "") for name in HEAD)


def read(content: bytes) -> list[Told]:
    """What a file from the bank says; rows without a result say nothing yet. Raises Invalid naming rows and fields."""
    if len(content) > MOST_BYTES:
        raise Invalid("This file is too large.", faults=(Fault("At most 2 MB.", "file"),))
    try:
        text = content.decode("utf-8-sig")
        csv.field_size_limit(LONGEST_CELL)  # of the whole process: an import may have asked for more
        table = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in text.split("\n", 1)[0] else ",")
        rows = [{name: (row.get(name) or "").strip() for name in HEAD} for row in table]
    except UnicodeDecodeError:
        raise Invalid("This file is not UTF-8 text.", faults=(Fault("Save it as CSV in UTF-8.", "file"),)) from None
    except csv.Error as error:
        raise Invalid(f"The file cannot be read: {error}.", faults=(Fault("Not CSV.", "file"),)) from None
    if "\0" in text:
        raise Invalid("This file is not text.", faults=(Fault("Save it as CSV in UTF-8.", "file"),))
    missing = [name for name in ("line", *ANSWER) if name not in (table.fieldnames or ())]
    if missing:
        faults = tuple(Fault("This column is missing.", name) for name in missing)
        raise Invalid(f"The file lacks the column {missing[0]}.", faults=faults)
    return understood(rows)


def understood(rows: Iterable[Mapping[str, str]]) -> list[Told]:
    """Each row's words as facts, all or none. Raises Invalid naming rows and fields."""
    told: list[Told] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        result = row["result"].lower()
        if not result and not any(row[name] for name in ANSWER):
            continue
        on = _date(row["date"])
        told.append(Told(number, row["line"], result, row["reference"], on, row["reason"], row.get("amount", "")))
        faults += [Fault(words, field, number) for field, words in _faults(row, result, on, seen)]
        seen.add(row["line"])
    if faults:
        raise Invalid(f"{len(faults)} things must be put right; nothing was booked.", faults=tuple(faults))
    return told


def _faults(row: Mapping[str, str], result: str, on: date | None, seen: set[str]) -> Iterator[tuple[str, str]]:
    if row["line"] in seen:
        yield "line", "This line stands in the file twice."
    if result not in RESULTS:
        yield "result", "Say paid or failed."
    if result == "paid" and not row["reference"]:
        yield "reference", "Give the bank's reference."
    if result == "paid" and on is None:
        yield "date", "Give the day as 2026-11-30."
    if result == "failed" and not row["reason"]:
        yield "reason", "Say why, in words that the expert reads."
    for name, longest in LONGEST.items():
        if len(row[name]) > longest:
            yield name, f"At most {longest} characters."


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
