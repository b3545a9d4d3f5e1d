"""The demo's work: projects posted, filled and opened, then claimed, handed in, reviewed and paid like any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Lab, User
from core.actors import SYSTEM
from experts.models import Expert
from marketplace.demo import money
from marketplace.demo.projects import COMPUTING, DemoProject, answers
from payments import actions as payments
from payments import bank
from payments.models import Batch
from payments.queries import owed_by_hand
from projects import actions as projects
from projects.models import Project
from tasks import actions as tasks
from tasks.models import Import, Submission

Act = Callable[[Submission, User], Any]


def accept(work: Submission, reviewer: User) -> None:
    tasks.accept(submission=work, by=reviewer, note="Clear, and the decisive line is named. Thank you.")


def send_back(work: Submission, reviewer: User) -> None:
    note = "Right choice. Please name the line in which the other answer goes wrong, so that others can learn from it."
    tasks.return_for_rework(submission=work, by=reviewer, note=note)


def reject(work: Submission, reviewer: User) -> None:
    note = "The reasons describe the style of both answers; the instructions ask for the error in content."
    tasks.reject(submission=work, by=reviewer, reason="rationale", note=note)


def reject_and_appeal(work: Submission, reviewer: User) -> None:
    reject(work, reviewer)
    words = "My second sentence names the error: the direction in which the factor is applied. Please read it again."
    tasks.appeal(submission=work, words=words, by=work.expert.user)


def wait(work: Submission, reviewer: User) -> None:
    """Handed in, nobody has decided yet."""


# What becomes of each expert's work, in the order in which the tasks are handed out. None: still in hand, as a draft.
STORIES: Final[dict[str, tuple[Act | None, ...]]] = {
    "amara": (accept, accept, wait, send_back, None),
    "lukas": (accept, reject, wait, accept),
    "mei": (accept, wait, wait),
    "fatima": (accept, reject_and_appeal, None),
    "priya": (accept,) * 6,
    "jonas": (accept,) * 6,
}


def stage(demo: DemoProject, lab: Lab, experts: dict[str, Expert], owner: User, reviewer: User) -> None:
    """The project as far as its story goes. What an earlier, interrupted run has done is not done again."""
    project = Project.objects.filter(lab=lab, title=demo.title).first() or post(demo, lab, owner)
    if not demo.funded:
        return
    if not project.tasks.exists():
        bring_in(demo, project, owner)
    if project.status == Project.Status.DRAFT:
        project = open_up(demo, project, owner)
    if not project.applications.exists():
        take_in(demo, project, experts, owner)
    if not project.submissions.exists():
        play(demo, project, experts, reviewer)
        finish(demo, project, owner)


@transaction.atomic
def post(demo: DemoProject, lab: Lab, by: User) -> Project:
    """The project as a draft, its instructions written."""
    draft = projects.create_project(
        lab=lab,
        title=demo.title,
        kind=demo.kind,
        brief=demo.brief,
        fields=list(demo.fields),
        min_level=demo.min_level,
        languages=["en"],
        pay=demo.pay,
        minutes=demo.minutes,
        overlap=demo.overlap,
        pilot_tasks=demo.pilot,
        planned_tasks=max(len(demo.rows), 10),
        by=by,
    )
    if demo.instructions:
        projects.publish_instructions(project=draft, text=demo.instructions, by=by)
    return draft


def bring_in(demo: DemoProject, project: Project, by: User) -> None:
    """The project's tasks, uploaded, checked and kept."""
    upload = SimpleUploadedFile(f"{demo.file}.jsonl", demo.upload, content_type="application/jsonl")
    taken = tasks.start_import(project=project, upload=upload, by=by)

    def became(status: str) -> Callable[[], bool]:
        return lambda: Import.objects.filter(pk=taken.pk, status=status).exists()

    money.wait_for(became(Import.Status.CHECKED), f"{taken} is checked")
    tasks.confirm_import(upload=Import.objects.get(pk=taken.pk), by=by)
    money.wait_for(became(Import.Status.DONE), f"{taken} is in")


def open_up(demo: DemoProject, project: Project, by: User) -> Project:
    """Paid for, with a third to spare, and so open."""
    money.fund(project, len(demo.rows) + 2, by)

    def is_open() -> bool:
        return Project.objects.filter(pk=project.pk, status=Project.Status.OPEN, seats__isnull=False).exists()

    money.wait_for(is_open, f"{project} is open and has seats")
    return Project.objects.get(pk=project.pk)


def take_in(demo: DemoProject, project: Project, experts: dict[str, Expert], by: User) -> None:
    """Applications: the workers' accepted, the others' waiting."""
    for key in (*demo.workers, *demo.waiting):
        expert = experts[key]
        message = "I teach this subject and review answers like these every week."
        application = projects.apply(project=project, expert=expert, message=message, by=expert.user)
        if key in demo.workers:
            reason = "Degree and teaching fit."
            application = projects.accept_application(application=application, reason=reason, by=by)
            projects.accept_project_agreements(application=application, by=expert.user)


def play(demo: DemoProject, project: Project, experts: dict[str, Expert], reviewer: User) -> None:
    """Each worker's story. Two people answer the same task in different words."""
    known = answers()
    for number, key in enumerate(demo.workers):
        expert = experts[key]
        for act in STORIES[key]:
            work = tasks.claim_next(project=project, expert=expert, by=expert.user)
            _answer(work, known[work.task.external_id][number], act, reviewer)


def _answer(work: Submission, response: dict[str, Any], act: Act | None, reviewer: User) -> None:
    """As if they had begun as long ago as they say they worked."""
    expert, seconds = work.expert, 620 + 7 * (work.pk % 40)
    Submission.objects.filter(pk=work.pk).update(started_at=F("started_at") - timedelta(seconds=seconds + 45))
    if act is None:
        tasks.save_draft(submission=work, response=response, version=work.draft_version, by=expert.user, seconds=240)
        return
    work = tasks.submit(submission=work, response=response, by=expert.user, seconds=seconds)
    act(work, reviewer)


def finish(demo: DemoProject, project: Project, by: User) -> None:
    """The closed project: its data exported."""
    if demo is not COMPUTING:
        return
    tasks.request_export(project=project, format="trl_preference", by=by)
    projects.close_project(project=project, by=by, note="All six tasks are answered twice.")


def pay_everybody(ops: User) -> None:
    """What is earned goes to Stripe now; beat would do the same within the minute. Ops have begun to pay by hand."""
    payments.make_payouts(by=SYSTEM)
    payments.dispatch()
    if owed_by_hand("usd") and not Batch.objects.exists():
        batch = payments.make_batch(by=ops)
        payments.confirm_lines(batch=batch, told=_told(batch), by=ops)


def _told(batch: Batch) -> list[bank.Told]:
    """Our bank has paid all but the last: that line waits for its answer."""
    today = timezone.now().date()
    lines = [line.public_id for line in batch.lines.order_by("pk")]
    return [bank.Told(row, line, "paid", f"TT-2026-{row:04}", today, "", "") for row, line in enumerate(lines[:-1], 1)]
