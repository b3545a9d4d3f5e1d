"""What a lab asks about its money: each project's balance, its ledger in words, and how long its funds last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Lab
from payments import months
from payments.balances import Balance, balances_of, total
from payments.models import Funding
from payments.project_lines import Line
from projects.models import Project
from tasks.forecast import WINDOWS, Forecast, forecast
from tasks.models import Submission
from tasks.queries_pages import Progress, progress, pseudonyms


def balances(projects: Iterable[Project]) -> dict[str, Balance]:
    """By public id. One statement for each currency."""
    by_currency: dict[str, list[str]] = {}
    for project in projects:
        by_currency.setdefault(project.currency, []).append(project.public_id)
    found: dict[str, Balance] = {}
    for currency, refs in by_currency.items():
        found |= balances_of(refs, currency)
    return found


def balance(project: Project) -> Balance:
    return balances([project])[project.public_id]


# --- The ledger in words ----------------------------------------------------------------------------------------------


def narrowing(*, group: str = "", since: date | None = None, until: date | None = None) -> dict[str, Any]:
    """The arguments of `Lines`: days of the reader's zone, both included, as moments. Without what is empty."""
    return {
        **({"group": group} if group else {}),
        **({"since": _midnight(since)} if since else {}),
        **({"until": _midnight(until + timedelta(days=1))} if until and until < date.max else {}),
    }


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@dataclass(frozen=True)
class Told:
    """A line of the ledger with its expert's pseudonym (or "") and the page of what it is about (or "")."""

    line: Line
    expert: str
    url: str


class Teller:
    """Names and links for the lines of one project. Two statements a page, one where the experts are `known`."""

    def __init__(self, project: Project, known: dict[int, str] | None = None) -> None:
        self._project = project
        self._experts: dict[int, str] = known or {}

    def tell(self, lines: Sequence[Line]) -> list[Told]:
        self._meet({line.payee for line in lines if line.payee is not None})
        pages = _pages(self._project, [line.about for line in lines])
        return [Told(line, self._experts.get(line.payee or 0, ""), pages.get(line.about, "")) for line in lines]

    def _meet(self, payees: set[int]) -> None:
        if new := payees - self._experts.keys():
            self._experts |= pseudonyms(self._project.lab, new)


_OWN_PAGE: Final = {"tsk": "tasks:task", "fnd": "payments:funding"}
_ON_REFUNDS: Final = ("rfd", "dsp")


def _pages(project: Project, about: Iterable[str]) -> dict[str, str]:
    """Public id → the lab's page of it. An answer that was never handed in has none, so its task stands for it."""
    found: dict[str, str] = {}
    answers = []
    for public_id in filter(None, about):
        kind = public_id[:3]
        if kind == "sub":
            answers.append(public_id)
        elif kind in _OWN_PAGE:
            found[public_id] = reverse(_OWN_PAGE[kind], args=[public_id])
        elif kind in _ON_REFUNDS:
            found[public_id] = reverse("tasks:refunds", args=[project.public_id])
    rows = Submission.objects.filter(public_id__in=answers)
    for public_id, task, status in rows.values_list("public_id", "task__public_id", "status"):
        released = status == Submission.Status.RELEASED
        name, args = ("tasks:task", [task]) if released else ("tasks:submission", [public_id])
        found[public_id] = reverse(name, args=args)
    return found


# --- The forecast -----------------------------------------------------------------------------------------------------


def forecast_of(project: Project, spendable: int, counts: Progress | None = None) -> Forecast:
    """How long the funds last at the pace of the last approvals. One statement, and one more for `counts`."""
    counts = counts or progress(project)
    now = timezone.now()
    accepted = Submission.objects.filter(project=project, status=Submission.Status.ACCEPTED)
    recent: dict[str, Any] = {
        f"in{days}": Count("pk", filter=Q(decided_at__gte=now - timedelta(days=days))) for days in WINDOWS
    }
    found = accepted.aggregate(**recent)
    return forecast(
        free=spendable,
        seat_cost=project.seat_cost,
        open_seats=counts.free_seats + counts.working + counts.waiting,
        asked=counts.wanted,
        accepted=counts.accepted,
        days_open=(now - project.opened_at).days + 1 if project.opened_at else 0,
        approved={days: found[f"in{days}"] for days in WINDOWS},
        today=timezone.localdate(),
    )


# --- All projects of a lab --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bill:
    """One project in one month."""

    project: Project
    month: months.Month


@dataclass(frozen=True)
class Books:
    """A lab's projects of one currency: months newest first, each summed over the projects."""

    currency: str
    rows: list[tuple[Project, Balance]]
    total: Balance
    months: list[months.Month]


def books(lab: Lab) -> list[Books]:
    """The whole of a lab's money, a book for each currency. Three statements for one currency."""
    projects = list(Project.objects.filter(lab=lab).order_by("-pk"))
    held = balances(projects)
    moved = months.months_of(held, lab.time_zone)
    found = []
    for currency in sorted({project.currency for project in projects}):
        mine = [project for project in projects if project.currency == currency]
        histories = [moved.get((project.public_id, currency), []) for project in mine]
        since = sorted({month.since for history in histories for month in history}, reverse=True)
        summed = [months.together((months.at(history, day) for history in histories), day) for day in since]
        rows = [(project, held[project.public_id]) for project in mine]
        found.append(Books(currency, rows, total(one for _, one in rows), summed))
    return found


def statement(lab: Lab, since: date) -> list[tuple[str, list[Bill], months.Month]]:
    """(currency, each project's month, their sum): projects that had or moved any money. Two statements."""
    projects = list(Project.objects.filter(lab=lab).select_related("lab").order_by("pk"))
    moved = months.months_of([project.public_id for project in projects], lab.time_zone)
    found = []
    for currency in sorted({currency for _, currency in moved}):
        bills = [
            Bill(project, months.at(moved[project.public_id, currency], since))
            for project in projects
            if (project.public_id, currency) in moved
        ]
        bills = [bill for bill in bills if bill.month.opening or any(bill.month.moved.values())]
        found.append((currency, bills, months.together((bill.month for bill in bills), since)))
    return found


def fundings_of(lab: Lab) -> Any:
    """What the lab paid or began to pay, newest first."""
    return Funding.objects.filter(lab=lab).order_by("-pk")


def titles(fundings: Iterable[Funding]) -> dict[str, str]:
    """Project public id → title. One statement."""
    refs = {funding.ref for funding in fundings}
    return dict(Project.objects.filter(public_id__in=refs).values_list("public_id", "title"))
