"""A new project in six short steps, each saved as it is left."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.roles import Permission, may
from accounts.web import done_once, refusals_on, signed_in, told
from payments import queries as money
from payments.actions import start_checkout
from payments.gateway import GatewayError
from payments.models import Funding
from projects import actions, forms
from projects.kinds import KINDS, kind
from projects.models import Project
from projects.policies import unfinished
from projects.pricing import Price, hourly, price
from projects.queries import match_count

REVIEW = "review"
STEPS: dict[str, tuple[str, type[forms.Step]]] = {
    "kind": ("Task", forms.KindStep),
    "brief": ("Brief", forms.BriefStep),
    "who": ("Who", forms.WhoStep),
    "price": ("Price", forms.PriceStep),
    "agreements": ("Agreements", forms.AgreementsStep),
}
ORDER = (*STEPS, REVIEW)
STEP_OF = {
    "text": "brief",
    "pay": "price",
    "min_hourly": "price",
    "planned_tasks": "price",
}  # where a missing field is filled in


def project_of(request: HttpRequest, prj: str, permission: Permission = Permission.PROJECT_EDIT) -> Project:
    """The project, if this person may do that to it; whoever may not see it gets 404."""
    user = signed_in(request)
    project = get_object_or_404(Project.objects.visible_to(user).select_related("lab"), public_id=prj)
    if not may(user, permission, lab=project.lab):
        raise Http404
    return project


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _price(project: Project) -> Price:
    return price(pay=project.pay, bps=project.fee_bps, tasks=project.planned_tasks, overlap=project.overlap)


def _rate(project: Project) -> int:
    return hourly(project.pay, project.minutes)


def _page(request: HttpRequest, template: str, project: Project | None, step: str, **context: Any) -> HttpResponse:
    done = set() if project is None else {*STEPS} - {STEP_OF.get(f.field, f.field) for f in unfinished(project)}
    steps = [(key, STEPS[key][0] if key in STEPS else "Review and fund", key in done) for key in ORDER]
    form = context.get("form")
    base = {"project": project, "step": step, "steps": steps, **context}
    return render(request, template, base, status=422 if form is not None and form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    labs = forms.labs_of(user)
    if not labs:
        return render(request, "projects/no_lab.html", {"member": user.memberships.exists()})
    form = forms.NewProjectForm(_posted(request), labs=labs, initial={"kind": KINDS[0].slug})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            project = actions.create_project(**form.cleaned_data, by=user)
            return redirect("projects:edit", project.public_id, "brief")
    return _page(request, "projects/edit_kind.html", None, "kind", form=form, kinds=KINDS)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, prj: str, step: str) -> HttpResponse:
    project = project_of(request, prj)
    if step == REVIEW:
        return _review(request, project)
    if step not in STEPS:
        raise Http404
    form = STEPS[step][1](_posted(request), project=project)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            _save(request, project, form)
            return redirect("projects:edit", prj, ORDER[ORDER.index(step) + 1])
    return _page(request, f"projects/edit_{step}.html", project, step, form=form, **_beside(project, form))


def _save(request: HttpRequest, project: Project, form: forms.Step) -> None:
    user, fields = signed_in(request), dict(form.cleaned_data)
    text = fields.pop("text", None)
    if project.status != Project.Status.DRAFT:  # what may not change any more is shown, and sent back as it was
        fields = {name: value for name, value in fields.items() if name in form.changed_data or name == "fields"}
    actions.edit_project(project=project, by=user, **fields)
    if text is not None:
        actions.publish_instructions(project=project, text=text, by=user)


def _beside(project: Project, form: forms.Step) -> dict[str, Any]:
    """What the step shows beside its form."""
    if isinstance(form, forms.WhoStep):
        return {"count": match_count(project)}
    if isinstance(form, forms.PriceStep):
        return {"price": _price(project), "rate": _rate(project)}
    return {"kinds": KINDS}


@login_required
@require_GET
def match(request: HttpRequest, prj: str) -> HttpResponse:
    """How many experts the form, as it stands, would match. Saves nothing."""
    project = project_of(request, prj)
    form = forms.WhoStep(request.GET, project=project)
    form.is_valid()
    for name in ("min_level", "fields", "countries", "languages"):
        if name in form.cleaned_data:
            setattr(project, name, form.cleaned_data[name])
    return render(request, "projects/_match.html", {"count": match_count(project), "project": project})


@login_required
@require_GET
def total(request: HttpRequest, prj: str) -> HttpResponse:
    """What the numbers in the form, as they stand, would cost. Saves nothing."""
    project = project_of(request, prj)
    form = forms.PriceStep(request.GET, project=project)
    for name, value in form.plan.items():
        setattr(project, name, value)
    return render(
        request, "projects/_price.html", {"project": project, "price": _price(project), "rate": _rate(project)}
    )


def _review(request: HttpRequest, project: Project) -> HttpResponse:
    missing = [(fault.message, STEP_OF.get(fault.field, fault.field)) for fault in unfinished(project)]
    plan = _price(project)
    free = money.free_funds(project.public_id)
    return _page(
        request,
        "projects/edit_review.html",
        project,
        REVIEW,
        missing=missing,
        price=plan,
        rate=_rate(project),
        count=match_count(project),
        free=free,
        funded=project.seat_cost and free >= project.seat_cost,
        kind=kind(project.kind),
        fund_form=forms.FundForm(initial={"amount": forms.dollars(plan.total)}),
        card_room=money.card_room(project.lab, project.currency),
        agreements=list(project.agreements.all()),
    )


@login_required
@require_http_methods(["GET", "POST"])
def fund(request: HttpRequest, prj: str) -> HttpResponse:
    """An amount, and on to Stripe's page."""
    project = project_of(request, prj, Permission.PROJECT_FUND)
    form = forms.FundForm(_posted(request), initial={"amount": forms.dollars(_price(project).total)})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = done_once(request, lambda: _asked(request, project, form.cleaned_data))
        if form.is_valid():
            funding = Funding.objects.get(public_id=made)
            try:
                return redirect(start_checkout(funding=funding, by=signed_in(request)))
            except GatewayError:
                form.add_error(None, "Stripe does not answer at the moment. Nothing was charged; please try again.")
    free, room = money.free_funds(prj), money.card_room(project.lab, project.currency)
    return _page(request, "projects/fund.html", project, REVIEW, form=form, free=free, card_room=room)


def _asked(request: HttpRequest, project: Project, given: dict[str, Any]) -> str:
    back = reverse("payments:funding", args=["FUNDING"]).replace("FUNDING", "{FUNDING}")
    return actions.fund_project(
        project=project,
        amount=given["amount"],
        method=given["method"],
        success_url=request.build_absolute_uri("/").rstrip("/") + back,
        cancel_url=request.build_absolute_uri(reverse("tasks:project", args=[project.public_id])),
        by=signed_in(request),
    ).public_id


@login_required
@require_POST
def open_now(request: HttpRequest, prj: str) -> HttpResponse:
    project = project_of(request, prj)
    with told(request, "Open. The best experts are being invited."):
        actions.open_project(project=project, by=signed_in(request))
    return redirect("tasks:project", prj)


@login_required
@require_POST
def cancel(request: HttpRequest, prj: str) -> HttpResponse:
    project = project_of(request, prj)
    with told(request, "The draft is dropped."):
        actions.cancel_project(project=project, by=signed_in(request))
    return redirect("tasks:dashboard")
