"""A file of tasks: checked whole, shown, and written whole or not at all."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db import connection
from django.db.models import F

from core.errors import Invalid, NotAllowed, Refused, WrongState
from projects.actions import close_project
from projects.models import Project
from tasks.actions import check_import, confirm_import, discard_import, fail_import, imports, run_import, start_import
from tasks.models import Import, Task
from tests.people import user
from tests.tasks.scene import EXAMPLE, add_tasks, fresh, project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


def line(**own: Any) -> str:
    return json.dumps({**EXAMPLE.payload, **own})


def upload(content: str, *, name: str = "ice.jsonl", to: Project | None = None) -> Import:
    file = SimpleUploadedFile(name, content.encode())
    return start_import(project=to or project(tasks=0), upload=file, by=user("Mina"))


def checked(content: str, **given: Any) -> Import:
    return check_import(upload=upload(content, **given))


def test_good_rows_become_tasks_only_when_confirmed() -> None:
    file = checked("\n".join(line(external_id=f"ice-{n}", priority=n) for n in range(3)))
    assert (file.status, file.rows, file.good, file.bad) == ("checked", 3, 3, 0)
    assert Task.objects.count() == 0
    done = run_import(upload=confirm_import(upload=file, by=user("Mina")))
    assert (done.status, done.done) == ("done", 3)
    assert list(Task.objects.order_by("pk").values_list("external_id", "priority", "status", "overlap")) == [
        ("ice-0", 0, "open", 1),
        ("ice-1", 1, "open", 1),
        ("ice-2", 2, "open", 1),
    ]
    task = Task.objects.order_by("pk")[0]
    assert (task.payload, task.upload_id) == (EXAMPLE.payload, done.pk)
    assert run_import(upload=done).status == "done"
    assert Task.objects.count() == 3


def test_a_sheet_is_read_as_its_kind_says() -> None:
    columns = ",".join(EXAMPLE.csv)
    cells = ",".join(f'"{cell}"' for cell in EXAMPLE.csv.values())
    file = checked(f"{columns}\n{cells}\n", name="Ice.CSV")
    assert (file.status, file.good) == ("checked", 1)
    run_import(upload=confirm_import(upload=file, by=user("Mina")))
    assert Task.objects.get().payload == EXAMPLE.payload


def test_each_bad_row_says_which_field_and_why() -> None:
    file = checked("\n".join([line(), "{", line(prompt=""), line(answers=[]), line(colour="red")]))
    assert (file.rows, file.good, file.bad) == (5, 1, 4)
    faults = [(fault.row, fault.field) for fault in file.faults.all()]
    assert faults == [(2, ""), (3, "prompt"), (4, "answers"), (5, "colour")]
    assert str(file.faults.first()) == "Row 2, : " + file.faults.all()[0].message
    known = "prompt, answers, metadata, external_id, priority"
    assert file.faults.get(field="colour").message == f"Unknown field. Known are: {known}."
    inside = checked(line(answers=[{"text": "a", "colour": "red"}, {"text": "b"}]))
    assert inside.faults.get().message == "Unknown field. Known are: id, text."


def test_the_same_id_twice_in_the_file_or_in_the_project_is_named() -> None:
    ice = project(tasks=0)
    add_tasks(ice, 1, external_id="ice-1")
    file = checked("\n".join([line(external_id="ice-1"), line(external_id="new"), line(external_id="new")]), to=ice)
    assert [(fault.row, fault.message) for fault in file.faults.all()] == [
        (1, "A task of this project has this external_id."),
        (3, "Row 2 has the same external_id."),
    ]
    assert file.good == 1


def test_at_most_a_thousand_faults_are_kept_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MAX_FAULTS", 3)
    monkeypatch.setattr(imports, "BATCH", 2)
    file = checked("{\n" * 7)
    assert (file.bad, file.faults.count()) == (7, 3)


def test_a_file_that_cannot_be_read_fails_in_words() -> None:
    file = checked("a,a\n1,2\n", name="ice.csv")
    assert (file.status, file.error) == ("failed", "Each column needs a name, and each name may stand once.")
    assert check_import(upload=file).status == "failed"


def test_a_check_that_was_killed_starts_again() -> None:
    file = upload("{\n" + line())
    file.faults.create(row=1, message="of the first try")
    again = check_import(upload=file)
    assert (again.good, again.bad, again.faults.count()) == (1, 1, 1)


def test_all_rows_or_none() -> None:
    ice = project(tasks=0)
    file = checked("\n".join(line(external_id=f"ice-{n}") for n in range(3)), to=ice)
    add_tasks(ice, 1, external_id="ice-2")
    failed = run_import(upload=confirm_import(upload=file, by=user("Mina")))
    assert (failed.status, failed.done) == ("failed", 0)
    assert "Nothing was imported" in failed.error
    assert Task.objects.count() == 1


def test_awkward_text_survives_the_copy() -> None:
    odd = "tab\t newline\n backslash \\N \\. quote ' \" 雪 😀 \r"
    file = checked(line(prompt=odd, external_id="\\N"))
    run_import(upload=confirm_import(upload=file, by=user("Mina")))
    task = Task.objects.get()
    assert (task.payload["prompt"], task.external_id) == (odd, "\\N")


def test_a_checked_file_can_be_forgotten() -> None:
    file = discard_import(upload=checked(line()), by=user("Mina"))
    assert file.status == "discarded"
    with pytest.raises(WrongState):
        confirm_import(upload=file, by=user("Mina"))


def test_without_a_good_row_there_is_nothing_to_confirm() -> None:
    with pytest.raises(Invalid, match="No row"):
        confirm_import(upload=checked("{"), by=user("Mina"))


def test_what_is_no_file_of_tasks_is_refused_at_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match=r"\.jsonl or \.csv"):
        upload("x", name="ice.exe")
    monkeypatch.setattr(imports, "MAX_BYTES", 3)
    with pytest.raises(Invalid, match="MB"):
        upload("long")


def test_a_name_is_not_a_path() -> None:
    nameless = UploadedFile(io.BytesIO(b"{}"), name=None, size=None)
    assert start_import(project=project(tasks=0), upload=nameless, by=user("Mina")).filename == "tasks.jsonl"
    file = SimpleUploadedFile("x.jsonl", b"{}")
    file._name = "../../etc/passwd.csv"  # type: ignore[attr-defined]
    taken = start_import(project=project(tasks=0), upload=file, by=user("Mina"), format="jsonl")
    assert (taken.filename, taken.format) == ("passwd.csv", "jsonl")


def test_only_managers_of_an_open_project_import() -> None:
    ice = project(tasks=0)
    with pytest.raises(NotAllowed):
        start_import(project=ice, upload=SimpleUploadedFile("a.jsonl", b""), by=user("Rosa"))
    file = checked(line(), to=ice)
    for act in (confirm_import, discard_import):
        with pytest.raises(NotAllowed):
            act(upload=file, by=user("Rosa"))
    close_project(project=ice, by=user("Mina"))
    with pytest.raises(Refused, match="closed"):
        confirm_import(upload=fresh(file), by=user("Mina"))


def test_a_worker_that_cannot_go_on_says_so() -> None:
    file = fail_import(upload=upload(line()), why="The disk is full.")
    assert (file.status, file.error) == ("failed", "The disk is full.")


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_read_one_file_and_progress_is_seen_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 5)
    monkeypatch.setattr(imports._Progress, "PAUSE", -1)
    file = checked("\n".join(line() for _ in range(12)))
    confirm_import(upload=file, by=user("Mina"))
    seen: list[int] = []
    beside = connection.copy()
    say = imports._Progress._say

    def watch(progress: Any) -> None:
        say(progress)
        with beside.cursor() as cursor:
            cursor.execute("SELECT done, (SELECT count(*) FROM tasks_task) FROM tasks_import")
            done, tasks = cursor.fetchone()
        assert tasks == 0  # nothing is visible before everything is
        seen.append(done)

    monkeypatch.setattr(imports._Progress, "_say", watch)
    with beside.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [imports._ADVISORY + file.pk])
        assert run_import(upload=file).status == "importing"
        cursor.execute("SELECT pg_advisory_unlock(%s)", [imports._ADVISORY + file.pk])
    assert run_import(upload=file).status == "done"
    beside.close()
    assert seen == [5, 10]
    assert Task.objects.count() == 12


def test_looking_up_ids_never_walks_a_project_that_grew_since_the_last_look() -> None:
    """As a constant, PostgreSQL believes it to be empty: then any index is as good as the right one."""
    project(tasks=20)
    big = project(tasks=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks_task")
        add_tasks(big, 2_000)
        big.tasks.update(external_id=F("public_id"))
        cursor.execute(
            "UPDATE pg_class SET reltuples = 2020 WHERE oid = 'tasks_task'::regclass"
        )  # as VACUUM alone does

        def plan(statement: str, *given: Any) -> str:
            cursor.execute(f"EXPLAIN {statement}", given)
            return "\n".join(row for (row,) in cursor.fetchall())

        assert "using external_id_once" in plan(imports._TAKEN, ["ice-1", "ice-2"], big.pk)
        of_project = "SELECT FROM tasks_task WHERE project_id = "
        assert "rows=1 " in plan(of_project + "%s", big.pk)
        assert int(re.findall(r"rows=(\d+)", plan(of_project + "(SELECT %s)", big.pk))[0]) > 1_000
