"""What the front door says of the market right now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median_low

from django.core.cache import cache
from django.urls import reverse

from experts.models import Field
from marketplace.fields import field_url
from projects.models import Project
from projects.pricing import hourly
from tasks.queries_browse import with_seats

SECONDS = 60  # how old the numbers may be
SHOWN = 8


@dataclass(frozen=True)
class OpenWork:
    """Funded seats that wait in one field of study, the medians over its projects. Amounts in minor units."""

    code: str  # ISCED-F; empty: any field
    name: str
    seats: int
    pay: int
    hourly: int
    currency: str

    @property
    def url(self) -> str:
        return field_url(self.code) if self.code else reverse("fields")


def open_work() -> list[OpenWork]:
    """The fields with the most seats that are paid for and free, most first. At most a minute old."""
    rows: list[OpenWork] = cache.get_or_set("front.open_work", _counted, SECONDS) or []
    return rows


def _counted() -> list[OpenWork]:
    groups: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
    for project in with_seats(Project.objects.filter(status=Project.Status.OPEN)):
        seats = project.__dict__["seats_left"]
        for code in (project.fields or [""]) if seats else []:
            groups[code, project.currency].append((seats, project.pay, hourly(project.pay, project.minutes)))
    labels = dict(Field.objects.filter(code__in={code for code, _ in groups}).values_list("code", "label"))
    found = [
        OpenWork(
            code=code,
            name=labels.get(code, "Any field"),
            seats=sum(seats for seats, _, _ in group),
            pay=median_low(pay for _, pay, _ in group),
            hourly=median_low(rate for _, _, rate in group),
            currency=currency,
        )
        for (code, currency), group in groups.items()
    ]
    return sorted(found, key=lambda row: (-row.seats, row.name))[:SHOWN]
