"""Paid expert work: tasks, their funded seats, what was handed in, and what was decided."""

from __future__ import annotations

from typing import Any, ClassVar, Self, TypeVar

from django.db import models
from django.utils import timezone

from accounts.models import Consent, Lab, User
from core.ids import PublicIdField
from experts.models import Expert
from projects.models import InstructionVersion, Project

M = TypeVar("M", bound=models.Model)


class OfLabQuerySet(models.QuerySet[M]):
    """Rows of a project: the members of its lab and ops see them."""

    def visible_to(self, user: User) -> Self:
        if user.is_staff and user.token is None:
            return self
        return self.filter(project__lab__in=Lab.objects.visible_to(user))


class Import(models.Model):
    """An uploaded file of tasks: checked whole, shown, and kept only on confirm."""

    class Status(models.TextChoices):
        CHECKING = "checking"
        CHECKED = "checked"
        IMPORTING = "importing"
        DONE = "done"
        FAILED = "failed"
        DISCARDED = "discarded"

    NOUN = "import"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.CHECKING: {Status.CHECKED, Status.FAILED},
        Status.CHECKED: {Status.IMPORTING, Status.DISCARDED},
        Status.IMPORTING: {Status.DONE, Status.FAILED},
        Status.DONE: set(),
        Status.FAILED: set(),
        Status.DISCARDED: set(),
    }

    class Format(models.TextChoices):
        JSONL = "jsonl", "JSON Lines"
        CSV = "csv", "CSV"

    public_id = PublicIdField(prefix="imp")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    file = models.FileField(upload_to="imports/")
    kept = models.FileField(upload_to="imports/", blank=True)  # the good rows as checked; confirm writes exactly these
    filename = models.CharField(max_length=200)
    format = models.CharField(max_length=5, choices=Format.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CHECKING)
    rows = models.PositiveIntegerField(default=0)  # read so far
    good = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)  # written so far; visible progress, the rows commit together
    error = models.TextField(blank=True)  # why it failed, in words
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = OfLabQuerySet.as_manager()

    def __str__(self) -> str:
        return self.filename


class ImportFault(models.Model):
    """One thing wrong in one row; at most the first thousand are kept, `Import.bad` counts all rows."""

    upload = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="faults")
    row = models.PositiveIntegerField()  # from 1; in CSV the header is not counted
    field = models.CharField(max_length=80, blank=True)
    message = models.CharField(max_length=300)

    class Meta:
        ordering: ClassVar = ["row", "id"]

    def __str__(self) -> str:
        return f"Row {self.row}, {self.field}: {self.message}"


class Task(models.Model):
    class Status(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        WITHDRAWN = "withdrawn"

    NOUN = "task"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.OPEN: {Status.DONE, Status.WITHDRAWN},
        Status.DONE: set(),
        Status.WITHDRAWN: set(),
    }

    public_id = PublicIdField(prefix="tsk")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tasks", db_index=False)
    external_id = models.CharField(max_length=120, blank=True)  # the lab's own
    payload = models.JSONField()
    payload_sha256 = models.CharField(max_length=64)
    priority = models.IntegerField(default=0)  # smaller first
    overlap = models.PositiveSmallIntegerField()  # seats wanted
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    # Told, never asked for: nothing lists an import's tasks, and an index costs each row of one.
    upload = models.ForeignKey(
        Import, null=True, blank=True, on_delete=models.SET_NULL, related_name="tasks", db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = OfLabQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "priority", "id"])]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "external_id"], condition=~models.Q(external_id=""), name="external_id_once"
            )
        ]

    def __str__(self) -> str:
        return self.external_id or self.public_id


