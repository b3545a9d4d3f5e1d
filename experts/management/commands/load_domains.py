"""`manage.py load_domains FILE`: mail domains of institutions, and domains that prove nothing."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from experts.actions import load_domains
from experts.dumps import BrokenFile, opened, records


class Command(BaseCommand):
    help = (
        "Load a list of academic mail domains: Hipo's university-domains-list (universities.jsonl, or its JSON), or "
        "swot's domains.jsonl and lists.json (abused and stop-listed domains are refused as proof). Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with opened(options["file"]) as file:
                loaded = load_domains(reads=records(file))
        except (OSError, BrokenFile) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{loaded.read:,} records: {loaded.linked:,} domains linked, {loaded.refused:,} refused as proof, "
            f"{loaded.unknown:,} of institutions not in the registry, {loaded.bad:,} records skipped."
        )
