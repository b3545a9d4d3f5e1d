"""Files that no row names: where they come from, and which are removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import models, transaction
from django.utils import timezone
from pytest_django import Settings

from core import files, jobs
from core.actors import SYSTEM
from core.errors import Refused
from core.events import record
from core.files import FOLDERS, TooManyStrays, remove_strays
from core.models import Event
from experts.actions import add_evidence
from tasks.actions import check_import, fail_export, start_import
from tasks.models import Export, Import
from tests import people
from tests.tasks.scene import EXAMPLE, project

pytestmark = pytest.mark.django_db

BACKENDS = {
    "files": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "memory": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
}


@pytest.fixture(params=BACKENDS, autouse=True)
def _storage(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> None:
    """Two storages that have nothing in common but Django's own words for what they can do."""
    backend = BACKENDS[request.param]
    options = {"OPTIONS": {"location": tmp_path}} if request.param == "files" else {}
    settings.STORAGES = {**settings.STORAGES, "default": {**backend, **options}}


@pytest.fixture
def tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    at = timezone.now() + files.GRACE + timedelta(minutes=1)
    monkeypatch.setattr(files, "timezone", SimpleNamespace(now=lambda: at))
    Event.objects.create(name="lab.confirmed", subject="lab_tomorrow", at=at)  # the house is at work


def upload(name: str = "tasks.jsonl") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"{}\n")


def undone(act: Callable[[], object]) -> None:
    """Something else of the same transaction says no."""

    @transaction.atomic
    def both() -> None:
        act()
        raise Refused("No.")

    with pytest.raises(Refused):
        both()


def roll_back_an_import() -> None:
    ice, mina = project(), people.user("Mina")
    undone(lambda: start_import(project=ice, upload=upload(), by=mina))
    assert not Import.objects.exists()


def roll_back_a_document() -> None:
    claim = people.credential(people.expert("Noor", verified=False), status="claimed")
    undone(lambda: add_evidence(credential=claim, upload=people.diploma(), by=claim.expert.user))
    assert not claim.evidence.exists()


def kept() -> list[str]:
    return [name for folder in FOLDERS for name in files._walk(default_storage, folder)]


@pytest.mark.usefixtures("tomorrow")
@pytest.mark.parametrize("leave_a_stray", [roll_back_an_import, roll_back_a_document])
def test_what_a_rollback_leaves_is_removed_a_day_later(leave_a_stray: Any, caplog: pytest.LogCaptureFixture) -> None:
    leave_a_stray()
    [stray] = kept()
    caplog.set_level("INFO", logger="core.files")
    jobs.remove_strays()
    assert kept() == []
    assert caplog.messages == [f"Removed {stray}, which no row names."]


def test_a_young_file_is_left_alone_because_its_row_may_not_be_committed_yet() -> None:
    roll_back_an_import()
    assert remove_strays() == []
    assert len(kept()) == 1


@pytest.mark.usefixtures("tomorrow")
def test_files_that_rows_name_stay_whatever_became_of_them() -> None:
    """An import that was checked twice: its second copy is the one the row names, the first is a stray."""
    ice, mina = project(), people.user("Mina")
    rows = SimpleUploadedFile("more.jsonl", json.dumps(EXAMPLE.payload).encode())
    taken = check_import(upload=start_import(project=ice, upload=rows, by=mina))
    cut_short = default_storage.save(f"imports/{taken.public_id}.kept.copy", ContentFile(b"as far as it came"))
    claim = people.credential(people.expert("Noor", verified=False), status="claimed")
    document = add_evidence(credential=claim, upload=people.diploma(), by=claim.expert.user)
    export = Export.objects.create(project=ice, format="lossless", requested_by=mina, status="running")
    export.file.save("out.jsonl", ContentFile(b"{}"))
    fail_export(export=export, why="The disk was full.")
    assert remove_strays() == [cut_short]
    assert set(kept()) == {taken.file.name, taken.kept.name, document.file.name, export.file.name}


@pytest.mark.usefixtures("tomorrow")
def test_what_is_not_in_our_folders_is_not_ours_to_judge() -> None:
    default_storage.save("backups/monday.dump", ContentFile(b"-"))
    assert remove_strays() == []
    assert default_storage.exists("backups/monday.dump")


