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

from accounts.roles import Permission, authorise
from accounts.web import refusals_on, signed_in
from experts import actions
from experts.comparison import compare
from experts.forms import DecisionForm
from experts.models import Credential, DegreeLevel, Narrowing
from experts.policies import NARROWABLE
from experts.queries import credential_history, documents, duplicates, fields_within, review_queue, version_of

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


def page(request: HttpRequest, context: dict[str, Any], credential_id: str = "") -> HttpResponse:
    """GET: the queue and one credential, the oldest without an id. POST: decide, and on to the next."""
    authorise(signed_in(request), Permission.CREDENTIAL_REVIEW)
    queue = list(review_queue()[:SHOWN])
    credential = _chosen(credential_id) if credential_id else next(iter(queue), None)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and credential is not None and form.is_valid():
        with refusals_on(form):
            decide(credential, form, request)
        if form.is_valid():
            messages.success(request, f"{credential.expert.user.name}: decided.")
            return _next(queue, credential)
    context = {**context, **_queue(queue, credential), "form": form}
    if credential is not None:
        context |= _credential(credential)
    return render(request, "experts/desk.html", context, status=422 if form.errors else 200)


def _chosen(credential_id: str) -> Credential:
    known = Credential.objects.select_related("expert__user", "field", "institution", "decided_by")
    return get_object_or_404(known, public_id=credential_id)


def decide(credential: Credential, form: DecisionForm, request: HttpRequest) -> None:
    by = signed_in(request)
    words = form.words
    seen = form.cleaned_data["seen"]
    if form.cleaned_data["decision"] == DecisionForm.APPROVE:
        actions.verify_credential(credential=credential, message=words, seen=seen, by=by)
    elif form.cleaned_data["decision"] == DecisionForm.ASK:
        actions.ask_for_more(credential=credential, message=words, seen=seen, by=by)
    else:
        reason = form.cleaned_data["reason"]
        actions.refuse_credential(credential=credential, reason=reason, message=words, seen=seen, by=by)


def _next(queue: list[Credential], decided: Credential) -> HttpResponse:
    """The one that stood below the decided one, else the top of the queue."""
    places = [waiting.pk for waiting in queue]
    after = queue[places.index(decided.pk) + 1 :] if decided.pk in places else []
    return redirect("admin:desk_credential", after[0].public_id) if after else redirect("admin:desk")


def _queue(queue: list[Credential], shown: Credential | None) -> dict[str, Any]:
    places = [waiting.pk for waiting in queue]
    now = timezone.now()
    at = places.index(shown.pk) if shown is not None and shown.pk in places else None
    return {
        "queue": [(waiting, age(waiting, now)) for waiting in queue],
        "waiting": review_queue().count() if len(queue) == SHOWN else len(queue),
        "promise": settings.QUORUM_CREDENTIAL_HOURS,
        "previous": queue[at - 1] if at else None,
        "following": queue[at + 1] if at is not None and at + 1 < len(queue) else None,
    }


def _credential(credential: Credential) -> dict[str, Any]:
    return {
        "credential": credential,
        "seen": version_of(credential),
        "rows": compare(credential),
        "documents": documents(credential),
        "duplicates": list(duplicates(credential)),
        "history": credential_history(credential),
        "open": credential.status == Credential.Status.EVIDENCED,
        "narrowing": credential.narrowings.filter(status=Narrowing.Status.PROPOSED).select_related("field").first(),
        "narrowable": credential.status in NARROWABLE,
        "within": fields_within(credential.field),
        "levels": [choice for choice in reversed(DegreeLevel.choices) if choice[0] <= credential.level],
    }
