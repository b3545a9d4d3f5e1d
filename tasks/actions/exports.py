"""Exports: asked for by a person, written by a worker, row by row, with a checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, Final

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Invalid
from core.events import record
from core.transitions import lock, move, step
from projects.kinds import Kind, kind
from projects.models import Project
from tasks.models import Export
from tasks.provenance import LOSSLESS, Work, exported

Status = Export.Status

BUFFER: Final = 2**20  # bytes that go to the disk at once


@transaction.atomic
def request_export(*, project: Project, format: str, by: User) -> Export:
    """Ask for a file of what was handed in; a worker writes it. `format`: a slug of the kind's FORMATS.

    Raises Invalid (`format_unknown`).
    """
    authorise(by, Permission.DATA_EXPORT, lab=project.lab)
    if format not in {known.slug for known in kind(project.kind).FORMATS}:
        raise Invalid("This kind of work has no such format.", code="format_unknown")
    export = Export.objects.create(project=project, format=format, requested_by=by)
    record("export.requested", export.public_id, by=by, after=Status.WAITING, data={"format": format})
    return export


def run_export(*, export: Export) -> Export:
    """Write the file. The worker's; of two that start at once one does it, and one that was killed is taken over.

    Rows come through a server-side cursor, so memory does not grow with them.
    """
    if not _begin(export):
        return export
    with TemporaryFile("w+b", buffering=BUFFER) as file:
        rows, left_out, digest = _write(export, file)
        size = file.tell()
        file.seek(0)
        export.file.save(f"{export.public_id}.jsonl", File(file), save=False)
    return move(
        export,
        Status.DONE,
        by=SYSTEM,
        data={"rows": rows, "left_out": left_out, "bytes": size},
        file=export.file,
        rows=rows,
        left_out=left_out,
        sha256=digest,
        finished_at=timezone.now(),
    )


@transaction.atomic
def _begin(export: Export) -> bool:
    locked = lock(export)
    if locked.status != Status.WAITING:
        return False
    step(locked, Status.RUNNING, by=SYSTEM, started_at=timezone.now())
    return True


@transaction.atomic
def fail_export(*, export: Export, why: str) -> Export:
    """The worker could not write it; `why` is for the person who asked."""
    return move(export, Status.FAILED, by=SYSTEM, note=why, error=why, finished_at=timezone.now())


@transaction.atomic
def retry_export(*, export: Export, by: Actor) -> Export:
    """Write an export anew that failed, or whose worker died."""
    authorise(by, Permission.DATA_EXPORT, lab=export.project.lab)
    return move(export, Status.WAITING, by=by, error="")


_JSON: Final = json.JSONEncoder(ensure_ascii=False)


def _write(export: Export, file: IO[bytes]) -> tuple[int, int, str]:
    """(rows, judgements that the format has no place for, SHA-256 in hex)."""
    digest, rows, left_out = hashlib.sha256(), 0, 0
    form = kind(export.project.kind)
    for work in exported(export.project, export.format):
        left_out += form.left_out(export.format, work.payload, work.response)
        for line in _lines(form, export.format, work):
            content = line.encode()
            digest.update(content)
            file.write(content)
            rows += 1
    return rows, left_out, digest.hexdigest()


def _lines(form: Kind, format: str, work: Work) -> Iterator[str]:
    """What `rows` gives, as text. Of the lossless row most is text already: encoding it anew would be half the cost."""
    if format == LOSSLESS:
        meta = _JSON.encode(work.meta)
        yield f'{{"payload": {work.payload_text}, "response": {work.response_text}, {meta[1:]}\n'
    else:
        yield from (_JSON.encode(row) + "\n" for row in form.rows(format, work.payload, work.response, work.meta))
