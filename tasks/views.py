"""What the pages of tasks share: whose thing it is, and what they may do with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.models import Lab, User
from accounts.roles import LAB_ROLES, OPS, Permission, role_in
from accounts.web import signed_in
from projects.models import Project
from tasks.queries_work import expert_of

View = Callable[..., HttpResponse]


def abilities(user: User, lab: Lab) -> dict[str, bool]:
    """Everything the user may do for the lab, for a page that decides which buttons to show. One statement."""
    theirs: frozenset[Permission] = LAB_ROLES.get(role_in(user, lab), frozenset())
    return {permission.name: True for permission in (theirs | OPS if user.is_staff else theirs)}


def lab_page(view: View) -> View:
    """The view gets the project that its address names, if the person's lab owns it; else 404."""

    @login_required
    @wraps(view)
    def answer(request: HttpRequest, prj: str, *args: Any, **kwargs: Any) -> HttpResponse:
        seen = Project.objects.visible_to(signed_in(request)).select_related("lab")
        return view(request, get_object_or_404(seen, public_id=prj), *args, **kwargs)

    return answer


def expert_page(view: View) -> View:
    """The view gets the person's expert side (see `queries_work.expert_of`); without one, they are led to make it."""

    @login_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = signed_in(request)
        expert = expert_of(user)
        if expert is None:
            if "sub" in kwargs:  # whose work could it be?
                raise Http404
            messages.info(request, "Work needs an expert profile. It takes two minutes.")
            return redirect("experts:profile")
        user.expert = expert  # nobody on this page needs to ask again
        return view(request, expert, *args, **kwargs)

    return answer


def paged(request: HttpRequest, rows: QuerySet[Any] | list[Any], size: int) -> Page[Any]:
    return Paginator(rows, size).get_page(request.GET.get("page"))
