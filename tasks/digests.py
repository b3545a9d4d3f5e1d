"""What people hear about work, in words; and what a sweep has to look at."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from accounts.actions import notify
from accounts.models import Role, User
from accounts.queries import members_who_may, staff
from accounts.roles import LAB_ROLES, Permission
from core.models import Event
from payments.models import Account, AccountKind
from payments.money import show
from projects.models import Project
from tasks.models import Export, Import, Report, Submission, Task

LOST_AFTER = timedelta(minutes=15)
"""An export that has been running for longer than any job may run has lost its worker."""


def could_open_seats() -> QuerySet[Project]:
    """Open projects with funds for a seat, and with tasks that may lack one."""
    funds = Account.objects.filter(
        kind=AccountKind.PROJECT_FUNDS, ref=OuterRef("public_id"), currency=OuterRef("currency")
    )
    waiting = Task.objects.filter(status=Task.Status.OPEN).values("project")
    found = Project.objects.filter(status=Project.Status.OPEN, pk__in=waiting).select_related("lab")
    return found.annotate(free=Subquery(funds.values("balance"))).filter(free__gte=F("pay") + F("fee"))


def waiting_imports() -> QuerySet[Import]:
    return Import.objects.filter(status__in=[Import.Status.CHECKING, Import.Status.IMPORTING]).order_by("pk")


def waiting_exports() -> QuerySet[Export]:
    return Export.objects.filter(status=Export.Status.WAITING).order_by("pk")


def lost_exports() -> QuerySet[Export]:
    late = timezone.now() - LOST_AFTER
    return Export.objects.filter(status=Export.Status.RUNNING, started_at__lte=late).select_related("project__lab")


def reviewers(project: Project) -> QuerySet[User]:
    roles = [role for role in Role.values if Permission.SUBMISSION_REVIEW in LAB_ROLES[role]]
    return User.objects.filter(memberships__lab=project.lab_id, memberships__role__in=roles, is_active=True)


_TO_EXPERT = {
    "submission.accepted": "Accepted: {project}",
    "submission.returned": "Please mend your answer: {project}",
    "submission.rejected": "Not accepted: {project}",
    "submission.released": "A task went back: {project}",
    "seat.lease_ending": "Your time for a task ends soon: {project}",
    "appeal.upheld": "Your appeal was decided: {project}",
    "appeal.overturned": "Your appeal was won: {project}",
}


def tell_expert(event: Event, submission: Submission) -> None:
    """One event of one submission, to whoever made it."""
    project = submission.project
    words = {
        "submission.accepted": f"{show(submission.seat.pay, project.currency)} is yours. {event.note}",
        "submission.rejected": f"{submission.get_reason_display()}. {event.note} You can appeal within 7 days.",
        "seat.lease_ending": "Hand it in or extend your time; what you wrote is saved.",
    }.get(event.name, event.note)
    notify(
        user=submission.expert.user,
        title=_TO_EXPERT[event.name].format(project=project.title),
        body=words.strip(),
        url=reverse("tasks:bench", args=[submission.public_id]),
        event=event,
    )


def tell_ops_of_report(event: Event, report: Report) -> None:
    """With the moment by which a decision still counts: after it the answer is accepted."""
    work = report.submission
    until = f"{work.decide_by:%d %b %Y %H:%M} UTC" if work.decide_by else "now"
    for user in staff():
        notify(
            user=user,
            title=f"Reported as spam or fraud: an answer to {work.project.title}",
            body=f"Decide by {until}; after that it is accepted and paid. The reviewer says: {report.words}",
            url=reverse("admin:tasks_report_change", args=[report.pk]),
            event=event,
        )


def tell_reporter(event: Event, report: Report) -> None:
    found = "spam or fraud" if report.status == Report.Status.CONFIRMED else "neither spam nor fraud"
    notify(
        user=report.reported_by,
        title=f"What you reported is {found}: {report.submission.project.title}",
        body=report.answer,
        url=reverse("tasks:submission", args=[report.submission.public_id]),
        event=event,
    )


def tell_reviewers(event: Event, project: Project) -> None:
    waiting = event.data["waiting"]
    title = f"{waiting} answer{'' if waiting == 1 else 's'} to review: {project.title}"
    url = reverse("tasks:review_queue", args=[project.public_id])
    for user in reviewers(project):
        notify(user=user, title=title, body="What nobody decides in time is accepted.", url=url, event=event)


def tell_funders(event: Event, project: Project) -> None:
    left, lacking = event.data["left"], event.data["lacking"]
    words = f"funds for {left} more answer{'' if left == 1 else 's'}" if left else "the funds are used up"
    body = f"{lacking} planned answer{' is' if lacking == 1 else 's are'} not paid for yet. Experts see paid work only."
    url = reverse("tasks:project", args=[project.public_id])
    for user in members_who_may(project.lab, Permission.PROJECT_FUND):
        notify(user=user, title=f"{project.title}: {words}", body=body, url=url, event=event)


def tell_uploader(event: Event, upload: Import) -> None:
    what = {
        Import.Status.CHECKED: f"{upload.filename}: {upload.good:,} good rows, {upload.bad:,} with faults",
        Import.Status.DONE: f"{upload.filename}: {upload.done:,} tasks imported",
        Import.Status.FAILED: f"{upload.filename} was not imported",
    }
    notify(
        user=upload.uploaded_by,
        title=what[Import.Status(event.after)],
        body=event.note,
        url=reverse("tasks:import", args=[upload.public_id]),
        event=event,
    )


def tell_asker(event: Event, export: Export) -> None:
    done = event.after == Export.Status.DONE
    notify(
        user=export.requested_by,
        title=f"Your export of {export.project.title} is ready" if done else "Your export could not be written",
        body=event.note,
        url=reverse("tasks:exports", args=[export.project.public_id]),
        event=event,
    )
