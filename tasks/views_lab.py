"""The lab's pages of a project: the list, the overview and what is done to it, its spend and its tasks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.web import refusals_on, signed_in, told
from core.events import history
from payments import queries as money
from payments.models import Due
from payments.queries_paid import payments_into
from projects import actions as project_actions
from projects.kinds import kind
from projects.models import Project
from tasks import actions, forms
from tasks import queries_dashboard as board
from tasks import queries_money as books
from tasks import queries_pages as ask
from tasks import queries_promises as promises
from tasks.models import Task
from tasks.views import abilities, lab_page, paged


@login_required
@require_GET
def dashboard(request: HttpRequest) -> HttpResponse:
    seen = Project.objects.visible_to(signed_in(request))
    index = board.index(seen)
    search, status = request.GET.get("q", "").strip(), request.GET.get("status", "")
    status = status if status in Project.Status.values else ""
    page = paged(request, index.keys(search=search, status=status), 20)
    rows = board.rows(list(page), index.balance)
    context = {
        "index": index,
        "page": page,
        "rows": rows,
        "search": search,
        "status": status,
        "states": Project.Status.choices,
        "needs": board.needs(seen),
        "pace": board.pace(seen),
        "agreement": board.pooled(rows),
        "lab": None if index.names else signed_in(request).labs.first(),
    }
    return render(request, "tasks/dashboard.html", context)


def tabbed(request: HttpRequest, project: Project, tab: str, **context: Any) -> HttpResponse:
    """A page of the project under its heading and tabs; `can` holds what this person may do."""
    can = abilities(signed_in(request), project.lab)
    status = context.pop("http_status", 200)
    base = {"project": project, "tab": tab, "can": can, "kind": kind(project.kind), **context}
    return render(request, f"tasks/{tab}.html", base, status=status)


@lab_page
@require_GET
def overview(request: HttpRequest, project: Project) -> HttpResponse:
    balance, progress = books.balance(project), ask.progress(project)
    runway = ask.runway(project, progress, balance.spendable)
    return tabbed(
        request,
        project,
        "overview",
        progress=progress,
        balance=balance,
        affordable=runway.affordable,
        runway=runway,
        funds_level=ask.funds_level(runway),
        agreement=board.agreement(project),
        workers=ask.workers(progress, 8),
        forecast=books.forecast_of(project, balance.spendable, progress),
        kept=promises.of_project(project),
        disputes=money.standing_disputes(project.public_id) if project.status == Project.Status.FROZEN else [],
    )


@lab_page
@require_GET
def spend(request: HttpRequest, project: Project) -> HttpResponse:
    balance = books.balance(project)
    dues = Due.objects.filter(ref=project.public_id).order_by("status", "-pk")[:50]
    names = ask.pseudonyms(project.lab, {due.payee_id for due in dues}) if dues else {}
    return tabbed(
        request,
        project,
        "spend",
        balance=balance,
        forecast=books.forecast_of(project, balance.spendable),
        fundings=payments_into(project.public_id, free=balance.spendable, currency=project.currency),
        dues=[(names.get(due.payee_id, ""), due) for due in dues],
    )


@lab_page
@require_GET
def settings(request: HttpRequest, project: Project) -> HttpResponse:
    return tabbed(
        request,
        project,
        "settings",
        progress=ask.progress(project),
        instructions=project.instructions.select_related("written_by"),
        history=history(project.public_id),
    )


STEPS = {
    "pause": (project_actions.pause_project, "Paused. Nobody can claim a task; what is held can still be handed in."),
    "resume": (project_actions.resume_project, "Open again."),
    "close": (project_actions.close_project, "Closed."),
    "confirm-pilot": (project_actions.confirm_pilot, "Pilot confirmed. The remaining tasks open as funds allow."),
}


@lab_page
@require_POST
def step(request: HttpRequest, project: Project, verb: str) -> HttpResponse:
    if verb not in STEPS:
        raise Http404
    action, done = STEPS[verb]
    with told(request, done):
        action(project=project, by=signed_in(request))
    return redirect("tasks:project", project.public_id)


# --- Tasks ------------------------------------------------------------------------------------------------------------


@lab_page
@require_GET
def task_list(request: HttpRequest, project: Project) -> HttpResponse:
    search, status = request.GET.get("q", "").strip(), request.GET.get("status", "")
    rows = ask.task_rows(project, search=search, status=status if status in Task.Status.values else "")
    return tabbed(
        request,
        project,
        "task_list",
        page=paged(request, rows, 50),
        search=search,
        status=status,
        states=Task.Status.choices,
    )


def task_of(user: User, tsk: str) -> Task:
    seen = Task.objects.visible_to(user).select_related("project__lab")
    task: Task = get_object_or_404(seen, public_id=tsk)
    return task


@login_required
@require_GET
def task(request: HttpRequest, tsk: str) -> HttpResponse:
    return _task_page(request, task_of(signed_in(request), tsk))


def _task_page(request: HttpRequest, task: Task, *, status: int = 200, **shown: Any) -> HttpResponse:
    return tabbed(
        request,
        task.project,
        "task",
        task=task,
        seats=task.seats.order_by("number"),
        answers=ask.handed_in_for(task),
        history=ask.task_history(task),
        withdraw_form=shown.get("withdraw_form") or forms.WithdrawForm(),
        repair_form=shown.get("repair_form") or forms.RepairForm.of(task),
        http_status=status,
    )


@login_required
@require_POST
def task_withdraw(request: HttpRequest, tsk: str) -> HttpResponse:
    task = task_of(signed_in(request), tsk)
    form = forms.WithdrawForm(request.POST)
    if not form.is_valid():
        return _task_page(request, task, status=422, withdraw_form=form)
    with told(request, "Withdrawn. Whoever held it is paid."):
        actions.withdraw_task(task=task, by=signed_in(request), note=form.cleaned_data["note"])
    return redirect("tasks:task", task.public_id)


@login_required
@require_http_methods(["POST"])
def task_repair(request: HttpRequest, tsk: str) -> HttpResponse:
    task = task_of(signed_in(request), tsk)
    form = forms.RepairForm.of(task, request.POST)
    if not form.is_valid():
        return _task_page(request, task, status=422, repair_form=form)
    repaired = task
    with refusals_on(form):
        repaired = actions.repair_task(task=task, payload=form.cleaned_data["payload"], by=signed_in(request))
    if not form.is_valid():
        return _task_page(request, task, status=422, repair_form=form)
    in_place = repaired.pk == task.pk
    messages.success(request, "Corrected." if in_place else "Repaired: this task replaces the withdrawn one.")
    return redirect("tasks:task", repaired.public_id)
