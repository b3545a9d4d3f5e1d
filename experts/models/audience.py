"""People who may be invited by mail, with the consent they gave; and those who are never written to again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import User
from core.ids import PublicIdField
from experts.models.fields import Field


class Audience(models.Model):
    """The people of one file: each gets one letter once somebody has confirmed."""

    class Status(models.TextChoices):
        CHECKED = "checked", "To confirm"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        DISCARDED = "discarded", "Discarded"

    NOUN = "audience"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.CHECKED: {Status.SENDING, Status.DISCARDED},
        Status.SENDING: {Status.SENT, Status.DISCARDED},
        Status.SENT: set(),
        Status.DISCARDED: set(),
    }

    public_id = PublicIdField(prefix="aud")
    filename = models.CharField(max_length=120)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.CHECKED)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.filename


class Prospect(models.Model):
    """One of them. Name and address stay while an answer may come, `digest` while it must tell who it is."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Not written to yet"
        INVITED = "invited", "Invited"
        JOINED = "joined", "Joined"
        VERIFIED = "verified", "Verified"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        SKIPPED = "skipped", "Left out"
        REFUSED = "refused", "Refused by the mail server"

    class Skip(models.TextChoices):
        MEMBER = "member", "Has an account"
        SUPPRESSED = "suppressed", "Does not want our mail"
        WRITTEN = "written", "Is in an earlier file"

    NOUN = "prospect"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.WAITING: {Status.INVITED, Status.JOINED, Status.UNSUBSCRIBED, Status.SKIPPED, Status.REFUSED},
        Status.INVITED: {Status.JOINED, Status.UNSUBSCRIBED},
        Status.JOINED: {Status.VERIFIED},
        Status.VERIFIED: set(),
        Status.UNSUBSCRIBED: set(),
        Status.SKIPPED: set(),
        Status.REFUSED: set(),
    }
    OPEN = (Status.WAITING, Status.INVITED)

    public_id = PublicIdField(prefix="psp")
    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="prospects")
    row = models.PositiveIntegerField()  # of the file, from 1
    name = models.CharField(max_length=120, blank=True)
    email = models.CharField(max_length=254, blank=True)
    digest = models.CharField(max_length=64, blank=True)  # of the address: experts/audience.py
    field = models.ForeignKey(Field, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField(default=0)  # ISCED; 0: not told
    consent = models.CharField(max_length=7)  # one of experts.audience.CONSENTS
    consent_on = models.DateField()
    source = models.CharField(max_length=120)  # where we have the address from
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.WAITING)
    skip = models.CharField(max_length=10, choices=Skip.choices, blank=True)
    invited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["digest"],
                condition=models.Q(status__in=["waiting", "invited"]) & ~models.Q(digest=""),
                name="one_open_invitation",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=models.Q(status="waiting"), name="prospect_waiting"),
            models.Index(fields=["digest"], condition=~models.Q(digest=""), name="prospect_digest"),
        ]

    def __str__(self) -> str:
        return f"Row {self.row} of {self.audience}"


class Suppressed(models.Model):
    """An address that no audience letter goes to, for ever: kept as a digest, so that nobody is known by it."""

    digest = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # null: themselves

    class Meta:
        verbose_name_plural = "suppressed addresses"

    def __str__(self) -> str:
        return self.digest[:12]
