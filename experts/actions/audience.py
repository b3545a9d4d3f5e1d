"""People are invited by mail: once, with consent, and never again after they said no."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any, Final

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.queries import addresses_of, taken_addresses
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor, System
from core.errors import Fault, Invalid, Refused
from core.events import record
from core.transitions import lock, step
from experts.audience import Row, Unfit, address, digest, read
from experts.letters import invitation
from experts.models import Audience, Field, Prospect, Suppressed

logger = logging.getLogger(__name__)
Status = Prospect.Status
GONE: Final[dict[str, Any]] = {"name": "", "email": "", "digest": ""}  # what is forgotten of whoever does not come


@transaction.atomic
def take_audience(*, content: bytes, filename: str, by: User) -> Audience:
    """Keep the people of a CSV file until somebody confirms. Raises Invalid with a fault per cell; then none is kept.

    Whoever has an account, wants no mail or is in another file is left out, without name and address.
    """
    authorise(by, Permission.NETWORK_GROW)
    found = read(content, timezone.now().date())
    if found.faults:
        raise Invalid("Nothing was taken from this file.", faults=tuple(found.faults))
    audience = Audience.objects.create(filename=filename[:120], uploaded_by=by)
    fields = {field.code: field for field in Field.objects.filter(code__in={row.field for row in found.rows})}
    skips = _skips([row.email for row in found.rows])
    rows = [_prospect(audience, row, fields.get(row.field), skips.get(row.email, "")) for row in found.rows]
    try:
        with transaction.atomic():
            Prospect.objects.bulk_create(rows)
    except IntegrityError:
        message = "Somebody has just taken another file with some of these people. Upload yours again."
        raise Refused(message, code="taken_meanwhile") from None
    record("audience.checked", audience.public_id, by=by, data={"rows": len(found.rows), "skipped": len(skips)})
    return audience


def _prospect(audience: Audience, row: Row, field: Field | None, skip: str) -> Prospect:
    who = GONE if skip else {"name": row.name, "email": row.email, "digest": digest(row.email)}
    status = Status.SKIPPED if skip else Status.WAITING
    told = {"consent": row.consent, "consent_on": row.consent_date, "source": row.source, "level": row.degree}
    return Prospect(audience=audience, row=row.number, field=field, skip=skip, status=status, **who, **told)


def _skips(emails: list[str]) -> dict[str, str]:
    """Address → why no letter is planned to it."""
    digests = {digest(email): email for email in emails}
    known = Prospect.objects.filter(digest__in=digests).values_list("digest", flat=True)
    return {**{digests[each]: Prospect.Skip.WRITTEN for each in known}, **_against(emails)}


def _against(emails: list[str]) -> dict[str, str]:
    """Address → why no letter may go to it. The person's own no weighs most."""
    digests = {digest(email): email for email in emails}
    refused = Suppressed.objects.filter(digest__in=digests).values_list("digest", flat=True)
    return {
        **dict.fromkeys(taken_addresses(emails), Prospect.Skip.MEMBER),
        **{digests[each]: Prospect.Skip.SUPPRESSED for each in refused},
    }


@transaction.atomic
def confirm_audience(*, audience: Audience, by: Actor) -> Audience:
    """The letters go out within minutes."""
    authorise(by, Permission.NETWORK_GROW)
    return step(lock(audience), Audience.Status.SENDING, by=by)


@transaction.atomic
def discard_audience(*, audience: Audience, by: Actor) -> Audience:
    """Whoever was not written to yet is forgotten, and is not."""
    authorise(by, Permission.NETWORK_GROW)
    audience = step(lock(audience), Audience.Status.DISCARDED, by=by)
    audience.prospects.filter(status=Status.WAITING).delete()
    return audience


def invite_prospects(*, limit: int = 200, by: System = SYSTEM) -> int:
    """The sweep: write the next letters of confirmed files, oldest first. Returns how many went out.

    Each is marked in the transaction in which it was handed to the mail server, so a crash repeats one letter and loses
    none. A server that is away ends the sweep; an address that it refuses does not hold up the others.
    """
    authorise(by, Permission.NETWORK_GROW)
    due = Prospect.objects.filter(status=Status.WAITING, audience__status=Audience.Status.SENDING)
    waiting = list(due.order_by("pk").values_list("pk", flat=True)[:limit])
    sent = 0
    try:
        with get_connection() as connection:
            for pk in waiting:
                sent += _invite_one(pk, connection, by)
    except OSError as error:  # smtplib's own errors are OSErrors too
        logger.warning("Mail server away, invitations wait for the next sweep: %s", error)
    _close_finished(by)
    return sent


