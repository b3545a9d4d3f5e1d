"""Everything that can happen to people, labs, their members and keys, agreements and notices."""

from __future__ import annotations

from accounts.actions.agreements import accept_agreements, publish_agreement
from accounts.actions.labs import confirm_lab, create_lab, edit_lab, refuse_lab
from accounts.actions.members import (
    accept_member_invite,
    change_role,
    expire_member_invites,
    invite_member,
    remove_member,
    revoke_member_invite,
)
from accounts.actions.notices import mail_notices, mark_read, notify
from accounts.actions.people import create_account, edit_person, withhold_rights
from accounts.actions.replies import forget_replies, once
from accounts.actions.tokens import create_token, revoke_token

__all__ = [
    "accept_agreements",
    "accept_member_invite",
    "change_role",
    "confirm_lab",
    "create_account",
    "create_lab",
    "create_token",
    "edit_lab",
    "edit_person",
    "expire_member_invites",
    "forget_replies",
    "invite_member",
    "mail_notices",
    "mark_read",
    "notify",
    "once",
    "publish_agreement",
    "refuse_lab",
    "remove_member",
    "revoke_member_invite",
    "revoke_token",
    "withhold_rights",
]
