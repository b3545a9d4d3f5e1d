"""The frame around every page: which side of the market one stands on, where one can go, and what is unread."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from accounts.queries import unread_notices
from marketplace.demo.people import demo_accounts

SIDE_COOKIE = "side"


class Side(NamedTuple):
    key: str
    label: str
    icon: str


class Place(NamedTuple):
    label: str
    url: str
    icon: str = ""
    current: bool = False


LAB = Side("lab", "Lab", "building-2")
EXPERT = Side("expert", "Expert", "graduation-cap")
OPS = Side("ops", "Operations", "shield-check")
SIDES = (LAB, EXPERT, OPS)

# (label, URL name, icon), in reading order
NAV: dict[str, tuple[tuple[str, str, str], ...]] = {
    "": (("Fields", "fields", ""), ("How pay works", "pay", ""), ("Status", "status", "")),
    LAB.key: (("Projects", "tasks:dashboard", ""), ("Billing", "tasks:billing_home", ""), ("Lab", "accounts:labs", "")),
    EXPERT.key: (
        ("Home", "tasks:work", ""),
        ("Find work", "tasks:browse", ""),
        ("Applications", "projects:mine", ""),
        ("My answers", "tasks:my_work", ""),
        ("Credentials", "experts:profile", ""),
        ("Earnings", "payments:earnings", ""),
    ),
    OPS.key: (("Review desk", "admin:desk", ""), ("Operations", "admin:index", "")),
}
# Pages that belong to a place and do not lie below it
BELOW: dict[str, tuple[str, ...]] = {
    "tasks:dashboard": ("/tasks/", "/submissions/", "/imports/", "/exports/"),
    "tasks:billing_home": ("/fundings/",),
    "projects:mine": ("/invitations/",),
    "payments:earnings": ("/payouts/",),
}
ACCOUNT = (
    ("Profile and time zone", "accounts:settings", "settings"),
    ("E-mail address", "account_email", "mail"),
    ("Password", "account_change_password", "lock-keyhole"),
    ("Two-step sign-in", "mfa_index", "key-round"),
    ("API keys", "accounts:tokens", "terminal"),
)
FOOT = (("Fields", "fields", ""), ("How pay works", "pay", ""), ("Status", "status", ""))


class Shell:
    """Asked by templates only, so a JSON answer costs no query."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def sides(self) -> list[Side]:
        user = self._request.user
        if not isinstance(user, User):
            return []
        has = {LAB: user.memberships.exists(), EXPERT: hasattr(user, "expert"), OPS: user.is_staff}
        return [side for side in SIDES if has[side]]

    @cached_property
    def side(self) -> str:
        """The chosen side, else the only one, else "" (a visitor, or somebody who has not begun)."""
        keys = [side.key for side in self.sides]
        chosen = self._request.COOKIES.get(SIDE_COOKIE, "")
        return chosen if chosen in keys else keys[0] if keys else ""

    @cached_property
    def unread(self) -> int:
        user = self._request.user
        return unread_notices(user) if isinstance(user, User) else 0

    def _places(self, rows: tuple[tuple[str, str, str], ...]) -> list[Place]:
        ways = {name: (reverse(name), *BELOW.get(name, ())) for _, name, _ in rows}
        path = self._request.path
        lengths = {name: max((len(way) for way in ways[name] if path.startswith(way)), default=0) for name in ways}
        here = max(lengths.values(), default=0)
        return [Place(label, ways[name][0], icon, current=lengths[name] == here > 0) for label, name, icon in rows]

    @property
    def start(self) -> str:
        """Where this side of the market begins; "" for whoever has not chosen one."""
        return self.nav[0].url if self.side else ""

    @property
    def nav(self) -> list[Place]:
        return self._places(NAV[self.side])

    @property
    def account(self) -> list[Place]:
        return self._places(ACCOUNT)

    @property
    def foot(self) -> list[Place]:
        return self._places(FOOT)

    def demo_accounts(self) -> list[tuple[str, str, str]]:
        """(e-mail, password, what one sees) for the sign-in page of a demo."""
        return demo_accounts()


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}
