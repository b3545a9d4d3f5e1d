from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from marketplace.reference import PAGES


class Command(BaseCommand):
    help = "Write the generated pages of docs/ anew."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, page in PAGES.items():
            (settings.BASE_DIR / name).write_text(page(), encoding="utf-8")
            self.stdout.write(name)
