"""Files in and out, in the browser: an upload from check to done, an export from question to download."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.actors import SYSTEM
from core.transitions import move
from projects.models import Project
from tasks.actions import accept, check_import, fail_export, run_export, run_import
from tasks.models import Export, Import, Task
from tests.people import sign_in, user
from tests.tasks.scene import EXAMPLE, fresh, handed_in, project

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina(client: Client) -> Client:
    return sign_in(client, user("Mina"))


def text(page: Any) -> str:
    return " ".join(page.text.split())


def jsonl(*rows: Any) -> SimpleUploadedFile:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    return SimpleUploadedFile("pairs.jsonl", "\n".join(lines).encode())


def upload(client: Client, of: Project, file: SimpleUploadedFile) -> Import:
    page = client.post(reverse("tasks:imports", args=[of.public_id]), {"upload": file})
    assert page.status_code == 302
    return Import.objects.get(project=of)


def show(client: Client, taken: Import, **headers: Any) -> str:
    return text(client.get(reverse("tasks:import", args=[taken.public_id]), **headers))


def press(client: Client, taken: Import, verb: str) -> str:
    return text(client.post(reverse(f"tasks:import_{verb}", args=[taken.public_id]), follow=True))


def test_a_file_is_checked_shown_confirmed_and_written(mina: Client) -> None:
    ice = project(tasks=0)
    good = {"external_id": "one", **EXAMPLE.payload}
    taken = upload(mina, ice, jsonl(good, {**good, "external_id": "two"}, "{", {"prompt": "x", "answers": []}))
    page = show(mina, taken)
    assert "Checking the rows." in page
    assert "hx-get" in page
    check_import(upload=taken)
    page = show(mina, taken)
    assert "2 of 4 rows are good." in page
    assert "Import 2 good rows" in page
    assert "hx-get" not in page
    assert "Not JSON" in page
    assert "<code>answers</code>" in page
    assert Task.objects.filter(project=ice).count() == 0
    assert "Importing 2 rows." in press(mina, taken, "confirm")
    run_import(upload=taken)
    assert "2 tasks imported." in show(mina, taken)
    assert Task.objects.filter(project=ice).count() == 2


def test_htmx_gets_the_part_that_changes(mina: Client) -> None:
    taken = upload(mina, project(tasks=0), jsonl(EXAMPLE.payload))
    part = show(mina, taken, headers={"HX-Request": "true"})
    assert part.startswith('<div class="stack" id="import"')
    assert "<html" not in part


def test_a_file_without_a_good_row_can_only_be_discarded(mina: Client) -> None:
    ice = project(tasks=0)
    taken = upload(mina, ice, jsonl("{", "["))
    check_import(upload=taken)
    page = show(mina, taken)
    assert "No row can be imported." in page
    assert "good rows</button>" not in page
    assert "No row of this file can be imported." in press(mina, taken, "confirm")
    assert "Discarded. No row of this file was kept." in press(mina, taken, "discard")
    assert "Discarded. No row of it was kept." in show(mina, taken)


def test_a_broken_file_says_why(mina: Client) -> None:
    ice = project(tasks=0)
    taken = upload(mina, ice, jsonl(EXAMPLE.payload))
    move(taken, Import.Status.FAILED, by=SYSTEM, error="Row 7 ends in the middle of a quote.")
    page = show(mina, taken)
    assert "Nothing was imported." in page
    assert "Row 7 ends in the middle of a quote." in page


def test_the_form_asks_for_a_file_of_a_known_kind(mina: Client) -> None:
    url = reverse("tasks:imports", args=[project(tasks=0).public_id])
    page = mina.post(url)
    assert page.status_code == 422
    assert "Choose a file." in page.text
    page = mina.post(url, {"upload": SimpleUploadedFile("tasks.xlsx", b"PK")})
    assert page.status_code == 422
    assert "Upload a .jsonl or .csv file." in page.text


def test_only_those_who_may_edit_upload_and_confirm(client: Client) -> None:
    ice = project(tasks=0)
    sign_in(client, user("Mina"))
    taken = upload(client, ice, jsonl(EXAMPLE.payload))
    check_import(upload=taken)
    sign_in(client, user("Rosa"))
    url = reverse("tasks:imports", args=[ice.public_id])
    assert client.post(url, {"upload": jsonl(EXAMPLE.payload)}).status_code == 403
    assert client.post(reverse("tasks:import_confirm", args=[taken.public_id])).status_code == 403
    sign_in(client, user("Sam"))
    assert client.get(reverse("tasks:import", args=[taken.public_id])).status_code == 404


# --- Exports ----------------------------------------------------------------------------------------------------------


def ask(client: Client, of: Project, format: str) -> Any:
    return client.post(reverse("tasks:exports", args=[of.public_id]), {"format": format}, follow=True)


def test_an_export_is_asked_for_written_and_downloaded(mina: Client) -> None:
    ice = project(tasks=1)
    accept(submission=handed_in(ice), by=user("Rosa"))
    page = ask(mina, ice, "trl_preference")
    assert "The export is being written." in page.text
    wanted = Export.objects.get(project=ice)
    row = reverse("tasks:export", args=[wanted.public_id])
    assert "hx-get" in mina.get(row).text
    assert mina.get(reverse("tasks:export_download", args=[wanted.public_id])).status_code == 404
    run_export(export=wanted)
    part = text(mina.get(row))
    assert part.startswith(f'<tr id="{wanted.public_id}">')
    assert fresh(wanted).sha256 in part
    file = mina.get(reverse("tasks:export_download", args=[wanted.public_id]))
    body = b"".join(file.streaming_content)  # type: ignore[attr-defined]
    assert hashlib.sha256(body).hexdigest() == fresh(wanted).sha256
    assert json.loads(body)["chosen"].startswith("Ice is less dense")
    assert file["Content-Disposition"].startswith('attachment; filename="prj_')
    assert file["X-Content-Type-Options"] == "nosniff"


def test_ties_that_a_format_leaves_out_are_told(mina: Client) -> None:
    ice = project(tasks=1)
    accept(submission=handed_in(ice, strength=0), by=user("Rosa"))
    ask(mina, ice, "trl_preference")
    wanted = Export.objects.get(project=ice)
    run_export(export=wanted)
    assert "1 left out" in text(mina.get(reverse("tasks:exports", args=[ice.public_id])))


def test_a_failed_export_says_why_and_can_be_written_again(mina: Client) -> None:
    ice = project(tasks=0)
    ask(mina, ice, "lossless")
    wanted = Export.objects.get(project=ice)
    fail_export(export=wanted, why="The disk is full.")
    page = mina.get(reverse("tasks:exports", args=[ice.public_id]))
    assert "The disk is full." in page.text
    again = mina.post(reverse("tasks:export_retry", args=[wanted.public_id]), follow=True)
    assert "The file is being written again." in again.text
    assert fresh(wanted).status == "waiting"


def test_a_format_must_be_one_of_the_kinds(mina: Client) -> None:
    page = ask(mina, project(tasks=0), "prm800k")
    assert page.status_code == 422
    assert Export.objects.count() == 0


def test_a_reviewer_neither_exports_nor_downloads(client: Client) -> None:
    ice = project(tasks=0)
    sign_in(client, user("Mina"))
    ask(client, ice, "lossless")
    wanted = Export.objects.get(project=ice)
    run_export(export=wanted)
    sign_in(client, user("Rosa"))
    assert ask(client, ice, "lossless").status_code == 403
    assert client.get(reverse("tasks:export_download", args=[wanted.public_id])).status_code == 403
    assert (
        "Owners and managers of the lab export data." in client.get(reverse("tasks:exports", args=[ice.public_id])).text
    )
