"""Reviewing: the queue with the oldest clock first, one submission beside its task, and the three verdicts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.web import signed_in, told
from core.events import history
from core.templatetags.ui import duration_text
from projects.kinds import kind
from projects.models import Project
from tasks import actions, forms
from tasks import queries_pages as ask
from tasks.models import Report, Submission
from tasks.shares import Share, partial
from tasks.views import abilities, lab_page, paged
from tasks.views_lab import tabbed

VERDICTS: dict[str, type[Form]] = {
    "accept": forms.AcceptForm,
    "return": forms.ReturnForm,
    "reject": forms.RejectForm,
    "report": forms.ReportForm,
}

DONE = {
    "accept": "Accepted. The pay is the expert's.",
    "return": "Returned with your words.",
    "reject": "Rejected. The expert has part of the pay and may appeal.",
    "report": "Reported. We look at it; your clock goes on, and you can still decide.",
}


@lab_page
@require_GET
def review_queue(request: HttpRequest, project: Project) -> HttpResponse:
    states = dict(forms.SUBMISSION_STATES)
    status = request.GET.get("status", "")
    status = status if status in states else Submission.Status.SUBMITTED
    rows = ask.review_rows(project, status=status)
    counts = ask.answer_counts(project)
    return tabbed(
        request,
        project,
        "review_queue",
        page=paged(request, rows, 50),
        status=status,
        states=[(value, label, counts.get(value, 0)) for value, label in forms.SUBMISSION_STATES],
    )


def submission_of(user: User, sub: str) -> Submission:
    """Something handed in to the person's lab; one's own work is not reviewed here."""
    seen = Submission.objects.visible_to(user).exclude(expert__user=user).exclude(status=Submission.Status.RELEASED)
    joined = seen.select_related("project__lab", "task", "seat", "expert__user", "instructions", "appeal", "consent")
    return get_object_or_404(joined, public_id=sub)


@login_required
@require_GET
def submission(request: HttpRequest, sub: str) -> HttpResponse:
    return _submission_page(request, submission_of(signed_in(request), sub))


def _submission_page(
    request: HttpRequest, submission: Submission, *, verdict: str = "", form: Form | None = None, status: int = 200
) -> HttpResponse:
    project = submission.project
    drawn = {name: form if form and name == verdict else make(prefix=name) for name, make in VERDICTS.items()}
    context: dict[str, Any] = {
        "project": project,
        "submission": submission,
        "kind": kind(project.kind),
        "can": abilities(signed_in(request), project.lab),
        "forms": drawn,
        "verdict": verdict,
        "others": ask.others_on_task(submission),
        "left": duration_text((submission.decide_by - timezone.now()).total_seconds()) if submission.decide_by else "",
        "taken": submission.submitted_at - submission.started_at if submission.submitted_at else None,
        "record": ask.track_record(submission),
        "reviews": submission.reviews.select_related("reviewer").order_by("pk"),
        "history": history(submission.public_id),
        "report": Report.objects.filter(submission=submission).first(),
        "following": ask.next_to_review(project, after=submission),
        "partial_pay": partial(Share(submission.seat.pay, submission.seat.fee), project.partial_pay_percent).pay,
    }
    return render(request, "tasks/submission.html", context, status=status)


@login_required
@require_POST
def decide(request: HttpRequest, sub: str) -> HttpResponse:
    user = signed_in(request)
    submission = submission_of(user, sub)
    verdict = request.POST.get("verdict", "")
    if verdict not in VERDICTS:
        return _submission_page(request, submission, status=422)
    form = VERDICTS[verdict](request.POST, prefix=verdict)
    if not form.is_valid():
        return _submission_page(request, submission, verdict=verdict, form=form, status=422)
    with told(request, DONE[verdict]):
        _decide(verdict, submission, user, form.cleaned_data)
    submission.refresh_from_db(fields=["status"])
    return _following(submission)


def _following(looked_at: Submission) -> HttpResponse:
    """Where a reviewer goes on: the next answer that waits, the queue, or this one where the decision was refused."""
    if looked_at.status == Submission.Status.SUBMITTED:
        return redirect("tasks:submission", looked_at.public_id)
    waiting = ask.next_to_review(looked_at.project, after=looked_at)
    if waiting is not None:
        return redirect("tasks:submission", waiting.public_id)
    return redirect("tasks:review_queue", looked_at.project.public_id)


def _decide(verdict: str, submission: Submission, by: User, words: dict[str, str]) -> None:
    if verdict == "accept":
        actions.accept(submission=submission, by=by, note=words["note"])
    elif verdict == "return":
        actions.return_for_rework(submission=submission, by=by, note=words["note"])
    elif verdict == "report":
        actions.report_fraud(submission=submission, by=by, words=words["words"])
    else:
        actions.reject(submission=submission, by=by, reason=words["reason"], note=words["note"])
