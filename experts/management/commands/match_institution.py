"""`manage.py match_institution FILE`: affiliations, one a line, to ROR ids, as JSON lines."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from experts.affiliations import Index, Place
from experts.dumps import BrokenFile, opened, records
from experts.registry import place_of, whole_index
from experts.ror import BadRecord, entry_of


class Command(BaseCommand):
    help = (
        "Match affiliations (one a line) to institutions. Writes a JSON line for each: text, ror_id or null, "
        "confidence (0 to 1), reason. The registry is the database's, or with --registry that of a file."
    )

    requires_system_checks: list[str] = []  # noqa: RUF012 Django's own declaration; a file's registry needs no database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--registry", type=Path, help="a file that load_institutions could load")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open(encoding="utf-8", errors="replace") as file:
                index = Index(self.places(options["registry"])) if options["registry"] else whole_index()
                for line in file:
                    text = line.strip("\r\n")
                    told = {"text": text, **index.match(text)._asdict()}
                    self.stdout.write(json.dumps(told, ensure_ascii=False))
        except (OSError, BrokenFile) as error:
            raise CommandError(str(error)) from error

    def places(self, path: Path) -> Iterator[Place]:
        with opened(path) as file:
            for number, value, fault in records(file):
                try:
                    if fault:
                        raise BadRecord("record", fault)
                    entry = entry_of(value)
                except BadRecord as bad:
                    self.stderr.write(f"Record {number}, {bad.field}: {bad.reason}. Skipped.")
                    continue
                if entry.status != "withdrawn":
                    yield place_of(entry)
