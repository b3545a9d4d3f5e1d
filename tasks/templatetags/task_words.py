"""What happened, in words: `{% load task_words %}{{ event|happened }}`."""

from __future__ import annotations

from typing import Final

from django import template

from core.models import Event

register = template.Library()

WORDS: Final[dict[str, str]] = {
    "task.added": "Added",
    "task.repaired": "Repaired",
    "task.done": "All answers are in",
    "task.withdrawn": "Withdrawn",
    "seat.claimed": "Claimed",
    "seat.funded": "Given back",
    "seat.extended": "Time extended",
    "submission.submitted": "Answer handed in",
    "submission.accepted": "Answer accepted",
    "submission.returned": "Answer returned for rework",
    "submission.rejected": "Answer rejected",
    "submission.released": "Given back",
    "appeal.open": "Appeal opened",
    "appeal.upheld": "Rejection upheld",
    "appeal.overturned": "Rejection overturned",
    "project.created": "Draft made",
    "project.edited": "Edited",
    "project.instructions": "New instructions published",
    "project.open": "Opened",
    "project.paused": "Paused",
    "project.frozen": "Frozen",
    "project.closed": "Closed",
    "project.cancelled": "Cancelled",
    "project.pilot_confirmed": "Pilot confirmed",
    "project.seats_opened": "Seats opened",
    "project.seats_cancelled": "Free seats taken back",
}


@register.filter
def happened(event: Event) -> str:
    """The event's own words, else its name with the dot and underscores read out."""
    known = WORDS.get(event.name)
    words = known or event.name.replace(".", " ").replace("_", " ").capitalize()
    seats = event.data.get("seats")
    return f"{words}: {seats:,}" if isinstance(seats, int) else words


@register.filter
def anchor(field: str) -> str:
    """Where on the workbench a fault of `clean_response` is shown: its element's id, or nothing."""
    if field in ("rationale", "correction", "comment"):
        return field
    place = field.partition("[")[2].rstrip("]")
    if field.startswith("ratings[") and place.isdigit():
        return f"step-{int(place) + 1}-error"
    return f"{field}-error" if field == "strength" else ""
