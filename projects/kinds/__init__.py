"""The kinds of expert work: one module each, named here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from core.errors import Invalid
from projects.kinds import preference, stepwise
from projects.kinds.base import Json, Kind, faults, parse_form

__all__ = ["CHOICES", "KINDS", "Kind", "clean_payload", "clean_response", "kind", "parse_form", "render"]

KINDS: Final[tuple[Kind, ...]] = (preference, stepwise)
CHOICES: Final = tuple((known.slug, known.label) for known in KINDS)

_BY_SLUG: Final[dict[str, Kind]] = {known.slug: known for known in KINDS}


def kind(slug: str) -> Kind:
    """Raises KeyError for a kind that does not exist."""
    return _BY_SLUG[slug]


def clean_payload(slug: str, data: Any) -> Json:
    """One task's payload, checked and completed. Raises Invalid with a fault for each field."""
    serializer = kind(slug).Payload(data=data)
    if not serializer.is_valid():
        raise Invalid("This task is not as the kind of work needs it.", faults=faults(serializer.errors))
    return dict(serializer.validated_data)


def clean_response(slug: str, data: Any, *, payload: Json) -> Json:
    """What an expert hands in (JSON, or `parse_form` of a post), checked. Raises Invalid with a fault for each field.

    Fault fields count from 0 (`ratings[2]`), their messages speak of "step 3".
    """
    serializer = kind(slug).Response(data=data, context={"payload": payload})
    if not serializer.is_valid():
        raise Invalid("Something is missing or not right yet.", faults=faults(serializer.errors))
    return dict(serializer.validated_data)


def render(
    slug: str,
    view: str,
    *,
    payload: Json,
    response: Json | None = None,
    errors: Mapping[str, str] | None = None,
    readonly: bool = False,
    shortcuts: bool = True,
) -> SafeString:
    """`answer` (fields of a form, without the form) or `show` (read only) of a task and its response.

    `errors`: fault field → message. `readonly`: the answer fields as they are, disabled.
    """
    context = {
        "payload": payload,
        "response": response or {},
        "errors": dict(errors or {}),
        "readonly": readonly,
        "shortcuts": shortcuts,
        **kind(slug).present(payload, response or {}),
    }
    return render_to_string(f"kinds/{slug}/{view}.html", context)
