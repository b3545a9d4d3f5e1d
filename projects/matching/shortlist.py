"""From rows to a ranked list: reads, scores, writes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet

from experts.models import Expert, ExpertMatch
from projects.matching.requirements import matching
from projects.matching.score import Candidate, Need, Scored, rank, score
from projects.models import Application, Project
from projects.pricing import hourly

SHORTLIST = 100


def need_of(project: Project) -> Need:
    return Need(
        id=project.public_id,
        fields=frozenset(project.fields),
        min_level=project.min_level,
        hourly=hourly(project.pay, project.minutes),
    )


def candidates(matches: QuerySet[ExpertMatch]) -> Iterable[Candidate]:
    """One statement, streamed."""
    accepted = Count("expert__applications", filter=Q(expert__applications__status=Application.Status.ACCEPTED))
    rows = matches.annotate(projects=accepted).values_list(
        "expert__public_id", "expert_id", "fields", "level", "min_rate", "weekly_hours", "projects"
    )
    for public_id, key, fields, level, min_rate, weekly_hours, projects in rows.iterator():
        yield Candidate(public_id, key, frozenset(fields), level, min_rate, weekly_hours, projects)


def best(project: Project, limit: int = SHORTLIST) -> list[Scored]:
    """The best experts for a project, best first."""
    return rank(need_of(project), candidates(matching(project)), limit)


def fit(project: Project, expert: Expert) -> Scored | None:
    """How one expert fits; None while the expert has no row to match by."""
    need = need_of(project)
    return next((score(need, each) for each in candidates(ExpertMatch.objects.filter(expert=expert))), None)
