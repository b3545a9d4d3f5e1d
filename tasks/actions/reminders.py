"""Reminders are events: each is recorded once, and the wiring turns it into a notice."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from core.actors import SYSTEM
from core.events import record
from core.models import Event
from projects.models import Project
from tasks.actions.held import hold_if_free
from tasks.actions.sweeping import sweep
from tasks.models import Submission

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
