"""Showing a task of any kind: `{% kind_show project.kind task.payload submission.response %}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString

from projects import kinds

register = template.Library()


@register.simple_tag
def kind_show(slug: str, payload: dict[str, Any], response: dict[str, Any] | None = None) -> SafeString:
    """A task and, if there is one, what was answered. Read only; may stand on one page many times."""
    return kinds.render(slug, "show", payload=payload, response=response)


@register.simple_tag
def kind_answer(
    slug: str,
    payload: dict[str, Any],
    response: dict[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    readonly: bool = False,
    shortcuts: bool = True,
) -> SafeString:
    """The fields of the answer, to be put inside a form. Once on a page."""
    return kinds.render(
        slug, "answer", payload=payload, response=response, errors=errors, readonly=readonly, shortcuts=shortcuts
    )


@register.simple_tag
def kind_label(slug: str) -> str:
    """`Compare answers`."""
    return kinds.kind(slug).label


@register.filter
def at(found: Mapping[str, Any], key: str) -> Any:
    """A mapping's value under a computed key, or nothing."""
    return found.get(key, "")
