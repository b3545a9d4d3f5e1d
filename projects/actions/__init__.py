"""Everything that can happen to projects, applications and invitations."""

from __future__ import annotations

from projects.actions.applications import (
    accept_application,
    accept_project_agreements,
    apply,
    decide_applications,
    decline_application,
    lapse_applications,
    shortlist_application,
    withdraw_application,
)
from projects.actions.invitations import accept_invitation, decline_invitation, expire_invitations, invite
from projects.actions.matching import invite_best, match_expert, run_shortlist
from projects.actions.projects import (
    cancel_project,
    close_project,
    confirm_pilot,
    create_project,
    edit_project,
    freeze_project,
    fund_project,
    open_if_funded,
    open_project,
    pause_project,
    publish_instructions,
    resume_project,
    unfreeze_project,
)

__all__ = [
    "accept_application",
    "accept_invitation",
    "accept_project_agreements",
    "apply",
    "cancel_project",
    "close_project",
    "confirm_pilot",
    "create_project",
    "decide_applications",
    "decline_application",
    "decline_invitation",
    "edit_project",
    "expire_invitations",
    "freeze_project",
    "fund_project",
    "invite",
    "invite_best",
    "lapse_applications",
    "match_expert",
    "open_if_funded",
    "open_project",
    "pause_project",
    "publish_instructions",
    "resume_project",
    "run_shortlist",
    "shortlist_application",
    "unfreeze_project",
    "withdraw_application",
]
