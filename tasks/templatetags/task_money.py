"""Words about money that only tasks know: the work behind each earning, what waits for a decision, signed amounts."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import Sum
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from core.templatetags.ui import money_text
from payments.models import Earning
from projects.models import Project
from tasks.models import Submission
from tasks.queries_work import waiting

register = template.Library()

SHOWN = 20


@register.inclusion_tag("tasks/_waiting.html")
def waiting_work(user: User) -> dict[str, Any]:
    """`{% waiting_work request.user %}`: the answers that wait, soonest decision first, at most twenty."""
    found = list(waiting(user)[: SHOWN + 1])
    return {"answers": found[:SHOWN], "more": len(found) > SHOWN}


@register.inclusion_tag("tasks/_pending.html")
def pending_pay(user: User) -> dict[str, Any]:
    """`{% pending_pay request.user %}`: the tile of what is reserved for work that nobody has decided on."""
    return {"pending": waiting(user).order_by().aggregate(pay=Sum("seat__pay", default=0))["pay"]}


@register.inclusion_tag("tasks/_earned_projects.html")
def earned_projects(user: User, chosen: str | None) -> dict[str, Any]:
    """`{% earned_projects request.user form.ref.value %}`: a field to choose among the projects one has earned from."""
    refs = Earning.objects.visible_to(user).order_by().values("ref")
    return {"projects": Project.objects.filter(public_id__in=refs).order_by("title", "pk"), "chosen": chosen}


@register.simple_tag
def works_of(lines: list[tuple[Earning, Any]]) -> dict[str, Submission]:
    """`{% works_of lines as works %}`: the work behind the earnings, by its public id. Two statements."""
    found = Submission.objects.filter(public_id__in=[earning.source for earning, _ in lines])
    rows = found.select_related("project__lab", "expert").defer("response", "draft").prefetch_related("reviews")
    return {work.public_id: work for work in rows}


@register.simple_tag
def work_link(works: dict[str, Submission], earning: Earning) -> SafeString:
    work = works.get(earning.source)
    if work is None:
        return format_html('<span class="mono">{}</span>', earning.source)
    return format_html(
        '<a class="mono" href="{}">{}</a>', reverse("tasks:bench", args=[work.public_id]), earning.source
    )


@register.inclusion_tag("tasks/_work_steps.html")
def work_steps(works: dict[str, Submission], earning: Earning) -> dict[str, Any]:
    """What came before the pay: handed in, decided by whom or by which rule."""
    work = works.get(earning.source)
    return {"work": work, "decider": _decider(work, earning) if work else ""}


def _decider(work: Submission, earning: Earning) -> str:
    kind = Earning.Kind
    if earning.kind == kind.APPEAL:
        return "Decided on appeal"
    if earning.kind == kind.WITHDRAWN:
        return f"{work.project.lab} withdrew the task"
    if earning.kind == kind.MINIMUM:
        return "The last of the week’s answers"
    if earning.kind == kind.TOP_UP:
        return "A promise of the platform"
    last = max(work.reviews.all(), key=lambda review: review.pk, default=None)
    if last is None or last.reviewer_id:
        return f"Decided by a reviewer of {work.project.lab}" if last else "Given back after it was returned"
    return "By rule: nobody decided in the promised time"


@register.simple_tag
def signed(minor: int, currency: str) -> SafeString:
    """`+$12.00`, `−$12.00`; a dash where nothing moved."""
    text = ("+" if minor > 0 else "") + money_text(minor, currency) if minor else "–"
    return format_html('<span class="num nowrap">{}</span>', text)
