"""How promises were kept, counted from decisions, appeals and transfers each time somebody asks. Nothing is stored.

Of a project: its latest decisions, at most SAMPLE. Of a lab: the latest of each of its newest projects. So the cost
does not grow with what was ever done: each project's part walks the index (project, status, submitted_at) backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from accounts.models import Lab
from payments.late import PAY_WITHIN, by_hand_due
from projects.models import Project

SAMPLE: Final = 500
"""Decisions that a project's figures rest on."""
OF_EACH: Final = 100
"""The same of each project, where the figures are a lab's."""
PROJECTS: Final = 25
"""Projects of a lab that count, the newest."""
ENOUGH: Final = 5
"""A figure from fewer cases than this is not shown."""
NAMED: Final = 5
"""Misses that are named with their moment, the latest."""

_FIGURES = """
WITH chosen AS (
    SELECT id, public_id FROM projects_project
    WHERE id = %(project)s OR lab_id = %(lab)s ORDER BY id DESC LIMIT %(projects)s
), work AS (
    SELECT w.*
    FROM chosen p
    CROSS JOIN (VALUES ('accepted'), ('rejected')) AS s(status)
    CROSS JOIN LATERAL (
        SELECT id, public_id, seat_id, expert_id, status, submitted_at, decided_at, active_seconds FROM tasks_submission
        WHERE project_id = p.id AND status = s.status ORDER BY submitted_at DESC LIMIT %(each)s
    ) w
    ORDER BY w.submitted_at DESC LIMIT %(most)s
), decided AS (
    SELECT count(*) AS n,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY r.at - w.submitted_at) AS took,
        count(*) FILTER (WHERE r.reviewer_id IS NULL) AS by_clock,
        count(*) FILTER (WHERE r.verdict = 'reject') AS rejected,
        count(*) FILTER (WHERE r.reason = 'fraud') AS nothing,
        min(r.at) AS since, max(r.at) AS until
    FROM work w JOIN tasks_review r ON r.submission_id = w.id AND r.verdict <> 'return'
), overdue AS (
    SELECT decide_by AS at FROM tasks_submission
    WHERE status = 'submitted' AND decide_by < %(now)s AND project_id IN (SELECT id FROM chosen)
), appealed AS (
    SELECT count(*) AS n, count(*) FILTER (WHERE a.status = 'overturned') AS won,
        count(*) FILTER (WHERE a.status = 'overturned' AND a.decided_by_id IS NULL) AS unanswered
    FROM work w JOIN tasks_appeal a ON a.submission_id = w.id AND a.status <> 'open'
), earned AS (
    SELECT e.pay, sent.amount, sent.at, greatest(e.booked_at, ready.at) AS since,
        coalesce(sent.by_hand, payee.route = 'manual') AS by_hand,
        CASE WHEN sent.amount >= e.pay THEN sent.at WHEN payee.status = 'ready' THEN %(now)s END AS until
    FROM work w
    JOIN payments_earning e ON e.source = w.public_id
    JOIN payments_payee payee ON payee.user_id = e.payee_id
    LEFT JOIN LATERAL (
        SELECT sum(a.amount) AS amount, max(p.sent_at) AS at, bool_or(p.line_id IS NOT NULL) AS by_hand
        FROM payments_allocation a JOIN payments_payout p ON p.id = a.payout_id
        WHERE a.earning_id = e.id AND p.sent_at IS NOT NULL
    ) sent ON true
    LEFT JOIN LATERAL (
        SELECT max(at) AS at FROM core_event
        WHERE subject = payee.public_id AND name = 'payee.ready' AND at <= coalesce(sent.at, %(now)s)
    ) ready ON true
), late AS (
    SELECT since + %(within)s AS at FROM earned WHERE NOT by_hand AND until - since > %(within)s
), paid AS (
    SELECT count(*) FILTER (WHERE amount >= pay) AS n,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY at - since) FILTER (WHERE amount >= pay) AS took,
        (SELECT count(*) FROM late) AS late
    FROM earned WHERE NOT by_hand
), by_hand AS (
    SELECT count(*) FILTER (WHERE amount >= pay) AS n,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY at - since) FILTER (WHERE amount >= pay) AS took,
        array_agg(since) FILTER (WHERE until IS NOT NULL) AS since,
        array_agg(until) FILTER (WHERE until IS NOT NULL) AS until
    FROM earned WHERE by_hand
), measured AS (
    SELECT count(*) AS n,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY seat.pay * 3600.0 / w.active_seconds) AS hourly
    FROM work w JOIN tasks_seat seat ON seat.id = w.seat_id
    WHERE w.status = 'accepted' AND w.active_seconds > 0
), weeks AS (
    SELECT count(DISTINCT (expert_id, date_trunc('week', decided_at AT TIME ZONE 'UTC'))) AS n,
        min(date_trunc('week', decided_at AT TIME ZONE 'UTC'))::date AS since
    FROM work WHERE status = 'accepted' AND active_seconds > 0
), made_up AS (
    SELECT count(*) AS n, coalesce(sum(amount), 0)::bigint AS amount,
        coalesce(sum(amount) FILTER (WHERE status = 'owed'), 0)::bigint AS owed
    FROM payments_due
    WHERE ref IN (SELECT public_id FROM chosen) AND kind = 'minimum' AND since >= (SELECT since FROM weeks)
), missed AS (
    SELECT array_agg(what ORDER BY at DESC) AS what, array_agg(at ORDER BY at DESC) AS at
    FROM (
        SELECT 'undecided' AS what, r.at FROM work w JOIN tasks_review r ON r.submission_id = w.id
            WHERE r.verdict = 'accept' AND r.reviewer_id IS NULL
        UNION ALL SELECT 'undecided', at FROM overdue
        UNION ALL SELECT 'late_pay', at FROM late
        UNION ALL SELECT 'unanswered', a.answer_by FROM work w JOIN tasks_appeal a ON a.submission_id = w.id
            WHERE a.status = 'overturned' AND a.decided_by_id IS NULL
        ORDER BY at DESC LIMIT %(named)s
    ) latest
)
SELECT decided.n, decided.took, decided.by_clock, decided.rejected, decided.nothing, decided.since, decided.until,
    (SELECT count(*) FROM overdue), appealed.n, appealed.won, appealed.unanswered, paid.n, paid.took, paid.late,
    by_hand.n, by_hand.took, by_hand.since, by_hand.until,
    measured.n, measured.hourly, weeks.n, made_up.n, made_up.amount, made_up.owed, missed.what, missed.at
FROM decided, appealed, paid, by_hand, measured, weeks, made_up, missed
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
class MadeUp:
    """Of `n` weeks of an expert that were measured, `count` paid too little an hour: minor units that made them up,
    and what of it is still owed."""

    n: int
    count: int
    amount: int
    owed: int


@dataclass(frozen=True)
class Miss:
    """One promise that was not kept: `undecided`, `late_pay`, `late_by_hand` or `unanswered`, and when it should have
    been."""

    what: str
    at: datetime

    @property
    def words(self) -> str:
        return {
            "undecided": "not decided",
            "late_pay": "not paid",
            "late_by_hand": "not paid by hand",
            "unanswered": "an appeal not answered",
        }[self.what]


@dataclass(frozen=True)
class Figures:
    """What became of the promises, in decisions made from `since` to `until`. `hourly`: median measured pay in minor
    units an hour, over `measured` answers. `nothing`: paid nothing, for fraud that ops found.

    Misses: `by_clock.count` and `overdue` answers that nobody decided in time, `late_pay` transfers that took longer
    than an hour, `late_by_hand` pay that our bank had later than the business days that such people are promised,
    `unanswered` appeals; `misses` are the latest of them.
    """

    since: datetime | None
    until: datetime | None

    decision: Spread
    by_clock: Rate
    rejected: Rate
    nothing: Rate
    overturned: Rate
    pay: Spread  # through Stripe
    by_hand: Spread
    overdue: int
    late_pay: int
    late_by_hand: int
    unanswered: int
    measured: int
    hourly: int | None
    made_up: MadeUp
    misses: tuple[Miss, ...]

    @property
    def undecided(self) -> int:
        return self.by_clock.count + self.overdue

    @property
    def paid_by_hand(self) -> bool:
        """Whether anybody here lives where Stripe does not pay: for most projects nobody does."""
        return bool(self.by_hand.n or self.late_by_hand)

    @property
    def missed(self) -> int:
        return self.undecided + self.late_pay + self.late_by_hand + self.unanswered


def of_project(project: Project) -> Figures:
    """One statement."""
    return _figures(project=project.pk, lab=None, projects=1, each=SAMPLE, most=SAMPLE)


def of_lab(lab: Lab) -> Figures:
    """One statement."""
    return _figures(project=None, lab=lab.pk, projects=PROJECTS, each=OF_EACH, most=PROJECTS * OF_EACH)


def _figures(**given: int | None) -> Figures:
    with connection.cursor() as cursor:
        rest = {"now": timezone.now(), "within": PAY_WITHIN, "named": NAMED}
        cursor.execute(_FIGURES, {**given, **rest})  # type: ignore[dict-item]
        row = cursor.fetchone()
    decided, took, by_clock, rejected, nothing, since, until, overdue, appealed, won, unanswered, *row = row
    paid, sent, late, by_hand, posted, *row = row
    could, left, measured, hourly, weeks, made_up, amount, owed, what, missed_at = row
    due = map(by_hand_due, could or ())
    late_by_hand = [Miss("late_by_hand", by) for by, at in zip(due, left or (), strict=True) if at > by]
    misses = [*map(Miss, what or (), missed_at or ()), *late_by_hand]
    return Figures(
        since=since,
        until=until,
        decision=_spread(decided, took),
        by_clock=Rate(decided, by_clock),
        rejected=Rate(decided, rejected),
        nothing=Rate(decided, nothing),
        overturned=Rate(appealed, won),
        pay=_spread(paid, sent),
        by_hand=_spread(by_hand, posted),
        overdue=overdue,
        late_pay=late,
        late_by_hand=len(late_by_hand),
        unanswered=unanswered,
        measured=measured,
        hourly=int(hourly) if measured >= ENOUGH else None,
        made_up=MadeUp(weeks, made_up, amount, owed),
        misses=tuple(sorted(misses, key=lambda miss: miss.at, reverse=True)[:NAMED]),
    )


def _spread(n: int, took: list[timedelta] | None) -> Spread:
    return Spread(n, *took) if took and n >= ENOUGH else Spread(n, None, None)
