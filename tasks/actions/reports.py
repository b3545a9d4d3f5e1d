"""Spam and fraud: a lab's reviewer reports, people of Quorum decide. Nobody else can leave work unpaid."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.policies import forbid_own_lab
from accounts.roles import Permission, authorise
from core.actors import SYSTEM
from core.errors import Refused, WrongState
from core.events import record
from core.transitions import lock, step
from tasks import policies
from tasks.actions.held import hold
from tasks.actions.reviews import APPEAL_WINDOW, record_review
from tasks.models import RejectReason, Report, Review, Submission


@transaction.atomic
def report_fraud(*, submission: Submission, words: str, by: User) -> Report:
    """Propose that nothing is paid. The decision clock goes on. Raises Refused (`own_work`, `reported_before`),
    Invalid, WrongState."""
    authorise(by, Permission.SUBMISSION_REVIEW, lab=submission.project.lab)
    words = policies.words(words, "what shows that it is spam or fraud")
    held = hold(submission)
    policies.refuse_own_work(held, by)
    if held.status != Submission.Status.SUBMITTED:
        raise WrongState(f"This submission is {held.status}; only what waits for a decision is reported.")
    if Report.objects.filter(submission=held).exists():
        raise Refused("This answer was reported before. Decide on it like on any other.", code="reported_before")
    report = Report.objects.create(submission=held, words=words, reported_by=by)
    record("report.open", report.public_id, by=by, after=Report.Status.OPEN, data={"submission": held.public_id})
    return report


@transaction.atomic
def confirm_fraud(*, report: Report, answer: str, by: User) -> Report:
    """Nothing is paid. The expert reads `answer` and may appeal to somebody else.

    Raises Refused, Invalid, WrongState.
    """
    authorise(by, Permission.FRAUD_DECIDE)
    report, held = _decide(report, Report.Status.CONFIRMED, answer, by)
    if held.status != Submission.Status.SUBMITTED:
        raise WrongState(f"This submission is {held.status} by now: it cannot be rejected for fraud.")
    now = timezone.now()
    rejected = step(
        held,
        Submission.Status.REJECTED,
        by=by,
        note=report.answer,
        reason=RejectReason.FRAUD,
        decided_at=now,
        appeal_by=now + APPEAL_WINDOW,
    )
    record_review(rejected, Review.Verdict.REJECT, by, report.answer, RejectReason.FRAUD)
    return report


@transaction.atomic
def dismiss_report(*, report: Report, answer: str, by: User) -> Report:
    """Neither spam nor fraud: the lab decides as on any other answer. Raises Refused, Invalid, WrongState."""
    authorise(by, Permission.FRAUD_DECIDE)
    return _decide(report, Report.Status.DISMISSED, answer, by)[0]


def _decide(report: Report, to: str, answer: str, by: User) -> tuple[Report, Submission]:
    answer = policies.words(answer, "what you looked at and why")
    policies.refuse_own_work(report.submission, by)
    forbid_own_lab(by, report.submission.project.lab)
    held = hold(report.submission)
    data, now = {"submission": held.public_id}, timezone.now()
    decided = step(lock(report), to, by=by, note=answer, data=data, answer=answer, decided_at=now, decided_by=by)
    return decided, held


@transaction.atomic
def lapse_report(*, submission: Submission) -> bool:
    """Somebody decided on the answer, or the clock did: the report has nothing left to ask. Whether one was open."""
    report = Report.objects.filter(submission=submission, status=Report.Status.OPEN).first()
    if report is None:
        return False
    held = hold(submission)
    if held.status == Submission.Status.SUBMITTED:
        return False
    data = {"submission": held.public_id}
    step(lock(report), Report.Status.LAPSED, by=SYSTEM, data=data, decided_at=timezone.now())
    return True
