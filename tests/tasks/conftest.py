from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from payments.audit import Breach
from tasks.audit import audit

SCENERY = "I11 each paid funding is booked once"  # the scenes put money in by a bare ledger entry


def contradictions() -> list[Breach]:
    return [breach for breach in audit() if breach.invariant != SCENERY]


@pytest.fixture(autouse=True)
def _every_cent_is_accounted_for(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every story of this room the books are asked whether they agree with the seats."""
    with_database = request.node.get_closest_marker("django_db") is not None
    if with_database:
        request.getfixturevalue("_django_db_helper")
    yield
    if with_database and not connection.needs_rollback:
        assert contradictions() == []
