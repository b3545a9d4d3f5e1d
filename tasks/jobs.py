"""The worker's door: sweeps of the clocks, files, and what people hear about work. Each is safe to run twice."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import transaction

from core.actors import SYSTEM
from core.models import Event
from projects.models import Project
from tasks import actions, digests
from tasks.models import Export, Import, Report, Submission, Task
from tasks.runway import ENOUGH

logger = logging.getLogger(__name__)

FILES = "tasks.write_files"
OUR_FAULT = "Something went wrong on our side. Nothing was kept; please try again."


@shared_task(name="tasks.expire_claims", ignore_result=True)
def expire_claims() -> None:
    actions.expire_claims()


@shared_task(name="tasks.auto_accept", ignore_result=True)
def auto_accept() -> None:
    actions.auto_accept_due()


@shared_task(name="tasks.settle_rejections", ignore_result=True)
def settle_rejections() -> None:
    actions.settle_rejections_due()
    actions.overturn_unanswered_due()


@shared_task(name="tasks.open_seats", ignore_result=True)
def open_seats() -> None:
    """Whatever money came back or was missed: every open project gets the seats that its funds pay for."""
    for project in digests.could_open_seats():
        actions.open_seats(project=project, by=SYSTEM)


@shared_task(name="tasks.make_up_weeks", ignore_result=True)
def make_up_weeks() -> None:
    actions.make_up_weeks()


@shared_task(name=FILES, ignore_result=True)
def write_files() -> None:
    """Check, write and export what waits. The rows are the queue; this only finds whoever was forgotten."""
    for upload in digests.waiting_imports():
        _work_on(upload)
    for export in digests.waiting_exports():
        _write(export)
    for export in digests.lost_exports():
        actions.retry_export(export=export, by=SYSTEM)


@shared_task(name="tasks.warn", ignore_result=True)
def warn() -> None:
    """Leases that end soon, and a day's answers that wait for a decision."""
    actions.warn_of_leases()
    actions.remind_reviewers()


@shared_task(name="tasks.watch_funds", ignore_result=True)
def watch_funds() -> None:
    actions.watch_funds()


def _work_on(upload: Import) -> None:
    """A fault of ours ends this file's turn in words and in the log, so that it does not hold up the others."""
    act = actions.check_import if upload.status == Import.Status.CHECKING else actions.run_import
    try:
        act(upload=upload)
    except Exception:
        logger.exception("Import %s failed", upload.public_id)
        actions.fail_import(upload=upload, why=OUR_FAULT)


def _write(export: Export) -> None:
    try:
        actions.run_export(export=export)
    except Exception:
        logger.exception("Export %s failed", export.public_id)
        actions.fail_export(export=export, why=OUR_FAULT)


def _wake_files() -> None:
    """Files take minutes, and a delivery is one transaction: so the work is done by a job of its own."""
    transaction.on_commit(lambda: write_files.apply_async(retry=False), robust=True)


# --- What the wiring calls --------------------------------------------------------------------------------------------


def on_file_waiting(event: Event) -> None:
    _wake_files()


def on_project_open(event: Event) -> None:
    actions.open_seats(project=Project.objects.get(public_id=event.subject), by=SYSTEM)


def on_project_closed(event: Event) -> None:
    actions.cancel_seats(project=Project.objects.get(public_id=event.subject), by=SYSTEM, why="closed")


def on_funding_paid(event: Event) -> None:
    project = Project.objects.filter(public_id=event.data["ref"]).first()
    if project is not None:
        actions.open_seats(project=project, by=SYSTEM)


def on_import_done(event: Event) -> None:
    upload = Import.objects.select_related("project").get(public_id=event.subject)
    actions.open_seats(project=upload.project, by=SYSTEM)


def on_task_changed(event: Event) -> None:
    """A task was added, repaired or withdrawn: it needs seats, or its reserve serves another task."""
    task = Task.objects.select_related("project").get(public_id=event.subject)
    actions.open_seats(project=task.project, by=SYSTEM)


def on_submission_rejected(event: Event) -> None:
    submission = _submission(event)
    actions.lapse_report(submission=submission)
    actions.open_seats(project=submission.project, tasks=[submission.task_id], by=SYSTEM)
    digests.tell_expert(event, submission)


def on_submission_decided(event: Event) -> None:
    actions.lapse_report(submission=_submission(event))
    if event.before != Submission.Status.REJECTED:  # what an appeal changed, the appeal's own notice says
        digests.tell_expert(event, _submission(event))


def on_submission_released(event: Event) -> None:
    submission = _submission(event)
    if submission.project.status == Project.Status.CLOSED or submission.task.status != Task.Status.OPEN:
        # Nobody will take this seat any more: its reserve goes back to the funds.
        task = submission.task
        actions.cancel_seats(
            project=submission.project, by=SYSTEM, why="unclaimed", tasks=[task.pk], about=task.public_id
        )
    if event.data.get("cause") in ("expired", "withdrawn"):
        digests.tell_expert(event, submission)


def on_lease_ending(event: Event) -> None:
    digests.tell_expert(event, Submission.objects.get(public_id=event.data["submission"]))


def on_appeal_decided(event: Event) -> None:
    digests.tell_expert(event, Submission.objects.get(public_id=event.data["submission"]))


def on_report_open(event: Event) -> None:
    digests.tell_ops_of_report(event, _report(event))


def on_report_decided(event: Event) -> None:
    digests.tell_reporter(event, _report(event))


def on_review_due(event: Event) -> None:
    digests.tell_reviewers(event, Project.objects.get(public_id=event.subject))


def on_funds_level(event: Event) -> None:
    """Owners and managers hear that a project's money becomes scarce, or is used up."""
    if event.after != ENOUGH:
        digests.tell_funders(event, Project.objects.select_related("lab").get(public_id=event.subject))


def on_import_ended(event: Event) -> None:
    digests.tell_uploader(event, Import.objects.get(public_id=event.subject))


def on_export_ended(event: Event) -> None:
    digests.tell_asker(event, Export.objects.get(public_id=event.subject))


def _report(event: Event) -> Report:
    return Report.objects.select_related("submission__project", "reported_by").get(public_id=event.subject)


def _submission(event: Event) -> Submission:
    return Submission.objects.select_related("project__lab", "task", "expert__user").get(public_id=event.subject)
