"""What rots quietly: migrations that models have outgrown, templates that no longer compile, nameless commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands, load_command_class
from django.template.loader import get_template

APPS = {"accounts", "core", "experts", "marketplace", "payments", "projects", "tasks"}
TEMPLATES = sorted(
    path.relative_to(settings.BASE_DIR / "templates")
    for path in (settings.BASE_DIR / "templates").rglob("*")
    if path.suffix in {".html", ".txt"}
)


@pytest.mark.django_db
def test_models_and_migrations_say_the_same() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
def test_every_template_compiles(template: Path) -> None:
    get_template(str(template))


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
def test_templates_hold_nothing_that_the_content_policy_forbids(template: Path) -> None:
    text = (settings.BASE_DIR / "templates" / template).read_text()
    for forbidden in (" style=", "<style", "<script>", " onclick=", " onchange=", " onsubmit=", "hx-on", "javascript:"):
        assert forbidden not in text


@pytest.mark.django_db
def test_the_system_check_finds_nothing() -> None:
    call_command("check", fail_level="WARNING", verbosity=0)


@pytest.mark.parametrize("command", sorted(name for name, app in get_commands().items() if app in APPS))
def test_every_command_of_ours_says_what_it_is_for(command: str) -> None:
    assert load_command_class(get_commands()[command], command).help
