"""What a lab wants done, by whom, for how much; and who asked or was asked to do it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from accounts.models import Agreement, Consent, Lab, User
from core.ids import PublicIdField
from experts.models import DegreeLevel, Expert
from projects.pricing import COUNTS


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User) -> ProjectQuerySet:
        """Whose lab it is, and ops. What experts may see is `on_offer()`."""
        if user.is_staff and user.token is None:
            return self
        return self.filter(lab__in=Lab.objects.visible_to(user))

    def on_offer(self) -> ProjectQuerySet:
        return self.filter(status=Project.Status.OPEN)


class Project(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft"
        OPEN = "open"
        PAUSED = "paused"
        FROZEN = "frozen"
        CLOSED = "closed"
        CANCELLED = "cancelled"

    NOUN = "project"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.DRAFT: {Status.OPEN, Status.CANCELLED},
        Status.OPEN: {Status.PAUSED, Status.CLOSED, Status.FROZEN},
        Status.PAUSED: {Status.OPEN, Status.CLOSED, Status.FROZEN},
        Status.FROZEN: {Status.OPEN, Status.PAUSED},
        Status.CLOSED: set(),
        Status.CANCELLED: set(),
    }

    public_id = PublicIdField(prefix="prj")
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="projects")
    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)  # slug of projects/kinds
    brief = models.TextField(blank=True)  # Markdown
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)

    # Who may work. Empty lists mean no limit.
    min_level = models.PositiveSmallIntegerField(choices=DegreeLevel.choices, default=DegreeLevel.BACHELOR)
    fields = ArrayField(models.CharField(max_length=4), default=list, blank=True)  # ISCED-F codes, any of them
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    languages = ArrayField(models.CharField(max_length=2), default=list, blank=True)  # all of them
    agreements = models.ManyToManyField(Agreement, related_name="+", blank=True)  # what experts must accept

    # What it costs. All amounts are minor units of `currency`, per seat.
    currency = models.CharField(max_length=3, default="usd")
    pay = models.PositiveIntegerField(default=0)
    fee = models.PositiveIntegerField(default=0)  # computed once from pay and fee_bps
    fee_bps = models.PositiveIntegerField(default=0)  # the platform's basis points when the project was made
    minutes = models.PositiveSmallIntegerField(default=15)  # usual time for a task
    min_hourly = models.PositiveIntegerField(default=0)  # minor units an hour of measured time; 0: nothing promised
    overlap = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1), MaxValueValidator(10)])
    planned_tasks = models.PositiveIntegerField(default=0)

    # How it runs.
    decision_days = models.PositiveSmallIntegerField(
        default=3, validators=[MinValueValidator(1), MaxValueValidator(7)]
    )  # business days of the lab
    pilot_tasks = models.PositiveIntegerField(default=0)  # only these open until the manager confirms; 0: no pilot
    pilot_confirmed_at = models.DateTimeField(null=True, blank=True)
    lease_minutes = models.PositiveIntegerField(default=60)
    claims_per_expert = models.PositiveSmallIntegerField(default=2)  # live at once
    partial_pay_percent = models.PositiveSmallIntegerField(
        default=50, validators=[MinValueValidator(50), MaxValueValidator(100)]
    )
    open_when_funded = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["status", "-opened_at"])]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="project_clock_1_to_7_days", condition=models.Q(decision_days__gte=1, decision_days__lte=7)
            ),
            models.CheckConstraint(
                name="project_partial_pay_floor",
                condition=models.Q(partial_pay_percent__gte=50, partial_pay_percent__lte=100),
            ),
            models.CheckConstraint(name="project_overlap_positive", condition=models.Q(overlap__gte=1)),
            models.CheckConstraint(
                name="project_open_has_pay", condition=~models.Q(status="open") | models.Q(pay__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def seat_cost(self) -> int:
        return self.pay + self.fee

    @property
    def most_minutes(self) -> int:
        """Of one answer, as they count towards the least an hour."""
        return COUNTS * self.minutes

    @property
    def in_pilot(self) -> bool:
        return self.pilot_tasks > 0 and self.pilot_confirmed_at is None


class InstructionVersion(models.Model):
    """What experts are told to do. Never edited; work names the version it was made under."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="instructions")
    number = models.PositiveIntegerField()  # from 1
    text = models.TextField()  # Markdown
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "number"], name="instruction_once")]

    def __str__(self) -> str:
        return f"{self.project}, version {self.number}"


