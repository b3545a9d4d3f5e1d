"""A code to an institutional mailbox: whoever reads it there belongs to the institution."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid, Refused
from core.events import record
from core.transitions import lock
from experts.actions.assertions import take_down
from experts.mailboxes import (
    DAY,
    TRIES,
    address_from,
    is_code_of,
    is_live,
    may_ask,
    standing,
    within_limits,
)
from experts.models import Assertion, Credential, MailboxCode, Road, Strength

NOT_THE_DEGREE = "It shows that they belong there, not the degree itself."
TWICE = "Another account has confirmed the same mailbox."


@transaction.atomic
def ask_mailbox(*, credential: Credential, address: str, by: Actor) -> MailboxCode:
    """Send a code to an address of the credential's institution. A worker sends the letter.

    Raises Invalid (`address`), or Refused (`road_closed`, `too_soon`, `too_many_codes`).
    """
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=credential.expert.user)
    expert = lock(credential.expert)  # counting and sending belong together
    credential = lock(credential)
    institution = may_ask(credential)
    address = address_from(address)
    standing(address, institution)
    _one_at_a_time(address)
    now = timezone.now()
    lately = MailboxCode.objects.filter(asked_at__gt=now - DAY)
    within_limits(list(lately.filter(credential__expert=expert).values_list("asked_at", flat=True)), now)
    within_limits(list(lately.filter(address=address).values_list("asked_at", flat=True)), now)
    code = MailboxCode.objects.create(credential=credential, address=address)
    record("mailbox.asked", code.public_id, by=by, data={"credential": credential.public_id})
    return code


def confirm_mailbox(*, credential: Credential, code: str, by: Actor) -> Assertion:
    """Take the newest code. A wrong one counts even though it is refused.

    Raises Invalid (`code`), or Refused `no_code` where none is waiting: too old, tried too often, or used.
    """
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=credential.expert.user)
    with transaction.atomic():
        credential = lock(credential)
        sent = credential.mailbox_codes.order_by("-pk").first()
        if sent is None or not is_live(sent, timezone.now()):
            raise Refused("No code is waiting here. Ask for a new one.", code="no_code")
        if is_code_of(sent.public_id, code):
            return _confirm(credential, sent, by)
        sent.tries += 1
        sent.save(update_fields=["tries"])
        left = TRIES - sent.tries
    message = f"This is not the code. {left} tries left." if left else "This is not the code. Ask for a new one."
    raise Invalid(message, faults=(Fault(message, "code"),))


def _confirm(credential: Credential, sent: MailboxCode, by: Actor) -> Assertion:
    institution = may_ask(credential)
    found = standing(sent.address, institution)
    elsewhere = MailboxCode.objects.filter(address=sent.address, confirmed_at__isnull=False)
    twice = elsewhere.exclude(credential__expert=credential.expert_id).exists()
    sent.confirmed_at = timezone.now()
    sent.save(update_fields=["confirmed_at"])
    return take_down(
        credential=credential,
        road=Road.MAILBOX,
        source=sent.address.rpartition("@")[2],
        verdict=Assertion.Verdict.HOLDS,
        strength=Strength.HINT if twice else found.strength,
        says={"institution": institution.ror_id, "mailbox": sent.address},
        reasons=[f"They read a code that we sent to {sent.address}.", found.reason, NOT_THE_DEGREE, *[TWICE] * twice],
        by=by,
    )


def forget_codes() -> int:
    """The sweep: unused codes go, with their addresses, once they count for no limit any more. Returns how many."""
    old = timezone.now() - DAY - timedelta(hours=1)
    gone, _ = MailboxCode.objects.filter(confirmed_at=None, asked_at__lt=old).delete()
    return gone


def _one_at_a_time(address: str) -> None:
    """Until the transaction ends, others who ask for the same address wait: else each would count without the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"mailbox {address}"])
