"""Who hears of what: every (event, job), read top to bottom like a table of contents.

A lower app records an event and knows nobody above it; here the news travels up.
"""

from __future__ import annotations

from accounts import jobs as accounts
from core.events import Wiring
from experts import jobs as experts

WIRING: Wiring = (
    # labs and their members
    ("member_invite.sent", accounts.on_member_invite_sent),
    ("member_invite.accepted", accounts.on_member_invite_accepted),
    ("lab.confirmed", accounts.on_lab_confirmed),
    ("lab.refused", accounts.on_lab_refused),
    # experts and the proof of what they know
    ("evidence.added", experts.on_evidence_added),
    ("credential.verified", experts.on_credential_verified),
    ("credential.needs_more", experts.on_credential_needs_more),
    ("credential.refused", experts.on_credential_refused),
    ("credential.revoked", experts.on_credential_revoked),
)
