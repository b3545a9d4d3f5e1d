"""What ops decide: given by one person, confirmed by another where it matters, delivered a minute later, appealable."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from core.ids import PublicIdField
from experts.models.credentials import Credential


class Look(models.Model):
    """Somebody of ops has this case open: until then nobody else decides on it."""

    credential = models.OneToOneField(Credential, on_delete=models.CASCADE, related_name="look")
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.by} at {self.credential}"


class Decision(models.TextChoices):
    APPROVE = "approve", "Approve"
    ASK = "ask", "Ask for more"
    REFUSE = "refuse", "Refuse"


class Verdict(models.Model):
    """One decision of ops. Until it is delivered the credential has not changed and the expert knows nothing of it."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waits for a second person"
        HELD = "held", "Goes out within a minute"
        DELIVERED = "delivered", "Delivered"
        UNDONE = "undone", "Taken back"
        OVERTURNED = "overturned", "Seen otherwise by another person"
        VOID = "void", "The credential changed meanwhile"

    NOUN = "verdict"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.WAITING: {Status.HELD, Status.UNDONE, Status.OVERTURNED, Status.VOID},
        Status.HELD: {Status.DELIVERED, Status.WAITING, Status.UNDONE, Status.VOID},
        Status.DELIVERED: {Status.OVERTURNED},
        Status.UNDONE: set(),
        Status.OVERTURNED: set(),
        Status.VOID: set(),
    }
    LIVE: ClassVar = (Status.WAITING, Status.HELD)

    public_id = PublicIdField(prefix="vrd")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="verdicts")
    decision = models.CharField(max_length=8, choices=Decision.choices)
    reason = models.CharField(max_length=24, choices=Credential.RefusalReason.choices, blank=True)
    message = models.TextField(blank=True)  # to the expert
    seen = models.CharField(max_length=64, blank=True)  # `version_of` what was looked at
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    needs_second = models.BooleanField(default=False)
    confirmed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    in_bulk = models.BooleanField(default=False)
    opened_at = models.DateTimeField(default=timezone.now)  # when `by` began to look
    made_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True, blank=True)  # when it goes out

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["credential"], condition=Q(status__in=["waiting", "held"]), name="one_live_verdict"
            ),
            models.CheckConstraint(name="verdict_by_two_people", condition=~Q(confirmed_by=F("by"))),
            models.CheckConstraint(
                name="verdict_waits_for_its_second",
                condition=Q(needs_second=False) | ~Q(status__in=["held", "delivered"]) | Q(confirmed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="held_verdict_has_clock", condition=~Q(status="held") | Q(due_at__isnull=False)
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(status="held"), name="verdict_due"),
            models.Index(fields=["by", "-made_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_display()}: {self.credential}"


class CredentialAppeal(models.Model):
    """The expert asks that somebody else looks at a refusal. Once for each refusal."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        UPHELD = "upheld", "The refusal stands"
        OVERTURNED = "overturned", "Verified after all"

    NOUN = "credential_appeal"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.OPEN: {Status.UPHELD, Status.OVERTURNED},
        Status.UPHELD: set(),
        Status.OVERTURNED: set(),
    }

    public_id = PublicIdField(prefix="cap")
    verdict = models.OneToOneField(Verdict, on_delete=models.PROTECT, related_name="appeal")  # the refusal
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="appeals")
    words = models.TextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    refused_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    seconded_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="appeal_decided_by_somebody_else",
                condition=~Q(decided_by=F("refused_by")) & ~Q(decided_by=F("seconded_by")),
            ),
            models.CheckConstraint(
                name="appeal_decided_by_a_person", condition=Q(status="open") | Q(decided_by__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Appeal: {self.credential}"


class ReasonTemplate(models.Model):
    """Words that ops choose from when they ask or refuse. They keep the list themselves."""

    decision = models.CharField(
        max_length=8, choices=[choice for choice in Decision.choices if choice[0] != Decision.APPROVE]
    )
    label = models.CharField(max_length=60)
    text = models.CharField(max_length=500, help_text="The expert reads it, before what is written for this case.")
    in_use = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["decision", "label"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["decision", "label"], name="template_label_once")]

    def __str__(self) -> str:
        return self.label
