"""The plain-text letters of accounts. Words stand in templates/accounts/mail/."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from kombu.exceptions import OperationalError

from accounts.models import MemberInvite, Notice

logger = logging.getLogger(__name__)

SEND_NOTICES = "accounts.send_notices"  # the job's name: jobs stand above actions, which wake it


def wake_mailer() -> None:
    """A broker that is down costs the minute until the sweep, never the notice."""
    try:
        current_app.send_task(SEND_NOTICES, retry=False)
    except OperationalError as error:
        logger.warning("Broker unreachable, notices wait for the sweep: %s", error)


def letter(template: str, to: str, context: dict[str, Any], connection: BaseEmailBackend | None = None) -> EmailMessage:
    """`template`: its path without ".txt"; its first line is the subject, the rest the body."""
    context = {**context, "site": settings.QUORUM_PUBLIC_URL, "support": settings.QUORUM_SUPPORT_EMAIL}
    subject, _, body = render_to_string(f"{template}.txt", context).strip().partition("\n")
    return EmailMessage(" ".join(subject.split()), body.strip() + "\n", to=[to], connection=connection)


def notice_mail(notice: Notice, connection: BaseEmailBackend | None = None) -> EmailMessage:
    return letter("accounts/mail/notice", notice.user.email, {"notice": notice}, connection)


def invite_mail(invite: MemberInvite, connection: BaseEmailBackend | None = None) -> EmailMessage:
    return letter("accounts/mail/member_invite", invite.email, {"invite": invite}, connection)
