"""The product looks for the right experts, and remembers how it looked."""

from __future__ import annotations

from time import perf_counter

from django.db import transaction

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.transitions import lock
from experts.models import Expert
from projects.actions.invitations import invite
from projects.matching.requirements import matching
from projects.matching.score import ENGINE, WEIGHTS, Scored
from projects.matching.shortlist import best
from projects.models import Invitation, MatchRun, Project, Shortlisted
from projects.queries import contacted, invitations_to_send, match_count, open_to

KEPT_RUNS = 5  # of each project; older ones are dropped


@transaction.atomic
def run_shortlist(*, project: Project, by: Actor = SYSTEM) -> MatchRun:
    """Score every matching expert and keep the best hundred with their reasons."""
    authorise(by, Permission.APPLICATION_DECIDE, lab=project.lab)
    return _remember(project, *_timed(project))


@transaction.atomic
def invite_best(*, project: Project, by: Actor = SYSTEM) -> list[Invitation]:
    """A fresh shortlist, and invitations to its best until twice the people wanted are asked. Safe to run twice."""
    authorise(by, Permission.APPLICATION_DECIDE, lab=project.lab)
    project = lock(project)
    if project.status != Project.Status.OPEN:
        return []
    ranked, milliseconds = _timed(project)
    _remember(project, ranked, milliseconds)
    known, room = contacted(project), invitations_to_send(project)
    fresh = [scored for scored in ranked if scored.candidate.key not in known][:room]
    fresh.sort(key=lambda scored: scored.candidate.key)  # two projects lock the same experts in the same order
    experts = Expert.objects.select_related("user").in_bulk([scored.candidate.key for scored in fresh])
    return [invite(project=project, expert=experts[scored.candidate.key], by=by, scored=scored) for scored in fresh]


@transaction.atomic
def match_expert(*, expert: Expert, by: Actor = SYSTEM) -> list[Project]:
    """Open projects that an expert has come to qualify for; where people are still wanted, the expert is invited."""
    authorise(by, Permission.APPLICATION_DECIDE)
    fitting = open_to(expert)
    for project in fitting:
        wanted = invitations_to_send(project) and expert.pk not in contacted(project)
        if wanted and matching(project).filter(expert=expert).exists():
            invite(project=project, expert=expert, by=by)
    return fitting


def _timed(project: Project) -> tuple[list[Scored], int]:
    started = perf_counter()
    ranked = best(project)
    return ranked, round(1000 * (perf_counter() - started))


def _remember(project: Project, ranked: list[Scored], milliseconds: int) -> MatchRun:
    run = MatchRun.objects.create(
        project=project,
        engine=ENGINE,
        weights=dict(WEIGHTS),
        matched=match_count(project),
        milliseconds=milliseconds,
    )
    Shortlisted.objects.bulk_create(
        Shortlisted(
            run=run,
            expert_id=scored.candidate.key,
            rank=rank,
            score=scored.score,
            parts=[part.as_json() for part in scored.parts],
        )
        for rank, scored in enumerate(ranked, start=1)
    )
    kept = project.match_runs.order_by("-pk").values("pk")[:KEPT_RUNS]
    MatchRun.objects.filter(project=project).exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return run
