"""Files of JSON records, read one record at a time however large they are. Pure.

Three shapes: one JSON array, JSON Lines, and the .zip in which ROR ships its array.
"""

from __future__ import annotations

import codecs
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

PIECE: Final = 2**18  # bytes read at once
LONGEST: Final = 2**23  # characters: no record is longer, so what is still incomplete then is broken


class BrokenFile(Exception):
    """The file cannot be read any further."""


class Read(NamedTuple):
    """The `number`-th record of the file, from 1: its `value`, or the words for why it is no JSON."""

    number: int
    value: Any
    fault: str = ""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, or of a .zip the JSON file inside, ROR's schema 2 before others. Raises BrokenFile, OSError."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        names = sorted(
            (name for name in archive.namelist() if name.endswith((".json", ".jsonl"))),
            key=lambda name: ("v2" not in name, name),
        )
        if not names:
            raise BrokenFile("There is no .json file in this archive.")
        with archive.open(names[0]) as member:
            yield member  # type: ignore[misc]  # reads bytes, which is all that is asked of it


def records(file: BinaryIO) -> Iterator[Read]:
    """Every record; one object over several lines is one. A broken line of JSON Lines is one bad record.

    Raises BrokenFile at the first fault of an array or of that one object.
    """
    text = _Text(file)
    text.skip("\ufeff")
    if text.skip("["):
        yield from _array(text)
    elif text.there:
        yield from _one(text) if text.opens_alone() else _lines(text)


class _Text:
    """What is left of the file, as much of it as is needed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._held, self._at, self._whole = "", 0, False
        self._more()

    def _more(self) -> bool:
        """Whether there was more."""
        if self._whole:
            return False
        try:
            piece = self._file.read(PIECE)
            self._whole = not piece
            text = self._decoder.decode(piece, final=self._whole)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise BrokenFile(f"The archive is damaged: {error}") from error
        except UnicodeDecodeError as error:
            raise BrokenFile("The file is not UTF-8.") from error
        self._held, self._at = self._held[self._at :] + text, 0
        return True

    @property
    def there(self) -> bool:
        """Whether anything but white space is left; moves up to it."""
        while True:
            while self._at < len(self._held) and self._held[self._at].isspace():
                self._at += 1
            if self._at < len(self._held):
                return True
            if not self._more():
                return False

    def skip(self, sign: str) -> bool:
        """Whether the next thing is this sign; if so it is behind us."""
        if not (self.there and self._held[self._at] == sign):
            return False
        self._at += 1
        return True

    def value(self) -> Any:
        """The next JSON value. Raises ValueError."""
        while self.there:
            try:
                found, self._at = _DECODER.raw_decode(self._held, self._at)
            except ValueError:
                if len(self._held) - self._at > LONGEST or not self._more():
                    raise
            else:
                return found
        raise ValueError("the file ends here")

    def opens_alone(self) -> bool:
        """Whether a brace comes next and then the end of its line."""
        return self.there and self.line(keep=True).strip() == "{"

    def line(self, *, keep: bool = False) -> str:
        """`keep`: it stays what comes next."""
        while (end := self._held.find("\n", self._at)) < 0 and len(self._held) - self._at < LONGEST and self._more():
            pass
        end = len(self._held) if end < 0 else end
        line = self._held[self._at : end]
        self._at = self._at if keep else end
        return line


_DECODER = json.JSONDecoder()


def _array(text: _Text) -> Iterator[Read]:
    number = 0
    more = not text.skip("]")
    while more:
        number += 1
        try:
            value = text.value()
        except (ValueError, RecursionError) as error:
            raise BrokenFile(f"Record {number} and what follows cannot be read: {error}") from error
        yield Read(number, value)
        more = text.skip(",")
        if not more and not text.skip("]"):
            raise BrokenFile(f"After record {number} neither a comma nor the end of the array follows.")
    if text.there:
        raise BrokenFile("There is more after the end of the array.")


def _one(text: _Text) -> Iterator[Read]:
    try:
        yield Read(1, text.value())
    except (ValueError, RecursionError) as error:
        raise BrokenFile(f"The file cannot be read: {error}") from error
    if text.there:
        raise BrokenFile("There is more after the end of the object.")


def _lines(text: _Text) -> Iterator[Read]:
    number = 0
    while text.there:
        number += 1
        try:
            yield Read(number, json.loads(text.line()))
        except (ValueError, RecursionError) as error:
            yield Read(number, None, f"This line is no JSON: {error}")
