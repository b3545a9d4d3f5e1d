"""The product's own settings with a faster clock: minutes of sweeping and waiting pass in seconds, nothing else."""

from __future__ import annotations

import os
from datetime import timedelta

from marketplace.settings import *  # noqa: F403
from marketplace.settings import CELERY_BEAT_SCHEDULE, INSTALLED_APPS, STRIPE_NETWORK_RETRIES

INSTALLED_APPS = [*INSTALLED_APPS, "bench.chaos.apps.Chaos"]
STRIPE_TIMEOUT = (2, 3)
if os.environ.get("CHAOS_UNGUARDED") == "1":
    STRIPE_NETWORK_RETRIES = 0  # they carry one key

QUICKLY = {
    "core.drain": 3,
    "tasks.open_seats": 5,
    "payments.process_inbox": 3,
    "payments.make_payouts": 4,
    "payments.dispatch_outbox": 3,
    "payments.refresh_waiting": 20,
}
CELERY_BEAT_SCHEDULE = {
    name: {**each, "schedule": timedelta(seconds=QUICKLY[name])} if name in QUICKLY else each
    for name, each in CELERY_BEAT_SCHEDULE.items()
}
