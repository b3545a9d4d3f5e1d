"""What a transactional test leaves behind, and what the next one still needs."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from core.actors import SYSTEM
from core.events import record
from core.models import Event


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_starts_without_events_and_with_what_migrations_ship(turn: int) -> None:
    assert not Event.objects.exists()
    assert ContentType.objects.filter(app_label="core", model="event").exists()
    with transaction.atomic():
        record("lab.confirmed", "lab_aaaaaaaaaaaaaaaa", by=SYSTEM)
