"""The least an hour: each week that is over is made up to it, from the project's funds. docs/adr/0004."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from django.db import connection
from django.utils import timezone

from accounts.models import User
from core.actors import SYSTEM
from payments.actions import owe
from payments.models import Earning
from payments.money import show
from tasks import measured
from tasks.actions.sweeping import sweep
from tasks.models import Submission

SETTLES: Final = timedelta(hours=1)
"""After its last second a week is looked at this much later: what was accepted in it is in the books by then."""
LOOK_BACK: Final = 8
"""Weeks that a sweep looks at: what was missed while nothing ran is made up."""

_WEEKS: Final = """
SELECT p.public_id, p.currency, p.min_hourly, x.user_id, w.monday, max(w.id), count(*), sum(w.seconds), sum(w.pay)
FROM (
    SELECT s.id, s.project_id, s.expert_id, seat.pay,
        date_trunc('week', s.decided_at AT TIME ZONE 'UTC')::date AS monday,
        least(s.active_seconds, %(most)s * p.minutes * 60) AS seconds
    FROM tasks_submission s
    JOIN tasks_seat seat ON seat.id = s.seat_id
    JOIN projects_project p ON p.id = s.project_id AND p.min_hourly > 0
    WHERE s.status = 'accepted' AND s.decided_at >= %(since)s AND s.decided_at < %(until)s
) w
JOIN projects_project p ON p.id = w.project_id
JOIN experts_expert x ON x.id = w.expert_id
GROUP BY p.id, x.id, w.monday
HAVING p.min_hourly * sum(w.seconds) > 3600 * sum(w.pay) AND NOT EXISTS (
    SELECT FROM payments_due d
    WHERE d.ref = p.public_id AND d.payee_id = x.user_id AND d.kind = 'minimum' AND d.since = w.monday)
ORDER BY w.monday, max(w.id)
"""


class Week(NamedTuple):
    """One person's accepted answers of a project in one week that paid less than the floor: minor units, seconds."""

    ref: str
    currency: str
    floor: int
    payee: int
    monday: date
    last: int  # the answer that stands for the week
    answers: int
    seconds: int
    earned: int


def make_up_weeks() -> int:
    """The sweep: weeks (UTC, from Monday) that are over and paid less than their project's least an hour.

    Returns how many it booked. Safe to run twice at once: PostgreSQL keeps one due for each.
    """
    return sweep(_make_up, _short_weeks())


def _short_weeks() -> list[Week]:
    today = (timezone.now() - SETTLES).astimezone(UTC).date()
    monday = datetime.combine(today - timedelta(days=today.weekday()), time(), UTC)
    with connection.cursor() as cursor:
        since = monday - timedelta(weeks=LOOK_BACK)
        cursor.execute(_WEEKS, {"most": measured.MOST, "since": since, "until": monday})
        return [Week(*row) for row in cursor.fetchall()]


def _make_up(week: Week) -> bool:
    minutes = -(-week.seconds // 60)
    least, answers = show(week.floor, week.currency), f"{week.answers} answer{'' if week.answers == 1 else 's'}"
    owe(
        ref=week.ref,
        payee=User.objects.get(pk=week.payee),
        source=Submission.objects.values_list("public_id", flat=True).get(pk=week.last),
        kind=Earning.Kind.MINIMUM,
        since=week.monday,
        amount=measured.lacking(floor=week.floor, seconds=int(week.seconds), earned=int(week.earned)),
        currency=week.currency,
        memo=f"Made up to {least} an hour, week of {week.monday:%-d %b %Y}: {answers}, {minutes} min measured",
        by=SYSTEM,
    )
    return True