class Seat(models.Model):
    """One funded place on one task. It exists only when its pay + fee are reserved; a claim is its CLAIMED state."""

    class Status(models.TextChoices):
        FUNDED = "funded"
        CLAIMED = "claimed"
        SETTLED = "settled"
        CANCELLED = "cancelled"

    NOUN = "seat"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.FUNDED: {Status.CLAIMED, Status.CANCELLED},
        Status.CLAIMED: {Status.SETTLED, Status.FUNDED},
        Status.SETTLED: set(),
        Status.CANCELLED: set(),
    }

    public_id = PublicIdField(prefix="sea")
    # No index of their own: the unique and composite ones below begin with these keys, and each costs a claim time.
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="seats", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="seats", db_index=False)
    number = models.PositiveSmallIntegerField()  # 0…overlap-1; a rejection opens a further one
    priority = models.IntegerField()  # the task's, here so that the queue is one index
    pay = models.PositiveIntegerField()
    fee = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.FUNDED)
    expert = models.ForeignKey(
        Expert, null=True, blank=True, on_delete=models.PROTECT, related_name="seats", db_index=False
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)  # null once handed in
    extended = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "number"], name="seat_number_once"),
            models.UniqueConstraint(
                fields=["task", "expert"], condition=models.Q(expert__isnull=False), name="expert_once_per_task"
            ),
            models.CheckConstraint(
                name="seat_holder_matches_status",
                condition=(
                    models.Q(status__in=["funded", "cancelled"], expert__isnull=True)
                    | models.Q(status__in=["claimed", "settled"], expert__isnull=False)
                ),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "priority", "id"], condition=models.Q(status="funded"), name="seat_queue"),
            models.Index(fields=["project", "status"]),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(status="claimed", lease_until__isnull=False),
                name="seat_lease",
            ),
            models.Index(fields=["expert", "project", "-claimed_at"]),
            models.Index(
                fields=["expert", "lease_until"],
                condition=models.Q(status="claimed", lease_until__isnull=False),
                name="seat_live",
            ),
        ]

    def __str__(self) -> str:
        return f"seat {self.number} of {self.public_id}"

    @property
    def cost(self) -> int:
        return self.pay + self.fee


class RejectReason(models.TextChoices):
    """The published list: nothing else is a reason to reject. Labs choose `of_labs`; fraud is for ops to find."""

    INSTRUCTIONS = "instructions", "Does not follow the instructions"
    INCORRECT = "incorrect", "Factually or technically wrong"
    INCOMPLETE = "incomplete", "Parts are missing"
    RATIONALE = "rationale", "The reasons do not support the answer"
    LOW_EFFORT = "low_effort", "No sign of expert effort"
    FRAUD = "fraud", "Spam or fraud"

    @classmethod
    def of_labs(cls) -> list[tuple[str, str]]:
        return [(value, label) for value, label in cls.choices if value != cls.FRAUD]


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: User) -> SubmissionQuerySet:
        """Lab members and ops see what was handed in; experts see all of their own."""
        if user.is_staff and user.token is None:
            return self.filter(submitted_at__isnull=False)
        theirs = models.Q(project__lab__in=Lab.objects.visible_to(user), submitted_at__isnull=False)
        if user.token is None or user.token.lab_id is None:
            theirs |= models.Q(expert__user=user)
        return self.filter(theirs)


class Submission(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft"
        SUBMITTED = "submitted"
        ACCEPTED = "accepted"
        RETURNED = "returned"
        REJECTED = "rejected"
        RELEASED = "released"

    NOUN = "submission"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.DRAFT: {Status.SUBMITTED, Status.RELEASED},
        Status.SUBMITTED: {Status.ACCEPTED, Status.RETURNED, Status.REJECTED},
        Status.RETURNED: {Status.SUBMITTED, Status.RELEASED},
        Status.ACCEPTED: set(),
        Status.REJECTED: {Status.ACCEPTED},
        Status.RELEASED: set(),
    }

    public_id = PublicIdField(prefix="sub")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="submissions")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="submissions", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="submissions", db_index=False)
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="submissions", db_index=False)
    instructions = models.ForeignKey(
        InstructionVersion, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    consent = models.ForeignKey(Consent, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    response = models.JSONField(default=dict)  # as handed in
    draft = models.JSONField(default=dict)  # as the expert last saved it; nobody else sees it
    draft_version = models.PositiveIntegerField(default=0)  # grows with each save; an older one is refused
    saved_at = models.DateTimeField(null=True, blank=True)
    active_seconds = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True, blank=True)
    decide_by = models.DateTimeField(null=True, blank=True)  # decision clock; past it the work is accepted
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=16, choices=RejectReason.choices, blank=True)
    appeal_by = models.DateTimeField(null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["seat"], condition=~models.Q(status="released"), name="one_live_submission_per_seat"
            ),
            models.CheckConstraint(
                name="submitted_has_clock", condition=~models.Q(status="submitted") | models.Q(decide_by__isnull=False)
            ),
            models.CheckConstraint(
                name="rejection_has_reason_and_appeal",
                condition=~models.Q(status="rejected") | (~models.Q(reason="") & models.Q(appeal_by__isnull=False)),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["decide_by"], condition=models.Q(status="submitted"), name="decision_clock"),
            models.Index(fields=["appeal_by"], condition=models.Q(status="rejected"), name="appeal_clock"),
            models.Index(fields=["decided_at"], condition=models.Q(status="accepted"), name="accepted_at"),
            models.Index(fields=["project", "status", "submitted_at"]),
            models.Index(fields=["task", "expert"]),
            models.Index(fields=["expert", "-id"]),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def open_to_expert(self) -> bool:
        return self.status in (self.Status.DRAFT, self.Status.RETURNED)

    @property
    def working_copy(self) -> dict[str, Any]:
        """What the workbench shows: the draft while there is something to do, else what was handed in."""
        copy: dict[str, Any] = self.draft if self.open_to_expert else self.response
        return copy


