"""Do seats and money tell one story? Each check is a statement that finds contradictions; no rows are good news.

Numbers are those of the invariants in docs/money.md; the books' own stand in payments/audit.py.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

from payments.audit import Breach, ledger_check

# What a seat's reserve pays. Top-ups, qualifications and onboarding are paid from elsewhere, beside any seat.
OF_SEATS: Final = "e.kind IN ('task', 'rework', 'partial', 'withdrawn', 'appeal')"

CHECKS: Final[dict[str, str]] = {
    # A rejected seat has paid its partial share and waits with the rest for an appeal.
    "I6 what is reserved is what open seats still need": f"""
        SELECT coalesce(a.ref, s.ref) || ' reserves ' || coalesce(a.balance, 0) || ', needs ' || coalesce(s.need, 0)
        FROM (SELECT ref, sum(balance) AS balance FROM ledger_account WHERE kind = 'project_reserved' GROUP BY ref) a
        FULL JOIN (
            SELECT p.public_id AS ref, sum(seat.pay + seat.fee - coalesce(paid.total, 0)) AS need
            FROM tasks_seat seat
            JOIN projects_project p ON p.id = seat.project_id
            LEFT JOIN (
                SELECT w.seat_id, sum(e.pay + e.fee) AS total
                FROM tasks_submission w JOIN payments_earning e ON e.source = w.public_id AND {OF_SEATS}
                WHERE w.status = 'rejected' GROUP BY w.seat_id
            ) paid ON paid.seat_id = seat.id
            WHERE seat.status IN ('funded', 'claimed') GROUP BY p.public_id
        ) s ON s.ref = a.ref
        WHERE coalesce(a.balance, 0) <> coalesce(s.need, 0)
    """,  # noqa: S608 ours
    "I7 accepted work is earned in full, once": f"""
        SELECT w.public_id || ' earned ' || coalesce(sum(e.pay), 0) || ' of ' || seat.pay
        FROM tasks_submission w
        JOIN tasks_seat seat ON seat.id = w.seat_id
        LEFT JOIN payments_earning e ON e.source = w.public_id AND {OF_SEATS}
        WHERE w.status = 'accepted'
        GROUP BY w.id, seat.id
        HAVING coalesce(sum(e.pay), 0) <> seat.pay OR coalesce(sum(e.fee), 0) <> seat.fee OR seat.status <> 'settled'
    """,  # noqa: S608 ours
    "I7 work that nobody decided on has earned nothing": f"""
        SELECT w.public_id FROM tasks_submission w JOIN payments_earning e ON e.source = w.public_id AND {OF_SEATS}
        WHERE w.status IN ('draft', 'submitted', 'returned')
    """,  # noqa: S608 ours
    "I7 each earning belongs to work of the same person and project": f"""
        SELECT e.public_id
        FROM payments_earning e
        LEFT JOIN tasks_submission w ON w.public_id = e.source
        LEFT JOIN experts_expert x ON x.id = w.expert_id
        LEFT JOIN projects_project p ON p.id = w.project_id
        WHERE {OF_SEATS} AND (w.id IS NULL OR x.user_id <> e.payee_id OR p.public_id <> e.ref)
    """,  # noqa: S608 ours
    "I16 pay, fee and what went back are what the seat had reserved": """
        SELECT seat.public_id || ' used ' || coalesce(sum(leg.amount), 0) || ' of ' || (seat.pay + seat.fee)
        FROM tasks_seat seat
        LEFT JOIN tasks_submission w ON w.seat_id = seat.id
        LEFT JOIN ledger_entry e ON e.key IN (
            'earn:' || w.public_id || ':task', 'earn:' || w.public_id || ':rework',
            'earn:' || w.public_id || ':partial', 'earn:' || w.public_id || ':withdrawn',
            'earn:' || w.public_id || ':appeal',
            'release:rejected:' || w.public_id)
        LEFT JOIN (ledger_posting leg JOIN ledger_account a ON a.id = leg.account_id AND a.kind = 'project_reserved')
            ON leg.entry_id = e.id
        WHERE seat.status = 'settled'
        GROUP BY seat.id HAVING coalesce(sum(leg.amount), 0) <> seat.pay + seat.fee
    """,
    "no task has more answers at work than it wanted": """
        SELECT t.public_id || ' wants ' || t.overlap || ', has ' || count(*)
        FROM tasks_task t
        JOIN tasks_seat seat ON seat.task_id = t.id AND seat.status <> 'cancelled'
        LEFT JOIN tasks_submission w ON w.seat_id = seat.id AND w.status <> 'released'
        LEFT JOIN tasks_appeal a ON a.submission_id = w.id AND a.status = 'overturned'
        WHERE (seat.status = 'funded' OR w.status IN ('draft', 'submitted', 'returned', 'accepted')) AND a.id IS NULL
        GROUP BY t.id HAVING count(*) > t.overlap
    """,
}


def audit() -> list[Breach]:
    """Every contradiction in the books and between books and seats, at most twenty of a kind."""
    found = ledger_check()
    with connection.cursor() as cursor:
        for invariant, sql in CHECKS.items():
            cursor.execute(f"SELECT * FROM ({sql}) AS breach LIMIT 20")  # noqa: S608 ours
            found += [Breach(invariant, row[0]) for row in cursor.fetchall()]
    return found
