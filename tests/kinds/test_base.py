"""The tools that all kinds share."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Fault
from projects.kinds import base, parse_form


def test_a_post_becomes_json_with_holes_where_nothing_was_chosen() -> None:
    post = QueryDict("csrfmiddlewaretoken=x&ratings[2]=-1&ratings[0]=1&comment=&why=because&version=3")
    assert parse_form(post) == {"ratings": ["1", None, "-1"], "why": "because", "version": "3"}


def test_a_place_beyond_any_list_is_a_name_like_any_other() -> None:
    assert parse_form(QueryDict("a[1000]=x")) == {"a[1000]": "x"}


def test_faults_name_the_place_in_nested_lists() -> None:
    errors = {
        "non_field_errors": ["No."],
        "steps": {2: ["Blank."]},
        "answers": [{}, {"text": ["Short.", "Dull."]}],
        "deep": {"er": {"non_field_errors": ["Wrong."]}},
        "plain": "Bad.",
    }
    assert base.faults(errors) == (
        Fault("No.", ""),
        Fault("Blank.", "steps[2]"),
        Fault("Short.", "answers[1].text"),
        Fault("Dull.", "answers[1].text"),
        Fault("Wrong.", "deep.er"),
        Fault("Bad.", "plain"),
    )


@given(st.lists(st.text(min_size=1), unique=True), st.text())
def test_a_shuffle_keeps_everything_and_forgets_the_order_it_was_given(items: list[str], seed: str) -> None:
    assert sorted(base.shuffled(items, seed)) == sorted(items)
    assert base.shuffled(items, seed) == base.shuffled(items[::-1], seed)


def test_a_shuffle_is_fair() -> None:
    first = [base.shuffled(["a", "b"], f"sub_{number}")[0] for number in range(1000)]
    assert 430 < first.count("a") < 570


def test_a_pseudonym_is_stable_in_a_lab_and_useless_across_labs() -> None:
    mine = base.pseudonym("secret", "lab_a", "exp_a")
    assert mine == base.pseudonym("secret", "lab_a", "exp_a")
    assert len({mine, *(base.pseudonym(*who) for who in OTHERS)}) == 1 + len(OTHERS)
    assert "exp" not in mine


OTHERS = [("secret", "lab_b", "exp_a"), ("secret", "lab_a", "exp_b"), ("other", "lab_a", "exp_a")]


def test_the_digest_depends_on_content_not_on_the_order_of_keys() -> None:
    assert base.content_sha256({"a": 1, "b": 2}, {}) == base.content_sha256({"b": 2, "a": 1}, {})
    assert base.content_sha256({"a": 1}, {}) != base.content_sha256({"a": 1}, {"x": 1})


def test_provenance_has_every_column_and_no_other() -> None:
    row = base.provenance(item_id="tsk_a")
    assert set(row) == {f"meta_{name}" for name in base.PROVENANCE}
    assert row["meta_item_id"] == "tsk_a"
    assert row["meta_licence"] is None
    with pytest.raises(TypeError, match="colour"):
        base.provenance(colour="red")
