"""Experts, what they say they know, and the proof of it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from accounts.models import User
from core.ids import PublicIdField


class DegreeLevel(models.IntegerChoices):
    """ISCED 2011 levels of tertiary education."""

    BACHELOR = 6, "Bachelor's or equivalent"
    MASTER = 7, "Master's or equivalent"
    DOCTORATE = 8, "Doctorate or equivalent"


class Field(models.Model):
    """A field of education of ISCED-F 2013: broad (2 digits), narrow (3), detailed (4)."""

    code = models.CharField(max_length=4, unique=True)
    label = models.CharField(max_length=120)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")

    class Meta:
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.label

    @property
    def ancestry(self) -> list[str]:
        """Own code and those above it: "0533" → ["0533", "053", "05"]."""
        return [self.code[:length] for length in range(len(self.code), 1, -1)]


class Institution(models.Model):
    """A university or similar, keyed by ROR id."""

    ror_id = models.CharField(max_length=9, unique=True)
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2
    domains = ArrayField(models.CharField(max_length=120), default=list)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class ExpertQuerySet(models.QuerySet["Expert"]):
    def visible_to(self, user: User) -> ExpertQuerySet:
        return self if user.is_staff and user.token is None else self.filter(user=user)


class Expert(models.Model):
    public_id = PublicIdField(prefix="exp")
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="expert")
    country = models.CharField(max_length=2)  # of residence, ISO 3166-1 alpha-2; asked before any work (payouts)
    headline = models.CharField(max_length=120, blank=True)
    bio = models.TextField(blank=True)
    languages = ArrayField(models.CharField(max_length=2), default=list)  # ISO 639-1
    min_rate = models.PositiveIntegerField(default=0)  # minor units of USD an hour
    weekly_hours = models.PositiveSmallIntegerField(default=10)
    available = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ExpertQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.user)


class CredentialQuerySet(models.QuerySet["Credential"]):
    def visible_to(self, user: User) -> CredentialQuerySet:
        return self if user.is_staff and user.token is None else self.filter(expert__user=user)


class Credential(models.Model):
    """A degree that an expert claims, and what ops said of it."""

    class Status(models.TextChoices):
        CLAIMED = "claimed", "Document missing"
        EVIDENCED = "evidenced", "In review"
        NEEDS_MORE = "needs_more", "More needed"
        VERIFIED = "verified", "Verified"
        REFUSED = "refused", "Not verified"
        EXPIRED = "expired", "Expired"
        REVOKED = "revoked", "Withdrawn"

    class RefusalReason(models.TextChoices):
        ILLEGIBLE = "illegible", "The document cannot be read"
        NAME_MISMATCH = "name_mismatch", "The name differs from your account's"
        NOT_A_DEGREE = "not_a_degree", "The document is not a degree certificate or transcript"
        INSTITUTION_UNKNOWN = "institution_unknown", "The institution is not recognised"
        LEVEL_MISMATCH = "level_mismatch", "The document shows another degree level"
        FIELD_MISMATCH = "field_mismatch", "The document shows another field"
        ALTERED = "altered", "The document seems altered"

    NOUN = "credential"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.CLAIMED: {Status.EVIDENCED},
        Status.EVIDENCED: {Status.VERIFIED, Status.REFUSED, Status.NEEDS_MORE},
        Status.NEEDS_MORE: {Status.EVIDENCED},
        Status.VERIFIED: {Status.EXPIRED, Status.REVOKED},
        Status.REFUSED: {Status.EVIDENCED},
        Status.EXPIRED: set(),
        Status.REVOKED: set(),
    }

    public_id = PublicIdField(prefix="crd")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="credentials")
    title = models.CharField(max_length=120)  # as on the document: "PhD in Physics", "Dr. rer. nat."
    level = models.PositiveSmallIntegerField(choices=DegreeLevel.choices)
    field = models.ForeignKey(Field, on_delete=models.PROTECT, related_name="+")
    institution = models.ForeignKey(Institution, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    institution_name = models.CharField(max_length=200)  # as the expert wrote it
    country = models.CharField(max_length=2)
    year = models.PositiveSmallIntegerField()
    name_on_document = models.CharField(max_length=120)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.CLAIMED)
    claimed_at = models.DateTimeField(default=timezone.now)
    evidenced_at = models.DateTimeField(null=True, blank=True)
    answer_by = models.DateTimeField(null=True, blank=True)  # what we promised
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=24, choices=RefusalReason.choices, blank=True)
    message = models.TextField(blank=True)  # what ops wrote to the expert with the last decision

    objects = CredentialQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["evidenced_at"], condition=models.Q(status="evidenced"), name="credential_queue")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="credential_refusal_has_reason",
                condition=~models.Q(status="refused") | (~models.Q(reason="") & ~models.Q(message="")),
            ),
            models.CheckConstraint(
                name="credential_decision_by_a_person",
                condition=~models.Q(status__in=["verified", "refused", "revoked"]) | models.Q(decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="credential_waiting_has_clock",
                condition=~models.Q(status="evidenced") | models.Q(answer_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.institution_name}"


def evidence_path(evidence: Evidence, filename: str) -> str:
    return f"evidence/{evidence.public_id}/original"


def page_path(page: EvidencePage, filename: str) -> str:
    return f"evidence/{page.evidence.public_id}/{page.number}.png"


class Evidence(models.Model):
    """A document (PDF, JPEG, PNG; type told by content). Private; shown only as page images made by a worker."""

    public_id = PublicIdField(prefix="evd")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="evidence")
    file = models.FileField(upload_to=evidence_path)
    filename = models.CharField(max_length=200)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()  # bytes
    sha256 = models.CharField(max_length=64, db_index=True)
    uploaded_at = models.DateTimeField(default=timezone.now)
    rendered_at = models.DateTimeField(null=True, blank=True)
    render_error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return self.filename


class EvidencePage(models.Model):
    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="pages")
    number = models.PositiveSmallIntegerField()  # from 1
    image = models.FileField(upload_to=page_path)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["evidence", "number"], name="page_once")]

    def __str__(self) -> str:
        return f"{self.evidence}, page {self.number}"


class ExpertMatch(models.Model):
    """What matching reads: one narrow row per expert, derived from profile and verified credentials, rebuildable."""

    expert = models.OneToOneField(Expert, on_delete=models.CASCADE, primary_key=True, related_name="match")
    verified = models.BooleanField(default=False)
    available = models.BooleanField(default=True)
    level = models.PositiveSmallIntegerField(default=0)  # highest verified ISCED level
    fields = ArrayField(models.CharField(max_length=4), default=list)  # verified fields with their ancestors
    # "8:0533": has this level or more in this field or one below it. Level and field must come from one degree.
    degrees = ArrayField(models.CharField(max_length=6), default=list)
    country = models.CharField(max_length=2)
    languages = ArrayField(models.CharField(max_length=2), default=list)
    min_rate = models.PositiveIntegerField(default=0)
    weekly_hours = models.PositiveSmallIntegerField(default=0)
    refreshed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "expert matches"
        indexes: ClassVar = [
            GinIndex(fields=["fields"], name="match_fields"),
            GinIndex(fields=["degrees"], name="match_degrees"),
            models.Index(fields=["level", "country"], condition=models.Q(verified=True), name="match_verified"),
        ]

    def __str__(self) -> str:
        return str(self.expert)
