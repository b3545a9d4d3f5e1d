"""What the lab's pages of one project ask: a few statements a page, whatever the number of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import CharField, Count, DateTimeField, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from core.models import Event
from projects.kinds import kind
from projects.models import Application, Project
from tasks.models import Seat, Submission, Task

_S = Submission.Status
HANDED_IN = (_S.SUBMITTED, _S.ACCEPTED, _S.REJECTED)


@dataclass(frozen=True)
class Progress:
    """Counts of one project's tasks, seats and answers, by status."""

    tasks: dict[str, int] = field(default_factory=dict)
    wanted: int = 0  # answers: seats wanted by tasks that were not withdrawn
    seats: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    applications: dict[str, int] = field(default_factory=dict)
    oldest_decide_by: datetime | None = None

    @property
    def tasks_total(self) -> int:
        return sum(self.tasks.values())

    @property
    def accepted(self) -> int:
        return self.answers.get(_S.ACCEPTED, 0)

    @property
    def waiting(self) -> int:
        return self.answers.get(_S.SUBMITTED, 0)

    @property
    def applicants(self) -> int:
        """Applications that wait for an answer."""
        return sum(self.applications.get(status, 0) for status in Application.OPEN)

    @property
    def free_seats(self) -> int:
        return self.seats.get(Seat.Status.FUNDED, 0)

    @property
    def working(self) -> int:
        return self.answers.get(_S.DRAFT, 0) + self.answers.get(_S.RETURNED, 0)

    @property
    def unfunded(self) -> int:
        """Answers still wanted for which no seat is open, held or settled by an accepted answer."""
        return max(0, self.wanted - self.accepted - self.waiting - self.working - self.free_seats)


def progress(project: Project) -> Progress:
    """One statement: a grouped count of each thing that the project has."""
    nothing = Value(None, output_field=DateTimeField())
    answers = _by_status(Submission.objects.filter(project=project), "answers", by=Min("decide_by"))
    tasks = _by_status(Task.objects.filter(project=project), "tasks", by=nothing, wanted=Sum("overlap"))
    seats = _by_status(Seat.objects.filter(project=project), "seats", by=nothing)
    applied = _by_status(Application.objects.filter(project=project), "applications", by=nothing)
    counts: dict[str, dict[str, int]] = {"answers": {}, "tasks": {}, "seats": {}, "applications": {}}
    wanted, oldest = 0, None
    for what, status, count, of_these, by in answers.union(tasks, seats, applied, all=True):
        counts[what][status] = count
        wanted += of_these if (what, status) != ("tasks", Task.Status.WITHDRAWN) else 0
        oldest = by if (what, status) == ("answers", _S.SUBMITTED) else oldest
    return Progress(**counts, wanted=wanted, oldest_decide_by=oldest)


def _by_status(rows: QuerySet[Any], what: str, *, by: Any, wanted: Any = None) -> QuerySet[Any, Any]:
    """(what, status, count, answers wanted, nearest clock)"""
    named = rows.order_by().values_list(Value(what, output_field=CharField()), "status")
    counted: QuerySet[Any, Any] = named.annotate(n=Count("pk"), wanted=wanted or Value(0), by=by)
    return counted


# --- Tasks and reviews ------------------------------------------------------------------------------------------------


def task_rows(project: Project, *, search: str = "", status: str = "") -> QuerySet[Task]:
    """The project's tasks, in working order, with counts of what was handed in and accepted."""
    tasks = Task.objects.filter(project=project).defer("payload")
    if status:
        tasks = tasks.filter(status=status)
    if search:
        tasks = tasks.filter(Q(external_id__icontains=search) | Q(public_id=search))
    mine = Submission.objects.filter(task=OuterRef("pk")).order_by().values("task").annotate(n=Count("pk"))
    return tasks.annotate(
        answers=Coalesce(Subquery(mine.filter(status__in=HANDED_IN).values("n")), Value(0)),
        accepted=Coalesce(Subquery(mine.filter(status=_S.ACCEPTED).values("n")), Value(0)),
        working=Coalesce(Subquery(mine.filter(status__in=[_S.DRAFT, _S.RETURNED]).values("n")), Value(0)),
    ).order_by("priority", "pk")


