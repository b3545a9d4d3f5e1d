"""Docs are complete: generated pages are fresh, every setting, kind and command is written down."""

from __future__ import annotations

import re

import pytest

from marketplace.reference import PAGES
from projects.kinds import KINDS
from tests.rules.house import ROOT

ENVIRONMENT = re.compile(r"""env\.\w+\(\s*"([A-Z0-9_]+)\"""")


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_fresh(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name](), "run: python manage.py write_reference"


def test_every_setting_is_documented() -> None:
    read = set(ENVIRONMENT.findall((ROOT / "marketplace/settings.py").read_text()))
    told = set(re.findall(r"^\| `([A-Z0-9_]+)`", (ROOT / "docs/settings.md").read_text(), re.M))
    assert read == told


def test_every_kind_is_documented() -> None:
    text = (ROOT / "docs/kinds.md").read_text()
    assert [kind.slug for kind in KINDS if f"`{kind.slug}`" not in text] == []


def test_every_make_target_is_in_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = set(" ".join(re.findall(r"^\.PHONY:(.*)$", makefile, re.M)).split())
    told = set(re.findall(r"^([a-z-]+):.*?## ", makefile, re.M))
    assert {"run", "test", "check", "bench", "chaos", "contracts", "reset"} <= told
    assert phony - told <= {"venv"}


def test_decisions_are_short() -> None:
    assert {path.name for path in (ROOT / "docs/adr").glob("*.md") if len(path.read_text().splitlines()) > 30} == set()


@pytest.mark.parametrize("document", ["README.md", *sorted(p.name for p in (ROOT / "docs").glob("*.md"))])
def test_links_between_pages_lead_somewhere(document: str) -> None:
    path = ROOT / document if document == "README.md" else ROOT / "docs" / document
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
