"""Signed diplomas as experts handed them in, and whose signatures count."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from core.ids import PublicIdField
from core.sealed_storage import sealed_files
from experts.models.credentials import Credential
from experts.models.evidence import Assertion
from experts.models.institutions import Institution


def diploma_path(diploma: Diploma, filename: str) -> str:
    return f"diplomas/{diploma.public_id}/original"


class TrustedIssuer(models.Model):
    """Ops know whose this DID or address is. What it signs counts as the institution's from `since` until `until`."""

    public_id = PublicIdField(prefix="tri")
    issuer = models.CharField(max_length=255)  # a DID, or an https address
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="issuers")
    # Multikeys ("z6Mk…"), where ops learned the issuer's keys another way than from what it publishes. They then count
    # alone.
    keys = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    why = models.TextField()  # how ops know

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer"], condition=Q(until=None), name="issuer_trusted_once"),
            models.CheckConstraint(
                name="issuer_trusted_for_a_while", condition=Q(until=None) | Q(until__gte=models.F("since"))
            ),
            models.CheckConstraint(name="issuer_trusted_why", condition=~Q(why="")),
        ]

    def __str__(self) -> str:
        return f"{self.issuer} is {self.institution}"


class Diploma(models.Model):
    """The file as it came, private and sealed; kept so that it can be verified once more. Never shown to anybody."""

    public_id = PublicIdField(prefix="dip")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="diplomas")
    assertion = models.OneToOneField(Assertion, on_delete=models.PROTECT, related_name="diploma")
    file = models.FileField(upload_to=diploma_path, storage=sealed_files)
    filename = models.CharField(max_length=200)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64, db_index=True)
    added_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.filename
