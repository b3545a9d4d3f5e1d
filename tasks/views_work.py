"""The expert's pages: what to do next, what is on offer, the workbench, and what was said of the work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.web import signed_in, told
from core.errors import Fault, Invalid, Refused
from experts.models import Expert
from payments import queries as money
from payments.models import Earning
from projects.kinds import CHOICES, kind, parse_form
from projects.models import Project
from projects.queries import current_instructions, open_invitations
from tasks import actions, forms
from tasks import queries_browse as market
from tasks import queries_promises as promises
from tasks import queries_work as ask
from tasks.models import Submission
from tasks.shares import Share, partial
from tasks.views import expert_page, paged

_S = Submission.Status


@expert_page
@require_GET
def home(request: HttpRequest, expert: Expert) -> HttpResponse:
    desk = ask.on_the_desk(expert)
    queues = ask.queues(expert, desk)
    ready = [queue for queue in queues if queue.ready]
    context = {
        "expert": expert,
        "desk": desk,
        "queues": queues,
        "best": ready[0] if ready else None,
        "empty": None if ready else ask.why_empty(expert, queues),
        "in_review": ask.in_review(expert),
        "earned": money.earning_totals(signed_in(request)),
        "notice": ask.latest_notice(signed_in(request)),
        "recent": ask.decided_lately(expert),
    }
    return render(request, "tasks/work.html", context)


@expert_page
@require_GET
def my_work(request: HttpRequest, expert: Expert) -> HttpResponse:
    status, project = request.GET.get("status", ""), request.GET.get("project", "")
    rows = ask.handed_in(expert, status=status if status in _S.values else "", project=project)
    context = {
        "page": paged(request, rows, 25),
        "status": status,
        "project": project,
        "states": [(_S.DRAFT, "Being worked on"), *forms.SUBMISSION_STATES],
        "projects": ask.worked_on(expert),
    }
    return render(request, "tasks/my_work.html", context)


# --- Browsing ---------------------------------------------------------------------------------------------------------


@expert_page
@require_GET
def browse(request: HttpRequest, expert: Expert) -> HttpResponse:
    asked = market.Asked.of(request.GET)
    page = paged(request, market.offers(expert, asked), 12)
    context = {
        "page": page,
        "cards": market.cards(page, expert),
        "asked": asked,
        "fields": market.broad_fields(),
        "kinds": CHOICES,
        "rates": list(market.RATES.items()),
        "expert": expert,
    }
    return render(request, "tasks/browse.html", context)


@expert_page
@require_GET
def offer(request: HttpRequest, expert: Expert, prj: str) -> HttpResponse:
    project = get_object_or_404(market.seen_by(expert), public_id=prj)
    card = market.cards([project], expert)[0]
    queues = ask.queues(expert, ask.on_the_desk(expert)) if card.application else []
    kept = [("This project", promises.of_project(project)), (project.lab.name, promises.of_lab(project.lab))]
    context = {
        "project": project,
        "kind": kind(project.kind),
        "card": card,
        "expert": expert,
        "application": card.application,
        "queue": next((queue for queue in queues if queue.project == project), None),
        "invitation": open_invitations(expert).filter(project=project).first(),
        "unmet": card.unmet,
        "instructions": current_instructions(project),
        "agreements": project.agreements.order_by("kind"),
        "partial_pay": partial(Share(project.pay, project.fee), project.partial_pay_percent).pay,
        "kept": kept,
        "by_hand": any(figures.paid_by_hand for _, figures in kept),
    }
    return render(request, "tasks/offer.html", context)


# --- The workbench ----------------------------------------------------------------------------------------------------


@expert_page
@require_POST
def claim(request: HttpRequest, expert: Expert, prj: str) -> HttpResponse:
    project = get_object_or_404(Project.objects.filter(applications__expert=expert).distinct(), public_id=prj)
    try:
        claimed = actions.claim_next(project=project, expert=expert, by=signed_in(request))
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("tasks:work")
    return redirect("tasks:bench", claimed.public_id)


def own(expert: Expert, sub: str) -> Submission:
    joined = Submission.objects.filter(expert=expert).select_related(
        "task", "seat", "project__lab", "instructions", "appeal", "consent"
    )
    return get_object_or_404(joined, public_id=sub)


@expert_page
@require_GET
def bench(request: HttpRequest, expert: Expert, sub: str) -> HttpResponse:
    """The workbench while the work is in the expert's hands; afterwards what became of it."""
    submission = own(expert, sub)
    if submission.status in ask.WORKING:
        return _bench_page(request, submission)
    return _feedback_page(request, submission)


