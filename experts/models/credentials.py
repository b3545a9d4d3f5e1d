"""What experts say they know, and what became of it."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models.functions import Least
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, may
from core.ids import PublicIdField
from experts.models.fields import DegreeLevel, Field
from experts.models.institutions import Institution
from experts.models.people import Expert


class Road(models.TextChoices):
    """The ways to a proof."""

    DOCUMENT = "document", "Document"
    MAILBOX = "mailbox", "Institutional mailbox"
    ORCID = "orcid", "ORCID record"
    DIPLOMA = "diploma", "Signed diploma"
    REGISTER = "register", "Licence register"


class Strength(models.IntegerChoices):
    """How much a proof is worth, as stated to experts and labs."""

    HINT = 1, "Hint"  # supports, proves nothing by itself: an alumni mailbox, what a person says of themselves
    FAIR = 2, "Fair"  # a document that people have looked at
    STRONG = 3, "Strong"  # a third party says so: the institution through ORCID, a licence register
    PROOF = 4, "Proof"  # signed by an institution that we trust


class CredentialQuerySet(models.QuerySet["Credential"]):
    def visible_to(self, user: User) -> CredentialQuerySet:
        return self if may(user, Permission.CREDENTIAL_REVIEW) else self.filter(expert__user=user)


class Credential(models.Model):
    """A degree or a professional licence that an expert claims, and what ops said of it."""

    class Kind(models.TextChoices):
        DEGREE = "degree", "Degree"
        LICENCE = "licence", "Professional licence"

    class Profession(models.TextChoices):
        PHYSICIAN = "physician", "Physician"
        ATTORNEY = "attorney", "Attorney"
        ACCOUNTANT = "accountant", "Certified public accountant"
        ENGINEER = "engineer", "Professional engineer"
        NURSE = "nurse", "Registered nurse"
        PHARMACIST = "pharmacist", "Pharmacist"

    class Status(models.TextChoices):
        CLAIMED = "claimed", "Proof missing"
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
        Status.EXPIRED: {Status.EVIDENCED},
        Status.REVOKED: set(),
    }

    public_id = PublicIdField(prefix="crd")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="credentials")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.DEGREE)
    title = models.CharField(max_length=120)  # as on the document: "PhD in Physics", "Dr. rer. nat."
    level = models.PositiveSmallIntegerField(choices=DegreeLevel.choices, default=0)  # 0: a licence has none
    profession = models.CharField(max_length=12, choices=Profession.choices, blank=True)
    jurisdiction = models.CharField(max_length=6, blank=True)  # of a licence: ISO 3166, "US-CA" or "DE"
    number = models.CharField(max_length=40, blank=True)  # of a licence, as its register has it
    expires_on = models.DateField(null=True, blank=True)  # the last day on which it holds
    recheck_on = models.DateField(null=True, blank=True)  # ops want a fresh proof after this day
    warned_days = models.PositiveSmallIntegerField(default=0)  # before its end, when we last said so; 0: not yet
    field = models.ForeignKey(Field, on_delete=models.PROTECT, related_name="+")
    institution = models.ForeignKey(Institution, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    institution_name = models.CharField(max_length=200)  # as the expert wrote it; of a licence, who gave it
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
    flag = models.CharField(max_length=300, blank=True)  # why a second person of ops must agree; not for the expert
    message = models.TextField(blank=True)  # what ops wrote to the expert with the last decision
    method = models.CharField(max_length=8, choices=Road.choices, blank=True)  # the strongest proof when verified
    strength = models.PositiveSmallIntegerField(choices=Strength.choices, default=0)  # of that proof

    objects = CredentialQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["evidenced_at"], condition=models.Q(status="evidenced"), name="credential_queue"),
            models.Index(
                Least("expires_on", "recheck_on"), condition=models.Q(status="verified"), name="credential_ends"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="credential_degree_has_level",
                condition=models.Q(kind="degree", level__in=DegreeLevel.values, profession="", jurisdiction="")
                | (models.Q(kind="licence", level=0) & ~models.Q(profession="") & ~models.Q(jurisdiction="")),
            ),
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

    @property
    def ends_on(self) -> date | None:
        """The last day on which it counts as verified, if there is one."""
        return min(filter(None, (self.expires_on, self.recheck_on)), default=None)
