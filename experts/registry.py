"""The registry of institutions, asked by whoever needs to know whom a text means."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby

from experts.affiliations import Index, Place
from experts.models import Institution, InstitutionName
from experts.ror import Entry


def place_of(entry: Entry) -> Place:
    return Place(entry.ror_id, entry.names, entry.country, entry.city)


def places() -> Iterator[Place]:
    """What the registry holds, for the matching of affiliations. Withdrawn ones are not meant."""
    names = InstitutionName.objects.exclude(institution__status=Institution.Status.WITHDRAWN)
    columns = ("institution__ror_id", "institution__country", "institution__city", "kind", "value")
    rows = names.order_by("institution_id", "pk").values_list(*columns)
    for (ror_id, country, city), named in groupby(rows.iterator(chunk_size=20_000), key=lambda row: row[:3]):
        yield Place(ror_id, tuple((kind, value) for *_, kind, value in named), country, city)


@cache
def whole_index() -> Index:
    """Of the whole registry, built once per process: for commands."""
    return Index(places())
