"""What people read about their money: one line per earning or payment, with its dates and references. No writes."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, TruncMonth

from accounts.models import User
from core import cells
from payments.models import Allocation, BatchLine, Earning, Payout, Reversal
from payments.money import plain, show

STATES = {
    "approved": "Approved",
    "sent": "Sent",
    "paid": "In your bank",
    "failed": "Came back",
    "reversed": "Taken back",
}
TONES = {"approved": "info", "sent": "accent", "paid": "success", "failed": "danger", "reversed": "danger"}


@dataclass(frozen=True)
class Step:
    """One dated station of an earning: `done`, `now` (waiting here) or `bad`."""

    label: str
    state: str
    at: datetime | None = None
    note: str = ""


def earnings_of(user: User, state: str = "") -> QuerySet[Earning]:
    """Newest first, each with `.state`, one of STATES: the least advanced of the payouts that carry it."""
    carried = Allocation.objects.filter(earning=OuterRef("pk"))
    total = Coalesce(Subquery(carried.order_by().values("earning").annotate(sum=Sum("amount")).values("sum")), 0)

    def some(status: str) -> Exists:
        return Exists(carried.filter(payout__status=status))

    rows = Earning.objects.visible_to(user).annotate(
        state=Case(
            When(pay__gt=total, then=Value("approved")),
            When(some(Payout.Status.FAILED), then=Value("failed")),
            When(some(Payout.Status.PENDING), then=Value("approved")),
            When(some(Payout.Status.SENT), then=Value("sent")),
            When(some(Payout.Status.REVERSED), then=Value("reversed")),
            default=Value("paid"),
            output_field=CharField(),
        )
    )
    if state in STATES:
        rows = rows.filter(state=state)
    carried_by = ("line__batch", "against", "reversals")
    return rows.prefetch_related(*(f"allocations__payout__{name}" for name in carried_by)).order_by("-pk")


def narrowed(
    rows: QuerySet[Earning],
    *,
    kind: str = "",
    ref: str = "",
    since: date | None = None,
    until: date | None = None,
    q: str = "",
) -> QuerySet[Earning]:
    """Only one kind, one project, days of the reader's zone (both included), or one reference: `q` is the whole id of
    an earning, its work, a payout, a transfer, a line of a batch, or a bank payout."""
    given = {"kind": kind, "ref": ref, "booked_at__date__gte": since, "booked_at__date__lte": until}
    rows = rows.filter(**{name: value for name, value in given.items() if value})
    if q:
        carried = Allocation.objects.filter(earning=OuterRef("pk"))
        sent = Q(payout__public_id=q) | Q(payout__transfer_id=q) | Q(payout__bank_payout_id=q)
        sent |= Q(payout__line__public_id=q)
        rows = rows.filter(Q(public_id=q) | Q(source=q) | Exists(carried.filter(sent)))
    return rows


def period(since: date | None, until: date | None) -> str:
    """`November 2026`, `2026`, `03 Nov 2026 to 09 Nov 2026`, `Since the beginning`."""
    if since and until:
        first, last = since.day == 1, until.day == monthrange(until.year, until.month)[1]
        if first and last and (since.year, since.month) == (until.year, until.month):
            return f"{since:%B %Y}"
        if first and last and (since.year, since.month, until.month) == (until.year, 1, 12):
            return f"{since:%Y}"
        return f"{since:%d %b %Y} to {until:%d %b %Y}"
    if since:
        return f"Since {since:%d %b %Y}"
    return f"Until {until:%d %b %Y}" if until else "Since the beginning"


@dataclass(frozen=True)
class Period:
    """What one person earned in a month or a year of their zone, in one currency: minor units, and how many lines."""

    since: date
    until: date
    currency: str
    pay: int
    lines: int


def years_of(user: User) -> list[tuple[Period, list[Period]]]:
    """Each year with its months, newest first. One statement."""
    rows = Earning.objects.visible_to(user).annotate(month=TruncMonth("booked_at")).order_by()
    sums = rows.values("month", "currency").annotate(pay=Sum("pay"), lines=Count("pk")).order_by("-month", "currency")
    years: dict[tuple[int, str], list[Period]] = {}
    for row in sums:
        first = row["month"].date()
        last = date(first.year, first.month, monthrange(first.year, first.month)[1])
        month = Period(first, last, row["currency"], row["pay"], row["lines"])
        years.setdefault((first.year, month.currency), []).append(month)
    return [
        (
            Period(
                date(year, 1, 1),
                date(year, 12, 31),
                currency,
                sum(month.pay for month in months),
                sum(month.lines for month in months),
            ),
            months,
        )
        for (year, currency), months in years.items()
    ]


YEAR_HEAD = ("year", "expert", "name", "email", "country", "currency", "earned", "top_ups", "lines", "tax_form")


def year_lines(year: int) -> Iterator[str]:
    """Everybody's earnings of one year (UTC) as CSV, a line per person and currency. Totals only: nothing is filed."""
    start, end = (datetime(number, 1, 1, tzinfo=UTC) for number in (year, year + 1))
    rows = Earning.objects.filter(booked_at__gte=start, booked_at__lt=end).order_by()
    named = rows.values_list(
        "payee__public_id", "payee__name", "payee__email", "payee__payee__country", "payee__payee__tax_form", "currency"
    )
    ours = Coalesce(Sum("pay", filter=Q(kind__in=Earning.HOUSE_PAID)), 0)
    sums = named.annotate(earned=Sum("pay"), ours=ours, lines=Count("pk")).order_by("payee__public_id", "currency")
    yield cells.line(YEAR_HEAD)
    for public_id, name, email, country, tax_form, currency, earned, top_ups, lines in sums.iterator(chunk_size=500):
        money = (plain(earned, currency), plain(top_ups, currency))
        person = (public_id, name, email, country or "")
        yield cells.line([year, *person, currency, *money, lines, tax_form or ""])


