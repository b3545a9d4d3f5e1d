"""The lab's pages of its money: a project's ledger, and the billing of all its projects."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import Lab
from accounts.web import signed_in
from payments import months
from payments.models import Funding
from payments.project_lines import NEWEST, Lines
from projects.models import Project
from tasks import queries_money as ask
from tasks.forms import LinesForm
from tasks.month_sheet import month_file, month_named
from tasks.queries_pages import pay_by_expert, pseudonyms
from tasks.views import lab_page, paged
from tasks.views_lab import tabbed

PAGE = 50


@lab_page
@require_GET
def lines(request: HttpRequest, project: Project) -> HttpResponse:
    """Every movement of the project's money, newest first."""
    form = LinesForm(request.GET)
    form.is_valid()
    given = ask.narrowing(**form.cleaned_data)
    found = Lines(project.public_id, project.currency, **given)
    before = request.GET.get("before", "")
    page = found.older(int(before) if before.isdecimal() and len(before) < 19 else NEWEST, limit=PAGE + 1)
    paid = pay_by_expert(project)
    names = pseudonyms(project.lab, {payee for payee, _, _ in paid})
    return tabbed(
        request,
        project,
        "lines",
        form=form,
        lines=ask.Teller(project, names).tell(page[:PAGE]),
        narrowed=bool(given),
        older=page[PAGE - 1].entry if len(page) > PAGE else None,
        deep=bool(before),
        balance=ask.balance(project),
        paid=[(names[payee], count, pay) for payee, count, pay in paid],
    )


def _labs(request: HttpRequest) -> list[Lab]:
    """The labs whose money the person may see, their own first."""
    user = signed_in(request)
    seen = Lab.objects.visible_to(user).distinct().order_by("name", "pk")
    own = set(user.labs.values_list("pk", flat=True))
    return sorted(seen, key=lambda lab: lab.pk not in own)


@login_required
@require_GET
def billing_home(request: HttpRequest) -> HttpResponse:
    labs = _labs(request)
    if labs:
        return redirect("tasks:billing", labs[0].public_id)
    return render(request, "tasks/billing.html", {"lab": None})


def of_lab(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view gets the lab that its address names, if the person belongs to it; else 404."""

    @login_required
    @wraps(view)
    def answer(request: HttpRequest, lab: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        seen = Lab.objects.visible_to(signed_in(request)).distinct()
        return view(request, get_object_or_404(seen, public_id=lab), *args, **kwargs)

    return answer


@of_lab
@require_GET
def billing(request: HttpRequest, lab: Lab) -> HttpResponse:
    """Balances, months and payments of all the lab's projects."""
    page = paged(request, ask.fundings_of(lab), 25)
    context = {
        "lab": lab,
        "labs": _labs(request),
        "books": ask.books(lab),
        "columns": months.COLUMNS,
        "page": page,
        "titles": ask.titles(page),
    }
    return render(request, "tasks/billing.html", context)


@of_lab
@require_GET
def statement(request: HttpRequest, lab: Lab, month: str) -> HttpResponse:
    """One month of one lab, made to be printed."""
    since = month_named(month)
    start, end = months.bounds(since, lab.time_zone)
    paid = list(Funding.objects.filter(lab=lab, paid_at__gte=start, paid_at__lt=end).order_by("paid_at", "pk"))
    context = {
        "lab": lab,
        "since": since,
        "over": end <= timezone.now(),
        "statements": ask.statement(lab, since),
        "columns": months.COLUMNS,
        "fundings": paid,
        "titles": ask.titles(paid),
    }
    return render(request, "tasks/statement.html", context)


@of_lab
@require_GET
def month_csv(request: HttpRequest, lab: Lab, month: str) -> StreamingHttpResponse:
    """Every line of the month."""
    return month_file(lab, month)
