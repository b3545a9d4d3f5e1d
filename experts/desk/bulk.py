"""Approving together what institutions vouch for: first shown, then done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.roles import Permission, authorise
from accounts.web import signed_in
from core.errors import Refused
from experts import actions
from experts.models import Decision
from experts.queries_desk import clean_cases, reviewer_figures


def bulk(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """GET: what would be approved, and on whose word. POST: approve those ticked that are still what was shown."""
    user = signed_in(request)
    authorise(user, Permission.CREDENTIAL_REVIEW)
    cases = clean_cases(user)
    if request.method != "POST":
        return render(request, "experts/desk_bulk.html", {**context, "cases": cases})
    ticked = set(request.POST.getlist("case"))
    approved = 0
    for case in cases:
        if f"{case.credential.public_id}:{case.seen}" not in ticked:
            continue
        try:
            actions.give_verdict(
                credential=case.credential, decision=Decision.APPROVE, seen=case.seen, in_bulk=True, by=user
            )
        except Refused as refusal:
            messages.error(request, f"{case.credential.expert.user.name}: {refusal.message}")
        else:
            approved += 1
    left = len(ticked) - approved
    changed = f" {left} changed meanwhile and stayed in the queue." if left else ""
    messages.success(request, f"{approved} approved; they go out in a minute.{changed}")
    return redirect("admin:desk")


def people(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    authorise(signed_in(request), Permission.CREDENTIAL_REVIEW)
    return render(request, "experts/desk_people.html", {**context, "figures": reviewer_figures()})
