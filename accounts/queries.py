"""Questions about agreements, members and notices."""

from __future__ import annotations

from accounts.models import Agreement, Notice, User


def current_agreements() -> list[Agreement]:
    """The newest version of each kind: what a new project offers to ask for."""
    return list(Agreement.objects.order_by("kind", "-version").distinct("kind"))


def unread_notices(user: User) -> int:
    return Notice.objects.filter(user=user, read_at=None).count()
