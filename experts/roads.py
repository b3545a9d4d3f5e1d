"""The roads to a proof that are open for one credential: what each is worth, what it needs, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from core.errors import Refused
from experts.mailboxes import is_live, may_ask
from experts.models import Assertion, Credential, Inquiry, MailboxCode, Road
from experts.policies import MAX_DOCUMENTS, OPEN_TO_EVIDENCE
from experts.registers import register_for

WORTH = {
    Road.DIPLOMA: ("Proof", "The file that your university signed: Open Badges 3.0 or a verifiable credential."),
    Road.DOCUMENT: ("Fair", "A scan of the certificate or transcript. A person reads it."),
    Road.REGISTER: ("Fair to strong", "Nothing but the number: we ask the register, and tell you what it says."),
    Road.ORCID: ("Hint to strong", "Your ORCID record. What the institution itself wrote there is strong."),
    Road.MAILBOX: ("Fair, or a hint", "A code to your address at the institution. An alumni or student address hints."),
}


@dataclass(frozen=True)
class Way:
    """One road. `closed` says in words why it is, and is empty where it is open."""

    road: Road
    worth: str
    needs: str
    closed: str = ""

    @property
    def label(self) -> str:
        return self.road.label


def ways(credential: Credential) -> list[Way]:
    """In the order in which the page offers them: the quick ones first."""
    licence = credential.kind == Credential.Kind.LICENCE
    degree = (Road.DIPLOMA, *([Road.ORCID] if settings.ORCID_CLIENT_ID else []), Road.MAILBOX)
    order = (Road.REGISTER, Road.DIPLOMA) if licence else degree
    return [_way(road, CLOSED[road](credential)) for road in (*order, Road.DOCUMENT)]


def _way(road: Road, closed: str) -> Way:
    worth, needs = WORTH[road]
    return Way(road, worth, needs, closed)


def _mailbox(credential: Credential) -> str:
    try:
        may_ask(credential)
    except Refused as closed:
        return closed.message
    return ""


def _decided(credential: Credential) -> str:
    return "" if credential.status in OPEN_TO_EVIDENCE else "This credential takes no more proof."


def _document(credential: Credential) -> str:
    if closed := _decided(credential):
        return closed
    return f"You have handed in {MAX_DOCUMENTS}." if credential.evidence.count() >= MAX_DOCUMENTS else ""


def _register(credential: Credential) -> str:
    if closed := _decided(credential):
        return closed
    return "" if register_for(credential) else "We know no register that we could ask about this."


CLOSED = {
    Road.DIPLOMA: _decided,
    Road.ORCID: _decided,
    Road.DOCUMENT: _document,
    Road.MAILBOX: _mailbox,
    Road.REGISTER: _register,
}


def open_inquiry(credential: Credential) -> Inquiry | None:
    """What we are asking just now."""
    return credential.inquiries.filter(closed_at=None).first()


def waiting_code(credential: Credential) -> MailboxCode | None:
    """The code that can still be typed."""
    newest = credential.mailbox_codes.order_by("-pk").first()
    return newest if newest is not None and is_live(newest, timezone.now()) else None


def assertions(credential: Credential) -> list[Assertion]:
    """What others have said, the newest first."""
    return list(credential.assertions.order_by("-pk"))
