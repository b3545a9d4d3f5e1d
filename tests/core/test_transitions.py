"""How a status changes: one lock, one check, one event."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from accounts.models import Lab
from core.actors import SYSTEM
from core.errors import WrongState
from core.events import history
from core.models import Event
from core.transitions import lock, move, step
from tests import people

Status = Lab.Status


@pytest.mark.django_db
def test_a_move_saves_its_fields_and_leaves_one_event() -> None:
    lab = people.lab(confirmed=False)
    moved = move(lab, Status.CONFIRMED, by=people.ops(), note="Called them", data={"call": 1}, website="https://m.ai")
    assert (moved.status, moved.website) == ("confirmed", "https://m.ai")
    assert lab.status == "pending"  # the row that came in is not the row that moved
    (event,) = history(lab.public_id)
    assert (event.name, event.before, event.after) == ("lab.confirmed", "pending", "confirmed")
    assert (event.actor, event.note, event.data) == (people.ops(), "Called them", {"call": 1})
    assert str(event) == f"lab.confirmed {lab.public_id}"


@pytest.mark.django_db
def test_a_step_that_is_not_in_the_table_changes_nothing() -> None:
    lab = people.lab()
    with pytest.raises(WrongState, match="This lab is confirmed; it cannot become refused") as refusal:
        move(lab, Status.REFUSED, by=SYSTEM)
    assert refusal.value.code == "wrong_state"
    lab.refresh_from_db()
    assert lab.status == "confirmed"
    assert not Event.objects.filter(subject=lab.public_id).exists()


@pytest.mark.django_db
def test_the_state_that_counts_is_the_databases() -> None:
    lab = people.lab(confirmed=False)
    stale = Lab.objects.get(pk=lab.pk)
    move(lab, Status.REFUSED, by=SYSTEM)
    with pytest.raises(WrongState):
        move(stale, Status.REFUSED, by=SYSTEM)


@pytest.mark.django_db
def test_a_locked_row_may_take_several_steps_in_one_transaction() -> None:
    lab = lock(people.lab(confirmed=False))
    step(lab, Status.REFUSED, by=SYSTEM)
    step(lab, Status.CONFIRMED, by=SYSTEM)
    assert [event.name for event in history(lab.public_id)] == ["lab.refused", "lab.confirmed"]
    assert history(lab.public_id)[0].actor is None


def _eight_at_once(lab: Lab, act: object) -> list[str]:
    gate = threading.Barrier(8, timeout=20)
    said: list[str] = []

    def mover() -> None:
        try:
            gate.wait()
            act(lab)  # type: ignore[operator]
            said.append("moved")
        except WrongState:
            said.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=mover) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(said)


@pytest.mark.django_db(transaction=True)
def test_eight_movers_at_once_make_one_move() -> None:
    lab = people.lab(confirmed=False)
    said = _eight_at_once(lab, lambda it: move(it, Status.CONFIRMED, by=SYSTEM))
    assert said == ["moved"] + ["too late"] * 7
    assert Event.objects.filter(subject=lab.public_id).count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_all_eight_would_move() -> None:
    """The negative control: the same check on a row that was read without a lock."""
    lab = people.lab(confirmed=False)
    read = threading.Barrier(8, timeout=20)

    def careless(it: Lab) -> None:
        with transaction.atomic():
            seen = Lab.objects.get(pk=it.pk)
            read.wait()
            step(seen, Status.CONFIRMED, by=SYSTEM)

    assert _eight_at_once(lab, careless) == ["moved"] * 8
    assert Event.objects.filter(subject=lab.public_id).count() == 8
