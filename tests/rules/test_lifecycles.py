"""One table of steps per status, and nothing passes beside it."""

from __future__ import annotations

import ast
from itertools import product
from typing import Any

import pytest
from django.db import models

from core.actors import SYSTEM
from core.errors import WrongState
from core.transitions import step
from tests.rules.house import modules, name_of, tree, with_lifecycle

PAIRS = [
    (model, before, after)
    for model in with_lifecycle()
    for before, after in product(model.Status.values, repeat=2)  # type: ignore[attr-defined]
]


@pytest.mark.parametrize("model", with_lifecycle(), ids=lambda model: model.__name__)
def test_the_table_speaks_of_every_status(model: Any) -> None:
    statuses = set(model.Status.values)
    assert set(model.TRANSITIONS) == statuses
    assert set().union(*model.TRANSITIONS.values()) <= statuses


@pytest.mark.parametrize("model", with_lifecycle(), ids=lambda model: model.__name__)
def test_every_status_can_be_reached(model: Any) -> None:
    reachable = {model._meta.get_field("status").default}
    while grown := {to for at in reachable for to in model.TRANSITIONS[at]} - reachable:
        reachable |= grown
    assert reachable == set(model.Status.values)


@pytest.mark.parametrize(
    ("model", "before", "after"),
    [(m, b, a) for m, b, a in PAIRS if a not in m.TRANSITIONS[b]],  # type: ignore[attr-defined]
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value),
)
def test_a_step_that_is_not_in_the_table_is_refused(model: type[models.Model], before: str, after: str) -> None:
    with pytest.raises(WrongState):
        step(model(status=before), after, by=SYSTEM)


def test_nouns_differ() -> None:
    nouns = [model.NOUN for model in with_lifecycle()]  # type: ignore[attr-defined]
    assert len(set(nouns)) == len(nouns)


def test_status_is_assigned_by_step_only() -> None:
    """`x.status = …` and `.update(status=…)` would change a state without its event."""
    found = []
    for path in modules():
        if name_of(path) in ("core/transitions.py", "accounts/rest.py") or "sandbox" in path.parts:  # HTTP, Stripe
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Assign):
                found += [
                    f"{name_of(path)}:{node.lineno}"
                    for target in node.targets
                    if isinstance(target, ast.Attribute) and target.attr == "status"
                ]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
                found += [f"{name_of(path)}:{node.lineno}" for keyword in node.keywords if keyword.arg == "status"]
    assert found == []
