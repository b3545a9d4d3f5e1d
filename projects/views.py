"""Who works on a project: the lab's applicants, and an expert's applications, invitations and agreements."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.roles import Permission, may
from accounts.web import signed_in, told
from core.errors import Refused
from experts.models import Expert
from projects import actions, queries
from projects.kinds import kind
from projects.models import Application, Invitation, Project

PER_PAGE = 25
MESSAGE = 2_000  # characters; the page allows no more


# --- The lab ----------------------------------------------------------------------------------------------------------


def _for_lab(request: HttpRequest, prj: str) -> Project:
    seen = Project.objects.visible_to(signed_in(request)).select_related("lab")
    return get_object_or_404(seen, public_id=prj)


@login_required
@require_GET
def applicants(request: HttpRequest, prj: str) -> HttpResponse:
    project = _for_lab(request, prj)
    page = Paginator(queries.applicants(project), PER_PAGE).get_page(request.GET.get("page"))
    unmet = queries.unmet_by(project, page.object_list)
    user = signed_in(request)
    can = {right.name: may(user, right, lab=project.lab) for right in (Permission.DATA_EXPORT, Permission.PROJECT_EDIT)}
    context = {
        "project": project,
        "kind": kind(project.kind),
        "tab": "applicants",
        "can": can,
        "page": page,
        "rows": [(application, unmet[application.pk]) for application in page.object_list],
        "shortlist": queries.shortlist(project)[:PER_PAGE],
        "invitations": queries.sent_invitations(project),
        "count": queries.match_count(project),
        "may_decide": may(user, Permission.APPLICATION_DECIDE, lab=project.lab),
    }
    return render(request, "projects/applicants.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, prj: str) -> HttpResponse:
    """One decision for the ticked applications: all of them or, if one is refused, none."""
    project = _for_lab(request, prj)
    chosen = list(project.applications.filter(public_id__in=request.POST.getlist("application")))
    if not chosen:
        messages.error(request, "Choose at least one application.")
        return redirect("projects:applicants", prj)
    decision, reason = request.POST.get("decision", ""), request.POST.get("reason", "")
    with told(request, f"{len(chosen)} answered. They are told."):
        actions.decide_applications(applications=chosen, decision=decision, reason=reason, by=signed_in(request))
    return redirect("projects:applicants", prj)


@login_required
@require_POST
def invite(request: HttpRequest, prj: str) -> HttpResponse:
    project = _for_lab(request, prj)
    wanted = queries.shortlist(project)
    expert = next((s.expert for s in wanted if s.expert.public_id == request.POST.get("expert")), None)
    if expert is None:
        messages.error(request, "This expert is not on the shortlist any more.")
    else:
        with told(request, "Invited."):
            actions.invite(project=project, expert=expert, by=signed_in(request))
    return redirect("projects:applicants", prj)


@login_required
@require_POST
def rematch(request: HttpRequest, prj: str) -> HttpResponse:
    project = _for_lab(request, prj)
    with told(request, "The shortlist is fresh."):
        actions.run_shortlist(project=project, by=signed_in(request))
    return redirect("projects:applicants", prj)


# --- The expert -------------------------------------------------------------------------------------------------------


def _expert(request: HttpRequest) -> Expert:
    return get_object_or_404(Expert.objects.select_related("user"), user=signed_in(request))


def _my_application(request: HttpRequest, app: str) -> Application:
    mine = Application.objects.select_related("project__lab", "expert__user", "consent")
    return get_object_or_404(mine, public_id=app, expert__user=signed_in(request))


def _my_invitation(request: HttpRequest, ivt: str) -> Invitation:
    mine = Invitation.objects.select_related("project__lab", "expert__user")
    return get_object_or_404(mine, public_id=ivt, expert__user=signed_in(request))


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """Applications and invitations with their dates and reasons."""
    expert = Expert.objects.filter(user=signed_in(request)).first()
    if expert is None:
        return redirect("experts:profile")
    applications = expert.applications.select_related("project__lab", "consent").order_by("-pk")
    context = {
        "expert": expert,
        "invitations": queries.open_invitations(expert),
        "page": Paginator(applications, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "projects/mine.html", context)


@login_required
@require_POST
def apply(request: HttpRequest, prj: str) -> HttpResponse:
    expert = _expert(request)
    project = get_object_or_404(queries.offers(expert), public_id=prj)
    message = request.POST.get("message", "")[:MESSAGE]
    with told(request, "Sent. The lab answers by the date you see here."):
        actions.apply(project=project, expert=expert, message=message, by=signed_in(request))
    return redirect("tasks:offer", prj)


@login_required
@require_POST
def withdraw(request: HttpRequest, app: str) -> HttpResponse:
    application = _my_application(request, app)
    with told(request, "Withdrawn."):
        actions.withdraw_application(application=application, by=signed_in(request))
    return redirect("projects:mine")


@login_required
@require_http_methods(["GET", "POST"])
def agreements(request: HttpRequest, app: str) -> HttpResponse:
    """The texts, and one act of accepting them all."""
    application = _my_application(request, app)
    texts = list(application.project.agreements.order_by("kind"))
    missed = request.method == "POST" and not request.POST.get("accept")
    if request.method == "POST" and not missed:
        with told(request, "Accepted. You can start."):
            actions.accept_project_agreements(application=application, by=signed_in(request))
        return redirect("tasks:offer", application.project.public_id)
    context = {"application": application, "project": application.project, "agreements": texts, "missed": missed}
    return render(request, "projects/agreements.html", context, status=422 if missed else 200)


@login_required
@require_GET
def invitation(request: HttpRequest, ivt: str) -> HttpResponse:
    """Where an invitation's notice leads: the project, with the invitation on it."""
    return redirect("tasks:offer", _my_invitation(request, ivt).project.public_id)


@login_required
@require_POST
def invitation_accept(request: HttpRequest, ivt: str) -> HttpResponse:
    asked = _my_invitation(request, ivt)
    try:
        application = actions.accept_invitation(invitation=asked, by=signed_in(request))
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("tasks:offer", asked.project.public_id)
    return redirect("projects:agreements", application.public_id)


@login_required
@require_POST
def invitation_decline(request: HttpRequest, ivt: str) -> HttpResponse:
    asked = _my_invitation(request, ivt)
    with told(request, "Declined."):
        actions.decline_invitation(invitation=asked, by=signed_in(request))
    return redirect("projects:mine")
