"""What Stripe is owed word of, and what it told us."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.models.outgoing import Payee


class Outbox(models.Model):
    """One call that Stripe must get exactly once: delivery of its subject, not a second status of it."""

    class Op(models.TextChoices):
        TRANSFER = "transfer"  # of a payout
        REFUND = "refund"
        REVERSAL = "reversal"  # of a transfer
        EXPIRY = "expiry"  # of a funding's payment page

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"  # under a lease; a killed sender's row is taken over when it ends
        UNKNOWN = "unknown"  # Stripe may or may not have done it
        DONE = "done"
        FAILED = "failed"  # a definite no
        NEEDS_OPS = "needs_ops"

    key = models.CharField(max_length=120, unique=True)  # the idempotency key that Stripe sees
    op = models.CharField(max_length=20, choices=Op.choices)
    subject = models.CharField(max_length=40)  # what is delivered: pay_…, rfd_…, fnd_…
    run = models.PositiveIntegerField(default=1)  # grows when what was refused or never found is sent anew
    payee = models.ForeignKey(
        Payee, null=True, on_delete=models.PROTECT, related_name="+"
    )  # waits until they are ready
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    due_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    first_at = models.DateTimeField(null=True, blank=True)  # Stripe forgets a key 24 h after this
    attempts = models.PositiveIntegerField(default=0)
    remote_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "outbox"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(remote_id__isnull=False), name="done_row_names_its_object"
            ),
            models.UniqueConstraint(
                fields=["subject"], condition=~Q(state="failed"), name="one_live_delivery_per_subject"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state__in=["pending", "sending", "unknown"]), name="outbox_due")
        ]

    def __str__(self) -> str:
        return self.key


class InboxEvent(models.Model):
    """One event that Stripe told us of, stored raw before anything is done about it."""

    class Endpoint(models.TextChoices):
        PLATFORM = "platform"
        CONNECT = "connect"
        THIN = "thin"

    event_id = models.CharField(max_length=255, unique=True)
    endpoint = models.CharField(max_length=10, choices=Endpoint.choices)
    account = models.CharField(max_length=255, blank=True)  # the connected account it speaks of
    object_id = models.CharField(max_length=255, blank=True)  # what changed: fetched again before anything is done
    type = models.CharField(max_length=120)
    livemode = models.BooleanField()
    raw = models.TextField()
    received_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["due_at"], condition=Q(processed_at=None), name="inbox_due")]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
