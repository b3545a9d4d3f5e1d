"""A process of the product that `kill -9` ends at a chosen moment, on the test's own database and sandbox.

What the test has prepared must be committed: `django_db(transaction=True)`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from tests.rules.house import ROOT
from tests.sandbox import LocalStripe

PREPARED = """
import os, signal
import django
django.setup()
from payments import actions, gateway, ledger

def die():
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(act: str, stripe: LocalStripe) -> None:
    """Run `act` there, which calls `die()`: no `finally`, no rollback of ours, no word to PostgreSQL or Stripe."""
    given = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(given._replace(path=f"/{connection.settings_dict['NAME']}"))
    done = subprocess.run(
        [sys.executable, "-c", PREPARED + act],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database, "STRIPE_API_BASE": stripe.url},
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
