"""What the worker does: clocks, files, seats that money opens, and what people hear."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Notice
from core.actors import SYSTEM
from core.events import drain, record
from core.models import Delivery, Event
from projects.actions import close_project, confirm_pilot, pause_project, resume_project
from tasks import jobs
from tasks.actions import (
    accept,
    add_task,
    appeal,
    confirm_import,
    decide_appeal,
    reject,
    release,
    request_export,
    return_for_rework,
    reviews,
    settling,
    start_import,
    submit,
    withdraw_task,
)
from tasks.actions.exports import _begin
from tasks.actions.reminders import _warn
from tasks.models import Appeal, Export, Seat, Submission
from tests.people import ops, user
from tests.tasks.scene import EXAMPLE, add_tasks, answer, claimed, fresh, fund, handed_in, money, pass_time, project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


def deliver() -> None:
    """Everything that is owed, including what it leads to; a failed delivery fails the test."""
    while drain():
        assert not Delivery.objects.exclude(last_error="").exists(), Delivery.objects.exclude(last_error="").first()


def heard(name: str) -> list[str]:
    told = Notice.objects.filter(user=user(name)).exclude(title__startswith="You are taken on")
    return list(told.order_by("pk").values_list("title", flat=True))


def last(name: str) -> Notice:
    notice = Notice.objects.filter(user=user(name)).order_by("pk").last()
    assert notice is not None
    return notice


def test_money_that_arrives_opens_seats() -> None:
    ice = project(tasks=3, seats_for=0)
    fund(ice, 2 * ice.seat_cost)
    data = {"ref": ice.public_id, "amount": 2_400, "currency": "usd"}
    record("funding.paid", "fnd_x", by=SYSTEM, data=data)
    record("funding.paid", "fnd_y", by=SYSTEM, data={**data, "ref": "something_else"})
    deliver()
    assert Seat.objects.count() == 2


def test_a_project_that_opens_again_or_ends_its_pilot_gets_its_seats() -> None:
    ice = project(tasks=3, pilot_tasks=1)
    assert Seat.objects.count() == 1
    pause_project(project=ice, by=user("Mina"))
    confirm_pilot(project=ice, by=user("Mina"))
    deliver()
    assert Seat.objects.count() == 1
    resume_project(project=ice, by=user("Mina"))
    deliver()
    assert Seat.objects.count() == 3


def test_a_closed_project_gives_back_what_nobody_holds() -> None:
    ice = project(tasks=3)
    claimed(ice)
    close_project(project=ice, by=user("Mina"))
    deliver()
    assert money(ice) == (2 * 1_200, 1_200)


def test_what_is_given_back_after_the_end_returns_its_reserve() -> None:
    ice = project(tasks=2)
    first, second = claimed(ice), claimed(ice, "Farah")
    close_project(project=ice, by=user("Ada"))
    deliver()
    assert money(ice) == (0, 2_400)
    release(submission=first, by=user("Emil"))
    pass_time(second, days=2)
    jobs.expire_claims()
    deliver()
    assert money(ice) == (2_400, 0)
    assert set(Seat.objects.values_list("status", flat=True)) == {"cancelled"}


def test_a_new_task_gets_a_seat_and_a_withdrawn_one_gives_its_to_the_next() -> None:
    ice = project(tasks=1, seats_for=1)
    add_task(project=ice, payload=EXAMPLE.payload, by=user("Mina"))
    deliver()
    assert Seat.objects.count() == 1
    withdraw_task(task=ice.tasks.order_by("pk")[0], by=user("Mina"))
    deliver()
    assert list(Seat.objects.order_by("pk").values_list("status", flat=True)) == ["cancelled", "funded"]


def test_the_sweep_opens_what_was_missed() -> None:
    ice = project(tasks=2, seats_for=0)
    fund(ice, 2 * ice.seat_cost)
    jobs.open_seats()
    jobs.open_seats()
    assert Seat.objects.count() == 2


def test_clocks_are_swept() -> None:
    ice = project(tasks=4)
    late, waiting = pass_time(claimed(ice), hours=2), pass_time(handed_in(ice, "Farah"), days=9)
    refused = reject(submission=handed_in(ice, "Lena"), by=user("Rosa"), reason="incorrect", note="Wrong.")
    pass_time(refused, days=9)
    unheard = reject(submission=handed_in(ice, "Noor"), by=user("Rosa"), reason="incorrect", note="Wrong.")
    case = appeal(submission=unheard, words="It is right.", by=user("Noor"))
    Appeal.objects.update(answer_by=case.opened_at)
    for job in (jobs.expire_claims, jobs.auto_accept, jobs.settle_rejections) * 2:
        job()
    assert [fresh(work).status for work in (late, waiting, refused, unheard)] == [
        "released",
        "accepted",
        "rejected",
        "accepted",
    ]
    assert fresh(refused.seat).status == "settled"


def test_experts_hear_what_became_of_their_work() -> None:
    ice = project(tasks=8, claims_per_expert=9)
    accept(submission=handed_in(ice), by=user("Rosa"), note="Clear.")
    return_for_rework(submission=handed_in(ice), by=user("Rosa"), note="Name the lattice.")
    refused = reject(submission=handed_in(ice), by=user("Rosa"), reason="incorrect", note="Not the entropy.")
    pass_time(claimed(ice), hours=2)
    jobs.expire_claims()
    withdraw_task(task=claimed(ice).task, by=user("Mina"), note="Twice in the file.")
    release(submission=claimed(ice), by=user("Emil"))
    case = appeal(submission=refused, words="It is right.", by=user("Emil"))
    decide_appeal(appeal=case, overturn=True, answer="It is.", by=ops())
    deliver()
    jobs.on_appeal_decided(Event.objects.get(name="appeal.overturned"))  # told once, also when delivered twice
    assert [title.partition(":")[0] for title in heard("Emil")] == [
        "Accepted",
        "Please mend your answer",
        "Not accepted",
        "A task went back",
        "A task went back",
        "Your appeal was won",
    ]
    told = Notice.objects.filter(user=user("Emil"), title__startswith="Accepted").first()
    assert told is not None
    assert told.body == "$10.00 is yours. Clear."


def test_who_works_hears_before_the_lease_ends_once() -> None:
    ice = project(lease_minutes=60)
    work = pass_time(claimed(ice), minutes=50)
    for _ in range(2):
        jobs.warn()
        deliver()
    assert heard("Emil") == [f"Your time for a task ends soon: {ice.title}"]
    assert last("Emil").url == f"/work/{work.public_id}/"


def test_rework_is_warned_of_a_day_before_also_after_an_earlier_warning() -> None:
    ice = project(tasks=1)
    work = pass_time(claimed(ice), minutes=50)
    jobs.warn()
    returned = return_for_rework(
        submission=submit(submission=work, response=answer(), by=user("Emil")), by=user("Rosa"), note="More."
    )
    jobs.warn()
    Seat.objects.filter(pk=returned.seat_id).update(lease_until=timezone.now() + timedelta(hours=20))
    jobs.warn()
    jobs.warn()
    deliver()
    assert len([title for title in heard("Emil") if title.startswith("Your time")]) == 2


def test_a_warning_looks_again() -> None:
    assert _warn(0) is False
    assert _warn(handed_in(project()).pk) is False


def test_reviewers_are_reminded_once_a_day() -> None:
    ice = project()
    handed_in(ice)
    handed_in(ice, "Farah")
    for _ in range(2):
        jobs.warn()
        deliver()
    for name in ("Rosa", "Mina", "Ada"):
        assert [title for title in heard(name) if "to review" in title] == [f"2 answers to review: {ice.title}"]


def test_files_are_checked_written_and_announced() -> None:
    ice = project(tasks=0)
    fund(ice, ice.seat_cost)
    content = json.dumps(EXAMPLE.payload).encode()
    file = start_import(project=ice, upload=SimpleUploadedFile("ice.jsonl", content), by=user("Mina"))
    jobs.write_files()
    confirm_import(upload=fresh(file), by=user("Mina"))
    jobs.write_files()
    request_export(project=ice, format="lossless", by=user("Mina"))
    jobs.write_files()
    deliver()
    assert heard("Mina") == [
        "ice.jsonl: 1 good rows, 0 with faults",
        "ice.jsonl: 1 tasks imported",
        f"Your export of {ice.title} is ready",
    ]
    assert Seat.objects.count() == 1


def test_a_fault_of_ours_ends_one_file_in_words_and_not_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ice = project(tasks=0)
    file = start_import(project=ice, upload=SimpleUploadedFile("ice.jsonl", b"{}"), by=user("Mina"))
    asked = request_export(project=ice, format="lossless", by=user("Mina"))

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("disk")

    monkeypatch.setattr("tasks.actions.imports._Check.run", broken)
    monkeypatch.setattr("tasks.actions.exports._write", broken)
    jobs.write_files()
    deliver()
    assert (fresh(file).status, fresh(asked).status) == ("failed", "failed")
    assert caplog.text.count("OSError: disk") == 2
    assert heard("Mina") == ["ice.jsonl was not imported", "Your export could not be written"]


def test_an_export_whose_worker_died_is_written_by_another() -> None:
    asked = request_export(project=project(tasks=0), format="lossless", by=user("Mina"))
    assert _begin(asked) is True
    jobs.write_files()
    assert fresh(asked).status == "running"
    Export.objects.update(started_at=asked.requested_at - timedelta(hours=1))
    jobs.write_files()
    jobs.write_files()
    assert fresh(asked).status == "done"


def test_one_bad_apple_does_not_keep_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    ice = project(tasks=2)
    first, second = (pass_time(handed_in(ice, name), days=9) for name in ("Emil", "Farah"))
    pay = settling.pay_in_full

    def broken_for_the_first(held: Submission, **by: Any) -> None:
        if held.pk == first.pk:
            raise OSError("disk")
        pay(held, **by)

    monkeypatch.setattr(reviews, "pay_in_full", broken_for_the_first)
    with pytest.raises(OSError, match="disk"):
        jobs.auto_accept()
    assert (fresh(first).status, fresh(second).status) == ("submitted", "accepted")


def test_what_has_no_lab_to_hear_it_is_fine() -> None:
    add_tasks(project(tasks=0), 1)
    jobs.open_seats()
    assert Seat.objects.count() == 0