def review_rows(project: Project, *, status: str) -> QuerySet[Submission]:
    """Handed-in work; what waits is sorted by its clock, the rest by the latest decision."""
    rows = Submission.objects.filter(project=project, status=status).select_related("task", "expert__user", "seat")
    rows = rows.defer("response", "task__payload")
    return rows.order_by("decide_by", "pk") if status == _S.SUBMITTED else rows.order_by("-decided_at", "-pk")


def next_to_review(project: Project, *, after: Submission) -> Submission | None:
    waiting = Submission.objects.filter(project=project, status=_S.SUBMITTED).exclude(pk=after.pk)
    return waiting.only("public_id").order_by("decide_by", "pk").first()


@dataclass(frozen=True)
class TrackRecord:
    """What was decided on one expert's work in one project."""

    accepted: int
    returned: int
    rejected: int


def track_record(submission: Submission) -> TrackRecord:
    counts = Submission.objects.filter(project=submission.project_id, expert=submission.expert_id).aggregate(
        accepted=Count("pk", filter=Q(status=_S.ACCEPTED), distinct=True),
        returned=Count("reviews", filter=Q(reviews__verdict="return"), distinct=True),
        rejected=Count("pk", filter=Q(status=_S.REJECTED), distinct=True),
    )
    return TrackRecord(**counts)


def others_on_task(submission: Submission) -> list[tuple[Submission, float | None]]:
    """The other handed-in answers to the same task, each with its agreement with this one (0…1)."""
    others = Submission.objects.filter(task=submission.task_id, status__in=HANDED_IN)
    agree = kind(submission.project.kind).agreement
    rows = others.exclude(pk=submission.pk).select_related("expert__user").order_by("pk")
    return [(other, agree(submission.response, other.response)) for other in rows]


def answer_counts(project: Project) -> dict[str, int]:
    """Handed-in work by status. A submission with the lab counts where it stands now."""
    counted = Submission.objects.filter(project=project, submitted_at__isnull=False).values_list("status")
    return dict(counted.annotate(n=Count("pk")).order_by())


def handed_in_for(task: Task) -> QuerySet[Submission]:
    """What the lab may see of the work on one task: everything that was handed in at least once."""
    rows = Submission.objects.filter(task=task, submitted_at__isnull=False).exclude(status=_S.RELEASED)
    return rows.select_related("expert__user", "seat").order_by("pk")


def task_history(task: Task) -> list[Event]:
    """What happened to the task, its seats and its answers, oldest first. One statement.

    A claim or a draft that was never handed in stays the expert's own affair.
    """
    answers = Submission.objects.filter(task=task, submitted_at__isnull=False).values("public_id")
    about = Q(subject=task.public_id) | Q(subject__in=answers)
    return list(Event.objects.filter(about).select_related("actor").order_by("pk"))


@dataclass(frozen=True)
class Worker:
    """One expert's work on one project, in answers, and the pay of what was accepted (minor units)."""

    name: str
    public_id: str
    accepted: int
    waiting: int
    returned: int
    rejected: int
    pay: int


def workers(project: Project) -> list[Worker]:
    """Everybody who handed something in, most accepted first. One statement."""
    rows = Submission.objects.filter(project=project, submitted_at__isnull=False).order_by()
    found = rows.values_list("expert__user__name", "expert__public_id").annotate(
        n_accepted=Count("pk", filter=Q(status=_S.ACCEPTED)),
        n_submitted=Count("pk", filter=Q(status=_S.SUBMITTED)),
        n_returned=Count("pk", filter=Q(status=_S.RETURNED)),
        n_rejected=Count("pk", filter=Q(status=_S.REJECTED)),
        pay=Coalesce(Sum("seat__pay", filter=Q(status=_S.ACCEPTED)), 0),
    )
    return sorted((Worker(*row) for row in found), key=lambda one: (-one.accepted, one.name))
