"""`manage.py load_register FILE`: licences of a board that has no API, from its CSV."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import Refused
from experts.actions import load_register


class Command(BaseCommand):
    help = "Load licences from a CSV: profession, place (US-CA), number, name, active (1 or 0), expires_on (ISO)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = load_register(path=options["file"])
        except (Refused, OSError, UnicodeDecodeError) as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"{count} licences")
