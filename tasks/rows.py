"""Reading an uploaded file of tasks, row by row, whatever is in it. Pure: no database, no Django.

JSON Lines: one object a line, UTF-8. CSV: a header, comma-separated, quoted as RFC 4180 says, UTF-8. Both may carry
`external_id` (text, the lab's own) and `priority` (integer, smaller first) beside what the kind of work needs.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isinf
from typing import Any, BinaryIO, Final

from core.errors import Fault
from core.nesting import deeper_than

Json = dict[str, Any]

MAX_LINE: Final = 2 * 1024 * 1024
"""Bytes of one line. Longer ones are read past, never into memory."""
MAX_DEPTH: Final = 32
"""How deep JSON may be nested."""
TOO_DEEP: Final = f"The JSON is nested deeper than {MAX_DEPTH} levels."
MAX_ROWS: Final = 1_000_000
MAX_EXTERNAL_ID: Final = 120
BESIDE: Final = ("external_id", "priority")
PRIORITIES: Final = range(-(2**31), 2**31)

FromCsv = Callable[[Mapping[str, str]], Json]


@dataclass
class Row:
    """One row of the file: what it says, or what is wrong with it. `number` counts from 1, without a CSV header."""

    number: int
    payload: Json = field(default_factory=dict)
    external_id: str = ""
    priority: int = 0
    faults: list[Fault] = field(default_factory=list)

    def blame(self, message: str, field: str = "") -> Row:
        self.faults.append(Fault(message, field, self.number))
        return self


class Unreadable(Exception):
    """The rest of the file cannot be split into rows. The message says where and why."""


def read(file: BinaryIO, format: str, from_csv: FromCsv) -> Iterator[Row]:
    """Every row of `file` (`jsonl` or `csv`), good or bad, in order, in constant memory. Raises Unreadable."""
    rows = read_jsonl(file) if format == "jsonl" else read_csv(file, from_csv)
    for row in rows:
        if row.number > MAX_ROWS:
            raise Unreadable(f"A file may have {MAX_ROWS:,} rows; this one has more.")
        yield row


def read_jsonl(file: BinaryIO) -> Iterator[Row]:
    """Blank lines are skipped, but counted: the row number is the line number in an editor."""
    for number, line in enumerate(_lines(file), start=1):
        row = Row(number)
        if line is None:
            yield row.blame(f"The line is longer than {MAX_LINE:,} bytes.")
        elif text := _decode(row, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip():
            yield _from_object(row, text)
        elif row.faults:
            yield row


def _from_object(row: Row, text: str) -> Row:
    try:
        found = _DECODER.decode(text)
    except RecursionError:
        return row.blame(TOO_DEEP)
    except ValueError as error:
        return row.blame(f"Not JSON: {str(error)[:120]}")
    if not isinstance(found, dict):
        return row.blame("Expected a JSON object: {…}.")
    if _deeper(found, text):
        return row.blame(TOO_DEEP)
    return _take(row, found, plain="\\u" not in text)


def read_csv(file: BinaryIO, from_csv: FromCsv) -> Iterator[Row]:
    """Cells are text; `from_csv` makes a payload of them. A cell that looks like a formula is a text like any other."""
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(_text_lines(file), strict=True)
    header = [name.strip() for name in _next_record(reader) or []]
    if not any(header):
        raise Unreadable("The file is empty: the first line must name the columns.")
    if len(set(header)) < len(header) or "" in header:
        raise Unreadable("Each column needs a name, and each name may stand once.")
    number = 0
    while (cells := _next_record(reader)) is not None:
        if cells:
            number += 1
            yield _from_cells(Row(number), header, cells, from_csv)


def _from_cells(row: Row, header: list[str], cells: list[str], from_csv: FromCsv) -> Row:
    if len(cells) != len(header):
        return row.blame(f"The row has {len(cells)} cells, the header has {len(header)}.")
    if any("\udc80" <= sign <= "\udcff" for cell in cells for sign in cell if sign > "\ud7ff"):
        return row.blame("Not UTF-8 text.")
    named = dict(zip(header, cells, strict=True))
    external_id, priority = named.pop("external_id", ""), named.pop("priority", "") or "0"
    if not _WHOLE.fullmatch(priority):
        return row.blame("Expected a whole number.", "priority")
    try:
        payload = from_csv(named)  # a cell may hold JSON
    except RecursionError:
        return row.blame(TOO_DEEP)
    if _deeper(payload, "".join(cells)):
        return row.blame(TOO_DEEP)
    return _take(row, {**payload, "external_id": external_id, "priority": int(priority)})


_WHOLE: Final = re.compile(r"\s*-?[0-9]{1,10}\s*")


def _take(row: Row, found: Json, *, plain: bool = False) -> Row:
    """Split what belongs to the task from what belongs to its payload, and refuse what PostgreSQL cannot keep.

    `plain`: decoded by _DECODER from a text without Unicode escapes, which cannot say such a thing.
    """
    external_id, priority = found.pop("external_id", ""), found.pop("priority", 0)
    if isinstance(external_id, int) and not isinstance(external_id, bool):
        external_id = str(external_id)
    if not isinstance(external_id, str) or len(external_id) > MAX_EXTERNAL_ID:
        row.blame(f"Expected text of at most {MAX_EXTERNAL_ID} characters.", "external_id")
    elif not isinstance(priority, int) or isinstance(priority, bool) or priority not in PRIORITIES:
        row.blame("Expected a whole number.", "priority")
    else:
        row.external_id, row.priority = external_id, priority
        row.payload = found
        if not plain:
            _refuse_unstorable(row)
    return row


def _refuse_unstorable(row: Row) -> None:
    try:
        text = canonical([row.external_id, row.payload])
        text.encode()
    except ValueError:  # also UnicodeEncodeError: half of a surrogate pair
        row.blame("Infinite numbers and broken Unicode escapes cannot be kept.")
        return
    if "\\u0000" in text and _NULL_ESCAPED.search(text):
        row.blame("Null characters cannot be kept.")


_NULL_ESCAPED: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""A null as JSON writes it; an escaped backslash before `u0000` is a text that only speaks of one."""


