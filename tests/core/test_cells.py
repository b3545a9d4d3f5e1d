"""Every CSV file that we write is opened in a spreadsheet by somebody."""

from __future__ import annotations

import ast
import csv

import pytest

from core.cells import harmless, line
from tests.rules.house import modules, name_of, tree


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "－x", "-", "+49 30"]
)
def test_what_begins_like_a_formula_is_made_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    [row] = csv.reader([line(["a", text, 'said "no", twice'])])
    assert row == ["a", f"'{text}", 'said "no", twice']


@pytest.mark.parametrize("text", ["-1234.50", "-0.05", "1200", "+3", "", "Zoë", "a=b", "x@y.example", "2026-11-30"])
def test_figures_and_plain_words_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_a_line_ends_and_takes_what_is_no_text() -> None:
    assert line([1, -2, None, "a"]) == "1,-2,,a\r\n"


def test_nothing_else_writes_csv() -> None:
    """Whoever needs a file asks `core.cells`, so no writer can forget it."""
    found = {
        name_of(path)
        for path in modules()
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter"))
        or (isinstance(node, ast.ImportFrom) and node.module == "csv")
    }
    assert found == {"core/cells.py"}
