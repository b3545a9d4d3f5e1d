"""The worker. Start it with `celery -A marketplace worker`; jobs live in each app's jobs.py."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")

app = Celery("quorum")
app.set_default()  # for every thread of the web server too, not only for the one that imports this
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")
