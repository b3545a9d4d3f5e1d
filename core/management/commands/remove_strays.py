"""`manage.py remove_strays`: the nightly sweep of files that no row names, by hand."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core.files import remove_strays


class Command(BaseCommand):
    help = "Remove uploaded and exported files that no row names and that are older than a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say which")

    def handle(self, *args: Any, **options: Any) -> None:
        found = remove_strays(dry_run=options["dry_run"])
        for name in found:
            self.stdout.write(name)
        self.stdout.write(f"{len(found)} {'to remove' if options['dry_run'] else 'removed'}.")
