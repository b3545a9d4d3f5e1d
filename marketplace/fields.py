"""Public pages of the fields of study: what is open in each, what an hour of it pays, who is there already.

Nothing here names a lab, a project or a person; a range of pay stands only where it tells of several projects.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.conf import settings
from django.core.cache import cache as kept
from django.db.models import Count, F, Func
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from core.templatetags.ui import money_text
from experts.fields import CATCH_ALL, path, search
from experts.fields import labels as all_labels
from experts.models import ExpertMatch
from projects.kinds import kind
from projects.models import Project
from projects.pricing import hourly

SECONDS: Final = 300  # how old the numbers may be
FEW: Final = 3  # projects: a range over fewer would tell the price of one
ROUND: Final = 10  # experts are told in tens
DOLLAR: Final = 100  # a range ends at whole units of 100 minor ones


@dataclass(frozen=True)
class Work:
    """What is open in one field: projects that ask for it, for a wider field around it, or for one inside it."""

    projects: int = 0
    rates: str = ""  # "$45–120/h"; empty where fewer than FEW projects stand behind it
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Market:
    """`every`: projects that take any field. `experts`: verified ones by field, rounded down to tens."""

    work: dict[str, Work]
    every: int
    experts: dict[str, int]


def market() -> Market:
    """At most SECONDS old; two statements, however many fields."""
    found: Market = kept.get_or_set("fields.market", _counted, SECONDS)  # type: ignore[assignment]
    return found


def _counted() -> Market:
    groups: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    every = 0
    for codes, pay, minutes, slug, currency in Project.objects.on_offer().values_list(
        "fields", "pay", "minutes", "kind", "currency"
    ):
        every += not codes
        for code in touched(codes):
            groups[code].append((hourly(pay, minutes), slug, currency))
    people = (
        ExpertMatch.objects.filter(verified=True)
        .annotate(code=Func(F("fields"), function="unnest"))
        .values_list("code")
        .annotate(Count("pk"))
    )
    work = {code: work_of(rows) for code, rows in groups.items()}
    return Market(work, every, {code: count // ROUND * ROUND for code, count in people})


def touched(codes: Iterable[str]) -> set[str]:
    """The fields whose people a project wants that asks for these: they, those around them, those inside them."""
    asked = tuple(codes)
    around = {code[:length] for code in asked for length in range(2, len(code))}
    return around | {code for code in labels() if asked and code.startswith(asked)}


def work_of(rows: list[tuple[int, str, str]]) -> Work:
    """`rows`: minor units an hour, slug of the kind, currency; one for each project."""
    kinds = [slug for slug, _ in Counter(slug for _, slug, _ in rows).most_common()]
    return Work(len(rows), rates_of(rows), tuple(kind(slug).label for slug in kinds))


def rates_of(rows: list[tuple[int, str, str]]) -> str:
    """The commonest currency's range, outward to whole dollars, without its two ends' cents."""
    currency, count = Counter(currency for *_, currency in rows).most_common(1)[0]
    if count < FEW:
        return ""
    rates = [rate for rate, _, of in rows if of == currency]
    low, high = min(rates) // DOLLAR, -(-max(rates) // DOLLAR)
    first, last = (money_text(whole * DOLLAR, currency).partition(".")[0] for whole in (low, high))
    return f"{first}/h" if first == last else f"{first}–{last.lstrip('$€£¥₹₩')}/h"


@cache
def labels() -> dict[str, str]:
    """Code → label, without the classification's "Field unknown"."""
    return {code: label for code, label in all_labels().items() if not code.startswith("99")}


# --- Addresses --------------------------------------------------------------------------------------------------------


def field_url(code: str) -> str:
    """`/fields/0533-physics/`."""
    return reverse("field", args=[f"{code}-{slugify(labels()[code])}"])


@dataclass(frozen=True)
class Row:
    """One field as a list shows it. `note`: the name that was typed, where it is another one."""

    code: str
    label: str
    url: str
    work: Work
    experts: int
    note: str = ""


def row(code: str, now: Market, note: str = "") -> Row:
    return Row(code, labels()[code], field_url(code), now.work.get(code, Work()), now.experts.get(code, 0), note)


@cache
def inside(code: str) -> tuple[str, ...]:
    """The fields one step inside it; of "" the broad ones."""
    return tuple(each for each in labels() if each.startswith(code) and len(each) == max(len(code) + 1, 2))


def rows_inside(code: str, now: Market) -> list[Row]:
    """What is "not elsewhere classified" and the like stands there only with something in it."""
    rows = [row(each, now) for each in inside(code)]
    return [each for each in rows if each.work.projects or each.experts or not each.label.endswith(CATCH_ALL)]


@require_safe
def fields(request: HttpRequest) -> HttpResponse:
    """The tree, or what was searched for in it."""
    asked = request.GET.get("q", "").strip()[:120]
    now = market()
    context = {
        "asked": asked,
        "found": [row(hit.code, now, hit.synonym) for hit in search(asked) if hit.code in labels()],
        "tree": [(row(broad, now), rows_inside(broad, now)) for broad in inside("")],
        "every": now.every,
        "canonical": settings.QUORUM_PUBLIC_URL + reverse("fields"),
    }
    return render(request, "marketplace/fields.html", context)


@require_safe
def field(request: HttpRequest, name: str) -> HttpResponse:
    """One field. Another spelling of its address leads to the one that counts."""
    code = name.partition("-")[0]
    if code not in labels():
        raise Http404("There is no such field.")
    if request.path != field_url(code):
        return redirect(field_url(code), permanent=True)
    now = market()
    this = row(code, now)
    context = {
        "field": this,
        "title": headline(this),
        "path": path(code),
        "around": [row(code[:length], now) for length in range(2, len(code))],
        "inside": rows_inside(code, now),
        "every": now.every,
        "canonical": settings.QUORUM_PUBLIC_URL + this.url,
    }
    return render(request, "marketplace/field.html", context)


def headline(of: Row) -> str:
    """`Physics: 12 projects, $45–120/h`."""
    if not of.work.projects:
        return f"{of.label}: paid expert work"
    count = f"{of.work.projects} project{'' if of.work.projects == 1 else 's'}"
    return f"{of.label}: {count}{', ' if of.work.rates else ''}{of.work.rates}"
