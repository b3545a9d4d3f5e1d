"""Questions about agreements, members and notices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Agreement, ApiToken, Lab, MemberInvite, Notice, User
from accounts.roles import LAB_ROLES, Permission
from core.events import history


def current_agreements() -> list[Agreement]:
    """The newest version of each kind: what a new project offers to ask for."""
    return list(Agreement.objects.order_by("kind", "-version").distinct("kind"))


def tokens_visible_to(user: User, lab: Lab | None) -> list[ApiToken]:
    """Working keys of the lab, or the person's own; newest first."""
    working = ApiToken.objects.visible_to(user).filter(lab=lab, revoked_at=None)
    return list(working.select_related("user").order_by("-pk"))


def lab_page(lab: Lab) -> dict[str, Any]:
    """Members, open invitations and the reason of the last decision of ops."""
    waiting = lab.invites.filter(status=MemberInvite.Status.SENT, expires_at__gt=timezone.now())
    decisions = [event for event in history(lab.public_id) if event.name in ("lab.confirmed", "lab.refused")]
    return {
        "members": list(lab.memberships.select_related("user").order_by("user__name")),
        "invites": list(waiting.order_by("-pk")),
        "decision": decisions[-1] if decisions else None,
    }


def staff() -> QuerySet[User]:
    """Quorum's own people who can sign in."""
    return User.objects.filter(is_staff=True, is_active=True).order_by("pk")


def members_who_may(lab: Lab, permission: Permission) -> QuerySet[User]:
    """Members whose role in the lab allows it and who can sign in."""
    roles = [role for role, permissions in LAB_ROLES.items() if permission in permissions]
    return User.objects.filter(memberships__lab=lab, memberships__role__in=roles, is_active=True).order_by("pk")


def with_confirmed_address() -> QuerySet[User]:
    """Whoever has proved at least one address to be theirs."""
    return User.objects.filter(pk__in=EmailAddress.objects.filter(verified=True).values("user"))


def addresses_of(user: User) -> list[str]:
    """Those that they have proved to be theirs."""
    return list(EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True))


def taken_addresses(emails: Iterable[str]) -> set[str]:
    """Which of these addresses (in lower case) have an account."""
    asked = list(emails)
    taken = User.objects.filter(email__in=asked).values_list("email", flat=True)
    return {*taken, *EmailAddress.objects.filter(email__in=asked).values_list("email", flat=True)}


def unread_notices(user: User) -> int:
    return Notice.objects.filter(user=user, read_at=None).count()
