"""The lab's page of money that goes back: what may be refunded, what was, and what its bank contests."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.web import done_once, refusals_on, signed_in, told
from payments import actions
from payments import queries as money
from payments.balances import balance_of
from payments.models import Refund
from projects.models import Project
from tasks.forms import RefundForm
from tasks.views import lab_page
from tasks.views_lab import tabbed


@lab_page
@require_http_methods(["GET", "POST"])
def refunds(request: HttpRequest, project: Project) -> HttpResponse:
    """An owner asks here; everybody of the lab sees what became of it."""
    form = RefundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            done_once(request, lambda: _ask(project, form.cleaned_data, signed_in(request)))
        if form.is_valid():
            messages.success(request, "On its way. We tell you when it is done.")
            return redirect("tasks:refunds", project.public_id)
    return tabbed(
        request,
        project,
        "refunds",
        form=form,
        balance=balance_of(project.public_id, project.currency),
        currency=project.currency,
        refunds=money.refunds_of(project.public_id),
        disputes=money.disputes_of(project.public_id),
        http_status=422 if form.errors else 200,
    )


def _ask(project: Project, given: dict[str, Any], by: User) -> str:
    made = actions.refund_funds(ref=project.public_id, lab=project.lab, currency=project.currency, by=by, **given)
    return made[0].public_id


@login_required
@require_POST
def refund_cancel(request: HttpRequest, rfd: str) -> HttpResponse:
    seen = Refund.objects.visible_to(signed_in(request)).select_related("funding__lab").distinct()
    refund = get_object_or_404(seen, public_id=rfd)
    with told(request, "Cancelled. The money stays with the project."):
        actions.cancel_refund(refund=refund, by=signed_in(request))
    return redirect("tasks:refunds", refund.funding.ref)
