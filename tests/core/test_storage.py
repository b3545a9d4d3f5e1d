"""Static files: the font from its package, and hashed names that reach into our modules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import override_settings

from core.storage import FONT_PATH, MathFontFinder


def test_the_finder_yields_the_font_and_nothing_else() -> None:
    finder = MathFontFinder()
    assert finder.check() == []
    assert [name for name, _ in finder.list(None)] == ["STIXTwoMath-Regular.ttf"]
    assert Path(finder.find(FONT_PATH)).stat().st_size > 1_000_000
    assert finder.find(FONT_PATH, find_all=True) == [finder.find(FONT_PATH)]
    assert finder.find("fonts/__init__.py") == []
    assert finder.find("fonts/__init__.py", find_all=True) == []


def test_pages_find_the_font_where_the_sheet_looks_for_it() -> None:
    assert FONT_PATH in Path("static/css/math.css").read_text()
    assert finders.find(FONT_PATH)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything collected as for production, once."""
    root = tmp_path_factory.mktemp("static")
    storages: dict[str, Any] = {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "core.storage.StaticStorage"},
    }
    with override_settings(STATIC_ROOT=root, STORAGES=storages, DEBUG=False):
        call_command("collectstatic", interactive=False, verbosity=0)
    return root


def test_imports_of_our_modules_carry_hashed_names(collected: Path) -> None:
    [app] = collected.glob("js/app.????????????.js")
    imports = re.findall(r"""(?:from|import\()\s*["']\./([^"']+)["']""", app.read_text())
    assert len(imports) >= 10
    for name in imports:
        assert re.fullmatch(r"[a-z]+\.[0-9a-f]{12}\.js", name), name
        assert (collected / "js" / name).exists()


def test_a_module_is_loaded_under_one_name_only(collected: Path) -> None:
    """toast.js imported under two names would be two toasts."""
    names = {
        name
        for module in collected.glob("js/*.????????????.js")
        for name in re.findall(r"""["']\./(toast\.[^"']+)["']""", module.read_text())
    }
    assert len(names) == 1


def test_scripts_of_other_packages_are_left_as_they_are(collected: Path) -> None:
    for script in collected.glob("django_htmx/*-2.min.????????????.js"):
        plain = script.with_name(re.sub(r"\.[0-9a-f]{12}\.js$", ".js", script.name))
        assert script.read_bytes() == plain.read_bytes()


def test_sheets_name_the_hashed_font_and_are_compressed(collected: Path) -> None:
    [math] = collected.glob("css/math.????????????.css")
    [font] = collected.glob("fonts/STIXTwoMath-Regular.????????????.ttf")
    assert font.name in math.read_text()
    assert math.with_name(math.name + ".gz").exists()
