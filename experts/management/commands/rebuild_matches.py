"""`manage.py rebuild_matches`: derive every row that matching reads anew from profiles and verified credentials."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from experts.actions import rebuild_matches


class Command(BaseCommand):
    help = "Derive the rows that matching reads anew from profiles and verified credentials."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rebuild_matches()} experts")
