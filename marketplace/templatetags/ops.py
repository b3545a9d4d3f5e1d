"""What the admin's first page shows above the stock lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from marketplace.desk import Tile, tiles

register = template.Library()


@register.simple_tag
def ops_tiles() -> list[Tile]:
    return tiles()


@register.filter
def under(row: Iterable[SafeString], headers: Iterable[Mapping[str, Any]]) -> list[SafeString]:
    """A row's cells as Django drew them, each with its column's name: on a phone they stand below each other."""
    names = [format_html(' data-label="{}"', capfirst(str(header["text"]))) for header in headers]
    return [SafeString(cell.replace(" class=", f"{name} class=", 1)) for cell, name in zip(row, names, strict=True)]
