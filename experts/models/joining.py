"""How people come to us: through whom, and through which institution or society."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import User
from core.ids import PublicIdField
from experts.models.institutions import Institution
from experts.models.people import Expert


def logo_path(partner: Partner, filename: str) -> str:
    return f"partners/{partner.public_id}/{filename}"


class Partner(models.Model):
    """An institution or society that sends us its people, with a landing page of its own."""

    class Status(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    NOUN = "partner"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {Status.OPEN: {Status.CLOSED}, Status.CLOSED: {Status.OPEN}}

    public_id = PublicIdField(prefix="ptn")  # also what its join link carries
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    institution = models.ForeignKey(Institution, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    blurb = models.TextField(blank=True, max_length=5_000)  # Markdown
    logo = models.FileField(upload_to=logo_path, blank=True)  # a PNG of our own making
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.OPEN)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Arrival(models.Model):
    """Through whose link somebody signed up. One for each account at most, and it never changes."""

    public_id = PublicIdField(prefix="arr")
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="arrival")
    referrer = models.ForeignKey(Expert, null=True, blank=True, on_delete=models.CASCADE, related_name="brought")
    partner = models.ForeignKey(Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="arrivals")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="arrival_through_one",
                condition=models.Q(referrer__isnull=True, partner__isnull=False)
                | models.Q(referrer__isnull=False, partner__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} through {self.partner or self.referrer}"
