"""What experts ask of the projects on offer: filters, seats left, and why a project fits or does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Length

from experts.models import DegreeLevel, Expert, Field
from projects import words
from projects.kinds import CHOICES, kind
from projects.matching.requirements import Unmet, unmet
from projects.models import Application, Project
from projects.pricing import hourly
from projects.queries import latest_applications
from projects.queries import offers as open_to
from tasks.models import Seat

RATES = {dollars * 100: f"${dollars}" for dollars in (25, 50, 75, 100, 150)}  # an hour: the steps of the filter


@dataclass(frozen=True)
class Asked:
    """The filters of the page, cleaned: what is not known counts as not asked."""

    search: str = ""
    field: str = ""  # ISCED-F code
    kind: str = ""
    rate: int = 0  # minor units an hour, at least

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        field, kind, rate = query.get("field", ""), query.get("kind", ""), query.get("rate", "")
        return cls(
            search=query.get("q", "").strip()[:120],
            field=field if field.isdigit() and len(field) <= 4 else "",
            kind=kind if kind in dict(CHOICES) else "",
            rate=int(rate) if rate in map(str, RATES) else 0,
        )

    @property
    def any(self) -> bool:
        return self != Asked()


def with_seats(projects: QuerySet[Project]) -> QuerySet[Project]:
    """With `seats_left`: funded seats that nobody holds."""
    free = Seat.objects.filter(project=OuterRef("pk"), status=Seat.Status.FUNDED).order_by().values("project")
    left = Coalesce(Subquery(free.annotate(n=Count("pk")).values("n")), Value(0))
    return projects.select_related("lab").annotate(seats_left=left)


def offers(expert: Expert, asked: Asked) -> QuerySet[Project]:
    """Open projects as asked for, the newest first; not those of the expert's own labs."""
    rows = with_seats(open_to(expert))
    if asked.search:
        found = Q(title__icontains=asked.search) | Q(brief__icontains=asked.search)
        rows = rows.filter(found | Q(lab__name__icontains=asked.search))
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    if asked.field:
        within = list(Field.objects.filter(code__startswith=asked.field).values_list("code", flat=True))
        above = [asked.field[:length] for length in range(2, len(asked.field))]
        rows = rows.filter(Q(fields=[]) | Q(fields__overlap=[*within, *above]))
    if asked.rate:
        rows = rows.filter(minutes__gt=0, pay__gte=F("minutes") * asked.rate / 60)
    return rows


def seen_by(expert: Expert) -> QuerySet[Project]:
    """What an expert may look at: what is on offer, and whatever they applied to or were invited to."""
    theirs = Q(applications__expert=expert) | Q(invitations__expert=expert)
    rows = Project.objects.filter(Q(status=Project.Status.OPEN) | (theirs & ~Q(status=Project.Status.DRAFT)))
    return with_seats(Project.objects.filter(pk__in=rows.values("pk")))


def broad_fields() -> list[tuple[str, str]]:
    """The broad fields of ISCED-F as (code, label)."""
    return list(Field.objects.alias(n=Length("code")).filter(n=2).values_list("code", "label"))


@dataclass(frozen=True)
class Card:
    """One project on offer, as one expert sees it. Amounts in minor units."""

    project: Project
    label: str  # of its kind of work
    hourly: int
    reserved: int  # pay that waits for whoever takes the seats left
    wants: list[str]  # who may work, in words
    unmet: list[Unmet]  # empty: open to this expert
    application: Application | None  # the expert's latest


def cards(page: Iterable[Project], expert: Expert) -> list[Card]:
    """The cards of one page, in its order. Four statements at most, however many cards."""
    projects = list(page)
    broken = unmet(expert, projects)
    applied = latest_applications(expert, projects)
    codes = {code for project in projects for code in project.fields}
    labels = dict(Field.objects.filter(code__in=codes).values_list("code", "label")) if codes else {}
    return [
        Card(
            project=project,
            label=kind(project.kind).label,
            hourly=hourly(project.pay, project.minutes),
            reserved=project.__dict__["seats_left"] * project.pay,
            wants=wants(project, labels),
            unmet=broken[project.pk],
            application=applied.get(project.pk),
        )
        for project in projects
    ]


def wants(project: Project, labels: Mapping[str, str]) -> list[str]:
    """Who may work on the project, one short phrase for each requirement."""
    phrases = [f"{DegreeLevel(project.min_level).label.replace(' or equivalent', '')} or higher"]
    if project.fields:
        phrases.append(words.listed((labels.get(code, code) for code in project.fields), "or"))
    if project.languages:
        phrases.append(words.listed(map(words.language, project.languages)))
    if project.countries:
        phrases.append(words.listed(map(words.country, project.countries), "or"))
    return phrases
