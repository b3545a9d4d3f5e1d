"""The desk's page: oldest promise first, the claim beside the evidence, one key a decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from accounts.web import refusals_on, signed_in
from experts import actions
from experts.comparison import compare
from experts.forms import DecisionForm
from experts.models import Credential, CredentialAppeal, DegreeLevel, Narrowing, Verdict
from experts.policies import NARROWABLE, needs_second
from experts.queries import credential_history, documents, duplicates, fields_within, review_queue, version_of
from experts.queries_desk import clean_cases, on_their_way, templates

SHOWN = 100  # of the queue; the rest moves up
SOON = timedelta(hours=6)  # before the promise runs out


@dataclass(frozen=True)
class Age:
    """How long somebody has waited, against the promise. `tone` as in badges."""

    words: str
    tone: str


def age(credential: Credential, now: datetime) -> Age:
    answer_by = credential.answer_by or now  # the database keeps one for whatever is in review
    if answer_by < now:
        return Age(f"{_hours(now - answer_by)} late", "danger")
    return Age(_hours(now - (credential.evidenced_at or now)), "warning" if answer_by - now < SOON else "")


def _hours(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    return f"{hours} h" if hours else "under 1 h"


@dataclass(frozen=True)
class Place:
    """One row of the queue. `note`: why it is not this person's to decide, or who decided first; empty: theirs."""

    credential: Credential
    age: Age
    note: str
    theirs: bool


def place(credential: Credential, user: User, now: datetime) -> Place:
    """From what `review_queue` brings along; no statement."""
    look = getattr(credential, "look", None)
    standing = next((verdict for verdict in credential.verdicts.all() if verdict.status in Verdict.LIVE), None)
    appeal = next((one for one in credential.appeals.all() if one.status == CredentialAppeal.Status.OPEN), None)
    elsewhere = look is not None and look.by_id != user.pk and look.until > now
    note, theirs = "", True
    if credential.expert.user_id == user.pk:
        note, theirs = "Your own", False
    elif appeal and user.pk in (appeal.refused_by_id, appeal.seconded_by_id):
        note, theirs = "Appeal against you", False
    elif standing and standing.by_id == user.pk:
        note, theirs = "Waits for a second person", False
    elif look and elsewhere:
        note, theirs = f"{look.by} looks at it", False
    elif standing:
        note = f"{standing.by} decided first"
    elif appeal:
        note = "Appeal"
    return Place(credential, age(credential, now), note, theirs)


def page(request: HttpRequest, context: dict[str, Any], credential_id: str = "") -> HttpResponse:
    """GET: the queue and one credential, the oldest that is free without an id. POST: decide, and on to the next."""
    user = signed_in(request)
    authorise(user, Permission.CREDENTIAL_REVIEW)
    now = timezone.now()
    queue = [place(credential, user, now) for credential in review_queue()[:SHOWN]]
    free = next((row.credential for row in queue if row.theirs), None)
    credential = _chosen(credential_id) if credential_id else free
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and credential is not None and form.is_valid():
        with refusals_on(form):
            decide(credential, form, user)
        if form.is_valid():
            messages.success(request, f"{credential.expert.user.name}: decided.")
            return _next(queue, credential)
    context = {**context, **_queue(queue, credential, user), "form": form, "credential": credential}
    if credential is not None:
        context |= _credential(credential, user)
    return render(request, "experts/desk.html", context, status=422 if form.errors else 200)


def _chosen(credential_id: str) -> Credential:
    known = Credential.objects.select_related("expert__user", "field", "institution", "decided_by")
    return get_object_or_404(known, public_id=credential_id)


def decide(credential: Credential, form: DecisionForm, user: User) -> None:
    given = form.cleaned_data
    look = getattr(credential, "look", None)
    verdict = actions.give_verdict(
        credential=credential,
        decision=given["decision"],
        reason=given["reason"] if given["decision"] == form.REFUSE else "",
        message=form.words,
        seen=given["seen"],
        opened_at=look.since if look else None,
        by=user,
    )
    if not settings.QUORUM_UNDO_SECONDS and verdict.status == Verdict.Status.HELD:
        actions.deliver_verdicts()


def _next(queue: list[Place], decided: Credential) -> HttpResponse:
    """The free one that stood below the decided one, else the top of the queue."""
    places = [row.credential.pk for row in queue]
    below = queue[places.index(decided.pk) + 1 :] if decided.pk in places else []
    after = [row.credential for row in below if row.theirs]
    return redirect("admin:desk_credential", after[0].public_id) if after else redirect("admin:desk")


def _queue(queue: list[Place], shown: Credential | None, user: User) -> dict[str, Any]:
    places = [row.credential.pk for row in queue]
    at = places.index(shown.pk) if shown is not None and shown.pk in places else None
    return {
        "queue": queue,
        "waiting": review_queue().count() if len(queue) == SHOWN else len(queue),
        "promise": settings.QUORUM_CREDENTIAL_HOURS,
        "previous": queue[at - 1].credential if at else None,
        "following": queue[at + 1].credential if at is not None and at + 1 < len(queue) else None,
        "on_their_way": on_their_way(user),
        "clean": len(clean_cases(user)),
    }


def _credential(credential: Credential, user: User) -> dict[str, Any]:
    waits = credential.status == Credential.Status.EVIDENCED
    standing = credential.verdicts.filter(status__in=Verdict.LIVE).select_related("by").first()
    own = credential.expert.user_id == user.pk
    look = actions.look_at(credential=credential, by=user) if waits and not own else None
    elsewhere = look if look and look.by_id != user.pk else None
    held = standing is not None and standing.status == Verdict.Status.HELD
    mine = standing is not None and standing.by_id == user.pk
    return {
        "seen": version_of(credential),
        "rows": compare(credential),
        "documents": documents(credential),
        "duplicates": list(duplicates(credential)),
        "checks": list(credential.checks.all()),
        "history": credential_history(credential, for_ops=True),
        "verdicts": list(credential.verdicts.select_related("by", "confirmed_by").order_by("pk")),
        "assertions": list(credential.assertions.order_by("pk")),
        "open": waits and not (own or elsewhere or held or mine),
        "standing": standing,
        "mine": mine,
        "elsewhere": elsewhere,
        "second": waits and needs_second(credential),
        "appeal": credential.appeals.filter(status=CredentialAppeal.Status.OPEN).select_related("refused_by").first(),
        "templates": templates(),
        "narrowing": credential.narrowings.filter(status=Narrowing.Status.PROPOSED).select_related("field").first(),
        "narrowable": credential.status in NARROWABLE,
        "within": fields_within(credential.field),
        "levels": [choice for choice in reversed(DegreeLevel.choices) if choice[0] <= credential.level],
    }
