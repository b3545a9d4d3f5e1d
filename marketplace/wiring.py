"""Who hears of what: every (event, job), read top to bottom like a table of contents.

A lower app records an event and knows nobody above it; here the news travels up.
"""

from __future__ import annotations

from accounts import jobs as accounts
from core.events import Wiring
from experts import jobs as experts
from experts.questions import OPEN_TO, UNDER_WAY, WORK_DONE
from payments import jobs as payments
from projects import jobs as projects
from projects import queries as projects_of
from tasks import jobs as tasks
from tasks import queries_work as work_of

WIRING: Wiring = (
    # labs and their members
    ("member_invite.sent", accounts.on_member_invite_sent),
    ("member_invite.accepted", accounts.on_member_invite_accepted),
    ("lab.confirmed", accounts.on_lab_confirmed),
    ("lab.refused", accounts.on_lab_refused),
    # people who come to us
    ("user.signed_up", experts.on_user_signed_up),
    ("user.address_confirmed", experts.on_address_confirmed),
    ("credential.verified", experts.note_verified),
    # experts and the proof of what they know
    ("evidence.added", experts.on_evidence_added),
    ("mailbox.asked", experts.on_mailbox_asked),
    ("inquiry.closed", experts.on_inquiry_closed),
    ("credential.verified", experts.on_credential_verified),
    ("credential.needs_more", experts.on_credential_needs_more),
    ("credential.refused", experts.on_credential_refused),
    ("credential.revoked", experts.on_credential_revoked),
    ("credential.expired", experts.on_credential_expired),
    ("credential.revoked", experts.on_record_outdated),
    ("credential.expired", experts.on_record_outdated),
    ("credential.narrowed", experts.on_record_outdated),
    ("record.withdrawn", experts.on_record_withdrawn),
    ("credential.ending", experts.on_credential_ending),
    ("credential_appeal.open", experts.on_credential_appeal_open),
    ("narrowing.proposed", experts.on_narrowing_proposed),
    ("narrowing.accepted", experts.on_narrowing_answered),
    ("narrowing.declined", experts.on_narrowing_answered),
    ("narrowing.lapsed", experts.on_narrowing_answered),
    # projects: opened by money, matched with experts
    ("funding.paid", projects.on_funding_paid),
    ("lab.confirmed", projects.on_lab_confirmed),
    ("project.open", projects.on_project_open),
    ("credential.verified", projects.on_credential_verified),
    ("dispute.opened", projects.on_dispute_opened),
    ("dispute.won", projects.on_dispute_settled),
    ("dispute.warning_closed", projects.on_dispute_settled),
    ("dispute.prevented", projects.on_dispute_settled),
    ("refund.settled", projects.on_refund_settled),
    ("refund.failed", projects.on_refund_failed),
    ("project.open", projects.tell_project_open),
    ("project.paused", projects.tell_project_paused),
    ("project.frozen", projects.tell_project_frozen),
    ("project.closed", projects.tell_project_closed),
    ("application.submitted", projects.tell_application_submitted),
    ("application.withdrawn", projects.tell_application_withdrawn),
    ("application.shortlisted", projects.tell_application_shortlisted),
    ("application.accepted", projects.tell_application_accepted),
    ("application.declined", projects.tell_application_declined),
    ("application.lapsed", projects.tell_application_lapsed),
    ("invitation.sent", projects.tell_invitation_sent),
    ("invitation.accepted", projects.tell_invitation_accepted),
    ("due.owed", projects.on_due_owed),
    # tasks and the seats that money opens
    ("funding.paid", tasks.on_funding_paid),
    ("project.open", tasks.on_project_open),
    ("project.pilot_confirmed", tasks.on_project_open),
    ("project.closed", tasks.on_project_closed),
    ("task.added", tasks.on_task_changed),
    ("task.repaired", tasks.on_task_changed),
    ("task.withdrawn", tasks.on_task_changed),
    # files of tasks and of answers
    ("import.uploaded", tasks.on_file_waiting),
    ("import.importing", tasks.on_file_waiting),
    ("import.checked", tasks.on_import_ended),
    ("import.done", tasks.on_import_done),
    ("import.done", tasks.on_import_ended),
    ("import.failed", tasks.on_import_ended),
    ("export.requested", tasks.on_file_waiting),
    ("export.waiting", tasks.on_file_waiting),
    ("export.done", tasks.on_export_ended),
    ("export.failed", tasks.on_export_ended),
    # work and what was decided on it
    ("submission.accepted", tasks.on_submission_decided),
    ("submission.returned", tasks.on_submission_decided),
    ("submission.rejected", tasks.on_submission_rejected),
    ("submission.released", tasks.on_submission_released),
    ("seat.lease_ending", tasks.on_lease_ending),
    ("appeal.upheld", tasks.on_appeal_decided),
    ("appeal.overturned", tasks.on_appeal_decided),
    ("report.open", tasks.on_report_open),
    ("report.confirmed", tasks.on_report_decided),
    ("report.dismissed", tasks.on_report_decided),
    ("project.review_due", tasks.on_review_due),
    ("project.funds_level", tasks.on_funds_level),
    # money that labs pay
    ("lab.confirmed", payments.on_lab_confirmed),
    ("funding.failed", payments.on_funding_failed),
    ("funding.idle", payments.on_funding_idle),
    ("funding.returned", payments.on_funding_returned),
    ("refund.failed", payments.on_refund_failed),
    # money on its way to experts
    ("payee.ready", payments.on_payee_changed),
    ("payee.restricted", payments.on_payee_changed),
    ("payee.unsupported", payments.on_payee_changed),
    ("due.owed", payments.on_due_owed),
    ("due.paid", payments.on_due_paid),
    ("payout.paid", payments.on_payout_paid),
    ("payout.failed", payments.on_payout_failed),
    ("payee.bank_details", payments.on_bank_details),
    ("batch_line.paid", payments.on_batch_line_paid),
    ("batch_line.failed", payments.on_batch_line_failed),
    ("payee.moved", payments.on_payee_moved),
    ("reversal.pending", payments.on_reversal_agreed),
    ("reversal.done", payments.on_reversal_done),
    ("reversal.failed", payments.on_reversal_failed),
    ("hold.placed", payments.on_hold_placed),
    ("pay.late", payments.on_pay_late),
    ("pay.late_by_hand", payments.on_pay_late_by_hand),
    ("batch.overdue", payments.on_batch_overdue),
    ("reconciliation.red", payments.on_reconciliation_red),
)


def answer_questions() -> None:
    """Who answers what a lower app asks upward (`core.questions`)."""
    OPEN_TO.answered_by(projects_of.works_in)
    UNDER_WAY.answered_by(work_of.under_way)
    WORK_DONE.answered_by(work_of.work_done)
