"""A rejection can be appealed once, somebody else decides, and silence decides for the expert."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Membership, User
from core.errors import Invalid, NotAllowed, Refused, WrongState
from tasks.actions import (
    appeal,
    decide_appeal,
    open_seats,
    overturn_unanswered_due,
    reject,
    settle_rejections_due,
)
from tasks.actions.appeals import _overturn_unanswered
from tasks.models import Appeal, Submission
from tests.people import ops, user
from tests.tasks.scene import fresh, fund, handed_in, money, owed, pass_time, project

pytestmark = pytest.mark.django_db

WHY = "The lattice is named in the second sentence."


def rejected(**fields: Any) -> Submission:
    work = handed_in(project(tasks=1, **fields))
    return reject(submission=work, by=user("Rosa"), reason="incorrect", note="The lattice is not named.")


def appealed(**fields: Any) -> Appeal:
    return appeal(submission=rejected(**fields), words=WHY, by=user("Emil"))


def test_a_won_appeal_pays_the_rest() -> None:
    case = decide_appeal(appeal=appealed(), overturn=True, answer="It is named.", by=ops())
    work = fresh(case.submission)
    assert (case.status, case.decided_by, work.status, fresh(work.seat).status) == (
        "overturned",
        ops(),
        "accepted",
        "settled",
    )
    assert (owed(work.expert), money(work.project)) == (1_000, (0, 0))
    assert fresh(work.task).status == "done"


def test_an_upheld_rejection_gives_the_rest_back() -> None:
    case = decide_appeal(appeal=appealed(), overturn=False, answer="It is not.", by=ops())
    work = fresh(case.submission)
    assert (case.status, work.status, fresh(work.seat).status) == ("upheld", "rejected", "settled")
    assert (owed(work.expert), money(work.project)) == (500, (600, 0))
    with pytest.raises(WrongState):
        decide_appeal(appeal=case, overturn=True, answer="Yet it is.", by=ops("Petra"))


def test_ops_who_belong_to_the_lab_do_not_decide_its_appeals() -> None:
    case = appealed()
    Membership.objects.create(lab=case.submission.project.lab, user=ops(), role="manager")
    with pytest.raises(NotAllowed, match="You belong to this lab"):
        decide_appeal(appeal=case, overturn=False, answer="It is not.", by=ops())
    assert decide_appeal(appeal=case, overturn=True, answer="It is.", by=ops("Petra")).status == "overturned"


def test_silence_decides_for_the_expert() -> None:
    case = appealed()
    assert overturn_unanswered_due() == 0
    Appeal.objects.update(answer_by=case.opened_at)
    assert overturn_unanswered_due() == 1
    assert overturn_unanswered_due() == 0
    assert _overturn_unanswered(case) is False
    assert fresh(case).decided_by is None
    assert owed(case.submission.expert) == 1_000


def test_while_an_appeal_is_open_the_money_waits() -> None:
    case = appealed()
    pass_time(case.submission, days=9)
    assert settle_rejections_due() == 0
    assert money(case.submission.project) == (0, 600)


def test_a_seat_opened_in_place_of_the_rejected_goes_back_when_the_appeal_is_won() -> None:
    case = appealed()
    ice = case.submission.project
    fund(ice, 1_200)
    assert open_seats(project=ice, by=user("Mina")) == 1
    decide_appeal(appeal=case, overturn=True, answer="It is named.", by=ops())
    assert money(ice) == (1_200, 0)


def test_with_a_full_floor_a_won_appeal_has_nothing_left_to_pay() -> None:
    case = decide_appeal(appeal=appealed(partial_pay_percent=100), overturn=True, answer="Right.", by=ops())
    assert owed(case.submission.expert) == 1_000


def test_an_appeal_has_words_a_window_and_one_try() -> None:
    work = rejected()
    with pytest.raises(Invalid):
        appeal(submission=work, words=" ", by=user("Emil"))
    with pytest.raises(NotAllowed):
        appeal(submission=work, words=WHY, by=user("Farah"))
    appeal(submission=work, words=WHY, by=user("Emil"))
    with pytest.raises(Refused, match="before"):
        appeal(submission=work, words=WHY, by=user("Emil"))


def test_after_seven_days_it_is_too_late() -> None:
    work = pass_time(rejected(), days=8)
    with pytest.raises(Refused, match="over"):
        appeal(submission=work, words=WHY, by=user("Emil"))


def test_only_rejected_work_is_appealed() -> None:
    with pytest.raises(WrongState):
        appeal(submission=handed_in(project()), words=WHY, by=user("Emil"))


def test_only_ops_decide_and_never_on_what_they_decided_before() -> None:
    case = appealed()
    with pytest.raises(NotAllowed):
        decide_appeal(appeal=case, overturn=False, answer="No.", by=user("Mina"))
    with pytest.raises(Invalid):
        decide_appeal(appeal=case, overturn=False, answer="", by=ops())
    for name in ("Rosa", "Emil"):
        User.objects.filter(pk=user(name).pk).update(is_staff=True)
        with pytest.raises(Refused):
            decide_appeal(appeal=case, overturn=False, answer="No.", by=user(name))


def test_ops_who_once_reviewed_the_work_for_its_lab_do_not_decide_its_appeal() -> None:
    work = handed_in(project(tasks=1))
    olu = Membership.objects.create(lab=work.project.lab, user=ops(), role="reviewer")
    reject(submission=work, by=ops(), reason="incorrect", note="The lattice is not named.")
    olu.delete()
    case = appeal(submission=fresh(work), words=WHY, by=user("Emil"))
    with pytest.raises(Refused, match="You reviewed this work yourself"):
        decide_appeal(appeal=case, overturn=False, answer="It is not.", by=ops())
