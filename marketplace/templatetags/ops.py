"""What the admin's first page shows above the stock lists."""

from __future__ import annotations

from django import template

from marketplace.desk import Tile, tiles

register = template.Library()


@register.simple_tag
def ops_tiles() -> list[Tile]:
    return tiles()
