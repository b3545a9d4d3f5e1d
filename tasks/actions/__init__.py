"""Everything that can happen to tasks, seats, claims, work, decisions, imports and exports."""

from __future__ import annotations

from tasks.actions.appeals import appeal, decide_appeal, overturn_unanswered_due
from tasks.actions.claims import NothingToClaim, claim_next, expire_claims, extend_lease, release
from tasks.actions.exports import fail_export, request_export, retry_export, run_export
from tasks.actions.imports import check_import, confirm_import, discard_import, fail_import, run_import, start_import
from tasks.actions.reminders import remind_reviewers, warn_of_leases, watch_funds
from tasks.actions.reports import confirm_fraud, dismiss_report, lapse_report, report_fraud
from tasks.actions.reviews import accept, auto_accept_due, reject, return_for_rework, settle_rejections_due
from tasks.actions.seats import cancel_seats, open_seats
from tasks.actions.tasks import add_task, repair_task, withdraw_task
from tasks.actions.weeks import make_up_weeks
from tasks.actions.work import StaleDraft, save_draft, submit

__all__ = [
    "NothingToClaim",
    "StaleDraft",
    "accept",
    "add_task",
    "appeal",
    "auto_accept_due",
    "cancel_seats",
    "check_import",
    "claim_next",
    "confirm_fraud",
    "confirm_import",
    "decide_appeal",
    "discard_import",
    "dismiss_report",
    "expire_claims",
    "extend_lease",
    "fail_export",
    "fail_import",
    "lapse_report",
    "make_up_weeks",
    "open_seats",
    "overturn_unanswered_due",
    "reject",
    "release",
    "remind_reviewers",
    "repair_task",
    "report_fraud",
    "request_export",
    "retry_export",
    "return_for_rework",
    "run_export",
    "run_import",
    "save_draft",
    "settle_rejections_due",
    "start_import",
    "submit",
    "warn_of_leases",
    "watch_funds",
    "withdraw_task",
]
