"""Taking a task back or mending it: whoever worked on it is paid."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from core.errors import Invalid, NotAllowed, Refused, WrongState
from projects.actions import close_project
from tasks.actions import (
    add_task,
    appeal,
    decide_appeal,
    open_seats,
    reject,
    release,
    repair_task,
    return_for_rework,
    withdraw_task,
)
from tasks.actions import tasks as single
from tests.people import ops, user
from tests.tasks.scene import EXAMPLE, add_tasks, claimed, fresh, fund, handed_in, money, owed, pass_time, project

pytestmark = pytest.mark.django_db

BETTER = {**EXAMPLE.payload, "prompt": "Why does ice float on liquid water?"}


def test_a_task_nobody_began_costs_nothing_to_take_back() -> None:
    ice = project(tasks=1, overlap=2)
    task = withdraw_task(task=ice.tasks.get(), by=user("Mina"), note="Twice in the file.")
    assert task.status == "withdrawn"
    assert money(ice) == (2_400, 0)
    with pytest.raises(WrongState):
        withdraw_task(task=task, by=user("Mina"))


def test_what_was_handed_in_is_paid_in_full() -> None:
    ice = project(tasks=1, overlap=2)
    work, back = handed_in(ice), handed_in(ice, "Farah")
    return_for_rework(submission=back, by=user("Rosa"), note="Name it.")
    withdraw_task(task=work.task, by=user("Mina"))
    assert (fresh(work).status, fresh(back).status) == ("accepted", "released")
    assert (owed(work.expert), owed(back.expert), money(ice)) == (1_000, 1_000, (0, 0))


@pytest.mark.parametrize(("minutes", "pay"), [(0, 67), (3.5, 267), (10, 500), (300, 500)])
def test_what_was_begun_is_paid_by_time_up_to_the_floor(minutes: float, pay: int) -> None:
    ice = project(tasks=1, minutes=15, partial_pay_percent=50)
    work = pass_time(claimed(ice), minutes=minutes)
    withdraw_task(task=work.task, by=user("Mina"))
    assert owed(work.expert) == pay
    assert (fresh(work).status, fresh(work.seat).status) == ("released", "settled")
    assert money(ice) == (1_200 - pay - pay // 5, 0)


def test_a_rejection_keeps_its_appeal() -> None:
    ice = project(tasks=1)
    work = reject(submission=handed_in(ice), by=user("Rosa"), reason="incorrect", note="It is not the entropy.")
    withdraw_task(task=work.task, by=user("Mina"))
    case = appeal(submission=work, words="It is.", by=user("Emil"))
    decide_appeal(appeal=case, overturn=True, answer="So it is.", by=ops())
    assert (owed(work.expert), fresh(work.task).status) == (1_000, "withdrawn")


def test_only_those_who_hold_a_seat_are_paid() -> None:
    ice = project(tasks=1)
    gone = claimed(ice, "Farah")
    release(submission=gone, by=user("Farah"))
    work = claimed(ice)
    withdraw_task(task=work.task, by=user("Mina"))
    assert owed(gone.expert) == 0
    assert owed(work.expert) > 0


def test_a_task_nobody_began_is_mended_in_place() -> None:
    ice = project(tasks=1)
    task = ice.tasks.get()
    digest = task.payload_sha256
    mended = repair_task(task=task, payload=BETTER, by=user("Mina"), note="Typing error.")
    assert mended.pk == task.pk
    assert fresh(task).payload["prompt"] == BETTER["prompt"]
    assert fresh(task).payload_sha256 != digest
    with pytest.raises(Invalid):
        repair_task(task=task, payload={"prompt": "Only this"}, by=user("Mina"))


def test_a_task_in_work_is_replaced_and_its_holder_paid() -> None:
    ice = project(tasks=0)
    add_tasks(ice, 1, external_id="ice-1", priority=3)
    fund(ice, ice.seat_cost)
    open_seats(project=ice, by=user("Mina"))
    work = claimed(ice)
    old = work.task
    new = repair_task(task=fresh(old), payload=BETTER, by=user("Mina"))
    assert (new.external_id, new.priority, new.overlap, new.status) == ("ice-1", 3, 1, "open")
    assert (fresh(old).status, fresh(old).external_id) == ("withdrawn", "")
    assert owed(work.expert) > 0
    assert open_seats(project=ice, by=user("Mina")) == 0  # what the holder was paid is gone
    with pytest.raises(WrongState):
        repair_task(task=fresh(old), payload=BETTER, by=user("Mina"))


def test_single_tasks_are_checked_like_rows_of_a_file() -> None:
    ice = project(tasks=0)
    task = add_task(project=ice, payload=EXAMPLE.payload, external_id="ice-1", priority=-2, by=user("Mina"))
    assert (task.overlap, task.priority, task.status) == (1, -2, "open")
    with pytest.raises(Invalid, match="already"):
        add_task(project=ice, payload=EXAMPLE.payload, external_id="ice-1", by=user("Mina"))
    with pytest.raises(Invalid):
        add_task(project=ice, payload={}, by=user("Mina"))
    with pytest.raises(NotAllowed):
        add_task(project=ice, payload=EXAMPLE.payload, by=user("Rosa"))
    with pytest.raises(Refused, match="closed"):
        add_task(project=close_project(project=ice, by=user("Mina")), payload=EXAMPLE.payload, by=user("Mina"))


def test_what_the_database_refuses_for_another_reason_is_no_matter_of_the_external_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def write_the_impossible(*facts: object) -> None:
        raise IntegrityError("tasks_task_public_id_key")

    ice = project(tasks=1)
    monkeypatch.setattr(single, "_write", write_the_impossible)
    with pytest.raises(IntegrityError):
        add_task(project=ice, payload=EXAMPLE.payload, external_id="ice-1", by=user("Mina"))
