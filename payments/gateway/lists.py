"""Long lists: Stripe's balance transactions and events, page by page. No transaction may be open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from payments.facts import Hint
from payments.gateway.client import client, id_of, told_apart

PAGE: Final = 100  # the most that Stripe gives at once
TYPES_AT_ONCE: Final = 20  # the most that one question may name


@dataclass(frozen=True)
class Line:
    """One balance transaction of the platform. Amounts in minor units; net = amount - fee."""

    id: str
    type: str
    source: str
    amount: int
    fee: int
    net: int
    currency: str
    created_at: datetime


def balance_lines(*, since: datetime | None = None) -> Iterator[Line]:
    """Newest first; all there are where no moment is given."""
    asked: Any = {"limit": PAGE}
    if since:
        asked["created"] = {"gte": int(since.timestamp())}
    with told_apart():
        for line in client().v1.balance_transactions.list(asked).auto_paging_iter():
            yield Line(
                id=line.id,
                type=line.type,
                source=id_of(line.source),
                amount=line.amount,
                fee=line.fee,
                net=line.net,
                currency=line.currency,
                created_at=datetime.fromtimestamp(line.created, UTC),
            )


def funding_of_charge(charge_id: str) -> str:
    """The public id of the funding for which a charge was made, from its metadata; empty where it is not ours."""
    with told_apart():
        charge = client().v1.charges.retrieve(charge_id)
    return str(charge.metadata.to_dict().get("funding", ""))


def events(types: Iterable[str], *, since: datetime, account: str = "") -> Iterator[tuple[Hint, str]]:
    """Snapshot events with their raw text: the platform's own, or those of one connected account."""
    for some in _batches(types):
        with told_apart():
            listed = client().v1.events.list(
                {"types": some, "created": {"gte": int(since.timestamp())}, "limit": PAGE},
                {"stripe_account": account} if account else {},
            )
            for event in listed.auto_paging_iter():
                facts = event.to_dict()
                about = str(facts["data"]["object"].get("id", ""))
                yield Hint(event.id, str(event.type), account, about, event.livemode), json.dumps(facts, default=str)


def thin_events(types: Iterable[str], *, since: datetime) -> Iterator[tuple[Hint, str]]:
    """The same for v2 events."""
    for some in _batches(types):
        with told_apart():
            after = since.strftime("%Y-%m-%dT%H:%M:%SZ")
            listed = client().v2.core.events.list({"types": some, "created": {"gte": after}, "limit": PAGE})
            for event in listed.auto_paging_iter():
                facts = event.to_dict()
                about = str((facts.get("related_object") or {}).get("id", ""))
                context = str(facts.get("context") or "")
                yield Hint(event.id, str(event.type), context, about, event.livemode), json.dumps(facts, default=str)


def _batches(types: Iterable[str]) -> Iterator[list[str]]:
    names = list(types)
    for start in range(0, len(names), TYPES_AT_ONCE):
        yield names[start : start + TYPES_AT_ONCE]
