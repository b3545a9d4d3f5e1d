"""The bench's own arithmetic, and that its tasks are tasks: what it measures must be the real thing."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from bench import raw_export
from bench.cpu import Meter
from bench.payloads import RESPONSE, jsonl, payload
from bench.stats import Report, percentile, tidy
from bench.wire import Wire
from projects.kinds import clean_payload, clean_response
from tasks.actions import accept, reject, request_export, run_export
from tests.people import user
from tests.tasks.scene import claimed, handed_in, project


def test_its_tasks_and_answers_are_what_the_kind_takes() -> None:
    clean = clean_payload("preference", payload(7))
    assert clean_response("preference", RESPONSE, payload=clean)["strength"] == RESPONSE["strength"]
    rows = [json.loads(line) for line in jsonl(3, "x")]
    assert [row["external_id"] for row in rows] == ["x0", "x1", "x2"]
    assert payload(7) == payload(7) != payload(8)


@pytest.mark.django_db
def test_the_bound_of_the_export_writes_the_same_rows(settings: Any, tmp_path: Path) -> None:
    """By COPY alone, and down to the hash, the pseudonym and the review chain."""
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": files}
    ice = project(tasks=4)
    accept(
        submission=handed_in(ice, rationale='A "quote", a \\ backslash,\na line, ½ and 😀: enough words.'),
        by=user("Rosa"),
    )
    reject(submission=handed_in(ice, "Farah"), by=user("Rosa"), reason="incorrect", note="No lattice.")
    handed_in(ice)
    claimed(ice)
    made = run_export(export=request_export(project=ice, format="lossless", by=user("Mina")))
    with made.file.open("rb") as file:
        ours = file.read()
    with connection.cursor() as cursor:
        bound = raw_export.export(cursor.cursor, ice.public_id, settings.SECRET_KEY)
    assert bound.count(b"\n") == made.rows == 3
    assert list(raw_export.differences(ours, bound)) == []
    assert list(raw_export.differences(ours, bound.replace(b"incorrect", b"other"))) != []
    [fewer, *_] = raw_export.differences(ours, bound[: bound.index(b"\n") + 1])
    assert fewer == "3 rows against 1"


def test_rows_carry_their_floor_and_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.add("cycles", 63.0, "1/s", 105.0)
    report.add("lost", 0, "must be 0")
    target = tmp_path / "deep" / "bench.json"
    report.write(target)
    assert json.loads(target.read_text()) == {
        "rows": [
            {"name": "cycles", "value": 63, "unit": "1/s", "floor": 105, "share": 0.6},
            {"name": "lost", "value": 0, "unit": "must be 0", "floor": None, "share": None},
        ]
    }
    assert "0.60" in report.table()
    assert "63" in capsys.readouterr().out


def test_percentiles_are_nearest_rank() -> None:
    assert [percentile(range(1, 101), share) for share in (0.5, 0.95, 0.99, 1.0)] == [51, 96, 100, 100]
    assert (tidy(1234.6), tidy(123.46), tidy(1.2345)) == (1235, 123.5, 1.23)


def test_cpu_is_counted_for_a_whole_tree() -> None:
    with Meter(os.getpid()) as meter:
        sum(number * number for number in range(400_000))
    assert 0 < meter.seconds < 20


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine", 200, b"fine"),
        (b"HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\nConnection: close\r\n\r\nno", 409, b"no"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, b"abcde"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    ],
)
def test_the_wire_reads_answers_however_they_are_cut(answer: bytes, status: int, body: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(65536)
                for start in range(0, len(answer), 7):
                    peer.sendall(answer[start : start + 7])

        thread = threading.Thread(target=serve)
        thread.start()
        wire = Wire(server.getsockname()[1], {})
        assert wire.request("GET", "/") == (status, body)
        wire.close()
        thread.join()
