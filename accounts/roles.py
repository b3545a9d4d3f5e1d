"""Who may do what: roles as plain data, and the one question every action asks first."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.models import Lab, Membership, Role, User
from core.actors import Actor, System
from core.errors import NotAllowed


class Permission(StrEnum):
    """noun_verb. A permission that no action asks for must not stand here (tests/rules)."""

    LAB_EDIT = "lab_edit"
    MEMBER_MANAGE = "member_manage"
    TOKEN_MANAGE = "token_manage"  # noqa: S105, the name of a right
    PROJECT_EDIT = "project_edit"
    PROJECT_FUND = "project_fund"
    FUNDS_REFUND = "funds_refund"
    APPLICATION_DECIDE = "application_decide"
    TASK_EDIT = "task_edit"
    SUBMISSION_REVIEW = "submission_review"
    DATA_EXPORT = "data_export"
    PROFILE_EDIT = "profile_edit"
    CREDENTIAL_CLAIM = "credential_claim"
    PROJECT_APPLY = "project_apply"
    TASK_WORK = "task_work"
    PAYOUT_SETUP = "payout_setup"
    AGREEMENT_ACCEPT = "agreement_accept"
    LAB_CREATE = "lab_create"
    LAB_JOIN = "lab_join"
    LAB_CONFIRM = "lab_confirm"
    CREDENTIAL_REVIEW = "credential_review"
    MONEY_OPERATE = "money_operate"
    MONEY_ADJUST = "money_adjust"
    APPEAL_DECIDE = "appeal_decide"
    FRAUD_DECIDE = "fraud_decide"
    AGREEMENT_PUBLISH = "agreement_publish"
    NETWORK_GROW = "network_grow"
    STAFF_MANAGE = "staff_manage"


_P = Permission
_REVIEWER: Final = frozenset({_P.SUBMISSION_REVIEW})
_MANAGER: Final = _REVIEWER | {
    _P.PROJECT_EDIT,
    _P.PROJECT_FUND,
    _P.APPLICATION_DECIDE,
    _P.TASK_EDIT,
    _P.DATA_EXPORT,
}

LAB_ROLES: Final[dict[str, frozenset[Permission]]] = {
    Role.REVIEWER: _REVIEWER,
    Role.MANAGER: _MANAGER,
    Role.OWNER: _MANAGER | {_P.FUNDS_REFUND, _P.LAB_EDIT, _P.MEMBER_MANAGE, _P.TOKEN_MANAGE},
}
OWN: Final = frozenset(
    {
        _P.PROFILE_EDIT,
        _P.CREDENTIAL_CLAIM,
        _P.PROJECT_APPLY,
        _P.TASK_WORK,
        _P.PAYOUT_SETUP,
        _P.AGREEMENT_ACCEPT,
        _P.TOKEN_MANAGE,
        _P.LAB_CREATE,
        _P.LAB_JOIN,
    }
)
OPS: Final = frozenset(
    {
        _P.LAB_CONFIRM,
        _P.CREDENTIAL_REVIEW,
        _P.MONEY_OPERATE,
        _P.MONEY_ADJUST,
        _P.APPEAL_DECIDE,
        _P.FRAUD_DECIDE,
        _P.AGREEMENT_PUBLISH,
        _P.NETWORK_GROW,
        _P.STAFF_MANAGE,
    }
)

PROSE: Final[dict[str, str]] = {
    "owner": "Runs the lab: everything a manager does, and members, keys, refunds and the lab's own details.",
    "manager": "Runs projects: writes, funds, opens and closes them, decides applications, exports data.",
    "reviewer": "Sees projects and decides on submissions.",
    "expert": "Does things for themselves only: profile, credentials, applications, work, payouts.",
    "ops": "Quorum's staff: confirm labs, verify credentials, mind money, decide appeals. Rights can be withheld.",
}


def authorise(by: Actor, permission: Permission, *, lab: Lab | None = None, owner: User | None = None) -> None:
    """The first line of each action. `lab`: on whose behalf; `owner`: whose own thing it is.

    The product itself (SYSTEM) may do everything: its rules are the code that calls.
    Raises NotAllowed.
    """
    if isinstance(by, System) or may(by, permission, lab=lab, owner=owner):
        return
    raise NotAllowed("Your role does not allow this.")


def may(by: Actor, permission: Permission, *, lab: Lab | None = None, owner: User | None = None) -> bool:
    """The same question for a page that decides which buttons to show. At most one statement."""
    if not isinstance(by, User) or not by.is_active:
        return False
    scope = by.token
    if owner is not None and owner.pk == by.pk and permission in OWN:
        return scope is None or scope.lab_id is None
    if by.is_staff and permission in OPS:
        return scope is None and permission not in by.withheld
    if lab is None or (scope is not None and scope.lab_id != lab.pk):
        return False
    return permission in LAB_ROLES.get(role_in(by, lab), frozenset())


def role_in(user: User, lab: Lab) -> str:
    """The user's role in the lab, or an empty string."""
    return Membership.objects.filter(user=user, lab=lab).values_list("role", flat=True).first() or ""
