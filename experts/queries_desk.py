"""Questions of the review desk: what is clean enough to approve in bulk, what goes out soon, how reviewers do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from experts import degrees
from experts.comparison import DIFFERS, compare, disagreements
from experts.models import Assertion, Check, Credential, Decision, Look, ReasonTemplate, Strength, Verdict
from experts.policies import needs_second
from experts.queries import review_queue, version_of

BULK = 50  # of the clean cases at once
PERIOD = timedelta(days=90)  # of the figures


def on_their_way(user: User) -> list[Verdict]:
    """What this person can still take back: decided or confirmed within the minute, or waiting for a second; newest
    first."""
    mine = Q(by=user, status__in=Verdict.LIVE) | Q(confirmed_by=user, status=Verdict.Status.HELD)
    found = Verdict.objects.filter(mine).select_related("credential__expert__user")
    return list(found.order_by("-made_at", "-pk")[:BULK])


def templates() -> dict[str, list[ReasonTemplate]]:
    """Decision → the words to choose from."""
    found = ReasonTemplate.objects.filter(in_use=True)
    return {
        decision: [one for one in found if one.decision == decision] for decision in (Decision.ASK, Decision.REFUSE)
    }


@dataclass(frozen=True)
class Clean:
    """A case that institutions or registers vouch for and in which nothing differs."""

    credential: Credential
    vouched: list[Assertion]
    seen: str


def clean_cases(user: User) -> list[Clean]:
    """What this person may approve together, oldest promise first: degrees that a third party asserts, agreeing with
    the claim in all it says, and with nothing that asks for a second pair of eyes."""
    now = timezone.now()
    strong = Assertion.objects.filter(
        credential=OuterRef("pk"), verdict=Assertion.Verdict.HOLDS, strength__gte=Strength.STRONG
    )
    seen_to = Verdict.objects.filter(credential=OuterRef("pk"), status__in=Verdict.LIVE)
    elsewhere = Look.objects.filter(credential=OuterRef("pk"), until__gt=now).exclude(by=user)
    appealed = Q(appeals__status="open")
    found = review_queue().filter(Exists(strong), ~Exists(seen_to), ~Exists(elsewhere)).exclude(appealed)
    cases = []
    for credential in found.exclude(expert__user=user)[:BULK]:
        vouched = list(credential.assertions.filter(verdict=Assertion.Verdict.HOLDS, strength__gte=Strength.STRONG))
        named = any(names_the_degree(credential, assertion.says) for assertion in vouched)
        if named and agrees(credential, vouched) and not needs_second(credential):
            cases.append(Clean(credential, vouched, version_of(credential)))
    return cases


def names_the_degree(credential: Credential, says: Mapping[str, Any]) -> bool:
    """Whether it says where, and how far: that somebody was there is not enough to approve without a look."""
    level = says.get("level") or degrees.match(str(says.get("title", "")), credential.country).level
    return bool(says.get("institution")) and level == credential.level


def agrees(credential: Credential, vouched: Iterable[Assertion]) -> bool:
    """Whether nothing that we compare differs, and nothing that is asserted."""
    if any(row.verdict == DIFFERS for row in compare(credential)):
        return False
    if credential.checks.filter(outcome=Check.Outcome.ADVISES).exists():
        return False
    return not any(disagreements(credential, assertion.says) for assertion in vouched)


@dataclass(frozen=True)
class Figures:
    """How one person of ops did lately. `minutes`: median from opening a case to the verdict, None without any."""

    person: User
    decided: int
    approved: int
    asked: int
    refused: int
    in_bulk: int
    confirmed: int
    overturned: int
    undone: int
    minutes: float | None

    @property
    def overturned_share(self) -> float:
        """Per cent of what was decided."""
        return 100 * self.overturned / self.decided if self.decided else 0.0


def reviewer_figures(since: datetime | None = None) -> list[Figures]:
    """Everybody who decided or confirmed within the period, by name."""
    given: dict[User, list[Verdict]] = defaultdict(list)
    confirmed: dict[User, int] = defaultdict(int)
    recent = Verdict.objects.filter(made_at__gte=since or timezone.now() - PERIOD)
    for verdict in recent.select_related("by", "confirmed_by"):
        given[verdict.by].append(verdict)
        if verdict.confirmed_by is not None:
            confirmed[verdict.confirmed_by] += 1
    people = sorted({*given, *confirmed}, key=lambda person: (person.name, person.pk))
    return [_figures(person, given[person], confirmed[person]) for person in people]


def _figures(person: User, given: list[Verdict], confirmed: int) -> Figures:
    counted = [verdict for verdict in given if verdict.status not in (Verdict.Status.UNDONE, Verdict.Status.VOID)]
    looked = [(one.made_at - one.opened_at).total_seconds() / 60 for one in counted if not one.in_bulk]
    decisions = [verdict.decision for verdict in counted]
    return Figures(
        person=person,
        decided=len(counted),
        approved=decisions.count(Decision.APPROVE),
        asked=decisions.count(Decision.ASK),
        refused=decisions.count(Decision.REFUSE),
        in_bulk=sum(verdict.in_bulk for verdict in counted),
        confirmed=confirmed,
        overturned=sum(verdict.status == Verdict.Status.OVERTURNED for verdict in counted),
        undone=sum(verdict.status == Verdict.Status.UNDONE for verdict in given),
        minutes=median(looked) if looked else None,
    )
