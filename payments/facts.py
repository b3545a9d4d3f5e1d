"""What the gateway answers: plain facts about Stripe's objects, and the four ways in which a call can fail.

Stripe's own classes never leave the gateway; whoever acts on an answer acts on these.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from core.errors import Invalid, Refused


class GatewayError(Refused):
    """Stripe did not do what we asked. `message` is for people, `str()` for ops."""

    code = "stripe_unreachable"
    words = "Stripe does not answer at the moment. Nothing is lost; please try again in a minute."

    def __init__(self, detail: str, message: str = "") -> None:
        super().__init__(message or self.words)
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class Unknown(GatewayError):
    """No answer, or an answer of 5xx: it may have been done. Look before doing it again."""


class Busy(GatewayError):
    """Stripe asks us to come back later; nothing was done."""


class Rejected(GatewayError):
    """A definite no. `reason` is Stripe's code for it."""

    code = "stripe_refused"

    def __init__(self, detail: str, reason: str) -> None:
        super().__init__(detail, detail)
        self.reason = reason


class Misused(GatewayError):
    """Our fault: a reused idempotency key, a wrong API key, a permission that is missing."""

    code = "stripe_misused"
    words = "Stripe did not accept our request. We have been told; please try again later."


class BadWebhook(Invalid):
    """The body does not come from Stripe, or not to this endpoint."""

    code = "bad_webhook"


@dataclass(frozen=True)
class Checkout:
    """What Stripe says of a Checkout Session. `fee` is None until the charge has a balance transaction."""

    id: str
    url: str
    status: str  # open, complete, expired
    payment_status: str  # paid, unpaid
    reference: str  # our funding's public id
    amount: int
    currency: str
    payment_intent: str
    payment_failed: bool
    charge: str
    fee: int | None
    failure_code: str = ""  # of the last attempt
    failure_message: str = ""
    instructions_url: str = ""  # where to send a bank transfer
    invoice_url: str = ""
    receipt_url: str = ""

    @property
    def subject(self) -> str:
        return self.reference


@dataclass(frozen=True)
class Transfer:
    id: str
    amount: int
    amount_reversed: int
    currency: str
    destination: str
    destination_payment: str
    payout: str  # our payout's public id, from the metadata

    @property
    def subject(self) -> str:
        return self.payout


@dataclass(frozen=True)
class Refund:
    id: str
    amount: int
    currency: str
    charge: str
    status: str  # pending, requires_action, succeeded, failed, canceled
    failure: str  # Stripe's code
    subject: str  # our refund's public id, from the metadata


@dataclass(frozen=True)
class Reversal:
    """A part of a transfer that came back."""

    id: str
    amount: int
    currency: str
    transfer: str
    subject: str  # our reversal's public id, from the metadata


@dataclass(frozen=True)
class Requirement:
    """What Stripe wants of a person. `errors`: codes of what is wrong with what they gave."""

    path: str
    errors: tuple[str, ...]


OLD_REVERSAL: Final = "rev_"


def reversal_named(public_id: str) -> str:
    """What our reversal is called today. Until November 2026 their ids began as those of reviews do; Stripe's metadata,
    payloads that were sent, the ledger and the event log keep what was written then."""
    return f"rvl_{public_id.removeprefix(OLD_REVERSAL)}" if public_id.startswith(OLD_REVERSAL) else public_id


@dataclass(frozen=True)
class Recipient:
    """A connected account. `status`: active, pending, restricted, rejected, unsupported, or empty."""

    id: str
    country: str
    status: str
    details: tuple[tuple[str, str], ...]  # (code, resolution)
    requirements: tuple[Requirement, ...]  # what the person must give


@dataclass(frozen=True)
class BankPayout:
    """Money from a connected account to its bank. `payments`: the transfers' destination payments it carries;
    `retries`: earlier payouts that came back and are carried again."""

    id: str
    status: str  # pending, in_transit, paid, failed, canceled
    arrives_on: date
    failure_code: str
    failure_message: str
    payments: frozenset[str]
    retries: frozenset[str]


@dataclass(frozen=True)
class Movement:
    """One balance transaction of a dispute: `amount` is negative for money taken, `fee` positive for a fee charged."""

    id: str
    amount: int
    fee: int


@dataclass(frozen=True)
class Dispute:
    """A payment that the payer's bank contests. `movements`: what it has moved so far, perhaps nothing."""

    id: str
    charge: str
    amount: int
    currency: str
    reason: str
    status: str
    evidence_due_at: datetime | None
    movements: tuple[Movement, ...]


@dataclass(frozen=True)
class Hint:
    """An event as it arrived: what changed, not what it is now."""

    id: str
    type: str
    account: str
    object_id: str
    livemode: bool
