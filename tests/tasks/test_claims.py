"""Who gets which task, for how long, and what becomes of it when they do not finish."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest
from django.utils import timezone

from core.errors import NotAllowed, Refused, WrongState
from core.models import Event
from experts.actions import edit_profile
from experts.models import Expert
from projects.actions import pause_project, publish_instructions
from tasks.actions import (
    NothingToClaim,
    claim_next,
    expire_claims,
    extend_lease,
    open_seats,
    release,
    return_for_rework,
    submit,
)
from tasks.models import Seat, Submission
from tests.people import expert, user
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

pytestmark = pytest.mark.django_db


def refusal(code: str) -> AbstractContextManager[object]:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def test_a_claim_is_a_seat_with_its_expert_and_a_lease() -> None:
    ice = project(lease_minutes=90)
    publish_instructions(project=ice, text="Read them twice.", by=user("Mina"))
    before = timezone.now()
    work = claimed(ice)
    seat = fresh(work.seat)
    assert (seat.status, seat.expert.user, work.status) == ("claimed", user("Emil"), "draft")
    assert seat.lease_until is not None
    assert 90 <= (seat.lease_until - before).total_seconds() / 60 < 91
    assert work.instructions is not None
    assert work.instructions.number == 2
    assert work.consent is not None
    assert work.consent.scope == ice.public_id
    assert sorted(work.draft["order"]) == ["a", "b"]
    assert money(ice) == (0, 3 * 1_200)


def test_tasks_come_in_order_and_never_twice() -> None:
    ice = project(tasks=3, overlap=2, claims_per_expert=6)
    mine = [claimed(ice).task_id for _ in range(3)]
    assert mine == sorted(mine)
    assert len(set(mine)) == 3
    with refusal("no_task"):
        claimed(ice)
    assert [claimed(ice, "Farah").task_id for _ in range(3)] == mine


def test_urgent_tasks_jump_the_queue() -> None:
    ice = project(tasks=2, claims_per_expert=6)
    claimed(ice)
    [urgent] = add_tasks(ice, 1, priority=-5)
    fund(ice, 1_200)
    open_seats(project=ice, by=user("Mina"))
    assert claimed(ice).task_id == urgent.pk


def test_behind_a_head_of_the_queue_full_of_ones_own_tasks_work_goes_on() -> None:
    ice = project(tasks=24, overlap=2, claims_per_expert=30)
    mine = [claimed(ice).task_id for _ in range(24)]
    assert len(set(mine)) == 24
    with refusal("no_task"):
        claimed(ice)


def test_two_live_claims_are_enough() -> None:
    ice = project()
    first, _ = claimed(ice), claimed(ice)
    with refusal("claims_full"):
        claimed(ice)
    submit(submission=first, response=answer(), by=user("Emil"))
    claimed(ice)


def test_without_an_accepted_application_there_is_no_work() -> None:
    ice, lena = project(), expert("Lena")
    with refusal("not_accepted"):
        claim_next(project=ice, expert=lena, by=lena.user)


def test_agreements_come_before_the_first_claim() -> None:
    ice = project()
    emil = accepted("Emil", ice, signed=False)
    with refusal("agreements_missing"):
        claim_next(project=ice, expert=emil, by=emil.user)


def test_a_requirement_that_no_longer_holds_ends_claiming() -> None:
    ice = project(countries=["DE"])
    emil = accepted("Emil", ice)
    edit_profile(expert=emil, by=emil.user, country="AT")
    with refusal("not_eligible"):
        claimed(ice)


def test_where_we_cannot_pay_nobody_works() -> None:
    ice = project()
    kofi = accepted("Kofi", ice)
    Expert.objects.filter(pk=kofi.pk).update(country="GH")
    with refusal("country_unpaid"):
        claimed(ice, "Kofi")


def test_a_paused_project_gives_no_work_out() -> None:
    ice = project()
    emil = accepted("Emil", ice)
    paused = pause_project(project=ice, by=user("Mina"))
    with refusal("project_not_open"):
        claim_next(project=paused, expert=emil, by=emil.user)


def test_a_project_that_changes_while_we_look_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ice = project()
    emil = accepted("Emil", ice)
    stale = fresh(ice)
    stale.status = "paused"
    monkeypatch.setattr("tasks.actions.claims.may_claim", lambda **_: None)
    with refusal("changed"):
        claim_next(project=stale, expert=emil, by=emil.user)


def test_nobody_claims_for_somebody_else() -> None:
    ice = project()
    emil = accepted("Emil", ice)
    with pytest.raises(NotAllowed):
        claim_next(project=ice, expert=emil, by=user("Mina"))


def test_a_lease_is_extended_once() -> None:
    work = claimed(project(lease_minutes=60))
    until = work.seat.lease_until
    longer = extend_lease(submission=work, by=user("Emil")).seat
    assert until is not None
    assert longer.lease_until is not None
    assert (longer.lease_until - until).total_seconds() == 3600
    with refusal("extended_before"):
        extend_lease(submission=work, by=user("Emil"))
    submit(submission=work, response=answer(), by=user("Emil"))
    with pytest.raises(WrongState):
        extend_lease(submission=work, by=user("Emil"))


def test_a_task_given_back_goes_to_the_next_and_comes_again_only_when_nothing_else_is_left() -> None:
    ice = project(tasks=2)
    first = claimed(ice)
    release(submission=first, by=user("Emil"), note="Not my field.")
    seat = fresh(first.seat)
    assert (seat.status, seat.expert, seat.lease_until) == ("funded", None, None)
    assert fresh(first).status == "released"
    assert claimed(ice).task_id != first.task_id
    assert claimed(ice).task_id == first.task_id
    with pytest.raises(NothingToClaim):
        claimed(ice, "Farah")


def test_what_was_given_back_or_handed_in_cannot_be_given_back() -> None:
    ice = project()
    work = claimed(ice)
    release(submission=work, by=user("Emil"))
    with refusal("seat_lost"):
        release(submission=work, by=user("Emil"))
    done = handed_in(ice)
    with pytest.raises(WrongState):
        release(submission=done, by=user("Emil"))
    with pytest.raises(NotAllowed):
        release(submission=claimed(ice), by=user("Farah"))


def test_a_lease_that_runs_out_frees_the_seat_and_says_why() -> None:
    ice = project()
    late, kept = claimed(ice), claimed(ice, "Farah")
    pass_time(late, hours=2)
    assert expire_claims() == 1
    assert expire_claims() == 0
    assert (fresh(late).status, fresh(late.seat).status) == ("released", "funded")
    assert fresh(kept).status == "draft"
    told = Event.objects.get(name="submission.released")
    assert (told.actor, told.data["cause"]) == (None, "expired")


def test_rework_that_is_not_done_earns_the_partial_pay_and_ends_the_seat() -> None:
    ice = project(tasks=1)
    work = handed_in(ice)
    return_for_rework(submission=work, by=user("Rosa"), note="Name the lattice.")
    pass_time(work, days=4)
    assert expire_claims() == 1
    assert (fresh(work).status, fresh(work.seat).status) == ("released", "settled")
    assert owed(work.expert) == 500
    assert money(ice) == (600, 0)


def test_the_sweep_leaves_what_changed_under_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.actions import claims

    ice = project()
    running, done = claimed(ice), handed_in(ice, "Farah")
    assert claims._expire_one(running.pk) is False
    assert claims._expire_one(done.pk) is False
    assert claims._expire_one(0) is False


def test_seats_name_their_place() -> None:
    seat = Seat.objects.filter(project=project()).first()
    assert seat is not None
    assert str(seat) == f"seat 0 of {seat.public_id}"
    assert Submission.objects.count() == 0
