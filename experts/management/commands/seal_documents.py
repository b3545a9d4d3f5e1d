"""`manage.py seal_documents`: bring documents and page images under the newest of QUORUM_FILE_KEYS."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import Refused
from core.sealed_storage import SealBroken
from experts.actions import seal_documents


class Command(BaseCommand):
    help = "Encrypt documents that are not yet, or not under the newest key. After it, an old key may go."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sealed, missing = seal_documents()
        except (Refused, SealBroken) as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"{sealed} files sealed, {missing} missing")
