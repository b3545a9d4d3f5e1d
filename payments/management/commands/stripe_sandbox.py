"""Run the local stand-in for Stripe: API, hosted pages and webhooks. Refuses live keys."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from payments.gateway import SECRETS, is_live
from payments.sandbox.engine import Sandbox
from payments.sandbox.server import Server
from payments.sandbox.webhooks import Sender, over_http


class Command(BaseCommand):
    help = "Run the local Stripe sandbox. Its state is kept in .local/sandbox and survives restarts."
    requires_system_checks: list[str] = []  # noqa: RUF012 Django's own declaration

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=12111)
        parser.add_argument("--host", default="127.0.0.1", help="another address only inside a container's network")
        parser.add_argument("--public", default="", help="how browsers reach it; default http://localhost:PORT")
        parser.add_argument("--web", default="", help="where webhooks go; default QUORUM_PUBLIC_URL")

    def handle(self, *args: Any, **options: Any) -> None:
        if is_live():
            raise CommandError("STRIPE_SECRET_KEY is a live key. The sandbox and live money never meet.")
        public = options["public"] or f"http://localhost:{options['port']}"
        sandbox = Sandbox(settings.LOCAL_DIR / "sandbox" / "state.sqlite3", public=public)
        secrets = {endpoint: getattr(settings, name) for endpoint, name in SECRETS.items()}
        host = urlsplit(settings.QUORUM_PUBLIC_URL).netloc
        sender = Sender(sandbox, secrets, over_http(options["web"] or settings.QUORUM_PUBLIC_URL, host=host))
        server = Server((options["host"], options["port"]), sandbox, sender)
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: threading.Thread(target=server.shutdown).start())
        threading.Thread(target=server.deliver, daemon=True).start()
        self.stdout.write(f"Stripe sandbox at {public}")
        try:
            server.serve_forever()
        finally:
            server.server_close()
            with sandbox.lock:
                sandbox.store.close()
