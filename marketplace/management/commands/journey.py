"""`manage.py journey`: the whole loop on real rows against the running product (`make run` in another terminal)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from marketplace.demo.money import sandbox_is_here
from marketplace.journey import material
from marketplace.journey.run import journey


class Command(BaseCommand):
    help = "Takes public data sets through the whole loop over HTTP and accounts for every cent."

    def add_arguments(self, parser: CommandParser) -> None:
        beside = settings.BASE_DIR.parent / "shared" / "data"
        parser.add_argument("--data", type=Path, default=beside, help="Folder of the data sets.")
        parser.add_argument("--limit", type=int, help="Rows for each of the two projects; all by default.")

    def handle(self, *args: Any, data: Path, limit: int | None = None, **options: Any) -> None:
        if not material.there(data):
            sys.exit(f"{data} needs the folders {', '.join(material.NEEDED)}. See docs/journey.md.")
        if not sandbox_is_here():
            sys.exit("The journey spends money: it runs against the sandbox only. Start `make run` first.")
        base = settings.QUORUM_PUBLIC_URL
        journey(base=base, data=data, limit=limit, pump=lambda: None, say=self.stdout.write)
        self.stdout.write(self.style.SUCCESS("\nEvery cent is accounted for."))
