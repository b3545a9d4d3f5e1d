"""The one memory of what happened: events, and their delivery to the jobs that care."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """A committed fact. Append-only: a database trigger refuses UPDATE and DELETE (core/migrations)."""

    name = models.CharField(max_length=60)  # noun.verb, such as "funding.paid"
    subject = models.CharField(max_length=40)  # public id of what it happened to
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # null: the product itself
    at = models.DateTimeField(db_default=Now())
    before = models.CharField(max_length=30, blank=True)
    after = models.CharField(max_length=30, blank=True)
    note = models.TextField(blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["subject", "id"]), models.Index(fields=["name", "id"])]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"


class Delivery(models.Model):
    """One event owed to one job. Done in the same transaction as the job's effect, so a job's effect happens once."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    job = models.CharField(max_length=120)
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [models.UniqueConstraint(fields=["event", "job"], name="delivery_once")]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(done_at__isnull=True), name="delivery_owed")
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.job}"
