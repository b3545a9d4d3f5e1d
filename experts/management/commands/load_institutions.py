"""`manage.py load_institutions FILE`: the registry of institutions from a dump of ROR."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from experts.actions import Loaded, load_institutions
from experts.actions.institutions import BusyLoading
from experts.dumps import BrokenFile, opened, records


class Command(BaseCommand):
    help = (
        "Load institutions from a dump of ROR (schema 2: .json, .jsonl, or the .zip that ROR ships). "
        "Safe to repeat: what did not change is left alone, what ROR withdrew is marked, nothing is deleted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        self.started, self.told = time.monotonic(), 0
        try:
            with opened(options["file"]) as file:
                loaded = load_institutions(reads=records(file), said=self.progress)
        except (OSError, BrokenFile, BusyLoading) as error:
            raise CommandError(str(error)) from error
        self.complain(loaded)
        if loaded.new or loaded.changed:
            self.stdout.write(self.summary(loaded))
        else:
            self.stdout.write(f"Nothing changed: {loaded.known:,} of {loaded.read:,} records were known already.")

    def progress(self, loaded: Loaded) -> None:
        self.complain(loaded)
        self.stdout.write(f"{self.summary(loaded)} ({loaded.read / (time.monotonic() - self.started):,.0f} a second)")

    def complain(self, loaded: Loaded) -> None:
        """Of the bad records that were not told yet."""
        for number, field, reason in loaded.bad[self.told :]:
            self.stderr.write(f"Record {number}, {field}: {reason}. Skipped.")
        self.told = len(loaded.bad)

    def summary(self, loaded: Loaded) -> str:
        counts = f"{loaded.new:,} new, {loaded.changed:,} changed, {loaded.known:,} as before"
        return f"{loaded.read:,} records: {counts}, {len(loaded.bad):,} skipped."