@pytest.mark.usefixtures("tomorrow")
def test_the_command_says_what_would_go_before_it_goes() -> None:
    roll_back_an_import()
    [stray] = kept()
    for options, end, left in (({"dry_run": True}, "1 to remove.", 1), ({}, "1 removed.", 0), ({}, "0 removed.", 0)):
        out = StringIO()
        call_command("remove_strays", stdout=out, **options)
        assert out.getvalue().splitlines() == [stray, end][-2 if end[0] == "1" else -1 :]
        assert len(kept()) == left


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    at = timezone.now() + 3 * files.GRACE
    monkeypatch.setattr(files, "timezone", SimpleNamespace(now=lambda: at))


def test_files_younger_than_what_the_database_knows_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old dump was restored: what was uploaded since is in the storage, and in no row."""
    roll_back_an_import()
    later(monkeypatch)
    newest = Event.objects.order_by("-pk").values_list("at", flat=True).first()
    assert newest is not None
    assert newest < default_storage.get_modified_time(kept()[0])
    assert remove_strays() == remove_strays(dry_run=True) == []
    assert len(remove_strays(force=True)) == 1
    assert kept() == []


def test_an_empty_database_removes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    default_storage.save("imports/of-a-database-that-is-gone", ContentFile(b"-"))
    later(monkeypatch)
    assert not Event.objects.exists()
    assert remove_strays() == []


@pytest.mark.usefixtures("tomorrow")
def test_many_strays_at_once_are_none_of_uploads_that_broke_off() -> None:
    names = [default_storage.save(f"imports/{number}", ContentFile(b"-")) for number in range(files.FEW + 1)]
    with pytest.raises(TooManyStrays, match="21 of 21 files"):
        jobs.remove_strays()
    with pytest.raises(CommandError, match="say --force"):
        call_command("remove_strays", stdout=StringIO())
    assert set(kept()) == set(names) == set(remove_strays(dry_run=True))
    out = StringIO()
    call_command("remove_strays", force=True, stdout=out)
    assert out.getvalue().endswith("21 removed.\n")
    assert kept() == []


@pytest.mark.usefixtures("tomorrow")
def test_a_share_of_many_files_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FEW", 1)
    names = [default_storage.save(f"imports/{number}", ContentFile(b"-")) for number in range(20)]
    monkeypatch.setattr(files, "_named", lambda batch: set(names[2:]))
    assert set(remove_strays()) == set(names[:2])  # one in ten
    monkeypatch.setattr(files, "_named", lambda batch: set(names[4:]))
    with pytest.raises(TooManyStrays):
        remove_strays()


@pytest.mark.usefixtures("tomorrow")
def test_a_file_that_somebody_else_removes_meanwhile_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    roll_back_an_import()
    [stray] = kept()

    def gone_meanwhile(names: list[str]) -> set[str]:
        default_storage.delete(stray)
        return set()

    monkeypatch.setattr(files, "_named", gone_meanwhile)
    assert remove_strays() == []


def test_on_s3_it_asks_only_what_django_storages_answers(settings: Settings) -> None:
    options = {"bucket_name": "quorum", "region_name": "eu-north-1", "access_key": "a", "secret_key": "b"}
    s3 = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": s3}
    storage: Any = default_storage
    old, young = timezone.now() - timedelta(days=2), timezone.now()
    record("lab.confirmed", "lab_today", by=SYSTEM)
    with Stubber(storage.connection.meta.client) as s3_says:
        for folder in FOLDERS:
            found = [{"Key": "imports/old"}, {"Key": "imports/young"}] if folder == "imports" else []
            asked = {"Bucket": "quorum", "Delimiter": "/", "Prefix": f"{folder}/"}
            s3_says.add_response("list_objects", {"Contents": found}, asked)
        s3_says.add_response("head_object", {"LastModified": old}, {"Bucket": "quorum", "Key": "imports/old"})
        s3_says.add_response("head_object", {"LastModified": young}, {"Bucket": "quorum", "Key": "imports/young"})
        s3_says.add_response("delete_object", {}, {"Bucket": "quorum", "Key": "imports/old"})
        assert remove_strays() == ["imports/old"]
        s3_says.assert_no_pending_responses()


def test_every_file_of_ours_is_kept_in_one_of_the_folders() -> None:
    row = SimpleNamespace(public_id="evd_a", number=1, evidence=SimpleNamespace(public_id="evd_a"))
    fields = [
        field
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.FileField)
    ]
    assert len(fields) >= 5
    assert {field.generate_filename(row, "x").split("/")[0] for field in fields} == set(FOLDERS)  # type: ignore[arg-type]
