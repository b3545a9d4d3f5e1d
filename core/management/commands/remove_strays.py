"""`manage.py remove_strays`: the nightly sweep of files that no row names, by hand."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.files import TooManyStrays, remove_strays


class Command(BaseCommand):
    help = "Remove uploaded and exported files that no row names and that are older than a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say which")
        parser.add_argument(
            "--force", action="store_true", help="also many at once, and ones younger than the newest event"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = remove_strays(dry_run=options["dry_run"], force=options["force"])
        except TooManyStrays as refusal:
            raise CommandError(f"{refusal} If they are none of a lost database's, say --force.") from refusal
        for name in found:
            self.stdout.write(name)
        self.stdout.write(f"{len(found)} {'to remove' if options['dry_run'] else 'removed'}.")
