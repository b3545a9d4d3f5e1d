"""The table of (event, job) names only events that can happen and jobs that stand in jobs.py."""

from __future__ import annotations

import ast

from core.events import job_name
from marketplace.wiring import WIRING
from tests.rules.house import modules, tree, with_lifecycle


def events_that_can_happen() -> set[str]:
    moved = {
        f"{model.NOUN}.{to}"  # type: ignore[attr-defined]
        for model in with_lifecycle()
        for targets in model.TRANSITIONS.values()  # type: ignore[attr-defined]
        for to in targets
    }
    recorded = {
        node.args[0].value
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] == "record"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
    return moved | recorded


def test_wired_events_can_happen() -> None:
    assert {name for name, _ in WIRING} <= events_that_can_happen()


def test_jobs_stand_in_jobs_modules_and_pairs_once() -> None:
    pairs = [(name, job_name(job)) for name, job in WIRING]
    assert len(set(pairs)) == len(pairs)
    assert all(job.split(".")[1] == "jobs" for _, job in pairs)


def test_hot_events_wake_nobody() -> None:
    """A claim or a submission would otherwise cost a delivery row and a broker message each."""
    assert not {"seat.claimed", "submission.submitted"} & {name for name, _ in WIRING}
