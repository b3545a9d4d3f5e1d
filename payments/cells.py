"""Cells of the CSV files that we write. Pure."""

from __future__ import annotations


def harmless(text: str) -> str:
    """A cell that begins like a formula would be run by a spreadsheet (OWASP, CSV injection)."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
