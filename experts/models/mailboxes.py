"""Codes that were sent to institutional mailboxes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.ids import PublicIdField
from experts.models.credentials import Credential


class MailboxCode(models.Model):
    """One code, sent to one address for one credential. The code itself is kept nowhere: see experts/mailboxes.py."""

    public_id = PublicIdField(prefix="mbx")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="mailbox_codes")
    address = models.EmailField()  # lower case
    asked_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)  # wrong ones
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["address", "asked_at"], name="mailbox_by_address")]

    def __str__(self) -> str:
        return self.address
