"""How promises were kept, counted from decisions, appeals and transfers each time somebody asks. Nothing is stored.

Of a project: its latest decisions, at most SAMPLE. Of a lab: the latest of each of its newest projects. So the cost
does not grow with what was ever done: each project's part walks the index (project, status, submitted_at) backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from accounts.models import Lab
from projects.models import Project

SAMPLE: Final = 500
"""Decisions that a project's figures rest on."""
OF_EACH: Final = 100
"""The same of each project, where the figures are a lab's."""
PROJECTS: Final = 25
"""Projects of a lab that count, the newest."""
ENOUGH: Final = 5
"""A figure from fewer cases than this is not shown."""
PAY_WITHIN: Final = timedelta(hours=1)
"""From approval to the transfer, once Stripe can pay the person. Who is paid by hand was promised days."""

_FIGURES = """
WITH chosen AS (
    SELECT id FROM projects_project WHERE id = %(project)s OR lab_id = %(lab)s ORDER BY id DESC LIMIT %(projects)s
), work AS (
    SELECT w.*
    FROM chosen p
    CROSS JOIN (VALUES ('accepted'), ('rejected')) AS s(status)
    CROSS JOIN LATERAL (
        SELECT id, public_id, seat_id, status, submitted_at, active_seconds FROM tasks_submission
        WHERE project_id = p.id AND status = s.status ORDER BY submitted_at DESC LIMIT %(each)s
    ) w
    ORDER BY w.submitted_at DESC LIMIT %(most)s
), decided AS (
    SELECT count(*) AS n,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY r.at - w.submitted_at) AS took,
        count(*) FILTER (WHERE r.reviewer_id IS NULL) AS by_clock,
        count(*) FILTER (WHERE r.verdict = 'reject') AS rejected
    FROM work w JOIN tasks_review r ON r.submission_id = w.id AND r.verdict <> 'return'
), overdue AS (
    SELECT count(*) AS n FROM tasks_submission
    WHERE status = 'submitted' AND decide_by < %(now)s AND project_id IN (SELECT id FROM chosen)
), appealed AS (
    SELECT count(*) AS n, count(*) FILTER (WHERE a.status = 'overturned') AS won,
        count(*) FILTER (WHERE a.status = 'overturned' AND a.decided_by_id IS NULL) AS unanswered
    FROM work w JOIN tasks_appeal a ON a.submission_id = w.id AND a.status <> 'open'
), earned AS (
    SELECT e.pay, payee.status, greatest(e.booked_at, ready.at) AS since, sent.amount, sent.at
    FROM work w
    JOIN payments_earning e ON e.source = w.public_id
    JOIN payments_payee payee ON payee.user_id = e.payee_id AND payee.route = 'stripe'
    LEFT JOIN LATERAL (
        SELECT sum(a.amount) AS amount, max(p.sent_at) AS at
        FROM payments_allocation a JOIN payments_payout p ON p.id = a.payout_id
        WHERE a.earning_id = e.id AND p.sent_at IS NOT NULL
    ) sent ON true
    LEFT JOIN LATERAL (
        SELECT max(at) AS at FROM core_event
        WHERE subject = payee.public_id AND name = 'payee.ready' AND at <= coalesce(sent.at, %(now)s)
    ) ready ON true
), paid AS (
    SELECT count(*) FILTER (WHERE amount >= pay) AS n,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY at - since) FILTER (WHERE amount >= pay) AS took,
        count(*) FILTER (WHERE CASE WHEN amount >= pay THEN at - since > %(within)s
            ELSE status = 'ready' AND %(now)s - since > %(within)s END) AS late
    FROM earned
), measured AS (
    SELECT count(*) AS n,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY seat.pay * 3600.0 / w.active_seconds) AS hourly
    FROM work w JOIN tasks_seat seat ON seat.id = w.seat_id
    WHERE w.status = 'accepted' AND w.active_seconds > 0
)
SELECT decided.n, decided.took, decided.by_clock, decided.rejected, overdue.n, appealed.n, appealed.won,
    appealed.unanswered, paid.n, paid.took, paid.late, measured.n, measured.hourly
FROM decided, overdue, appealed, paid, measured
"""


@dataclass(frozen=True)
class Spread:
    """A duration over `n` cases: `median` and `p95`, None while there are fewer than ENOUGH."""

    n: int
    median: timedelta | None
    p95: timedelta | None

    @property
    def median_seconds(self) -> int | None:
        return None if self.median is None else round(self.median.total_seconds())

    @property
    def p95_seconds(self) -> int | None:
        return None if self.p95 is None else round(self.p95.total_seconds())


@dataclass(frozen=True)
class Rate:
    """`count` of `n` cases; `percent` is None while there are fewer than ENOUGH."""

    n: int
    count: int

    @property
    def percent(self) -> int | None:
        return round(100 * self.count / self.n) if self.n >= ENOUGH else None


@dataclass(frozen=True)
class Figures:
    """What became of the promises. `hourly`: median measured pay in minor units an hour, over `measured` answers.

    Misses: `by_clock.count` and `overdue` answers that nobody decided in time, `late_pay` transfers that took longer
    than an hour, `unanswered` appeals.
    """

    decision: Spread
    by_clock: Rate
    rejected: Rate
    overturned: Rate
    pay: Spread
    overdue: int
    late_pay: int
    unanswered: int
    measured: int
    hourly: int | None

    @property
    def undecided(self) -> int:
        return self.by_clock.count + self.overdue

    @property
    def missed(self) -> int:
        return self.undecided + self.late_pay + self.unanswered


def of_project(project: Project) -> Figures:
    """One statement."""
    return _figures(project=project.pk, lab=None, projects=1, each=SAMPLE, most=SAMPLE)


def of_lab(lab: Lab) -> Figures:
    """One statement."""
    return _figures(project=None, lab=lab.pk, projects=PROJECTS, each=OF_EACH, most=PROJECTS * OF_EACH)


def _figures(**given: int | None) -> Figures:
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, {**given, "now": timezone.now(), "within": PAY_WITHIN})  # type: ignore[dict-item]
        row = cursor.fetchone()
    decided, took, by_clock, rejected, overdue, appealed, won, unanswered, paid, sent, late, measured, hourly = row
    return Figures(
        decision=_spread(decided, took),
        by_clock=Rate(decided, by_clock),
        rejected=Rate(decided, rejected),
        overturned=Rate(appealed, won),
        pay=_spread(paid, sent),
        overdue=overdue,
        late_pay=late,
        unanswered=unanswered,
        measured=measured,
        hourly=int(hourly) if measured >= ENOUGH else None,
    )


def _spread(n: int, took: list[timedelta] | None) -> Spread:
    return Spread(n, *took) if took and n >= ENOUGH else Spread(n, None, None)
