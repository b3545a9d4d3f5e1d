"""The road of the institutional mailbox: which addresses count, what they are worth, and the code that is sent.

A six-digit code that is kept as a hash is found again in a moment by trying all million. So it is not kept at all: it
is made from the row's id with the site's secret key, once for the letter and once for the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.crypto import constant_time_compare, salted_hmac

from core.errors import Fault, Invalid, Refused
from experts.domains import Belonging, belonging, suffixes
from experts.models import Credential, Institution, MailboxCode, Strength
from experts.policies import OPEN_TO_EVIDENCE
from experts.registry import refusal_of

LIVES: Final = timedelta(minutes=15)
TRIES: Final = 5
PAUSE: Final = timedelta(minutes=1)  # between two codes
DAY: Final = timedelta(days=1)
A_DAY: Final = 5  # codes that one person may ask for, and that one address may receive


@dataclass(frozen=True)
class Standing:
    """What an address is worth, and the sentence that says why."""

    strength: Strength
    reason: str


def code_of(public_id: str) -> str:
    """Six digits."""
    digest = salted_hmac("experts.mailboxes", public_id, algorithm="sha256").digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06}"


def is_code_of(public_id: str, typed: str) -> bool:
    """Spaces between the digits are nobody's mistake."""
    return constant_time_compare(code_of(public_id), "".join(typed.split()))


def address_from(text: str) -> str:
    """Lower case, the domain in ASCII. Raises Invalid."""
    local, _, domain = text.strip().lower().rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode()}"
        validate_email(address)
    except (ValidationError, UnicodeError):
        raise _wrong("This is not an e-mail address.") from None
    return address


def standing(address: str, institution: Institution) -> Standing:
    """Raises Invalid where the address says nothing about this institution."""
    domain = address.rpartition("@")[2]
    if refusal := refusal_of(domain):
        raise _wrong(f"{refusal[0].upper()}{refusal[1:]}. Give the one that {institution} gave you.")
    domains = [*institution.domains, *institution.mail_domains.values_list("domain", flat=True)]
    own = next((own for own in suffixes(domain) if own in domains), None)
    if own is None:
        known = ", ".join(domains)
        raise _wrong(f"{domain} does not belong to {institution}, as far as we know. Its domains are: {known}.")
    kind, _ = belonging(address, own, domains)
    if kind == Belonging.ALUMNI:
        return Standing(Strength.HINT, f"{domain} is where {institution} keeps its alumni.")
    if kind == Belonging.STUDENT:
        return Standing(Strength.HINT, f"{domain} is where {institution} keeps its students.")
    return Standing(Strength.FAIR, f"{own} belongs to {institution}.")


def may_ask(credential: Credential) -> Institution:
    """The institution whose mailbox counts. Raises Refused in words where this road is closed."""
    if credential.kind != Credential.Kind.DEGREE:
        raise Refused("A mailbox says nothing about a licence.", code="road_closed")
    if credential.status not in OPEN_TO_EVIDENCE:
        raise Refused("This credential takes no more proof.", code="road_closed")
    institution = credential.institution
    if institution is None or not (institution.domains or institution.mail_domains.exists()):
        raise Refused("We do not know the mail domains of this institution.", code="road_closed")
    return institution


def within_limits(sent: list[datetime], now: datetime) -> None:
    """`sent`: when codes went out in the last DAY, to this person or to this address. Raises Refused."""
    if sent and now - max(sent) < PAUSE:
        raise Refused("A code was sent a moment ago. Wait a minute, and look among the spam.", code="too_soon")
    if len(sent) >= A_DAY:
        again = min(sent) + DAY
        message = f"No more codes today. You can ask for another one after {again:%-d %B, %H:%M} UTC."
        raise Refused(message, code="too_many_codes")


def is_live(code: MailboxCode, now: datetime) -> bool:
    return code.confirmed_at is None and code.tries < TRIES and now < code.asked_at + LIVES


def _wrong(message: str) -> Invalid:
    return Invalid(message, faults=(Fault(message, "address"),))