def steps(earning: Earning, *, by_hand: bool = False) -> list[Step]:
    """Approved → sent → in the bank, for the timeline. An earning drawn on two fundings has two payouts.

    `by_hand`: whose it is lives where Stripe does not pay.
    """
    line = [Step("Approved", "done", earning.booked_at)]
    payouts = [allocation.payout for allocation in earning.allocations.all()]
    if not payouts:
        note = "Goes out with the next batch of bank transfers" if by_hand else "Goes out within the hour"
        return [*line, Step("Sent", "now", note=note)]
    for payout in payouts:
        line += _journey(payout)
    return line


def _journey(payout: Payout) -> Iterator[Step]:
    if payout.line:
        yield from _by_hand(payout, payout.line)
        return
    if payout.against:
        yield Step("Kept against pay that was taken back", "done", payout.paid_at, f"{payout.against}")
        return
    if not payout.transfer_id:
        refused = payout.status == Payout.Status.FAILED
        yield Step("Sent", "bad" if refused else "now", note=payout.failure or "On its way to Stripe")
        return
    yield Step("Sent", "done", payout.sent_at, payout.transfer_id)
    yield from _reversals(payout)
    if payout.status == Payout.Status.REVERSED:
        return
    if payout.status == Payout.Status.PAID:
        yield Step("In your bank", "done", payout.paid_at, payout.bank_payout_id)
    elif payout.status == Payout.Status.FAILED:
        yield Step("In your bank", "bad", note=payout.failure)
    else:
        due = f"Expected {payout.arrives_on:%d %b %Y}" if payout.arrives_on else "Stripe names the day once it pays out"
        yield Step("In your bank", "now", note=due)


def _by_hand(payout: Payout, line: BatchLine) -> Iterator[Step]:
    if payout.status == Payout.Status.FAILED:
        yield Step("Sent by bank transfer", "bad", note=payout.failure)
        return
    yield Step("Put into a bank transfer", "done", line.batch.made_at, line.public_id)
    if payout.status == Payout.Status.PENDING:
        yield Step("Paid by our bank", "now", note="Foreign transfers take one to five business days")
        return
    yield Step("Paid by our bank", "done", payout.paid_at, f"{payout.arrives_on:%d %b %Y}, {payout.bank_payout_id}")
    yield from _reversals(payout)


def _reversals(payout: Payout) -> Iterator[Step]:
    """What came back of the transfer that carried this, perhaps with other earnings."""
    for reversal in payout.reversals.all():
        if reversal.status == Reversal.Status.DONE:
            of = f"{show(reversal.amount, reversal.currency)} of {show(payout.amount, payout.currency)}"
            if reversal.asked:
                yield Step("Taken back", "bad", reversal.done_at, f"{of}. {reversal.reason}")
            else:
                yield Step("Came back to us", "bad", reversal.done_at, f"{of}. It is yours, and is sent again")


CSV_HEAD = (
    "earning", "approved_at", "state", "kind", "memo", "source", "pay", "currency",
    "payouts", "transfers", "sent_at", "arrives_on", "paid_at", "bank_references", "what",
)  # fmt: skip


def csv_lines(earnings: Iterable[Earning]) -> Iterator[str]:
    """The statement as CSV: UTC times in ISO 8601, amounts as decimals."""
    yield cells.line(CSV_HEAD)
    for earning in earnings:
        payouts = [allocation.payout for allocation in earning.allocations.all()]
        yield cells.line(
            [
                earning.public_id,
                earning.booked_at.isoformat(),
                earning.state,  # type: ignore[attr-defined]  # annotated by earnings_of
                earning.kind,
                earning.memo,
                earning.source,
                plain(earning.pay, earning.currency),
                earning.currency,
                " ".join(payout.public_id for payout in payouts),
                " ".join(payout.transfer_id or "" for payout in payouts).strip(),
                _last(payout.sent_at for payout in payouts),
                _last(payout.arrives_on for payout in payouts),
                _last(payout.paid_at for payout in payouts),
                " ".join(payout.bank_payout_id for payout in payouts).strip(),
                earning.get_kind_display(),
            ]
        )


def _last(moments: Iterable[object]) -> str:
    known = [moment.isoformat() for moment in moments if hasattr(moment, "isoformat")]
    return max(known, default="")
