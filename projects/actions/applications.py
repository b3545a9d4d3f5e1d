"""Experts ask to work on a project; the lab decides, with a reason, in time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts import actions as accounts
from accounts.models import Consent
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor, System
from core.clock import business_deadline
from core.errors import Fault, Invalid, WrongState
from core.events import record
from core.transitions import lock, step
from experts.models import Expert
from projects.matching.shortlist import fit
from projects.models import Application, Invitation, Project
from projects.policies import check_can_apply, check_eligible, check_undecided_project

Status = Application.Status

TAKEN_ON = "They had applied, and are taken on."
ANSWER_DAYS = 5  # business days of the lab in which an application is answered, or lapses


def answer_by(project: Project) -> datetime:
    lab = project.lab
    return business_deadline(timezone.now(), ANSWER_DAYS, zone=lab.time_zone, country=lab.country)


@transaction.atomic
def apply(*, project: Project, expert: Expert, by: Actor, message: str = "") -> Application:
    """Ask to work on an open project. Raises Refused as `policies.check_can_apply` says."""
    authorise(by, Permission.PROJECT_APPLY, owner=expert.user)
    lock(expert)  # two clicks at once are one application
    check_can_apply(project, expert)
    scored = fit(project, expert)
    application = Application.objects.create(
        project=project,
        expert=expert,
        message=message.strip(),
        score=scored.score if scored else None,
        parts=[part.as_json() for part in scored.parts] if scored else [],
        answer_by=answer_by(project),
    )
    record("application.submitted", application.public_id, by=by, after=Status.SUBMITTED)
    return application


@transaction.atomic
def withdraw_application(*, application: Application, by: Actor, note: str = "") -> Application:
    """The expert takes it back, or leaves a project; work in hand is still theirs to finish."""
    authorise(by, Permission.PROJECT_APPLY, owner=application.expert.user)
    return step(lock(application), Status.WITHDRAWN, by=by, note=note, decided_at=timezone.now())


@transaction.atomic
def shortlist_application(*, application: Application, by: Actor) -> Application:
    """Keep it in mind: the clock to answer starts again."""
    authorise(by, Permission.APPLICATION_DECIDE, lab=application.project.lab)
    return step(lock(application), Status.SHORTLISTED, by=by, answer_by=answer_by(application.project))


@transaction.atomic
def accept_application(*, application: Application, by: Actor, reason: str = "") -> Application:
    """The expert may claim once the agreements are accepted too. Raises Refused: not_eligible, project_over."""
    authorise(by, Permission.APPLICATION_DECIDE, lab=application.project.lab)
    return grant(application, by=by, reason=reason)


def grant(application: Application, *, by: Actor, reason: str = "") -> Application:
    """Accept what the caller has authorised: a decision of the lab, or an invitation taken up.

    Who is taken on while an invitation is unanswered has answered it.
    """
    lock(application.expert)  # first, as whoever answers an invitation does
    locked = lock(application)
    check_undecided_project(locked.project)
    check_eligible(locked.project, locked.expert)
    for asked in locked.project.invitations.filter(expert=locked.expert, status=Invitation.Status.SENT):
        step(lock(asked), Invitation.Status.ACCEPTED, by=by, note=TAKEN_ON)
    return step(locked, Status.ACCEPTED, by=by, note=reason, reason=reason, decided_at=timezone.now())


@transaction.atomic
def decline_application(*, application: Application, by: Actor, reason: str) -> Application:
    """`reason` is what the expert reads. Raises Invalid without one."""
    authorise(by, Permission.APPLICATION_DECIDE, lab=application.project.lab)
    if not reason.strip():
        raise Invalid("Say why: the expert reads it.", faults=(Fault("Say why: the expert reads it.", field="reason"),))
    words = reason.strip()
    return step(lock(application), Status.DECLINED, by=by, note=words, reason=words, decided_at=timezone.now())


@transaction.atomic
def decide_applications(
    *, applications: Iterable[Application], decision: str, by: Actor, reason: str = ""
) -> list[Application]:
    """`decision`: accept, shortlist or decline, for all of them or none. Raises as the single actions do, Invalid."""
    decided = []
    for application in applications:
        if decision == "accept":
            decided.append(accept_application(application=application, by=by, reason=reason.strip()))
        elif decision == "shortlist":
            decided.append(shortlist_application(application=application, by=by))
        elif decision == "decline":
            decided.append(decline_application(application=application, by=by, reason=reason))
        else:
            raise Invalid("Choose accept, shortlist or decline.", faults=(Fault("Unknown", field="decision"),))
    return decided


@transaction.atomic
def accept_project_agreements(*, application: Application, by: Actor) -> Consent:
    """One act of consent to the project's agreement versions, before the first claim. Raises NotAllowed, WrongState."""
    authorise(by, Permission.PROJECT_APPLY, owner=application.expert.user)
    application = lock(application)
    if application.status != Status.ACCEPTED:
        raise WrongState("Agreements are accepted once the lab has taken you on.")
    project = application.project
    consent = accounts.accept_agreements(
        user=application.expert.user, scope=project.public_id, agreements=project.agreements.all(), by=by
    )
    application.consent = consent
    application.save(update_fields=["consent"])
    return consent


@transaction.atomic
def lapse_applications(*, limit: int = 500, by: System = SYSTEM) -> int:
    """The sweep: what the lab has not answered in time ends. Returns how many."""
    authorise(by, Permission.APPLICATION_DECIDE)
    late = Application.objects.filter(status__in=Application.OPEN, answer_by__lt=timezone.now())
    rows = list(late.select_for_update(skip_locked=True, of=("self",)).order_by("answer_by")[:limit])
    for application in rows:
        step(application, Status.LAPSED, by=by, note="Not answered in time.", decided_at=timezone.now())
    return len(rows)
