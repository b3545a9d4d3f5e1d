from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from experts.degrees import match


class Command(BaseCommand):
    help = "What degree titles say, one title a line in, one JSON object a line out. A level of null: it does not say."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--country", default="", help="where the degrees were awarded (ISO 3166-1 alpha-2)")

    def handle(self, *args: Any, **options: Any) -> None:
        for line in options["file"].read_text(encoding="utf-8").splitlines():
            found = match(line.strip(), options["country"].upper())
            told = {"text": line, "level": found.level, "title": found.title or None, "field": found.field or None}
            self.stdout.write(json.dumps({**told, "confidence": found.confidence}, ensure_ascii=False))
