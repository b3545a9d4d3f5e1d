"""A month of a lab's ledger as CSV, line by line. docs/money.md says what each column holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, UTC, date
from itertools import islice
from typing import Final

from django.http import Http404, StreamingHttpResponse

from accounts.models import Lab
from core import cells
from payments import months
from payments.money import plain
from payments.project_lines import CHUNK, Lines
from projects.models import Project
from tasks.queries_money import Teller, Told

HEAD: Final = (
    "at", "project", "title", "group", "what", "reference", "expert", "pay", "platform_fee", "free_change",
    "reserved_change", "free_after", "reserved_after", "currency", "entry",
)  # fmt: skip


def month_sheet(lab: Lab, since: date) -> Iterator[str]:
    """Every line of every project of the lab in the month, by project, newest first."""
    yield cells.line(HEAD)
    start, end = months.bounds(since, lab.time_zone)
    for project in Project.objects.filter(lab=lab).select_related("lab").order_by("pk"):
        lines, teller = Lines(project.public_id, project.currency, since=start, until=end), Teller(project)
        walk = iter(lines)
        while chunk := list(islice(walk, CHUNK)):
            yield from map(cells.line, _rows(project, teller.tell(chunk)))


def month_file(lab: Lab, month: str) -> StreamingHttpResponse:
    """The sheet as a file, streamed. `month` is `2026-11`; raises Http404 for what is none."""
    since = month_named(month)
    headers = {"Content-Disposition": f'attachment; filename="{lab.public_id}-{since:%Y-%m}.csv"'}
    return StreamingHttpResponse(month_sheet(lab, since), content_type="text/csv; charset=utf-8", headers=headers)


def month_named(words: str) -> date:
    """`2026-11` → its first day. Raises Http404."""
    try:
        since = date.fromisoformat(f"{words}-01")
    except ValueError:
        raise Http404 from None
    if since.year == MAXYEAR:  # it has no month after it
        raise Http404
    return since


def _rows(project: Project, told: Iterable[Told]) -> Iterator[list[str]]:
    currency = project.currency

    def amount(minor: int | None) -> str:
        return "" if minor is None else plain(minor, currency)

    for one in told:
        line = one.line
        yield [
            line.at.astimezone(UTC).isoformat(),
            project.public_id,
            project.title,
            line.group,
            line.words,
            line.about,
            one.expert,
            *map(amount, (line.pay, line.fee, line.free, line.reserved, line.free_after, line.reserved_after)),
            currency,
            line.key,
        ]
