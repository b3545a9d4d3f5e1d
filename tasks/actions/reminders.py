"""Reminders are events: each is recorded once, and the wiring turns it into a notice."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from core.actors import SYSTEM
from core.events import record
from core.models import Event
from payments.queries import free_funds_locked
from projects.models import Project
from tasks.actions.held import hold_if_free
from tasks.actions.sweeping import sweep
from tasks.models import Submission
from tasks.queries_pages import funds_level, progress, runway
from tasks.runway import ENOUGH, LEVELS

SOON = timedelta(minutes=15)
"""How long before its end an expert hears of a lease."""
SOON_FOR_REWORK = timedelta(days=1)
"""The same for returned work, whose lease is days."""
A_DAY = timedelta(hours=20)
"""Reviewers are reminded once a day (a little less, so that the hour does not wander), not on each answer."""

Status = Submission.Status


def warn_of_leases(*, limit: int = 1000) -> int:
    """Record `seat.lease_ending` for each lease that ends soon, once per claim or return. Returns how many."""
    now = timezone.now()
    draft = Q(status=Status.DRAFT, seat__lease_until__lte=now + SOON)
    rework = Q(status=Status.RETURNED, seat__lease_until__lte=now + SOON_FOR_REWORK)
    ending = Submission.objects.filter(draft | rework, seat__status="claimed", seat__lease_until__gt=now)
    found = ending.order_by("seat__lease_until").values_list("pk", flat=True)
    return sweep(_warn, found[:limit])


@transaction.atomic
def _warn(pk: int) -> bool:
    held = hold_if_free(pk)
    if held is None or not held.open_to_expert or held.seat.claimed_at is None:
        return False
    since = max(held.seat.claimed_at, held.decided_at or held.seat.claimed_at)
    if Event.objects.filter(name="seat.lease_ending", subject=held.seat.public_id, at__gte=since).exists():
        return False
    record("seat.lease_ending", held.seat.public_id, by=SYSTEM, data={"submission": held.public_id})
    return True


def watch_funds() -> int:
    """Record `project.funds_level` where an open project's money became scarcer, or suffices again. Returns how many.

    A level is told once, until the money has sufficed again.
    """
    return sweep(_watch, Project.objects.on_offer().order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _watch(pk: int) -> bool:
    project = Project.objects.select_for_update(no_key=True).get(pk=pk)
    found = runway(project, progress(project), free_funds_locked(project.public_id, project.currency))
    level = funds_level(found)
    told = Event.objects.filter(name="project.funds_level", subject=project.public_id).order_by("pk").last()
    before = told.after if told else ENOUGH
    if level == before or (level != ENOUGH and LEVELS.index(level) < LEVELS.index(before)):
        return False
    data = {"left": found.left, "lacking": found.lacking}
    record("project.funds_level", project.public_id, by=SYSTEM, before=before, after=level, data=data)
    return True


def remind_reviewers() -> int:
    """Record `project.review_due` with the number of waiting answers, once a day and project. Returns how many."""
    waiting = Submission.objects.filter(status=Status.SUBMITTED).values("project").annotate(n=Count("pk")).order_by()
    return sum(_remind(project, n) for project, n in waiting.values_list("project", "n"))


@transaction.atomic
def _remind(pk: int, waiting: int) -> bool:
    project = Project.objects.select_for_update(no_key=True).get(pk=pk)
    since = timezone.now() - A_DAY
    if Event.objects.filter(name="project.review_due", subject=project.public_id, at__gte=since).exists():
        return False
    record("project.review_due", project.public_id, by=SYSTEM, data={"waiting": waiting})
    return True
