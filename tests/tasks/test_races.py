"""Many at once, on real threads and connections. A control shows each race where its guard is taken away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import Error, connection

from core.errors import Refused
from core.models import Event
from experts.models import Expert
from payments.models import Earning
from payments.queries import free_funds
from projects.kinds import kind
from projects.models import Project
from tasks.actions import (
    accept,
    add_task,
    claim_next,
    expire_claims,
    open_seats,
    queue,
    reject,
    reviews,
    seats,
    submit,
    withdraw_task,
)
from tasks.actions import tasks as single
from tasks.audit import audit
from tasks.models import Seat, Submission, Task
from tests.people import agreements, field, user
from tests.tasks.scene import (
    accepted,
    add_tasks,
    answer,
    claimed,
    fresh,
    fund,
    handed_in,
    money,
    owed,
    pass_time,
    project,
)

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]

CROWD = 16


def together(acts: Iterable[Callable[[], Any]]) -> Counter[str]:
    """Let all act at the same moment; how many ended in which way: `ok`, a refusal's code, or an error's name."""
    acts = list(acts)
    begin = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> str:
        try:
            connection.ensure_connection()
            begin.wait()
            act()
        except Refused as refused:
            return refused.code
        except Error as error:
            return type(error).__name__
        finally:
            connection.close()
        return "ok"

    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(run, acts))


def crowd(on: Project, size: int = CROWD) -> list[Expert]:
    return [accepted(f"Person{n:02}", on) for n in range(size)]


def claims(on: Project, people: Iterable[Expert]) -> list[Callable[[], Any]]:
    return [lambda who=who: claim_next(project=on, expert=who, by=who.user) for who in people]  # type: ignore[misc]


@pytest.fixture(autouse=True)
def _shipped_facts() -> None:
    agreements()
    field("0533")


def test_sixteen_experts_five_seats() -> None:
    ice = project(tasks=5)
    ended = together(claims(ice, crowd(ice)))
    assert ended == {"ok": 5, "no_task": 11}
    assert Submission.objects.count() == 5
    assert Seat.objects.filter(status="claimed").values("expert").distinct().count() == 5
    assert audit() == []


def test_the_control_without_a_lock_one_seat_goes_to_several(monkeypatch: pytest.MonkeyPatch) -> None:
    ice = project(tasks=5)
    for name in ("AT_HEAD", "ONWARDS", "ANYWHERE"):
        monkeypatch.setattr(
            queue,
            name,
            getattr(queue, name).replace("FOR UPDATE OF seat SKIP LOCKED", "").replace("FOR UPDATE SKIP LOCKED", ""),
        )
    people = crowd(ice)
    acts = claims(ice, people)
    meet = Barrier(CROWD)
    standing = queue.standing

    def look(project: Project, expert: Expert) -> queue.Standing:
        found = standing(project, expert)
        meet.wait()
        return found

    monkeypatch.setattr(queue, "standing", look)
    ended = together(acts)
    assert ended["ok"] + ended["IntegrityError"] > 5  # the constraint on live submissions stops what the lock would
    assert ended["IntegrityError"] > 0


def test_one_expert_clicking_eight_times_gets_their_two() -> None:
    ice = project(tasks=8)
    emil = accepted("Emil", ice)
    ended = together(claims(ice, [emil] * 8))
    assert ended == {"ok": 2, "claims_full": 6}


def test_the_control_without_the_lock_on_the_application_they_get_more(monkeypatch: pytest.MonkeyPatch) -> None:
    ice = project(tasks=8)
    emil = accepted("Emil", ice)
    monkeypatch.setattr(queue, "_RIGHT", queue._RIGHT.replace("FOR NO KEY UPDATE OF application", ""))
    meet = Barrier(8)
    standing = queue.standing

    def look(project: Project, expert: Expert) -> queue.Standing:
        found = standing(project, expert)
        meet.wait()
        return found

    monkeypatch.setattr(queue, "standing", look)
    assert together(claims(ice, [emil] * 8))["ok"] > 2


def test_with_overlap_nobody_gets_a_task_twice_and_no_seat_is_left() -> None:
    ice = project(tasks=6, overlap=3, claims_per_expert=6)
    people = crowd(ice, 6)
    # Each asks as often as there are tasks: with three tries, the last seat may be left to who has its task already.
    ended = together(claim for _ in range(6) for claim in claims(ice, people))
    assert ended["ok"] == 18
    pairs = Counter(Submission.objects.values_list("task", "expert"))
    assert set(pairs.values()) == {1}
    assert audit() == []


def test_funds_for_five_sixteen_managers() -> None:
    ice = project(tasks=20, seats_for=0)
    fund(ice, 5 * ice.seat_cost + 700)
    mina = user("Mina")
    ended = together([lambda: open_seats(project=ice, by=mina)] * CROWD)
    assert ended == {"ok": CROWD}
    assert Seat.objects.count() == 5
    assert money(ice) == (700, 5 * 1_200)


def test_the_control_without_the_lock_on_funds_managers_step_on_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    ice = project(tasks=20, seats_for=0)
    fund(ice, 5 * ice.seat_cost)
    meet = Barrier(CROWD)

    def peek(ref: str, currency: str) -> int:
        found = free_funds(ref, currency)
        meet.wait()
        return found

    def unlocked(*_: Any, **__: Any) -> Any:
        return Project.objects.all()

    monkeypatch.setattr(seats, "free_funds_locked", peek)
    monkeypatch.setattr(type(Project.objects.all()), "select_for_update", unlocked)
    mina = user("Mina")
    ended = together([lambda: open_seats(project=ice, by=mina)] * CROWD)
    assert ended["ok"] == 1
    assert ended["insufficient_funds"] + ended["IntegrityError"] == CROWD - 1  # only the database still says no
    assert Seat.objects.count() == 5


def test_two_reviewers_one_earning() -> None:
    work = handed_in(project())
    rosa, mina = user("Rosa"), user("Mina")
    ended = together([lambda: accept(submission=work, by=rosa), lambda: accept(submission=work, by=mina)] * 4)
    assert ended == {"ok": 1, "wrong_state": 7}
    assert Earning.objects.count() == 1
    assert owed(work.expert) == 1_000


def test_the_control_without_the_lock_several_reviewers_pass_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    work = handed_in(project())
    meet = Barrier(4)
    passed: list[str] = []

    def unlocked(submission: Submission) -> Submission:
        rows = Submission.objects.select_related("seat", "task", "project__lab", "expert__user")
        found = rows.get(pk=submission.pk)
        meet.wait()
        return found

    real = reviews.record_review

    def count(submission: Submission, *args: Any) -> Any:
        passed.append(submission.public_id)
        return real(submission, *args)

    monkeypatch.setattr(reviews, "hold", unlocked)
    monkeypatch.setattr(reviews, "record_review", count)
    rosa = user("Rosa")
    together([lambda: accept(submission=work, by=rosa)] * 4)
    assert len(passed) > 1  # the ledger's unique key is all that is left between us and paying twice
    assert Earning.objects.count() == 1


def test_accept_or_reject_one_of_them_wins() -> None:
    work = handed_in(project())
    rosa, mina = user("Rosa"), user("Mina")
    ended = together(
        [
            lambda: accept(submission=work, by=rosa),
            lambda: reject(submission=work, by=mina, reason="incorrect", note="Wrong."),
        ]
    )
    assert ended == {"ok": 1, "wrong_state": 1}
    assert owed(work.expert) == (1_000 if fresh(work).status == "accepted" else 500)
    assert audit() == []


def test_the_last_two_answers_of_a_task_accepted_at_once_finish_it() -> None:
    ice = project(tasks=1, overlap=2)
    first, second = handed_in(ice), handed_in(ice, "Farah")
    rosa, mina = user("Rosa"), user("Mina")
    ended = together([lambda: accept(submission=first, by=rosa), lambda: accept(submission=second, by=mina)])
    assert ended == {"ok": 2}
    assert fresh(first.task).status == "done"


@pytest.mark.parametrize("turn", range(4))
def test_handing_in_while_the_lease_runs_out(turn: int) -> None:
    work = pass_time(claimed(project(tasks=1)), hours=2)
    emil = user("Emil")
    work.expert = Expert.objects.select_related("user").get(user=emil)
    ended = together([lambda: submit(submission=work, response=answer(), by=emil), expire_claims])
    seat, now = fresh(work.seat), fresh(work)
    if ended == {"ok": 2}:
        assert (now.status, seat.status, seat.lease_until) == ("submitted", "claimed", None)
    else:
        assert ended == {"ok": 1, "seat_lost": 1}
        assert (now.status, seat.status) == ("released", "funded")
    assert audit() == []


def test_handing_in_eight_times_is_one_submission() -> None:
    work = claimed(project())
    emil = user("Emil")
    ended = together([lambda: submit(submission=work, response=answer(), by=emil)] * 8)
    assert ended == {"ok": 8}
    assert fresh(work).status == "submitted"
    assert Event.objects.filter(name="submission.submitted").count() == 1


def test_taking_a_task_back_while_it_is_claimed_and_handed_in() -> None:
    ice = project(tasks=1, overlap=4)
    held = [claimed(ice, name) for name in ("Emil", "Farah")]
    people = [accepted(name, ice) for name in ("Lena", "Noor", "Juan")]
    mina = user("Mina")
    acts = claims(ice, people)
    acts += [lambda w=w: submit(submission=w, response=answer(), by=w.expert.user) for w in held]  # type: ignore[misc]
    ended = together([*acts, lambda: withdraw_task(task=ice.tasks.get(), by=mina)])
    assert not {"OperationalError", "IntegrityError"} & set(ended)
    assert set(Seat.objects.values_list("status", flat=True)) <= {"settled", "cancelled"}
    assert audit() == []


def test_seats_open_while_work_is_accepted_without_a_deadlock() -> None:
    ice = project(tasks=6, overlap=1, claims_per_expert=6, seats_for=6)
    works = [handed_in(ice) for _ in range(6)]
    add_tasks(ice, 6)
    fund(ice, 6 * ice.seat_cost)
    rosa, mina = user("Rosa"), user("Mina")
    accepts = [lambda w=w: accept(submission=w, by=rosa) for w in works]
    ended = together([*accepts, *[lambda: open_seats(project=ice, by=mina)] * 4])
    assert ended == {"ok": 10}
    assert audit() == []


def adding_one_id(on: Project, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], Any]]:
    """Eight who add the same external id, all of whom looked before anybody wrote."""
    write, looked, mina = single._write, Barrier(8), user("Mina")

    def write_together(*facts: Any) -> Task:
        looked.wait()
        return write(*facts)

    monkeypatch.setattr(single, "_write", write_together)
    payload = kind(on.kind).EXAMPLE.payload
    return [lambda: add_task(project=on, payload=payload, external_id="item-001", by=mina)] * 8


def test_one_external_id_added_by_eight_at_once_is_one_task_and_seven_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    ice = project(tasks=0)
    assert together(adding_one_id(ice, monkeypatch)) == {"ok": 1, "invalid": 7}
    assert Task.objects.filter(project=ice, external_id="item-001").count() == 1


def test_the_control_without_the_second_look_the_database_says_it_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    ice = project(tasks=0)
    acts = adding_one_id(ice, monkeypatch)
    monkeypatch.setattr(single, "_write_once", single._write)
    assert together(acts) == {"ok": 1, "IntegrityError": 7}
