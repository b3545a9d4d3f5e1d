"""Modules stay small enough to be read in one sitting."""

from __future__ import annotations

from statistics import median, quantiles

from tests.rules.house import modules, name_of


def test_module_sizes() -> None:
    lines = {name_of(path): len(path.read_text().splitlines()) for path in modules()}
    sizes = [count for count in lines.values() if count]
    assert {name: count for name, count in lines.items() if count > 500} == {}
    assert median(sizes) <= 110
    assert quantiles(sizes, n=10)[-1] <= 300
