"""Querysets compiled once. On the way that every claim and answer takes, building SQL from a queryset costs more than
PostgreSQL needs to run it; here it is built at the first call and only its values change.

    _KEY = Prepared(lambda digest: ApiToken.objects.select_related("user").filter(digest=digest)[:1])
    token = _KEY.first(digest="…")

The queryset must not depend on its values in any other way than by passing them on as parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=models.Model)

_NUMBER = 1_987_650_000  # fits every integer field, and nobody means it


class Prepared(Generic[M]):
    """`build` is called once, with stand-ins of the types (int or str) of the first values."""

    def __init__(self, build: Callable[..., models.QuerySet[M]]) -> None:
        self._build = build
        self._plan: _Plan[M] | None = None

    def all(self, **values: int | str) -> list[M]:
        """The rows, with what select_related and annotate add to them."""
        plan = self._plan
        if plan is None:
            plan = self._plan = _Plan(self._build, values)
        return plan.run(values)

    def first(self, **values: int | str) -> M | None:
        """The first of the rows; the queryset says how many are fetched."""
        rows = self.all(**values)
        return rows[0] if rows else None


class _Plan(Generic[M]):
    def __init__(self, build: Callable[..., models.QuerySet[M]], values: dict[str, int | str]) -> None:
        stand_ins = {
            name: f"quorum-parameter-{number}" if isinstance(value, str) else _NUMBER + number
            for number, (name, value) in enumerate(values.items())
        }
        query = build(**stand_ins).query
        self.compiler: Any = query.get_compiler(DEFAULT_DB_ALIAS)
        self.sql, params = self.compiler.as_sql()
        names = {stand_in: name for name, stand_in in stand_ins.items()}
        self.params = [(names.get(param) if isinstance(param, (int, str)) else None, param) for param in params]
        if unused := set(stand_ins) - {name for name, _ in self.params}:
            raise TypeError(f"The query does not pass on {sorted(unused)}")
        self._read_shape()

    def _read_shape(self) -> None:
        """What Django's own ModelIterable works out for each run."""
        compiler, info = self.compiler, self.compiler.klass_info
        columns = info["select_fields"]
        self.model: type[M] = info["model"]
        self.start, self.end = columns[0], columns[-1] + 1
        self.names = [column[0].target.attname for column in compiler.select[self.start : self.end]]
        populators: Any = get_related_populators  # its stub speaks of a later Django
        self.related = populators(info, compiler.select, DEFAULT_DB_ALIAS)
        self.converters = compiler.get_converters([column[0] for column in compiler.select])

    def run(self, values: dict[str, int | str]) -> list[M]:
        params = [value if name is None else values[name] for name, value in self.params]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            rows: Any = cursor.fetchall()
        if self.converters:
            rows = self.compiler.apply_converters(rows, self.converters)
        return [self._made(row) for row in rows]

    def _made(self, row: Any) -> M:
        made = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.start : self.end])
        for related in self.related:
            related.populate(row, made)
        for name, column in self.compiler.annotation_col_map.items():
            setattr(made, name, row[column])
        return made
