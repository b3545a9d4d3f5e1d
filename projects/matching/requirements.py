"""The hard requirements, once: each rule is one SQL condition, and its words are said of that same condition.

`matching()` filters with the conditions; `unmet()` asks the database for each condition of one expert and says
which do not hold. There is no second predicate that could disagree, so no hidden criterion can exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When

from accounts.models import Membership
from experts.models import Expert, ExpertMatch, Field
from payments.money import show
from projects import words
from projects.models import Project
from projects.pricing import hourly


@dataclass(frozen=True)
class Unmet:
    """A rule that an expert does not meet: what is asked, and what would meet it."""

    rule: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Rule:
    """`where(project, path)`: the condition over ExpertMatch reached by `path` ("" or "expert__match__"), or None
    where the project does not ask. `message` and `remedy` take the project and the labels of its fields."""

    name: str
    where: Callable[[Project, str], Q | None]
    message: Callable[[Project, Mapping[str, str]], str]
    remedy: Callable[[Project, Mapping[str, str]], str]


def _fields(project: Project, labels: Mapping[str, str]) -> str:
    return words.listed((labels.get(code, code) for code in project.fields), "or")


def _degrees(project: Project, path: str) -> Q | None:
    """One degree must have both the field and the level: a doctorate in law does not make a physicist."""
    asked = [f"{project.min_level}:{code}" for code in project.fields]
    return Q(**{f"{path}degrees__overlap": asked}) if asked else None


def _outsider(project: Project, path: str) -> Q:
    members = Membership.objects.filter(lab_id=project.lab_id, user=OuterRef(f"{path}expert__user"))
    return Q(~Exists(members))


# What the lab asks of whoever works. Holds when applying, when invited and at every claim.
REQUIREMENTS: tuple[Rule, ...] = (
    Rule(
        "verified",
        lambda project, path: Q(**{f"{path}verified": True}),
        lambda project, labels: "No degree of yours is verified yet.",
        lambda project, labels: "Add a degree with a document; it is checked within a day.",
    ),
    Rule(
        "level",
        lambda project, path: Q(**{f"{path}level__gte": project.min_level}),
        lambda project, labels: f"Asks for {words.degree(project.min_level)} or higher.",
        lambda project, labels: f"Have {words.degree(project.min_level)} or a higher degree verified.",
    ),
    Rule(
        "fields",
        _degrees,
        lambda project, labels: f"Asks for {words.degree(project.min_level)} or higher in {_fields(project, labels)}.",
        lambda project, labels: f"Have {words.degree(project.min_level)} or higher in such a field verified.",
    ),
    Rule(
        "countries",
        lambda project, path: Q(**{f"{path}country__in": project.countries}) if project.countries else None,
        lambda project, labels: (
            f"Open to people who live in {words.listed(map(words.country, project.countries), 'or')}."
        ),
        lambda project, labels: "If you live there, set your country in your profile.",
    ),
    Rule(
        "languages",
        lambda project, path: Q(**{f"{path}languages__contains": project.languages}) if project.languages else None,
        lambda project, labels: f"Asks for {words.listed(map(words.language, project.languages))}.",
        lambda project, labels: "Add the languages you work in to your profile.",
    ),
    Rule(
        "own_lab",
        _outsider,
        lambda project, labels: "You are a member of the lab that posts this project.",
        lambda project, labels: "Members do not work on their own lab's projects.",
    ),
)

# What the expert asks of work. Only these are invited and counted; nobody is kept from applying by their own wishes.
WISHES: tuple[Rule, ...] = (
    Rule(
        "available",
        lambda project, path: Q(**{f"{path}available": True}),
        lambda project, labels: "Your profile says you are not available.",
        lambda project, labels: "Say in your profile that you are available.",
    ),
    Rule(
        "rate",
        lambda project, path: (
            Q(**{f"{path}min_rate__lte": hourly(project.pay, project.minutes)}) if project.pay else None
        ),  # a draft without a price asks nothing of rates yet
        lambda project, labels: (
            f"Pays {show(hourly(project.pay, project.minutes), project.currency)} an hour, "
            "less than the rate in your profile."
        ),
        lambda project, labels: "Lower the rate in your profile to be invited to projects like this.",
    ),
)


def matching(project: Project) -> QuerySet[ExpertMatch]:
    """Experts that the project wants and that want such work: who is counted, shortlisted and invited."""
    return _holding(project, REQUIREMENTS + WISHES)


def qualified(project: Project) -> QuerySet[ExpertMatch]:
    """Experts that may work on the project."""
    return _holding(project, REQUIREMENTS)


def _holding(project: Project, rules: tuple[Rule, ...]) -> QuerySet[ExpertMatch]:
    found = ExpertMatch.objects.all()
    for rule in rules:
        if (where := rule.where(project, "")) is not None:
            found = found.filter(where)
    return found


def flags(project: Project, path: str = "", tag: str = "") -> dict[str, Any]:
    """For `annotate()`: one boolean `meets_<tag><rule>` for each requirement that the project has."""
    return {
        f"meets_{tag}{rule.name}": Case(
            When(where, then=Value(True)), default=Value(False), output_field=BooleanField()
        )
        for rule in REQUIREMENTS
        if (where := rule.where(project, path)) is not None
    }


def failed(row: Any, tag: str = "") -> list[Rule]:
    """The requirements whose flag on an annotated row is false."""
    return [rule for rule in REQUIREMENTS if getattr(row, f"meets_{tag}{rule.name}", True) is False]


PER_STATEMENT = 100  # projects judged by one statement; PostgreSQL selects at most 1,664 columns


def unmet(expert: Expert, projects: Iterable[Project]) -> dict[int, list[Unmet]]:
    """Project key → the requirements this expert does not meet; empty lists for those open to them."""
    every = list(projects)
    found: dict[int, list[Rule]] = {}
    for first in range(0, len(every), PER_STATEMENT):
        batch = every[first : first + PER_STATEMENT]
        asked: dict[str, Any] = {}
        for project in batch:
            asked |= flags(project, tag=f"{project.pk}_")
        row = ExpertMatch.objects.filter(expert=expert).annotate(**asked).first()
        for project in batch:
            found[project.pk] = [REQUIREMENTS[0]] if row is None else failed(row, f"{project.pk}_")
    return in_words({project: found[project.pk] for project in every})


def in_words(rules: Mapping[Project, list[Rule]]) -> dict[int, list[Unmet]]:
    codes = {code for project, broken in rules.items() if broken for code in project.fields}
    labels = dict(Field.objects.filter(code__in=codes).values_list("code", "label")) if codes else {}
    return {
        project.pk: [Unmet(r.name, r.message(project, labels), r.remedy(project, labels)) for r in broken]
        for project, broken in rules.items()
    }
