"""manage.py ledger_audit: is every cent where seats, work and payouts say it is?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments.audit import CHECKS as BOOKS
from tasks.audit import CHECKS, audit


class Command(BaseCommand):
    help = "Check the ledger against itself and against seats, work and payouts. Exit code 1 where they contradict."

    def handle(self, *args: Any, **options: Any) -> None:
        found = audit()
        for breach in found:
            self.stderr.write(f"{breach.invariant}: {breach.what}")
        if found:
            raise CommandError(f"{len(found)} contradictions.")
        self.stdout.write(f"{len(BOOKS) + len(CHECKS)} checks, no contradiction.")
