"""A prepared query says what the queryset says, for any values, and notices when it cannot."""

from __future__ import annotations

import pytest
from django.db import models
from django.db.models import F
from django.db.models.functions import Upper

from accounts.models import ApiToken, Lab, Membership
from core.prepared import Prepared
from tests.people import api_client_for, lab, user

pytestmark = pytest.mark.django_db


def test_brings_the_rows_with_what_is_joined_and_annotated() -> None:
    meridian = lab()
    of_lab = Prepared(
        lambda lab_id, role: (
            Membership.objects.filter(lab_id=lab_id, role=role)
            .select_related("user", "lab")
            .annotate(shout=Upper("user__name"))
        )
    )
    for role, name in (("owner", "Ada"), ("manager", "Mina"), ("reviewer", "Rosa"), ("owner", "Ada")):
        (found,) = of_lab.all(lab_id=meridian.pk, role=role)
        assert found.user == user(name)
        assert found.lab == meridian
        assert found.shout == found.user.name.upper()  # type: ignore[attr-defined]
    assert of_lab.all(lab_id=meridian.pk, role="nobody") == []


def test_first_is_none_where_nothing_is_found_and_joins_may_be_empty() -> None:
    key = Prepared(lambda name: ApiToken.objects.select_related("lab").filter(name=name))
    assert key.first(name="tests") is None
    api_client_for(user("Emil"))
    found = key.first(name="tests")
    assert found is not None
    assert found.lab is None


def test_values_that_stand_in_the_query_already_stay() -> None:
    """A constant of the query may equal a value: only stand-ins are replaced."""
    labs = Prepared(lambda pk: Lab.objects.filter(status="confirmed", pk__lte=pk).order_by("pk"))
    first, second = lab(), lab("Second")
    assert labs.all(pk=first.pk) == [first]
    assert labs.all(pk=second.pk) == [first, second]


def test_a_value_that_the_query_swallows_is_refused() -> None:
    def swallows(number: int) -> models.QuerySet[Lab]:
        return Lab.objects.filter(pk=F("pk") if number else 0)

    with pytest.raises(TypeError, match="number"):
        Prepared(swallows).all(number=3)
