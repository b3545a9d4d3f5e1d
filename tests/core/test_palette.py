"""The colours hold what they promise, and the sheet on disk is the one they make."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from core import palette


def test_black_on_white_is_the_greatest_contrast_there_is() -> None:
    assert palette.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert palette.contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert palette.contrast("#777777", "#777777") == 1


def test_contrast_agrees_with_the_published_example() -> None:
    """#767676 is the well-known lightest grey that passes on white (4.54)."""
    assert round(palette.contrast("#767676", "#FFFFFF"), 2) == 4.54


def test_every_pair_that_is_drawn_can_be_read() -> None:
    assert palette.failures() == []
    assert len(list(palette.demands())) > 80


def test_a_colour_that_is_too_pale_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(palette.COLOURS, "muted", palette.Pair("#AAAAAA", "#B4B5AB"))
    broken = palette.failures()
    assert "light: muted on surface has 2.32, needs 4.5" in broken
    assert not any(line.startswith("dark") for line in broken)


def test_the_sheet_on_disk_is_written_from_the_palette() -> None:
    assert Path("static/css/tokens.css").read_text() == palette.stylesheet(), "run: make tokens"


def test_the_command_prints_or_writes_the_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["palette"])
    monkeypatch.delitem(sys.modules, "core.palette")
    runpy.run_module("core.palette", run_name="__main__")
    assert "--q-accent: light-dark(#0B6B5B, #54C7AF);" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["palette", str(tmp_path / "tokens.css")])
    runpy.run_module("core.palette", run_name="__main__")
    assert (tmp_path / "tokens.css").read_text() == palette.stylesheet()


def test_no_sheet_names_a_colour_or_a_token_of_its_own() -> None:
    """Colours live in the palette; a sheet may only use tokens that exist."""
    made = palette.stylesheet()
    for path in Path("static/css").glob("*.css"):
        if path.name == "tokens.css":
            continue
        used = {word.split(")")[0].split(",")[0].strip() for word in path.read_text().split("var(")[1:]}
        unknown = {name for name in used if name.startswith("--q-") and f"{name}:" not in made}
        assert not unknown, f"{path} uses {unknown}"
