"""The product and the lab ask experts to join."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor, System
from core.clock import business_deadline
from core.errors import Refused
from core.events import record
from core.transitions import lock, step
from experts.models import Expert
from projects.actions.applications import grant
from projects.matching.score import Scored
from projects.matching.shortlist import fit
from projects.models import Application, Invitation, Project
from projects.policies import check_eligible

Status = Invitation.Status

INVITATION_DAYS = 5  # business days of the lab for which an invitation holds


@transaction.atomic
def invite(*, project: Project, expert: Expert, by: Actor, scored: Scored | None = None) -> Invitation:
    """Ask one expert. Raises Refused: project_not_open, already_invited, already_applied, not_eligible."""
    authorise(by, Permission.APPLICATION_DECIDE, lab=project.lab)
    lock(expert)
    if project.status != Project.Status.OPEN:
        raise Refused("Open the project first: experts are invited to what they can see.", code="project_not_open")
    if Invitation.objects.filter(project=project, expert=expert).exists():
        raise Refused("This expert was invited before.", code="already_invited")
    if Application.objects.filter(project=project, expert=expert, status__in=Application.LIVE).exists():
        raise Refused("This expert has applied already.", code="already_applied")
    check_eligible(project, expert)
    scored = scored or fit(project, expert)
    lab = project.lab
    invitation = Invitation.objects.create(
        project=project,
        expert=expert,
        score=scored.score if scored else None,
        parts=[part.as_json() for part in scored.parts] if scored else [],
        expires_at=business_deadline(timezone.now(), INVITATION_DAYS, zone=lab.time_zone, country=lab.country),
    )
    record("invitation.sent", invitation.public_id, by=by, after=Status.SENT)
    return invitation


@transaction.atomic
def accept_invitation(*, invitation: Invitation, by: Actor) -> Application:
    """Makes an accepted application, or accepts the one that waits. Raises Refused (not_eligible, project_over)."""
    authorise(by, Permission.PROJECT_APPLY, owner=invitation.expert.user)
    lock(invitation.expert)
    invitation = lock(invitation)
    if invitation.expires_at <= timezone.now():
        raise Refused("This invitation has ended. You can still apply.", code="invitation_over")
    step(invitation, Status.ACCEPTED, by=by)
    live = Application.objects.filter(
        project=invitation.project, expert=invitation.expert, status__in=Application.LIVE
    ).first()
    waiting = live or Application.objects.create(
        project=invitation.project,
        expert=invitation.expert,
        score=invitation.score,
        parts=invitation.parts,
        answer_by=timezone.now(),  # answered in this transaction
    )
    return grant(waiting, by=by)


@transaction.atomic
def decline_invitation(*, invitation: Invitation, by: Actor, note: str = "") -> Invitation:
    authorise(by, Permission.PROJECT_APPLY, owner=invitation.expert.user)
    return step(lock(invitation), Status.DECLINED, by=by, note=note)


@transaction.atomic
def expire_invitations(*, limit: int = 500, by: System = SYSTEM) -> int:
    """The sweep. Returns how many ended."""
    authorise(by, Permission.APPLICATION_DECIDE)
    over = Invitation.objects.filter(status=Status.SENT, expires_at__lt=timezone.now())
    rows = list(over.select_for_update(skip_locked=True, of=("self",)).order_by("expires_at")[:limit])
    for invitation in rows:
        step(invitation, Status.EXPIRED, by=by)
    return len(rows)
