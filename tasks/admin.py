"""The ops door to work: lists, and the appeals that people of Quorum decide."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.actors import Actor
from core.admin import Button, OpsAdmin, subject_link
from payments.columns import Amounts, money
from tasks import actions
from tasks.models import Appeal, Export, Import, Report, Review, Seat, Submission, Task


def work_link(submission: Submission) -> SafeString:
    """To the task and its answer, as the lab sees them; a draft is its expert's alone."""
    if submission.submitted_at is None:
        return SafeString("Not handed in")
    return format_html('<a href="{}">See the work</a>', reverse("tasks:submission", args=[submission.public_id]))


@admin.register(Task)
class TaskAdmin(OpsAdmin[Task]):
    list_display = ("public_id", "external_id", "project", "status", "priority", "overlap", "created_at")
    list_filter = ("status",)
    list_select_related = ("project",)
    search_fields = ("=public_id", "=external_id", "=project__public_id")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        rows: QuerySet[Task] = super().get_queryset(request)
        return (
            rows if request.resolver_match and "object_id" in request.resolver_match.kwargs else rows.defer("payload")
        )


@admin.register(Seat)
class SeatAdmin(Amounts, OpsAdmin[Seat]):
    list_display = ("public_id", "task", "number", "status", "expert", "lease_until", money("pay"), money("fee"))
    list_filter = ("status",)
    list_select_related = ("task", "expert__user")
    search_fields = ("=public_id", "=task__public_id", "=project__public_id", "=expert__public_id")
    ordering = ("-pk",)


@admin.register(Submission)
class SubmissionAdmin(OpsAdmin[Submission]):
    list_display = ("public_id", "project", "expert", "status", "submitted_at", "decide_by", "decided_at", "work")
    list_filter = ("status", "reason")
    list_select_related = ("project", "expert__user")
    search_fields = ("=public_id", "=task__public_id", "=project__public_id", "=expert__public_id")
    ordering = ("-pk",)
    # Neither answer nor draft: the first is a link away, the second nobody's but the expert's.
    fields = (
        "about", "project", "task", "seat", "expert", "status", "work", "instructions", "consent", "started_at",
        "submitted_at", "decide_by", "decided_at", "reason", "appeal_by", "active_seconds",
    )  # fmt: skip
    readonly_fields = ("about", "work")

    @admin.display(description="History")
    def about(self, submission: Submission) -> SafeString:
        return subject_link(submission.public_id)

    @admin.display(description="Work")
    def work(self, submission: Submission) -> SafeString:
        return work_link(submission)


@admin.register(Review)
class ReviewAdmin(OpsAdmin[Review]):
    list_display = ("at", "submission", "verdict", "reason", "reviewer", "note")
    list_filter = ("verdict", "reason")
    list_select_related = ("submission", "reviewer")
    search_fields = ("=submission__public_id", "=reviewer__email")
    ordering = ("-pk",)


def _decide(overturn: bool) -> Any:
    def act(appeal: Appeal, by: Actor, words: str) -> object:
        return actions.decide_appeal(appeal=appeal, overturn=overturn, answer=words, by=by)

    return act


def _is_open(appeal: Appeal) -> bool:
    return appeal.status == Appeal.Status.OPEN


@admin.register(Appeal)
class AppealAdmin(OpsAdmin[Appeal]):
    """The nearest clock first. Unanswered by then, an appeal is won."""

    list_display = ("public_id", "submission", "status", "opened_at", "answer_by", "decided_by", "work")
    list_filter = ("status",)
    list_select_related = ("submission", "decided_by")
    search_fields = ("=public_id", "=submission__public_id", "=submission__expert__public_id")
    ordering = ("status", "answer_by")  # open, overturned, upheld
    fields = (
        "public_id", "submission", "work", "rejected_for", "words", "status", "opened_at", "answer_by", "answer",
        "decided_by", "decided_at",
    )  # fmt: skip
    readonly_fields = ("work", "rejected_for")
    buttons = (
        Button(
            "overturn",
            "Decide for the expert",
            _decide(True),
            when=_is_open,
            asks="What you looked at and why, in words both sides read",
            tone="primary",
        ),
        Button(
            "uphold",
            "Uphold the rejection",
            _decide(False),
            when=_is_open,
            asks="What you looked at and why, in words both sides read",
            tone="danger",
        ),
    )

    @admin.display(description="Work")
    def work(self, appeal: Appeal) -> SafeString:
        return work_link(appeal.submission)

    @admin.display(description="Rejected for")
    def rejected_for(self, appeal: Appeal) -> str:
        last = appeal.submission.reviews.filter(verdict=Review.Verdict.REJECT).order_by("-pk").first()
        return f"{last.get_reason_display()}: {last.note}" if last else "–"


def _found(fraud: bool) -> Any:
    act = actions.confirm_fraud if fraud else actions.dismiss_report
    return lambda report, by, words: act(report=report, answer=words, by=by)


def _undecided(report: Report) -> bool:
    return report.status == Report.Status.OPEN


@admin.register(Report)
class ReportAdmin(OpsAdmin[Report]):
    """Proposals to pay nothing. The nearest decision clock first: at its end the answer is accepted."""

    list_display = (
        "public_id",
        "submission",
        "status",
        "decide_by",
        "reported_by",
        "reported_at",
        "decided_by",
        "work",
    )
    list_filter = ("status",)
    list_select_related = ("submission", "reported_by", "decided_by")
    search_fields = ("=public_id", "=submission__public_id", "=submission__expert__public_id")
    ordering = ("decided_at", "submission__decide_by")
    fields = (
        "public_id", "submission", "work", "words", "reported_by", "reported_at", "decide_by", "status", "answer",
        "decided_by", "decided_at",
    )  # fmt: skip
    readonly_fields = ("work", "decide_by")
    buttons = (
        Button(
            "dismiss",
            "Neither spam nor fraud",
            _found(False),
            when=_undecided,
            asks="What you looked at and why, in words the reviewer reads",
            tone="primary",
        ),
        Button(
            "confirm",
            "Spam or fraud: pay nothing",
            _found(True),
            when=_undecided,
            asks="What you looked at and why, in words the expert reads",
            tone="danger",
        ),
    )

    @admin.display(description="Work")
    def work(self, report: Report) -> SafeString:
        return work_link(report.submission)

    @admin.display(description="Accepted unless decided by", ordering="submission__decide_by")
    def decide_by(self, report: Report) -> str:
        return f"{report.submission.decide_by:%d %b %Y %H:%M} UTC"


@admin.register(Import)
class ImportAdmin(OpsAdmin[Import]):
    list_display = ("filename", "project", "status", "rows", "good", "bad", "done", "uploaded_by", "created_at")
    list_filter = ("status", "format")
    list_select_related = ("project", "uploaded_by")
    search_fields = ("filename", "=public_id", "=project__public_id")
    ordering = ("-pk",)
    exclude = ("file", "kept")


@admin.register(Export)
class ExportAdmin(OpsAdmin[Export]):
    list_display = ("public_id", "project", "format", "status", "rows", "requested_by", "requested_at", "error")
    list_filter = ("status", "format")
    list_select_related = ("project", "requested_by")
    search_fields = ("=public_id", "=project__public_id", "=sha256")
    ordering = ("-pk",)
    exclude = ("file",)
