"""What leaves the house: every row with its provenance, the file with its checksum."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from typing import Any

import pytest

from core.errors import Invalid, NotAllowed, WrongState
from core.models import Event
from projects.kinds import kind
from projects.kinds.base import content_sha256, provenance
from projects.models import Project
from tasks.actions import accept, fail_export, reject, request_export, retry_export, run_export, withdraw_task
from tasks.models import Export, Seat, Submission, Task
from tests.people import lab, user
from tests.tasks.scene import add_tasks, claimed, fresh, handed_in, project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


def export(of: Project, format: str = "lossless") -> tuple[Export, list[dict[str, Any]]]:
    made = run_export(export=request_export(project=of, format=format, by=user("Mina")))
    with made.file.open("rb") as file:
        content = file.read()
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    return made, [json.loads(line) for line in content.splitlines()]


def test_the_lossless_file_holds_whatever_was_handed_in() -> None:
    ice = project(tasks=4)
    first = accept(submission=handed_in(ice), by=user("Rosa"), note="Clear.")
    second = reject(submission=handed_in(ice, "Farah"), by=user("Rosa"), reason="incorrect", note="No lattice.")
    third = handed_in(ice)
    claimed(ice)  # a draft is nobody's but the expert's
    made, rows = export(ice)
    assert (made.status, made.rows, made.left_out) == ("done", 3, 0)
    assert [row["meta_submission_id"] for row in rows] == [work.public_id for work in (first, second, third)]
    assert [row["meta_paid_status"] for row in rows] == ["earned", "part_earned", "pending"]
    one = rows[0]
    assert one["meta_expert_pid"].startswith("xp_")
    assert one["meta_credential_level"] == 8
    assert one["meta_field"] == "0533"
    assert one["meta_instruction_version"] == 1
    assert first.consent is not None
    assert one["meta_consent_id"] == first.consent.public_id
    assert one["meta_licence"].startswith("Data licence")
    assert one["meta_external_id"] is None
    [review] = json.loads(one["meta_review"])
    assert (review["role"], review["verdict"]) == ("lab", "accept")
    assert "Rosa" not in json.dumps(rows)
    assert "Emil" not in json.dumps(rows)


HARD = 'A "quote", a \\ backslash, \\\\n, \\u0000, a tab\t, a line\nand\r\n another, \x07\x7f, \u2028, ½ and 😀.'


def test_a_lossless_row_is_what_the_kind_says_to_the_character() -> None:
    ice = project(tasks=1)
    payload = {"prompt": HARD, "answers": [{"id": "a", "text": HARD}, {"id": "b", "text": "\\"}],
               "metadata": {HARD: [1, 0.5, None, True, {"x": 1e-9}]}}  # fmt: skip
    Task.objects.filter(project=ice).update(payload=payload, external_id='a\t"\\b')
    work = accept(submission=handed_in(ice, rationale=HARD), by=user("Rosa"))
    _, [row] = export(ice)
    meta = {name: value for name, value in row.items() if name.startswith("meta_")}
    assert list(meta) == list(provenance())
    assert [row] == list(kind("preference").rows("lossless", payload, work.response, meta))
    assert meta["meta_external_id"] == 'a\t"\\b'
    assert meta["meta_content_sha256"] == content_sha256(payload, work.response)
    assert work.submitted_at is not None
    assert meta["meta_submitted_at"] == f"{work.submitted_at:%Y-%m-%dT%H:%M:%SZ}"


def test_training_formats_hold_accepted_work_on_tasks_that_stand() -> None:
    ice = project(tasks=4)
    accept(submission=handed_in(ice), by=user("Rosa"))
    accept(submission=handed_in(ice, strength=0), by=user("Rosa"))
    handed_in(ice, "Farah")
    gone = handed_in(ice)
    withdraw_task(task=gone.task, by=user("Mina"))
    made, rows = export(ice, "trl_preference")
    assert (len(rows), made.left_out) == (1, 1)  # a tie has no place there
    assert {"prompt", "chosen", "rejected"} <= set(rows[0])


def test_an_expert_has_one_name_in_all_files_of_a_lab_and_another_elsewhere() -> None:
    ice, water, steam = project(), project(), project(lab=lab("Northwind"))
    for one in (ice, water, steam):
        handed_in(one)
    names = [export(one)[1][0]["meta_expert_pid"] for one in (ice, water, steam)]
    assert names[0] == names[1] != names[2]


def test_memory_does_not_grow_with_the_rows() -> None:
    ice = project(tasks=1)
    work = handed_in(ice)
    seats = add_tasks(ice, 3_000)
    extra = Seat.objects.bulk_create(
        Seat(task=t, project=ice, number=0, priority=0, pay=1, fee=0, currency="usd", status="claimed",
             expert=work.expert, claimed_at=work.started_at)
        for t in seats
    )  # fmt: skip
    template = fresh(work)
    Submission.objects.bulk_create(
        Submission(seat=s, task_id=s.task_id, project=ice, expert=work.expert, status="submitted",
                   response=template.response, submitted_at=template.submitted_at, decide_by=template.decide_by)
        for s in extra
    )  # fmt: skip
    tracemalloc.start()
    try:
        made, _ = export(ice)
        assert made.rows == 3_001
        tracemalloc.clear_traces()
        run_export(export=request_export(project=ice, format="lossless", by=user("Mina")))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 15 * 2**20
    Submission.objects.filter(seat__in=extra).delete()
    Seat.objects.filter(pk__in=[s.pk for s in extra]).delete()


def test_a_format_that_the_kind_does_not_have_is_refused() -> None:
    with pytest.raises(Invalid):
        request_export(project=project(tasks=0), format="parquet", by=user("Mina"))
    with pytest.raises(NotAllowed):
        request_export(project=project(tasks=0), format="lossless", by=user("Rosa"))


def test_an_export_is_written_once() -> None:
    asked = request_export(project=project(tasks=0), format="lossless", by=user("Mina"))
    done = run_export(export=asked)
    assert run_export(export=asked).pk == done.pk
    assert Event.objects.filter(name="export.done").count() == 1
    with pytest.raises(WrongState):
        fail_export(export=done, why="Late.")


def test_a_failed_export_can_be_asked_for_again() -> None:
    asked = request_export(project=project(tasks=0), format="lossless", by=user("Mina"))
    failed = fail_export(export=asked, why="The disk is full.")
    assert (failed.status, failed.error) == ("failed", "The disk is full.")
    with pytest.raises(NotAllowed):
        retry_export(export=failed, by=user("Rosa"))
    assert run_export(export=retry_export(export=failed, by=user("Mina"))).status == "done"