class Review(models.Model):
    """One decision on one submission, with its words. Append-only."""

    class Verdict(models.TextChoices):
        ACCEPT = "accept"
        RETURN = "return"
        REJECT = "reject"

    public_id = PublicIdField(prefix="rev")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # null: the decision clock ran out, and only accepting can happen then
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    reason = models.CharField(max_length=16, choices=RejectReason.choices, blank=True)
    note = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="reject_by_a_person_with_reason",
                condition=~models.Q(verdict="reject")
                | (models.Q(reviewer__isnull=False) & ~models.Q(reason="") & ~models.Q(note="")),
            ),
            models.CheckConstraint(
                name="return_by_a_person_with_words",
                condition=~models.Q(verdict="return") | (models.Q(reviewer__isnull=False) & ~models.Q(note="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.submission}"


class Report(models.Model):
    """A reviewer takes an answer for spam or fraud. Only ops can agree, and then nothing is paid for it.

    Meanwhile the decision clock goes on, and so may the lab; a decision on the answer ends the report.
    """

    class Status(models.TextChoices):
        OPEN = "open"
        CONFIRMED = "confirmed"
        DISMISSED = "dismissed"
        LAPSED = "lapsed"

    NOUN = "report"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.OPEN: {Status.CONFIRMED, Status.DISMISSED, Status.LAPSED},
        Status.CONFIRMED: set(),
        Status.DISMISSED: set(),
        Status.LAPSED: set(),
    }

    public_id = PublicIdField(prefix="rpt")
    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="report")
    words = models.TextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    reported_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="report_has_words", condition=~models.Q(words="")),
            models.CheckConstraint(
                name="report_decided_by_another_with_words",
                condition=~models.Q(status__in=["confirmed", "dismissed"])
                | models.Q(decided_by__isnull=False)
                & ~models.Q(answer="")
                & ~models.Q(decided_by=models.F("reported_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"Report of {self.submission}"


class Appeal(models.Model):
    """The expert asks somebody else to look again. Unanswered at its clock, it is overturned in the expert's favour."""

    class Status(models.TextChoices):
        OPEN = "open"
        UPHELD = "upheld"
        OVERTURNED = "overturned"

    NOUN = "appeal"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.OPEN: {Status.UPHELD, Status.OVERTURNED},
        Status.UPHELD: set(),
        Status.OVERTURNED: set(),
    }

    public_id = PublicIdField(prefix="apl")
    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="appeal")
    words = models.TextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    opened_at = models.DateTimeField(default=timezone.now)
    answer_by = models.DateTimeField()
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="appeal_upheld_by_a_person_with_words",
                condition=~models.Q(status="upheld") | (models.Q(decided_by__isnull=False) & ~models.Q(answer="")),
            )
        ]

    def __str__(self) -> str:
        return f"Appeal of {self.submission}"


class Export(models.Model):
    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    NOUN = "export"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.WAITING: {Status.RUNNING, Status.FAILED},
        Status.RUNNING: {Status.DONE, Status.FAILED, Status.WAITING},
        Status.DONE: set(),
        Status.FAILED: {Status.WAITING},
    }

    public_id = PublicIdField(prefix="out")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="exports")
    format = models.CharField(max_length=24)  # "lossless", or a format that the project's kind offers
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    file = models.FileField(upload_to="exports/", blank=True)
    rows = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)  # judgements that the format has no place for, such as ties
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = OfLabQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.project}, {self.format}"
