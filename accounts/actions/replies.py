"""What was asked once is done once: replies are kept as long as a client, or a browser, may still ask again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from accounts.models import IdempotentReply, User

KEPT = timedelta(days=7)


@transaction.atomic
def once(*, user: User, key: str, act: Callable[[], str]) -> str:
    """What `act` answers; to a key that this person has used before, what it answered then.

    Whoever comes while the first is at work waits for it. Where `act` refuses nothing is kept: the key may come again.
    """
    asked = {"request_sha256": sha256(key.encode()).hexdigest()}
    reply, mine = IdempotentReply.objects.get_or_create(user=user, key=key, defaults=asked)
    if mine:
        reply.body = act()
        reply.save(update_fields=["body"])
    return str(reply.body)


def forget_replies() -> int:
    """The sweep: drop what is older than KEPT. Returns how many."""
    dropped, _ = IdempotentReply.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return dropped
