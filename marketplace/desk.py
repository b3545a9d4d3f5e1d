"""What ops see first: how much waits for them of each kind, how old the oldest is, and what we promised about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Min, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import Lab
from core.templatetags.ui import absolute, relative
from experts.queries import review_queue
from payments import late, queries_desk
from payments.models import Adjustment, Dispute, Hold, Reversal
from payments.queries_paid import stranded
from tasks.models import Appeal, Report

STALE: Final = timedelta(hours=2)  # without a reconciliation, which runs hourly
SOON: Final = timedelta(hours=6)
Answer = Dispute.Status
TO_ANSWER: Final = (Answer.NEEDS_RESPONSE, Answer.WARNING_NEEDS_RESPONSE, Answer.APPEAL_NEEDS_RESPONSE)


@dataclass(frozen=True)
class Tile:
    """`tone`: success (nothing to do), warning, danger, or none. `more`: (label, address) of further links."""

    title: str
    figure: int | str
    words: str
    url: str
    tone: str = ""
    more: tuple[tuple[str, str], ...] = ()


def tiles() -> list[Tile]:
    return [_books(), _deliveries(), _events(), _by_hand(), _labs(), _stranded(), *_clocks()]


def _books() -> Tile:
    """Green only while a run has said so lately: silence is no agreement."""
    title, url = "Our books and Stripe's", reverse("admin:payments_reconciliation_changelist")
    run = queries_desk.last_run()
    if run is None:
        return Tile(title, "Never compared", "The first comparison is due within the hour.", url, "warning")
    day = [run.started_at.date().isoformat()]
    links = (
        ("The day", reverse("admin:payments_reconciliation_day", args=day)),
        ("Its lines (CSV)", reverse("admin:payments_reconciliation_csv", args=day)),
    )
    found = queries_desk.counted(run)
    words = f"Compared {relative(run.finished_at)}: {run.matched:,} matched, " + ", ".join(
        f"{found[what]} {what}" for what in ("ours, not theirs", "theirs, not ours", "unknown type")
    )
    if timezone.now() - run.finished_at > STALE:
        return Tile(title, "Not compared lately", f"It should run hourly. {words}.", url, "danger", links)
    figure, tone = ("Agree", "success") if run.green else (f"{len(run.findings)} to look at", "danger")
    return Tile(title, figure, f"{words}.", url, tone, links)


def _deliveries() -> Tile:
    now = queries_desk.deliveries()
    words = f"{now.pending} pending, {now.unknown} unknown, {now.failed} failed in 7 days"
    if now.oldest:
        words += f"; the oldest since {absolute(now.oldest)}"
    stuck = {"state__exact": "needs_ops"} if now.needs_ops else {}
    tone = "danger" if now.needs_ops else "warning" if now.unknown else "success"
    return Tile("Calls to Stripe for a person", now.needs_ops, f"{words}.", _list("payments_outbox", stuck), tone)


def _events() -> Tile:
    now = queries_desk.events()
    words = f"{now.waiting} wait in all"
    if now.oldest:
        words += f"; the oldest since {absolute(now.oldest)}"
    failed = {"came": "failed"} if now.failed else {}
    tone = "danger" if now.failed else "success"
    return Tile("News from Stripe that failed", now.failed, f"{words}.", _list("payments_inboxevent", failed), tone)


def _by_hand() -> Tile:
    """Red as soon as anybody waits longer than they were promised, whether in a batch or for one."""
    title, url = "People to pay by hand", _list("payments_batch")
    waiting = late.waiting_by_hand()
    if not waiting:
        return Tile(title, 0, "Nobody waits.", url, "success")
    due, people = waiting[0].due, len({each.earning.payee_id for each in waiting})
    unanswered = len({each.line.pk for each in waiting if each.line})
    words = f"Promised to our bank by {absolute(due)} ({relative(due)}). "
    words += f"{unanswered} transfer{'' if unanswered == 1 else 's'} without the bank's answer."
    return Tile(title, people, words, url, _tone(due))


def _labs() -> Tile:
    title, url = "Labs to confirm", _list("accounts_lab", {"status__exact": "pending"})
    waiting = Lab.objects.filter(status=Lab.Status.PENDING).order_by("created_at", "pk")
    oldest = waiting.first()
    if oldest is None:
        return Tile(title, 0, "Nobody waits.", url, "success")
    words = f"{oldest.name} asked {relative(oldest.created_at)}. No lab opens a project before; no time is promised."
    return Tile(title, waiting.count(), words, url, "warning")


def _stranded() -> Tile:
    title, url = "Refunds that no bank took", _list("payments_refund", {"status__exact": "failed"})
    waiting = stranded().aggregate(count=Count("pk"), oldest=Min("created_at"))
    if not waiting["count"]:
        return Tile(title, 0, "Nothing lies.", url, "success")
    words = f"A rule sent them back, the oldest {relative(waiting['oldest'])}. They are not tried again: ask the lab."
    return Tile(title, waiting["count"], words, url, "warning")


def _clocks() -> list[Tile]:
    """Whatever has a moment by which something was promised, or happens by itself."""
    now = timezone.now()
    open_appeals = Appeal.objects.filter(status=Appeal.Status.OPEN)
    open_reports = Report.objects.filter(status=Report.Status.OPEN)
    contested = Dispute.objects.filter(status__in=TO_ANSWER)
    proposed = Adjustment.objects.filter(status=Adjustment.Status.PROPOSED)
    taken_back = Reversal.objects.filter(status=Reversal.Status.PROPOSED)
    return [
        _clock("Credentials to review", review_queue(), "answer_by", "Answer promised by", reverse("admin:desk")),
        _clock("Appeals", open_appeals, "answer_by", "Won by the expert at", _list("tasks_appeal", _open())),
        _clock("Reports of spam or fraud", open_reports, "submission__decide_by", "Accepted at",
               _list("tasks_report", _open())),
        _clock("Disputes to answer", contested, "evidence_due_at", "Evidence due by", _list("payments_dispute")),
        _clock("Adjustments for a second person", proposed, "expires_at", "Void at",
               _list("payments_adjustment", {"status__exact": "proposed"})),
        _clock("Pay to take back, for a second person", taken_back, "expires_at", "Void at",
               _list("payments_reversal", {"status__exact": "proposed"})),
        _clock("Payouts on hold", Hold.objects.active(now), "ends_at", "Ends by itself at", _list("payments_hold")),
    ]  # fmt: skip


def _clock(title: str, waiting: QuerySet[Any], clock: str, promise: str, url: str) -> Tile:
    found = waiting.order_by().aggregate(count=Count("pk"), next=Min(clock))
    count: int = found["count"]
    due: datetime | None = found["next"]
    if not count:
        return Tile(title, 0, "Nothing waits.", url, "success")
    if due is None:
        return Tile(title, count, "No moment is set.", url, "warning")
    return Tile(title, count, f"{promise} {absolute(due)} ({relative(due)}).", url, _tone(due))


def _tone(due: datetime) -> str:
    left = due - timezone.now()
    return "danger" if left < timedelta(0) else "warning" if left < SOON else ""


def _open() -> dict[str, str]:
    return {"status__exact": "open"}


def _list(model: str, narrowed: dict[str, str] | None = None) -> str:
    query = "&".join(f"{name}={value}" for name, value in (narrowed or {}).items())
    return reverse(f"admin:{model}_changelist") + (f"?{query}" if query else "")
