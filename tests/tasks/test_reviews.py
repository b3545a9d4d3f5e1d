"""Decisions: the expert is paid at the same moment, and no decision is without its words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Membership, Role
from core.errors import Invalid, NotAllowed, Refused, WrongState
from payments.models import Earning
from tasks.actions import accept, auto_accept_due, reject, return_for_rework, settle_rejections_due, submit
from tasks.actions.reviews import _auto_accept, _settle_rejection
from tasks.models import Review, Submission
from tests.people import user
from tests.tasks.scene import answer, claimed, fresh, handed_in, money, owed, pass_time, project

pytestmark = pytest.mark.django_db


def every_decision(work: Submission, name: str) -> list[Callable[[], Submission]]:
    by = user(name)
    return [
        lambda: accept(submission=work, by=by),
        lambda: return_for_rework(submission=work, by=by, note="More."),
        lambda: reject(submission=work, by=by, reason="incorrect", note="Wrong."),
    ]


def test_accepted_work_is_earned_in_full() -> None:
    ice = project(tasks=2)
    work = accept(submission=handed_in(ice), by=user("Rosa"), note="Clear.")
    assert (work.status, fresh(work.seat).status, fresh(work.task).status) == ("accepted", "settled", "done")
    assert owed(work.expert) == 1_000
    assert money(ice) == (0, 1_200)
    review = Review.objects.get()
    assert (review.reviewer, review.verdict, review.note) == (user("Rosa"), "accept", "Clear.")


def test_a_task_is_done_when_every_wanted_answer_is_accepted() -> None:
    ice = project(tasks=1, overlap=2)
    first, second = handed_in(ice), handed_in(ice, "Farah")
    accept(submission=first, by=user("Rosa"))
    assert fresh(first.task).status == "open"
    accept(submission=second, by=user("Mina"))
    assert fresh(first.task).status == "done"


def test_work_is_accepted_once() -> None:
    work = handed_in(project())
    accept(submission=work, by=user("Rosa"))
    with pytest.raises(WrongState):
        accept(submission=work, by=user("Mina"))
    assert Earning.objects.count() == 1


def test_a_draft_cannot_be_decided_on() -> None:
    for decide in every_decision(claimed(project()), "Rosa"):
        with pytest.raises(WrongState):
            decide()


def test_nobody_decides_on_their_own_work() -> None:
    ice = project()
    work = handed_in(ice)
    Membership.objects.create(lab=ice.lab, user=user("Emil"), role=Role.OWNER)  # joined the lab afterwards
    for decide in every_decision(work, "Emil"):
        with pytest.raises(Refused, match="your own work"):
            decide()


@pytest.mark.parametrize("name", ["Emil", "Farah", "Sam", "Olu"])
def test_only_members_of_the_lab_decide(name: str) -> None:
    work = handed_in(project())
    with pytest.raises(NotAllowed):
        accept(submission=work, by=user(name))


def test_returned_work_comes_back_with_its_answer_as_the_draft() -> None:
    ice = project(tasks=1)
    work = handed_in(ice)
    returned = return_for_rework(submission=work, by=user("Rosa"), note="Name the lattice.")
    assert (returned.status, returned.draft) == ("returned", work.response)
    assert fresh(work.seat).lease_until is not None
    again = submit(submission=returned, response=answer(strength=-3), by=user("Emil"))
    accept(submission=again, by=user("Rosa"))
    assert owed(work.expert) == 1_000


def test_work_accepted_after_rework_is_a_line_of_its_own() -> None:
    ice = project()
    returned = return_for_rework(submission=handed_in(ice), by=user("Rosa"), note="Name the lattice.")
    again = submit(submission=returned, response=answer(), by=returned.expert.user)
    accept(submission=again, by=user("Rosa"))
    assert Earning.objects.get().kind == Earning.Kind.REWORK
    assert owed(returned.expert) == 1_000
    assert money(ice)[0] == 0


def test_rework_has_an_end() -> None:
    work = handed_in(project())
    for strength in (1, 2):
        returned = return_for_rework(submission=work, by=user("Rosa"), note="Again.")
        submit(submission=returned, response=answer(strength=strength), by=user("Emil"))
    with pytest.raises(Refused, match="twice"):
        return_for_rework(submission=work, by=user("Rosa"), note="Again.")


def test_a_return_or_a_rejection_needs_words_and_a_published_reason() -> None:
    work = handed_in(project())
    with pytest.raises(Invalid):
        return_for_rework(submission=work, by=user("Rosa"), note="  ")
    with pytest.raises(Invalid):
        reject(submission=work, by=user("Rosa"), reason="incorrect", note="")
    with pytest.raises(Invalid):
        reject(submission=work, by=user("Rosa"), reason="i_do_not_like_it", note="Hm.")
    assert fresh(work).status == "submitted"


def test_rejected_work_earns_the_floor_at_once_and_the_rest_waits() -> None:
    ice = project(tasks=1, pay=1_001, partial_pay_percent=50)
    work = reject(submission=handed_in(ice), by=user("Rosa"), reason="incorrect", note="It is not the entropy.")
    assert (work.status, work.reason, fresh(work.seat).status) == ("rejected", "incorrect", "claimed")
    assert owed(work.expert) == 501  # half of $10.01, rounded for the expert
    assert money(ice) == (0, 1_201 - 501 - 100)
    with pytest.raises(WrongState):
        accept(submission=work, by=user("Rosa"))
    assert settle_rejections_due() == 0
    pass_time(work, days=8)
    assert settle_rejections_due() == 1
    assert settle_rejections_due() == 0
    assert fresh(work.seat).status == "settled"
    assert money(ice) == (600, 0)
    assert fresh(work.task).status == "open"


def test_where_the_floor_is_everything_nothing_is_left_to_wait() -> None:
    ice = project(tasks=1, partial_pay_percent=100)
    work = reject(submission=handed_in(ice), by=user("Rosa"), reason="low_effort", note="One word.")
    pass_time(work, days=8)
    assert settle_rejections_due() == 1
    assert (owed(work.expert), money(ice)) == (1_000, (0, 0))


def test_silence_of_the_lab_is_acceptance() -> None:
    ice = project()
    work, other = handed_in(ice), handed_in(ice, "Farah")
    pass_time(work, days=9)
    assert auto_accept_due() == 1
    assert auto_accept_due() == 0
    assert (fresh(work).status, fresh(other).status) == ("accepted", "submitted")
    review = Review.objects.get()
    assert review.reviewer is None
    assert "promised time" in review.note
    assert owed(work.expert) == 1_000


def test_sweeps_look_again_before_they_act() -> None:
    ice = project()
    work = handed_in(ice)
    assert _auto_accept(work.pk) is False
    assert _auto_accept(0) is False
    accepted = accept(submission=work, by=user("Rosa"))
    assert _auto_accept(accepted.pk) is False
    assert _settle_rejection(accepted.pk) is False


@pytest.mark.parametrize(
    "unlawful",
    [
        {"status": "rejected", "reason": "", "appeal_by": None},
        {"status": "submitted", "decide_by": None},
    ],
)
def test_the_database_refuses_a_decision_without_due_process(unlawful: dict[str, object]) -> None:
    work = handed_in(project())
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.filter(pk=work.pk).update(**unlawful)
