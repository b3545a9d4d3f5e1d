"""Nothing sleeps: a test waits for the thing itself, so it is neither slower than the thing nor too early for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.house import ROOT, name_of, tree

SLEEPS = {"sleep", "wait_for_timeout"}  # the second is Playwright's


def naps(module: ast.Module) -> Iterator[int]:
    """The lines that call or import something that only lets time pass."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            if called in SLEEPS:
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and SLEEPS & {alias.name for alias in node.names}:
            yield node.lineno


def every_test() -> list[Path]:
    return sorted((ROOT / "tests").rglob("*.py"))


def test_no_test_sleeps() -> None:
    assert [f"{name_of(path)}:{line}" for path in every_test() for line in naps(tree(path))] == []


@pytest.mark.parametrize(
    "line", ["time.sleep(0.1)", "asyncio.sleep(1)", "page.wait_for_timeout(5)", "from time import sleep as nap"]
)
def test_a_sleep_would_be_found(line: str) -> None:
    assert [*naps(ast.parse(line))] == [1]
