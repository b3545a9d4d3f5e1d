"""What the chaos changes in the product: pauses are shorter; for the negative control, the guards are off."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.apps import AppConfig

PAUSE = timedelta(seconds=5)
LEASE = timedelta(seconds=40)  # still longer than the SDK can take with the timeouts of settings.py


class Chaos(AppConfig):
    name = "bench.chaos"

    def ready(self) -> None:
        faster_clock()
        if os.environ.get("CHAOS_UNGUARDED") == "1":
            no_guards()


def faster_clock() -> None:
    from core import events
    from payments.actions import inbox, outbox

    for module in (events, inbox, outbox):
        _replace(module, "FIRST_RETRY", PAUSE)
        _replace(module, "LAST_RETRY", PAUSE)
    _replace(outbox, "LEASE", LEASE)


def no_guards() -> None:
    """The negative control: a random key for each attempt, and nobody looks for what an earlier one has done.

    Nor does Stripe's own news of a transfer close the row whose answer was lost: that is the third guard.
    """
    from payments import gateway
    from payments.actions import inbox

    send = gateway.send_transfer

    def with_random_key(payload: Mapping[str, Any], *, key: str) -> Any:
        return send(payload, key=uuid.uuid4().hex)

    _replace(gateway, "send_transfer", with_random_key)
    _replace(gateway, "find_transfer", lambda payload, *, since: None)
    del inbox.HANDLERS["transfer.created"]


def _replace(module: object, name: str, value: object) -> None:
    """Raises AttributeError where the product has no such name any more: then the chaos would change nothing."""
    getattr(module, name)
    setattr(module, name, value)