def _bench_page(
    request: HttpRequest, submission: Submission, *, faults: Sequence[Fault] = (), **shown: Any
) -> HttpResponse:
    context = {
        "submission": submission,
        "project": submission.project,
        "kind": kind(submission.project.kind),
        "response": shown.get("response", submission.draft),
        "faults": faults,
        "errors": {fault.field: fault.message for fault in faults},
        "review": submission.reviews.order_by("-pk").first() if submission.status == _S.RETURNED else None,
        "first": ask.is_first(submission),
        "release_form": shown.get("release_form") or forms.ReleaseForm(),
        "shortcuts": signed_in(request).shortcuts,
        "now": timezone.now(),
    }
    return render(request, "tasks/bench.html", context, status=shown.get("status", 200))


def _feedback_page(request: HttpRequest, submission: Submission, **shown: Any) -> HttpResponse:
    context = {
        "submission": submission,
        "project": submission.project,
        "reviews": submission.reviews.select_related("reviewer").order_by("pk"),
        "released_because": ask.why_released(submission),
        "appeal": getattr(submission, "appeal", None),
        "appeal_form": shown.get("appeal_form") or forms.AppealForm(),
        "earnings": Earning.objects.filter(source=submission.public_id).order_by("pk"),
        "may_appeal": ask.may_appeal(submission),
        "next": ask.queue_of(submission.expert, submission.project_id),
    }
    return render(request, "tasks/feedback.html", context, status=shown.get("status", 200))


def typed(request: HttpRequest, submission: Submission) -> dict[str, Any]:
    """The answer in the form, with what the server fixed when the work began."""
    given = parse_form(request.POST)
    for beside in ("version", "seconds"):
        given.pop(beside, None)
    return {**given, **kind(submission.project.kind).start(submission.task.payload, submission.public_id)}


def active_seconds(request: HttpRequest) -> int:
    """What the page counted since it last told: at most an hour, nothing where it says nonsense."""
    said = request.POST.get("seconds", "")
    return min(int(said), 3600) if said.isdecimal() and len(said) < 10 else 0


@expert_page
@require_POST
def draft(request: HttpRequest, expert: Expert, sub: str) -> JsonResponse:
    """Autosave. An older draft than the saved one is refused: the page shows the newer one when it is loaded again."""
    submission, version = own(expert, sub), request.POST.get("version", "")
    try:
        saved = actions.save_draft(
            submission=submission,
            response=typed(request, submission),
            version=int(version) if version.isdecimal() and len(version) < 10 else -1,
            by=signed_in(request),
            seconds=active_seconds(request),
        )
    except Refused as refused:
        return JsonResponse({"code": refused.code, "message": refused.message}, status=409)
    return JsonResponse({"version": saved.draft_version, "saved_at": saved.saved_at})


@expert_page
@require_POST
def submit(request: HttpRequest, expert: Expert, sub: str) -> HttpResponse:
    submission = own(expert, sub)
    response = typed(request, submission)
    try:
        actions.submit(submission=submission, response=response, by=signed_in(request), seconds=active_seconds(request))
    except Invalid as invalid:
        return _bench_page(request, submission, faults=invalid.faults, response=response, status=422)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("tasks:bench", sub)


@expert_page
@require_POST
def extend(request: HttpRequest, expert: Expert, sub: str) -> HttpResponse:
    """For the clock of the workbench (JSON), and for whoever has no script."""
    try:
        held = actions.extend_lease(submission=own(expert, sub), by=signed_in(request))
    except Refused as refused:
        answer, status, say = {"code": refused.code, "message": refused.message}, 409, messages.error
    else:
        answer, status, say = {"until": f"{held.seat.lease_until:%Y-%m-%dT%H:%M:%SZ}"}, 200, messages.success
    if request.accepts("text/html"):
        say(request, answer.get("message", "You have more time."))
        return redirect("tasks:bench", sub)
    return JsonResponse(answer, status=status)


@expert_page
@require_POST
def release(request: HttpRequest, expert: Expert, sub: str) -> HttpResponse:
    submission = own(expert, sub)
    form = forms.ReleaseForm(request.POST)
    if not form.is_valid():
        return _bench_page(request, submission, release_form=form, status=422)
    with told(request, "Given back. Somebody else can take it now."):
        actions.release(submission=submission, by=signed_in(request), note=form.note())
    return redirect("tasks:work")


@expert_page
@require_POST
def appeal(request: HttpRequest, expert: Expert, sub: str) -> HttpResponse:
    submission = own(expert, sub)
    form = forms.AppealForm(request.POST)
    if not form.is_valid():
        return _feedback_page(request, submission, appeal_form=form, status=422)
    with told(request, "Your appeal is on its way."):
        actions.appeal(submission=submission, words=form.cleaned_data["words"], by=signed_in(request))
    return redirect("tasks:bench", sub)
