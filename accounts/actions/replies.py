"""The stored replies of `Idempotency-Key` are kept as long as a client may still try again."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.models import IdempotentReply

KEPT = timedelta(days=7)


def forget_replies() -> int:
    """The sweep: drop what is older than KEPT. Returns how many."""
    dropped, _ = IdempotentReply.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return dropped
