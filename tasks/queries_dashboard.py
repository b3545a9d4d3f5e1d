"""What the lab's dashboard asks over all its projects: progress, agreement, pace, and what waits for somebody."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from statistics import fmean
from typing import Any

from django.db import connection, models
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from payments.balances import Balance, balances_of
from projects.kinds import kind
from projects.models import Application, Project
from tasks.models import Import, Seat, Submission, Task

_S = Submission.Status
FAR = datetime.max.replace(tzinfo=UTC)
SAMPLE = 100  # answers of each state, the latest, that an agreement figure is made from


@dataclass(frozen=True)
class Agreement:
    """Mean agreement of pairs of answers to one task, 0…1, and the number of pairs it is made from."""

    value: float | None = None
    pairs: int = 0


_LATEST = """
SELECT a.project_id, a.task_id, a.response
FROM unnest(%s::bigint[]) AS p(id)
CROSS JOIN (VALUES ('accepted'), ('submitted'), ('rejected')) AS s(status)
CROSS JOIN LATERAL (
    SELECT project_id, task_id, response FROM tasks_submission
    WHERE project_id = p.id AND status = s.status
    ORDER BY submitted_at DESC LIMIT %s
) AS a
"""


def agreements(projects: Iterable[Project]) -> dict[int, Agreement]:
    """By project key, from the latest answers (at most SAMPLE of each state) that share a task. One statement,
    whose cost does not grow with the project: it walks the index (project, status, submitted_at) backwards."""
    kinds = {project.pk: project.kind for project in projects if project.overlap > 1}
    if not kinds:
        return {}
    together: dict[tuple[int, int], list[dict[str, object]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [list(kinds), SAMPLE])
        for project_id, task_id, response in cursor.fetchall():
            together.setdefault((project_id, task_id), []).append(json.loads(response))
    values: dict[int, list[float]] = {}
    for (project_id, _), responses in together.items():
        agree = kind(kinds[project_id]).agreement
        for one, other in combinations(responses, 2):
            if (value := agree(one, other)) is not None:
                values.setdefault(project_id, []).append(value)
    return {pk: Agreement(fmean(found), len(found)) for pk, found in values.items()}


def agreement(project: Project) -> Agreement:
    return agreements([project]).get(project.pk, Agreement())


def _counted(rows: QuerySet[models.Model], what: models.Aggregate | None = None) -> Coalesce:
    """A per-project count as a subquery: PostgreSQL runs it for the rows of the page only."""
    counted = rows.filter(project=OuterRef("pk")).order_by().values("project").annotate(n=what or Count("pk"))
    return Coalesce(Subquery(counted.values("n")), Value(0))


def listed(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Projects with what a list shows: `wanted`, `accepted`, `waiting`, `free_seats`, `working`."""
    answers = Submission.objects.all()
    return projects.select_related("lab").annotate(
        wanted=_counted(Task.objects.exclude(status=Task.Status.WITHDRAWN), Sum("overlap")),
        accepted=_counted(answers.filter(status=_S.ACCEPTED)),
        waiting=_counted(answers.filter(status=_S.SUBMITTED)),
        working=_counted(answers.filter(status__in=[_S.DRAFT, _S.RETURNED])),
        free_seats=_counted(Seat.objects.filter(status=Seat.Status.FUNDED)),
    )


@dataclass(frozen=True)
class Need:
    """One thing that waits for somebody of the lab, in words, and the page where it is done."""

    project: Project
    short: str
    words: str
    url: str
    by: datetime | None = None


def needs(projects: QuerySet[Project]) -> list[Need]:
    """What waits for the lab over all its projects, the nearest clock first. One statement."""
    live = projects.filter(status__in=[Project.Status.DRAFT, Project.Status.OPEN, Project.Status.PAUSED])
    submitted = Submission.objects.filter(project=OuterRef("pk"), status=_S.SUBMITTED)
    asked = Application.objects.filter(project=OuterRef("pk"), status__in=Application.OPEN)
    rows = live.annotate(
        to_review=_counted(Submission.objects.filter(status=_S.SUBMITTED)),
        review_by=Subquery(submitted.order_by("decide_by").values("decide_by")[:1]),
        to_answer=_counted(Application.objects.filter(status__in=Application.OPEN)),
        answer_by=Subquery(asked.order_by("answer_by").values("answer_by")[:1]),
        to_confirm=_counted(Import.objects.filter(status=Import.Status.CHECKED)),
        live_seats=_counted(Seat.objects.filter(status__in=[Seat.Status.FUNDED, Seat.Status.CLAIMED])),
        open_tasks=_counted(Task.objects.filter(status=Task.Status.OPEN)),
    )
    found = [need for row in rows for need in _needs_of(row)]
    return sorted(found, key=lambda need: (need.by is None, need.by or FAR, need.project.pk))


