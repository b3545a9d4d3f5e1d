"""The proofs: documents, and what others say."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from accounts.models import User
from core.ids import PublicIdField
from core.sealed_storage import sealed_files
from experts.models.credentials import Credential, Road, Strength


def evidence_path(evidence: Evidence, filename: str) -> str:
    return f"evidence/{evidence.public_id}/original"


def page_path(page: EvidencePage, filename: str) -> str:
    return f"evidence/{page.evidence.public_id}/{page.number}.png"


class Evidence(models.Model):
    """A document (PDF, JPEG, PNG; type told by content). Private; shown only as page images made by a worker."""

    public_id = PublicIdField(prefix="evd")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="evidence")
    file = models.FileField(upload_to=evidence_path, storage=sealed_files)
    filename = models.CharField(max_length=200)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64, db_index=True)
    uploaded_at = models.DateTimeField(default=timezone.now)
    rendered_at = models.DateTimeField(null=True, blank=True)
    render_error = models.CharField(max_length=200, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)  # then only the fingerprint is left, no file and no pages

    class Meta:
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return self.filename


class EvidencePage(models.Model):
    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="pages")
    number = models.PositiveSmallIntegerField()  # from 1
    image = models.FileField(upload_to=page_path, storage=sealed_files)
    dhash = models.BigIntegerField(null=True, blank=True)  # how it looks (experts.checks.pictures); null: too plain
    bands = ArrayField(models.IntegerField(), default=list)  # of the hash, to find near ones by

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["evidence", "number"], name="page_once")]
        indexes: ClassVar = [GinIndex(fields=["bands"], name="page_bands")]

    def __str__(self) -> str:
        return f"{self.evidence}, page {self.number}"


class Opening(models.Model):
    """A page of somebody's document was opened by one of ops. Its owner reads of it."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="openings")
    page = models.PositiveSmallIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.evidence}, page {self.page}, by {self.by}"


class Assertion(models.Model):
    """What a road other than a document brought to light about a credential: who says what, and how it was checked."""

    class Verdict(models.TextChoices):
        HOLDS = "holds", "Confirmed"
        REFUSED = "refused", "Does not hold"
        UNVERIFIABLE = "unverifiable", "Could not be checked"

    public_id = PublicIdField(prefix="ast")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="assertions")
    road = models.CharField(max_length=8, choices=Road.choices)
    source = models.CharField(max_length=255)  # who says it: a DID, an ORCID client, a register, a mail domain
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    strength = models.PositiveSmallIntegerField(choices=Strength.choices)
    # Plain facts for the desk: any of name, title, level, field, institution (ROR id), year, number, expires_on.
    says = models.JSONField(default=dict)
    reasons = models.JSONField(default=list)  # sentences: why this verdict
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.get_road_display()}: {self.source}"