class ApplicationQuerySet(models.QuerySet["Application"]):
    def visible_to(self, user: User) -> ApplicationQuerySet:
        if user.is_staff and user.token is None:
            return self
        mine = models.Q(project__lab__in=Lab.objects.visible_to(user))
        if user.token is None or user.token.lab_id is None:
            mine |= models.Q(expert__user=user)
        return self.filter(mine)


class Application(models.Model):
    """An expert asks to work on a project, or accepted an invitation to. Accepted, it is the right to claim."""

    class Status(models.TextChoices):
        SUBMITTED = "submitted"
        SHORTLISTED = "shortlisted"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"
        LAPSED = "lapsed"

    NOUN = "application"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.SUBMITTED: {
            Status.SHORTLISTED,
            Status.ACCEPTED,
            Status.DECLINED,
            Status.WITHDRAWN,
            Status.LAPSED,
        },
        Status.SHORTLISTED: {Status.ACCEPTED, Status.DECLINED, Status.WITHDRAWN, Status.LAPSED},
        Status.ACCEPTED: {Status.WITHDRAWN},
        Status.DECLINED: set(),
        Status.WITHDRAWN: set(),
        Status.LAPSED: set(),
    }
    OPEN = (Status.SUBMITTED, Status.SHORTLISTED)
    LIVE = (*OPEN, Status.ACCEPTED)

    public_id = PublicIdField(prefix="app")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="applications")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="applications")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.SUBMITTED)
    message = models.TextField(blank=True)  # the expert's
    score = models.FloatField(null=True, blank=True)  # 0…1, of matching, when applied
    parts = models.JSONField(default=dict)  # of the score, with the reasons in words
    answer_by = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)  # why declined, as the expert reads it
    consent = models.ForeignKey(Consent, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "expert"],
                condition=models.Q(status__in=["submitted", "shortlisted", "accepted"]),
                name="one_live_application",
            ),
            models.CheckConstraint(
                name="application_waiting_has_clock",
                condition=~models.Q(status__in=["submitted", "shortlisted"]) | models.Q(answer_by__isnull=False),
            ),
            models.CheckConstraint(
                name="application_decline_has_reason", condition=~models.Q(status="declined") | ~models.Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.expert} for {self.project}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: User) -> InvitationQuerySet:
        if user.is_staff and user.token is None:
            return self
        mine = models.Q(project__lab__in=Lab.objects.visible_to(user))
        if user.token is None or user.token.lab_id is None:
            mine |= models.Q(expert__user=user)
        return self.filter(mine)


class Invitation(models.Model):
    class Status(models.TextChoices):
        SENT = "sent"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        EXPIRED = "expired"

    NOUN = "invitation"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.SENT: {Status.ACCEPTED, Status.DECLINED, Status.EXPIRED},
        Status.ACCEPTED: set(),
        Status.DECLINED: set(),
        Status.EXPIRED: set(),
    }

    public_id = PublicIdField(prefix="ivt")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="invitations")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="invitations")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SENT)
    score = models.FloatField(null=True, blank=True)
    parts = models.JSONField(default=dict)  # why you
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "expert"], name="one_invitation"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=models.Q(status="sent"), name="invitation_clock")
        ]

    def __str__(self) -> str:
        return f"{self.expert} to {self.project}"


class MatchRun(models.Model):
    """One shortlist of one project: how it was made, so that it can be explained and made again."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="match_runs")
    at = models.DateTimeField(default=timezone.now)
    engine = models.CharField(max_length=20)
    weights = models.JSONField()
    matched = models.PositiveIntegerField()  # experts that meet the hard requirements
    milliseconds = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.project}, {self.at:%Y-%m-%d %H:%M}"


class Shortlisted(models.Model):
    run = models.ForeignKey(MatchRun, on_delete=models.CASCADE, related_name="shortlist")
    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="+")
    rank = models.PositiveIntegerField()  # from 1
    score = models.FloatField()
    parts = models.JSONField()  # [{"name", "weight", "value", "why"}]

    class Meta:
        verbose_name_plural = "shortlisted"
        ordering: ClassVar = ["rank"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "expert"], name="shortlisted_once")]

    def __str__(self) -> str:
        return f"{self.rank}. {self.expert}"
