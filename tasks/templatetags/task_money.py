"""The part of the earnings page that only tasks know: work handed in whose pay is reserved and waits for a decision."""

from __future__ import annotations

from typing import Any

from django import template

from accounts.models import User
from tasks.queries_work import waiting

register = template.Library()

SHOWN = 20


@register.inclusion_tag("tasks/_waiting.html")
def waiting_work(user: User) -> dict[str, Any]:
    """`{% waiting_work request.user %}`: the answers that wait, soonest decision first, at most twenty."""
    found = list(waiting(user)[: SHOWN + 1])
    return {"answers": found[:SHOWN], "more": len(found) > SHOWN}
