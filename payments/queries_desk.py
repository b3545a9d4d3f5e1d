"""What ops look at first: how deliveries, events and the books stand. None of these writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.utils import timezone

from core import cells
from payments.models import BalanceTransaction, InboxEvent, Outbox, Reconciliation
from payments.money import plain
from payments.stripe_lines import MEANINGS, Meaning

RECENT = timedelta(days=7)
State = Outbox.State


@dataclass(frozen=True)
class Deliveries:
    """The outbox in figures. `failed` counts the last seven days; `oldest` is since when the oldest open one waits."""

    pending: int
    unknown: int
    needs_ops: int
    failed: int
    oldest: datetime | None


def deliveries() -> Deliveries:
    open_ = Q(state__in=(State.PENDING, State.SENDING, State.UNKNOWN, State.NEEDS_OPS))
    rows = Outbox.objects.filter(open_ | Q(state=State.FAILED, due_at__gte=timezone.now() - RECENT))
    found = rows.aggregate(
        pending=Count("pk", filter=Q(state__in=(State.PENDING, State.SENDING))),
        unknown=Count("pk", filter=Q(state=State.UNKNOWN)),
        needs_ops=Count("pk", filter=Q(state=State.NEEDS_OPS)),
        failed=Count("pk", filter=Q(state=State.FAILED)),
        oldest=Min("created_at", filter=open_),
    )
    return Deliveries(**found)


@dataclass(frozen=True)
class Events:
    """The inbox in figures: what waits, what of it has failed, what people closed in seven days."""

    waiting: int
    failed: int
    closed: int
    oldest: datetime | None


def events() -> Events:
    waiting = Q(processed_at=None)
    by_hand = Q(processed_at__gte=timezone.now() - RECENT) & ~Q(error="")
    found = InboxEvent.objects.filter(waiting | by_hand).aggregate(
        waiting=Count("pk", filter=waiting),
        failed=Count("pk", filter=waiting & ~Q(error="")),
        closed=Count("pk", filter=by_hand),
        oldest=Min("received_at", filter=waiting),
    )
    return Events(**found)


def last_run() -> Reconciliation | None:
    return Reconciliation.objects.order_by("pk").last()


def counted(run: Reconciliation) -> Counter[str]:
    """How many findings of each sort a run kept (200 at most)."""
    return Counter(found["what"] for found in run.findings)


# --- One day (UTC) of Stripe's account of our balance -----------------------------------------------------------------


def _hours_of(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time.min, UTC)
    return start, start + timedelta(days=1)


def runs_of(day: date) -> list[Reconciliation]:
    """Newest first."""
    start, end = _hours_of(day)
    return list(Reconciliation.objects.filter(started_at__gte=start, started_at__lt=end).order_by("-pk"))


def lines_of(day: date) -> QuerySet[BalanceTransaction]:
    start, end = _hours_of(day)
    return BalanceTransaction.objects.filter(created_at__gte=start, created_at__lt=end)


@dataclass(frozen=True)
class Sort:
    """All lines of one type in one currency; amounts in minor units."""

    type: str
    meaning: str
    currency: str
    lines: int
    net: int
    unmatched: int


def sorts_of(day: date) -> list[Sort]:
    rows = lines_of(day).order_by("type", "currency").values_list("type", "currency")
    sums = rows.annotate(lines=Count("pk"), net=Sum("net"), unmatched=Count("pk", filter=Q(matched="")))
    return [
        Sort(kind, meaning_of(kind), currency, lines, net, 0 if meaning_of(kind) == Meaning.INSIDE else unmatched)
        for kind, currency, lines, net, unmatched in sums
    ]


def meaning_of(kind: str) -> str:
    return MEANINGS.get(kind, "unknown type")


HEAD = ("line", "created_at", "type", "meaning", "source", "amount", "fee", "net", "currency", "is", "found")


def day_csv(day: date) -> Iterator[str]:
    """Each line of the day with what of ours it is; then what the last run found to be ours and not theirs."""
    yield cells.line(HEAD)
    for line in lines_of(day).order_by("created_at", "pk").iterator(chunk_size=2_000):
        money = [plain(amount, line.currency) for amount in (line.amount, line.fee, line.net)]
        who = [line.txn_id, line.created_at.isoformat(), line.type, meaning_of(line.type), line.source]
        yield cells.line([*who, *money, line.currency, line.matched, _found(line)])
    for run in runs_of(day)[:1]:
        for odd in _missing(run):
            money = ["", "", plain(odd["net"], run.currency), run.currency]
            yield cells.line(["", odd["at"], odd["type"], odd["type"], "", *money, odd["ref"], odd["what"]])


def _found(line: BalanceTransaction) -> str:
    if line.matched:
        return "matched"
    if meaning_of(line.type) == Meaning.INSIDE:
        return "inside Stripe"
    return "theirs, not ours" if line.type in MEANINGS else "unknown type"


def _missing(run: Reconciliation) -> Iterable[dict[str, Any]]:
    return (found for found in run.findings if found["what"] == "ours, not theirs")
