"""Records that experts take with them, and the keys that sign them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from core.ids import PublicIdField
from experts.models.people import Expert


class IssuerKey(models.Model):
    """An Ed25519 key of this site. One signs; those before it stay published, so that what they signed verifies."""

    public_id = PublicIdField(prefix="isk")
    multikey = models.CharField(max_length=80, unique=True)  # the public half: "z6Mk…"
    sealed = models.TextField()  # the private half, under QUORUM_RECORD_KEYS
    made_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                F("retired_at"), condition=Q(retired_at=None), nulls_distinct=False, name="one_key_signs"
            )
        ]

    def __str__(self) -> str:
        return self.multikey


class Record(models.Model):
    """What was signed about an expert. Its place in the list of withdrawn ones is its `pk`."""

    public_id = PublicIdField(prefix="rcd")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="records")
    key = models.ForeignKey(IssuerKey, on_delete=models.PROTECT, related_name="records")
    document = models.JSONField(default=dict)  # with its proof
    issued_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=200, blank=True)  # it was withdrawn

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(withdrawn_at__isnull=False), name="record_withdrawn"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["expert"], condition=Q(withdrawn_at=None), name="one_record_holds"),
            models.CheckConstraint(name="record_withdrawn_why", condition=Q(withdrawn_at=None) | ~Q(why="")),
        ]

    def __str__(self) -> str:
        return self.public_id
