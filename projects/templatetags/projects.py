"""Words about projects on any page."""

from __future__ import annotations

from typing import Any

from django import template

from payments import words
from projects import queries
from projects.models import Project
from projects.pricing import hourly

register = template.Library()


@register.simple_tag
def asks(project: Project) -> list[str]:
    """`{% asks project as lines %}`: who may work, one line for each thing asked."""
    return queries.asks(project)


@register.simple_tag
def hourly_pay(project: Project) -> int:
    """Minor units an hour at the usual time for a task."""
    return hourly(project.pay, project.minutes)


@register.filter
def dispute_reason(code: str) -> str:
    """Why a bank contests a payment, in words."""
    return words.dispute_reason(code)


@register.filter
def percent(share: Any) -> str:
    """0.873 → `87 %`."""
    return "" if share is None else f"{round(100 * float(share))} %"
