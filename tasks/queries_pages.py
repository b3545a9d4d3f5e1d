"""What the lab's pages of one project ask: a few statements a page, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    F,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from accounts.models import Lab
from core.models import Event
from experts.models import Expert
from payments.models import Earning
from projects.kinds import kind
from projects.kinds.base import pseudonym
from projects.models import Application, Project
from tasks.models import Seat, Submission, Task
from tasks.runway import Runway

_S = Submission.Status
HANDED_IN = (_S.SUBMITTED, _S.ACCEPTED, _S.REJECTED)


@dataclass
class Progress:
    """Counts of one project's tasks, seats and answers, by status."""

    tasks: dict[str, int] = field(default_factory=dict)
    wanted: int = 0  # answers: seats wanted by tasks that were not withdrawn
    seats: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    applications: dict[str, int] = field(default_factory=dict)
    by_expert: dict[int, dict[str, int]] = field(default_factory=dict)  # answers
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
    nobody, nothing = Value(None, output_field=IntegerField()), Value(None, output_field=DateTimeField())
    answers = _counted(Submission.objects.filter(project=project), "answers", F("expert_id"), Min("decide_by"))
    tasks = _counted(Task.objects.filter(project=project), "tasks", nobody, nothing, Sum("overlap"))
    seats = _counted(Seat.objects.filter(project=project), "seats", nobody, nothing)
    applied = _counted(Application.objects.filter(project=project), "applications", nobody, nothing)
    found = Progress()
    for what, status, expert, count, wanted, by in answers.union(tasks, seats, applied, all=True):
        counts: dict[str, int] = getattr(found, what)
        counts[status] = counts.get(status, 0) + count
        if what == "answers":
            found.by_expert.setdefault(expert, {})[status] = count
        if what == "tasks" and status != Task.Status.WITHDRAWN:
            found.wanted += wanted
        if what == "answers" and status == _S.SUBMITTED:
            found.oldest_decide_by = min(by, found.oldest_decide_by or by)
    return found


def runway(project: Project, found: Progress, free: int) -> Runway:
    """How far `free` funds reach. No statement."""
    return Runway(
        planned=max(found.wanted, project.planned_tasks * project.overlap),
        covered=found.accepted + found.waiting + found.working,
        open=found.free_seats,
        affordable=free // project.seat_cost if project.seat_cost else 0,
    )


def funds_level(found: Runway) -> str:
    return found.level(seats=settings.QUORUM_LOW_FUNDS_SEATS, percent=settings.QUORUM_LOW_FUNDS_PERCENT)


def _counted(rows: QuerySet[Any], what: str, expert: Any, by: Any, wanted: Any = None) -> QuerySet[Any, Any]:
    """(what, status, key of the expert, count, answers wanted, nearest clock)"""
    named = rows.order_by().values_list(Value(what, output_field=CharField()), "status", expert)
    counted: QuerySet[Any, Any] = named.annotate(n=Count("pk"), wanted=wanted or Value(0), by=by)
    return counted


@dataclass(frozen=True)
class Worker:
    """One expert's answers on one project, by where they stand."""

    name: str
    accepted: int
    waiting: int
    returned: int
    rejected: int


def workers(found: Progress, limit: int) -> list[Worker]:
    """Whose answers they are, most accepted first. One statement, for the names."""
    shown = [_S.ACCEPTED, _S.SUBMITTED, _S.RETURNED, _S.REJECTED]
    counts = {key: [by.get(status, 0) for status in shown] for key, by in found.by_expert.items()}
    first = sorted((key for key in counts if any(counts[key])), key=lambda key: (-counts[key][0], key))[:limit]
    names = dict(Expert.objects.filter(pk__in=first).values_list("pk", "user__name"))
    return [Worker(names[key], *counts[key]) for key in first]


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


def pay_by_expert(project: Project) -> list[tuple[int, int, int]]:
    """(key of the user, answers that earned something, pay in minor units), most pay first. One statement."""
    earned = Earning.objects.filter(ref=project.public_id).exclude(kind__in=Earning.HOUSE_PAID).order_by()
    sums = earned.values_list("payee").annotate(n=Count("source", distinct=True), total=Sum("pay"))
    return sorted(sums, key=lambda row: (-row[2], row[0]))


def pseudonyms(lab: Lab, users: Collection[int]) -> dict[int, str]:
    """User key → how the expert is called in whatever leaves the marketplace; the lab's exports say the same."""
    known = Expert.objects.filter(user__in=users).values_list("user", "public_id")
    return {user: pseudonym(settings.SECRET_KEY, lab.public_id, expert) for user, expert in known}
