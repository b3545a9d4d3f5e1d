"""Work is never lost, and never becomes two answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import business_deadline
from core.errors import Invalid, NotAllowed, Refused
from core.models import Event
from tasks.actions import StaleDraft, expire_claims, release, return_for_rework, save_draft, submit
from tests.people import user
from tests.tasks.scene import answer, claimed, fresh, handed_in, pass_time, project

pytestmark = pytest.mark.django_db


def test_a_draft_is_kept_as_it_is() -> None:
    work = pass_time(claimed(project()), minutes=1)
    saved = save_draft(submission=work, response={"rationale": "half a"}, version=0, by=user("Emil"), seconds=12)
    kept = {"rationale": "half a", "order": work.draft["order"]}
    assert (saved.draft, saved.draft_version, saved.active_seconds) == (kept, 1, 12)
    assert saved.saved_at is not None
    assert fresh(work).working_copy == kept


def test_no_more_time_is_believed_than_passed_on_the_wall() -> None:
    work = pass_time(claimed(project()), minutes=10)
    draft = {"rationale": "half a"}
    first = save_draft(submission=work, response=draft, version=0, by=user("Emil"), seconds=999_999)
    assert 600 <= first.active_seconds < 660
    at_once = save_draft(submission=work, response=draft, version=1, by=user("Emil"), seconds=3_600)
    assert at_once.active_seconds - first.active_seconds < 60  # ten saves in a minute are a minute
    backwards = save_draft(submission=work, response=draft, version=2, by=user("Emil"), seconds=-500)
    assert backwards.active_seconds == at_once.active_seconds
    handed = submit(submission=work, response=answer(), by=user("Emil"), seconds=3_600)
    assert handed.active_seconds - at_once.active_seconds < 60


def test_the_time_between_hand_in_and_return_is_the_labs() -> None:
    work = pass_time(handed_in(project()), days=1)
    returned = return_for_rework(submission=work, by=user("Rosa"), note="Say which bond.")
    again = submit(submission=returned, response=answer(strength=1), by=user("Emil"), seconds=80_000)
    assert again.active_seconds < 60


def test_an_older_draft_is_refused_and_brings_the_newer_one() -> None:
    work = claimed(project())
    save_draft(submission=work, response={"rationale": "in another tab"}, version=0, by=user("Emil"))
    with pytest.raises(StaleDraft) as refused:
        save_draft(submission=work, response={"rationale": "old"}, version=0, by=user("Emil"))
    assert (refused.value.draft["rationale"], refused.value.version) == ("in another tab", 1)


@pytest.mark.parametrize(
    "junk",
    [
        ["a list"],
        "text",
        {"rationale": "x" * 1_000_001},
        {"rationale": "\0"},
        {"rationale": "\ud800"},
        {"strength": float("inf")},
    ],
)
def test_a_draft_that_cannot_be_kept_is_refused(junk: object) -> None:
    with pytest.raises(Invalid):
        save_draft(submission=claimed(project()), response=junk, version=0, by=user("Emil"))  # type: ignore[arg-type]


def test_a_draft_may_speak_of_nulls() -> None:
    text = "C ends a string with \\u0000."
    saved = save_draft(submission=claimed(project()), response={"rationale": text}, version=0, by=user("Emil"))
    assert fresh(saved).draft["rationale"] == text


def test_what_is_handed_in_cannot_be_drafted_on() -> None:
    with pytest.raises(Refused, match="no longer"):
        save_draft(submission=handed_in(project()), response={}, version=0, by=user("Emil"))


def test_handing_in_starts_the_decision_clock_and_ends_the_lease() -> None:
    ice = project(decision_days=2)
    work = handed_in(ice)
    lab = ice.lab
    assert work.submitted_at is not None
    assert work.decide_by == business_deadline(work.submitted_at, 2, zone=lab.time_zone, country=lab.country)
    assert fresh(work.seat).lease_until is None
    assert work.response["strength"] == -2
    assert work.working_copy == work.response


def test_the_order_in_which_answers_were_shown_is_ours_to_say() -> None:
    work = claimed(project())
    shown = work.draft["order"]
    done = submit(submission=work, response=answer(order=list(reversed(shown))), by=user("Emil"))
    assert done.response["order"] == shown


def test_the_same_answer_again_is_the_same_submission() -> None:
    work = claimed(project())
    first = submit(submission=work, response=answer(), by=user("Emil"))
    again = submit(submission=work, response=answer(), by=user("Emil"))
    assert (again.pk, again.submitted_at) == (first.pk, first.submitted_at)
    assert Event.objects.filter(name="submission.submitted").count() == 1
    with pytest.raises(Refused, match="another answer"):
        submit(submission=work, response=answer(strength=3), by=user("Emil"))


def test_an_answer_that_is_not_whole_is_refused_field_by_field() -> None:
    with pytest.raises(Invalid) as refused:
        submit(submission=claimed(project()), response={"strength": 9}, by=user("Emil"))
    assert {fault.field for fault in refused.value.faults} == {"strength", "rationale"}


def test_who_does_not_hold_the_task_cannot_hand_it_in() -> None:
    ice = project(tasks=1)
    work = claimed(ice)
    with pytest.raises(NotAllowed):
        submit(submission=work, response=answer(), by=user("Farah"))
    release(submission=work, by=user("Emil"))
    with pytest.raises(Refused, match="no longer hold"):
        submit(submission=work, response=answer(), by=user("Emil"))
    claimed(ice, "Farah")
    with pytest.raises(Refused, match="no longer hold"):
        submit(submission=work, response=answer(), by=user("Emil"))


def test_late_but_still_held_is_welcome() -> None:
    work = claimed(project())
    pass_time(work, hours=5)
    assert submit(submission=work, response=answer(), by=user("Emil")).status == "submitted"
    assert expire_claims() == 0


def test_the_decision_clock_stands_still_during_rework() -> None:
    work = handed_in(project(decision_days=7))
    pass_time(work, days=1)
    returned = return_for_rework(submission=work, by=user("Rosa"), note="Name the lattice.")
    assert returned.decide_by is not None
    assert returned.decided_at is not None
    left = returned.decide_by - returned.decided_at
    pass_time(work, days=2)
    again = submit(submission=returned, response=answer(strength=-3), by=user("Emil"))
    assert again.submitted_at is not None
    assert again.decide_by is not None
    assert abs(again.decide_by - again.submitted_at - left) < timedelta(seconds=5)


def test_after_rework_there_is_at_least_one_business_day() -> None:
    work = handed_in(project(decision_days=1))
    pass_time(work, days=30)
    returned = return_for_rework(submission=work, by=user("Rosa"), note="Name the lattice.")
    again = submit(submission=returned, response=answer(), by=user("Emil"))
    assert again.submitted_at is not None
    assert again.decide_by is not None
    assert again.decide_by - again.submitted_at >= timedelta(days=1, seconds=-1)
