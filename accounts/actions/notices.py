"""Telling people what they wait for: in the product at once, by e-mail soon after."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from accounts.mailing import notice_mail, wake_mailer
from accounts.models import Notice, User
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.models import Event

logger = logging.getLogger(__name__)

GIVE_UP = timedelta(days=3)  # an address that has refused our mail for this long is left alone


def notify(*, user: User, title: str, body: str = "", url: str = "", event: Event | None = None) -> None:
    """Tell one person, once per `event`. `url`: a path on this site. Jobs call it; safe to run twice."""
    notice = Notice(user=user, event=event, title=title[:160], body=body, url=url)
    Notice.objects.bulk_create([notice], ignore_conflicts=True)
    transaction.on_commit(wake_mailer)


def mark_read(*, user: User, by: Actor) -> int:
    """Everything told so far. Returns how many were new."""
    authorise(by, Permission.PROFILE_EDIT, owner=user)
    return Notice.objects.filter(user=user, read_at=None).update(read_at=timezone.now())


def mail_notices(*, limit: int = 200) -> int:
    """The sweep: send what is not sent yet, oldest first. Returns how many went out.

    Each is marked in the transaction in which it was handed to the mail server, so a crash repeats one mail and
    loses none. A server that is away ends the sweep; an address that it refuses does not hold up the others.
    """
    due = Notice.objects.filter(mailed_at=None, user__is_active=True, created_at__gt=timezone.now() - GIVE_UP)
    waiting = list(due.order_by("pk").values_list("pk", flat=True)[:limit])
    if not waiting:
        return 0
    sent = 0
    try:
        with get_connection() as connection:
            for pk in waiting:
                sent += _mail_one(pk, connection)
    except OSError as error:  # smtplib's own errors are OSErrors too
        logger.warning("Mail server away, %s notices wait for the next sweep: %s", len(waiting) - sent, error)
    return sent


def _mail_one(pk: int, connection: BaseEmailBackend) -> int:
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related("user")
            .filter(pk=pk, mailed_at=None)
            .first()
        )
        if notice is None:
            return 0
        try:
            notice_mail(notice, connection).send()
        except (SMTPRecipientsRefused, SMTPDataError) as error:
            logger.warning("Notice %s was refused by the mail server: %s", notice.public_id, error)
            return 0
        notice.mailed_at = timezone.now()
        notice.save(update_fields=["mailed_at"])
    return 1
