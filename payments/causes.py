"""Why a project's money moved, in words for the lab: each kind of ledger entry, and what its `meta` adds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

GROUPS: Final = {
    "funding": "Paid in",
    "processor": "Payment processor’s fee",
    "seats": "Seats reserved and released",
    "work": "Pay and platform fee",
    "refund": "Refunds",
    "dispute": "Disputes",
    "adjustment": "Adjustments",
    "other": "Other",
}


@dataclass(frozen=True)
class Cause:
    """`group` is one of GROUPS; `words` say what happened to whoever paid for it."""

    group: str
    words: str


KINDS: Final[dict[str, Cause]] = {
    "funding": Cause("funding", "Paid in"),
    "stripe_fee": Cause("processor", "Payment processor’s fee"),
    "reserve": Cause("seats", "Reserved for seats"),
    "release": Cause("seats", "Released from seats"),
    "earn_task": Cause("work", "Work accepted"),
    "earn_rework": Cause("work", "Work accepted after rework"),
    "earn_partial": Cause("work", "Part pay for rejected work"),
    "earn_appeal": Cause("work", "Appeal won: the rest of the pay"),
    "earn_withdrawn": Cause("work", "Task withdrawn from whoever held it"),
    "earn_qualification": Cause("work", "Qualification paid"),
    "earn_onboarding": Cause("work", "Onboarding paid"),
    "earn_minimum": Cause("work", "Made up to the least an hour"),
    "reversal": Cause("work", "Pay taken back from an expert"),
    "netted": Cause("work", "Pay taken back from an expert"),
    "refund_asked": Cause("refund", "Refund to you"),
    "refund_back": Cause("refund", "Refund that did not arrive"),
    "refund_adopted": Cause("refund", "Refund made at Stripe"),
    "dispute_lost": Cause("dispute", "Taken back by the bank after a lost dispute"),
    "reverse_dispute_lost": Cause("dispute", "Given back: the dispute was won after all"),
    "adjustment": Cause("adjustment", "Corrected by Quorum’s staff"),
}

WHY: Final = {
    "complete": "the task has all its answers",
    "withdrawn": "the task was withdrawn",
    "closed": "the project is closed",
    "unclaimed": "it was given back and nobody will take it any more",
    "rejected": "the rejection is final",
}
"""Why a seat's reserve was released: the values of `meta["why"]`."""

ABOUT: Final = ("source", "about", "funding", "refund", "dispute", "adjustment", "of")
"""Which names in an entry's `meta` may hold the public id of what it is about, the nearest first."""


def group_of(kind: str) -> str:
    return KINDS[kind].group if kind in KINDS else "other"


def kinds_in(group: str) -> list[str]:
    return [kind for kind, cause in KINDS.items() if cause.group == group]


def words(kind: str, meta: Mapping[str, Any]) -> str:
    """`Released from 2 seats: the task was withdrawn`. A kind without words is read out."""
    said = KINDS[kind].words if kind in KINDS else kind.replace("_", " ").capitalize()
    if seats := meta.get("seats"):
        said = said.replace("seats", "1 seat" if seats == 1 else f"{seats:,} seats")
    why = WHY.get(meta.get("why", ""))
    return f"{said}: {why}" if why else said


def about(meta: Mapping[str, Any]) -> str:
    """The public id of the thing an entry is about, or an empty string."""
    return next((str(meta[name]) for name in ABOUT if meta.get(name)), "")