def _needs_of(row: Any) -> list[Need]:
    """`row`: a project with the annotations of `needs`."""
    found = []
    if n := row.to_review:
        words = f"{n} answer{_s(n)} to review"
        found.append(Need(row, words, words, reverse("tasks:review_queue", args=[row.public_id]), row.review_by))
    if n := row.to_answer:
        words = f"{n} application{_s(n)} to answer"
        found.append(Need(row, words, words, reverse("projects:applicants", args=[row.public_id]), row.answer_by))
    if n := row.to_confirm:
        words = f"{n} import{_s(n)} checked, to confirm or discard"
        found.append(Need(row, f"{n} import{_s(n)} to confirm", words, reverse("tasks:imports", args=[row.public_id])))
    if row.status == Project.Status.OPEN and row.open_tasks and not row.live_seats:
        short = "1 pilot to confirm" if row.in_pilot else "1 empty queue"
        words = "The pilot is through: look at it and confirm" if row.in_pilot else "No open task has a funded seat"
        found.append(Need(row, short, words, reverse("tasks:project", args=[row.public_id])))
    return found


def _s(count: int) -> str:
    return "" if count == 1 else "s"


class Median(models.Aggregate):
    """Over the values there are; PostgreSQL's ordered-set aggregate, interpolated."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = models.DurationField()


@dataclass(frozen=True)
class Pace:
    """Accepted answers a day over the last 14 days, oldest first; `turnaround` is the median over the last 30."""

    days: list[int]
    total: int
    turnaround: timedelta | None  # from started to accepted

    @property
    def this_week(self) -> int:
        return sum(self.days[-7:])

    @property
    def last_week(self) -> int:
        return sum(self.days[:-7])

    @property
    def change(self) -> int | None:
        """Per cent on last week, or None without one."""
        return round(100 * (self.this_week - self.last_week) / self.last_week) if self.last_week else None


def pace(projects: QuerySet[Project]) -> Pace:
    """Counted by the day on which the answers were accepted, in the zone of whoever looks. One statement."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [midnight - timedelta(days=back) for back in range(13, -1, -1)]
    recently = Q(decided_at__gte=midnight - timedelta(days=30))
    sums = Submission.objects.filter(project__in=projects.values("pk"), status=_S.ACCEPTED).aggregate(
        total=Count("pk"),
        turnaround=Median(F("decided_at") - F("started_at"), filter=recently),
        **{
            f"day{n}": Count("pk", filter=Q(decided_at__gte=start, decided_at__lt=start + timedelta(days=1)))
            for n, start in enumerate(starts)
        },
    )
    return Pace([sums[f"day{n}"] for n in range(len(starts))], sums["total"], sums["turnaround"])


@dataclass(frozen=True)
class Index:
    """Every project that the person sees, in the order of the table, and its money. Four statements, however many."""

    names: list[tuple[int, str, str, str]]  # key, public id, title, status
    balance: dict[str, Balance]

    @property
    def spent(self) -> int:
        return sum(one.gone for one in self.balance.values())

    @property
    def funded(self) -> int:
        return sum(one.funded for one in self.balance.values())

    def keys(self, *, search: str = "", status: str = "") -> list[int]:
        """Those that the person looks for; counting and paging need no further statement."""
        wanted = search.casefold()
        return [key for key, _, title, state in self.names if wanted in title.casefold() and status in ("", state)]


def index(projects: QuerySet[Project]) -> Index:
    names = list(projects.order_by("-created_at", "-pk").values_list("pk", "public_id", "title", "status"))
    return Index(names, balances_of((public_id for _, public_id, _, _ in names), "usd"))


@dataclass(frozen=True)
class Row:
    """One line of the dashboard's table; `project` carries the counts of `listed`."""

    project: Project
    label: str  # of its kind of work
    balance: Balance
    agreement: Agreement


def rows(keys: Sequence[int], balance: dict[str, Balance]) -> list[Row]:
    """The lines of one page, in the order of `keys`. Two statements."""
    found = listed(Project.objects.filter(pk__in=list(keys))).in_bulk()
    page = [found[key] for key in keys]
    agree = agreements(page)
    return [Row(one, kind(one.kind).label, balance[one.public_id], agree.get(one.pk, Agreement())) for one in page]


def pooled(lines: Iterable[Row]) -> Agreement:
    """The agreement of several projects together, weighed by their pairs."""
    known = [line.agreement for line in lines if line.agreement.value is not None]
    pairs = sum(one.pairs for one in known)
    return Agreement(sum((one.value or 0) * one.pairs for one in known) / pairs, pairs) if pairs else Agreement()