def canonical(value: Any) -> str:
    """JSON in one line with sorted keys, as stored and hashed. Raises ValueError for NaN and Infinity."""
    return _CANONICAL.encode(value)


def sha256_of(payload: Json) -> str:
    """Hex digest of a payload, whatever the order of its keys."""
    return digest(canonical(payload).encode())


def digest(canonical_bytes: bytes) -> str:
    return hashlib.sha256(canonical_bytes).hexdigest()


_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Lines without their ends; None for one that is too long, the rest of which is read past."""
    readline = file.readline  # Django's files look theirs up anew for every line
    while line := readline(MAX_LINE + 1):
        if len(line) <= MAX_LINE:
            yield line.rstrip(b"\r\n")
            continue
        while line and not line.endswith(b"\n"):
            line = readline(MAX_LINE)
        yield None


def _text_lines(file: BinaryIO) -> Iterator[str]:
    """Lines with their ends, for the csv module. What is not UTF-8 stays as lone surrogates, to be told by row."""
    first = True
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise Unreadable(f"A line is longer than {MAX_LINE:,} bytes.")
        if first:
            line, first = line.removeprefix(b"\xef\xbb\xbf"), False
        yield line.decode(errors="surrogateescape")


def _next_record(reader: Any) -> list[str] | None:
    try:
        record: list[str] | None = next(reader, None)
    except csv.Error as error:
        raise Unreadable(f"Line {reader.line_num}: {error}. Is a quotation mark missing or not doubled?") from error
    return record


def _decode(row: Row, line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        row.blame(f"Not UTF-8 text, from byte {error.start + 1} of the line.")
        return ""


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON.")


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise ValueError(f"{digits[:20]} is too large a number.")
    return number


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
"""Made once: `json.loads` with the same wishes makes one for each row, which costs as much as the row."""


def _deeper(value: Any, text: str) -> bool:
    """Is `value` nested deeper than allowed? Counting brackets first spares almost every row the walk."""
    return text.count("{") + text.count("[") > MAX_DEPTH and deeper_than(value, MAX_DEPTH)
