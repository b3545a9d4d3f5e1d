"""`manage.py rotate_issuer_key`: experts' records are signed with a new key from now on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.errors import Refused
from experts.actions import rotate_issuer_key


class Command(BaseCommand):
    help = "Sign experts' records with a new key from now on. What older keys signed verifies still."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = rotate_issuer_key()
        except Refused as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"Records are signed with {key.multikey} from now on.")
