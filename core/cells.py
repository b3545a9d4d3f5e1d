"""Lines of the CSV files that we write, harmless in a spreadsheet. Pure; nothing else writes CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Final

_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_FIGURE: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


class _Echo:
    """A file that hands back what is written to it: the writer returns each row as a line."""

    def write(self, text: str) -> str:
        return text


_WRITER: Final = csv.writer(_Echo())


def line(cells: Iterable[object]) -> str:
    """One row as text, its end included. Figures stay figures; whatever else begins like a formula is made text."""
    written: str = _WRITER.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return written


def harmless(text: str) -> str:
    """A cell that begins like a formula would be run by a spreadsheet (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_STARTS) and not _FIGURE.fullmatch(text) else text
