"""What no webhook brought: Stripe's own list of events, read once a night and after a long absence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from payments import gateway
from payments.actions.inbox import HANDLERS, keep
from payments.facts import Hint
from payments.models import EventSweep, InboxEvent, Payee, Payout

EVERY: Final = timedelta(hours=24)
KEPT: Final = timedelta(days=30)  # Stripe forgets events after this
OVERLAP: Final = timedelta(hours=1)
THIN: Final = "v2."
Endpoint = InboxEvent.Endpoint


def sweep_events(*, by: Actor = SYSTEM) -> EventSweep | None:
    """Put events that are missing into the inbox, unless the last sweep is younger than a day.

    Call it outside transactions. Raises gateway errors; then the next sweep begins where this one did.
    """
    authorise(by, Permission.MONEY_OPERATE)
    now = timezone.now()
    last = EventSweep.objects.order_by("started_at").last()
    if last and now - last.started_at < EVERY:
        return None
    since = max(last.started_at - OVERLAP if last else now - KEPT, now - KEPT)
    seen = missed = 0
    for endpoint, (hint, raw) in _listed(since):
        seen += 1
        missed += keep(hint=hint, endpoint=endpoint, raw=raw, by=by)
    return EventSweep.objects.create(started_at=now, seen=seen, missed=missed)


def _listed(since: datetime) -> Iterator[tuple[str, tuple[Hint, str]]]:
    snapshots = [kind for kind in HANDLERS if not kind.startswith(THIN)]
    bank = [kind for kind in snapshots if kind.startswith("payout.")]
    thin = [kind for kind in HANDLERS if kind.startswith(THIN)]
    own = [kind for kind in snapshots if kind not in bank]
    yield from zip(itertools.repeat(Endpoint.PLATFORM), gateway.events(own, since=since))
    for account in _waiting_accounts():
        found = gateway.events(bank, since=since, account=account)
        yield from zip(itertools.repeat(Endpoint.CONNECT), found)
    yield from zip(itertools.repeat(Endpoint.THIN), gateway.thin_events(thin, since=since))


def _waiting_accounts() -> list[str]:
    """Connected accounts of whose bank we still wait to hear. Their events must be asked for one by one."""
    waiting = Payee.objects.filter(user__payouts__status=Payout.Status.SENT, stripe_account_id__isnull=False)
    return sorted({payee.stripe_account_id for payee in waiting if payee.stripe_account_id})