@transaction.atomic
def _invite_one(pk: int, connection: BaseEmailBackend, by: System) -> int:
    rows = Prospect.objects.select_for_update(skip_locked=True, no_key=True, of=("self",)).select_related("field")
    prospect = rows.filter(pk=pk, status=Status.WAITING, audience__status=Audience.Status.SENDING).first()
    if prospect is None:
        return 0
    if skip := _against([prospect.email]).get(prospect.email):  # since the file was taken
        step(prospect, Status.SKIPPED, by=by, skip=skip, **GONE)
        return 0
    try:
        invitation(prospect, connection).send()
    except (SMTPRecipientsRefused, SMTPDataError) as error:
        logger.warning("Invitation %s was refused by the mail server: %s", prospect.public_id, error)
        step(prospect, Status.REFUSED, by=by, **GONE)
        return 0
    step(prospect, Status.INVITED, by=by, invited_at=timezone.now())
    return 1


@transaction.atomic
def _close_finished(by: System) -> None:
    sending = Audience.objects.filter(status=Audience.Status.SENDING).exclude(prospects__status=Status.WAITING)
    for audience in sending.select_for_update(skip_locked=True, no_key=True, of=("self",)):
        step(audience, Audience.Status.SENT, by=by)


@transaction.atomic
def unsubscribe(*, digest: str, by: System = SYSTEM) -> None:
    """The person at the address says no: for ever, to every file. Saying it twice is saying it once."""
    authorise(by, Permission.NETWORK_GROW)
    _suppress(digest, by)


@transaction.atomic
def suppress(*, email: str, by: User) -> Suppressed:
    """Ops write down a no that came another way. Raises Invalid."""
    authorise(by, Permission.NETWORK_GROW)
    try:
        return _suppress(digest(address(email)), by)
    except Unfit as problem:
        raise Invalid(str(problem), faults=(Fault(str(problem), "email"),)) from None


def _suppress(digest: str, by: Actor) -> Suppressed:
    kept, _ = Suppressed.objects.get_or_create(digest=digest, defaults={"by_id": by.pk})
    for prospect in _open([digest]):
        step(prospect, Status.UNSUBSCRIBED, by=by, **GONE)
    return kept


@transaction.atomic
def note_joined(*, user: User, by: System = SYSTEM) -> int:
    """Somebody confirmed an address: whoever was invited there has joined. Returns how many rows that were."""
    authorise(by, Permission.NETWORK_GROW)
    came = list(_open(_digests(user)))
    for prospect in came:
        step(prospect, Status.JOINED, by=by, name="", email="")
    return len(came)


@transaction.atomic
def note_verified(*, user: User, by: System = SYSTEM) -> int:
    """Their first credential is verified."""
    authorise(by, Permission.NETWORK_GROW)
    joined = Prospect.objects.filter(digest__in=_digests(user), status=Status.JOINED)
    came = list(joined.select_for_update(no_key=True))
    for prospect in came:
        step(prospect, Status.VERIFIED, by=by)
    return len(came)


@transaction.atomic
def forget_prospects(*, by: System = SYSTEM) -> int:
    """The sweep: names and addresses of whoever has not answered in time go. Returns how many rows that were."""
    authorise(by, Permission.NETWORK_GROW)
    past = timezone.now() - timedelta(days=settings.QUORUM_AUDIENCE_DAYS)
    silent = Prospect.objects.filter(status=Status.INVITED, invited_at__lt=past).exclude(digest="").update(**GONE)
    unconfirmed = Audience.objects.filter(status=Audience.Status.CHECKED, created_at__lt=past)
    for audience in unconfirmed.select_for_update(skip_locked=True, no_key=True):
        silent += audience.prospects.filter(status=Status.WAITING).count()
        discard_audience(audience=audience, by=by)
    return silent


def _open(digests: Iterable[str]) -> Iterable[Prospect]:
    return Prospect.objects.filter(digest__in=digests, status__in=Prospect.OPEN).select_for_update(no_key=True)


def _digests(user: User) -> list[str]:
    """Of the addresses that they have proved to be theirs."""
    found = []
    for email in addresses_of(user):
        try:
            found.append(digest(address(email)))
        except Unfit:  # an address that no file could hold
            continue
    return found
