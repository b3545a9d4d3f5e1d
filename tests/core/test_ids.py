"""Public ids: prefixed, random, never edited."""

from __future__ import annotations

from collections import Counter

import pytest

from accounts.models import Lab, User
from core.ids import ALPHABET, LENGTH, PublicIdField, new_id
from tests import people
from tests.rules.house import own_models


def test_an_id_is_a_prefix_and_sixteen_letters_of_base32() -> None:
    prefix, _, rest = new_id("prj").partition("_")
    assert (prefix, len(rest)) == ("prj", LENGTH)
    assert set(rest) <= set(ALPHABET)


def test_ids_use_the_whole_alphabet_and_do_not_repeat() -> None:
    made = [new_id("x") for _ in range(2_000)]
    assert len(set(made)) == len(made)
    assert set("".join(made)) - {"x", "_"} >= set(ALPHABET) - {"x"}
    # Each place takes each letter: no place is stuck.
    for place in range(LENGTH):
        assert len({one[2 + place] for one in made}) == len(ALPHABET)


def test_no_two_kinds_of_things_have_ids_that_begin_alike() -> None:
    """Whoever reads an id knows what it is, and a search for it finds one thing."""
    fields = [field for model in own_models() for field in model._meta.fields if isinstance(field, PublicIdField)]
    prefixes = [field.prefix for field in fields]
    assert len(prefixes) > 20
    assert [prefix for prefix, count in Counter(prefixes).items() if count > 1] == []


def test_the_field_is_written_into_migrations_by_its_prefix_alone() -> None:
    _, path, args, kwargs = PublicIdField(prefix="prj").deconstruct()
    assert (path, list(args), kwargs) == ("core.ids.PublicIdField", [], {"prefix": "prj"})


def test_every_object_has_its_id_before_it_is_saved() -> None:
    lab, other = Lab(), Lab()
    assert lab.public_id.startswith("lab_")
    assert lab.public_id != other.public_id
    assert PublicIdField(prefix="lab").has_default()  # forms and bulk inserts ask


@pytest.mark.django_db
def test_an_id_can_be_asked_for() -> None:
    sam = people.user("Sam")
    assert User.objects.get(public_id=sam.public_id) == sam
