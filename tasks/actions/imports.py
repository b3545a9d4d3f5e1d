"""Imports: a file of tasks is checked whole, shown with every fault, and written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from time import monotonic
from typing import IO, Any, cast

from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.copying import copy_lines, line
from core.errors import Fault, Invalid
from core.events import record
from core.ids import new_id
from core.transitions import move
from projects.kinds import kind
from projects.kinds.base import faults as faults_of
from projects.models import Project
from tasks import rows
from tasks.actions.tasks import refuse_closed
from tasks.models import Import, ImportFault, Task

MAX_BYTES = 200 * 1024 * 1024
MAX_FAULTS = 1000
"""How many are kept and shown; all bad rows are counted."""
BATCH = 1000
"""Rows between two looks at the database and two reports of progress."""

Status = Import.Status


@transaction.atomic
def start_import(*, project: Project, upload: UploadedFile[Any], by: User, format: str = "") -> Import:
    """Take a file of tasks in (.jsonl, .ndjson, .csv; `format` overrides the name); a worker checks it.

    Raises Invalid (`too_large`, `format_unknown`), Refused.
    """
    authorise(by, Permission.TASK_EDIT, lab=project.lab)
    refuse_closed(project)
    name = PurePosixPath(upload.name or "tasks.jsonl").name
    if (upload.size or 0) > MAX_BYTES:
        raise Invalid(f"A file may have {MAX_BYTES // 2**20} MB. Split it and upload the parts.", code="too_large")
    taken = Import.objects.create(
        project=project,
        filename=name[:200],
        format=format or _format_of(name),
        uploaded_by=by,
    )
    taken.file.save(f"{taken.public_id}.{taken.format}", File(upload.file))
    record("import.uploaded", taken.public_id, by=by, after=Status.CHECKING)
    return taken


def _format_of(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    known = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}
    if suffix not in known:
        raise Invalid("Upload a .jsonl or .csv file.", code="format_unknown")
    return known[suffix]


def check_import(*, upload: Import) -> Import:
    """Read the whole file, keep what is good aside and what is wrong as faults. The worker's; safe to run twice.

    Not one transaction, so that its progress is seen; a check that was killed starts again.
    """
    with _alone(upload) as mine:
        upload.refresh_from_db()
        if not mine or upload.status != Status.CHECKING:
            return upload
        upload.faults.all().delete()
        with TemporaryFile("w+b") as kept, upload.file.open("rb") as file:
            check = _Check(upload, kept)
            try:
                check.run(cast(IO[bytes], file))
            except rows.Unreadable as error:
                return move(upload, Status.FAILED, by=SYSTEM, note=str(error), error=str(error), **check.figures)
            upload.kept.save(f"{upload.public_id}.kept.copy", File(kept), save=False)
        return move(upload, Status.CHECKED, by=SYSTEM, kept=upload.kept, **check.figures)


class _Check:
    """One pass over one file. Good rows go to `kept` as lines for COPY, ready but for what the import adds
    (`_task_lines`): external id, priority, digest, payload."""

    def __init__(self, upload: Import, kept: IO[bytes]) -> None:
        self.upload, self.kept = upload, kept
        self.kind = kind(upload.project.kind)
        # One for all rows: making it costs more than a row's check.
        self.payload = self.kind.Payload(context={"beside": rows.BESIDE})
        self.seen: dict[str, int] = {}
        self.rows = self.good = self.bad = self.shown = 0

    @property
    def figures(self) -> dict[str, Any]:
        return {"rows": self.rows, "good": self.good, "bad": self.bad}

    def run(self, file: IO[bytes]) -> None:
        batch: list[rows.Row] = []
        for row in rows.read(cast(Any, file), self.upload.format, self.kind.payload_from_csv):
            batch.append(self._judged(row))
            if len(batch) == BATCH:
                self._close(batch)
                batch = []
        self._close(batch)

    def _judged(self, row: rows.Row) -> rows.Row:
        if row.faults:
            return row
        row.payload = self.kind.quick_payload(row.payload) or self._examined(row)
        if row.external_id:
            first = self.seen.setdefault(row.external_id, row.number)
            if first != row.number:
                row.blame(f"Row {first} has the same external_id.", "external_id")
        return row

    def _examined(self, row: rows.Row) -> dict[str, Any]:
        """What is not plainly good goes to the serializer, which words the faults."""
        try:
            return dict(self.payload.run_validation(row.payload))
        except ValidationError as error:
            row.faults += [Fault(fault.message, fault.field, row.number) for fault in faults_of(error.detail)]
            return {}

    def _close(self, batch: list[rows.Row]) -> None:
        """Compare with the project, keep the good, note the faults, and let the figures be seen."""
        taken = _taken(self.upload.project, [row.external_id for row in batch if row.external_id and not row.faults])
        for row in batch:
            if row.external_id in taken:
                row.blame("A task of this project has this external_id.", "external_id")
        self.kept.writelines(_kept_line(row) for row in batch if not row.faults)
        faults = [
            ImportFault(upload=self.upload, row=f.row or 0, field=f.field[:80], message=f.message[:300])
            for row in batch
            for f in row.faults
        ]
        bad = sum(bool(row.faults) for row in batch)
        self.rows, self.good, self.bad = self.rows + len(batch), self.good + len(batch) - bad, self.bad + bad
        room = MAX_FAULTS - self.shown
        self.shown += len(ImportFault.objects.bulk_create(faults[:room]))
        Import.objects.filter(pk=self.upload.pk).update(**self.figures)


def _kept_line(row: rows.Row) -> bytes:
    payload = rows.canonical(row.payload).encode()
    facts = line((row.external_id, row.priority, rows.digest(payload)))[:-1].encode()
    return b"%s\t%s\n" % (facts, payload.replace(b"\\", b"\\\\"))  # JSON itself escapes tabs and line ends


# One look into the unique index for each id: a count PostgreSQL never turns into a join, and behind a SELECT the
# project counts for one of average size. A constant it may believe to be empty, if it grew since the last ANALYZE, and
# read it whole for each id.
_TAKEN = """
SELECT wanted.id FROM unnest(%s::text[]) AS wanted (id) WHERE (
    SELECT count(*) FROM tasks_task
    WHERE project_id = (SELECT %s) AND external_id = wanted.id AND NOT (external_id = '')) > 0
"""


def _taken(project: Project, ids: list[str]) -> set[str]:
    """Which of these external ids the project has."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [ids, project.pk])
        return {external_id for (external_id,) in cursor.fetchall()}


@transaction.atomic
def confirm_import(*, upload: Import, by: Actor) -> Import:
    """Keep the good rows: a worker writes all of them or none (run_import).

    Raises Invalid (`no_good_rows`), WrongState.
    """
    authorise(by, Permission.TASK_EDIT, lab=upload.project.lab)
    refuse_closed(upload.project)
    if upload.status == Status.CHECKED and not upload.good:
        raise Invalid("No row of this file can be imported.", code="no_good_rows")
    return move(upload, Status.IMPORTING, by=by)


@transaction.atomic
def discard_import(*, upload: Import, by: Actor) -> Import:
    """Forget a checked file. Raises WrongState once it was confirmed."""
    authorise(by, Permission.TASK_EDIT, lab=upload.project.lab)
    return move(upload, Status.DISCARDED, by=by)


def run_import(*, upload: Import) -> Import:
    """Write the checked rows as tasks, in one transaction, saying aloud how far it has come. Safe to run twice."""
    with _alone(upload) as mine:
        upload.refresh_from_db()
        if not mine or upload.status != Status.IMPORTING:
            return upload
        project = upload.project  # now: no question can be asked while COPY runs
        try:
            with transaction.atomic(), upload.kept.open("rb") as kept, _Progress(upload) as progress:
                copy_lines(Task, _COLUMNS, progress.count(_task_lines(project, upload, cast(IO[bytes], kept))))
                return move(upload, Status.DONE, by=SYSTEM, done=progress.done)
        except IntegrityError:
            why = "A task with the same external_id was added since the file was checked. Nothing was imported."
            return fail_import(upload=upload, why=why)


@transaction.atomic
def fail_import(*, upload: Import, why: str) -> Import:
    """The worker could not go on; `why` is for the person who uploaded it."""
    return move(upload, Status.FAILED, by=SYSTEM, note=why, error=why, done=0)


_COLUMNS = (
    "public_id", "external_id", "priority", "payload_sha256", "payload",
    "overlap", "status", "created_at", "project_id", "upload_id",
)  # fmt: skip


def _task_lines(project: Project, upload: Import, kept: IO[bytes]) -> Iterator[bytes]:
    same = line((project.overlap, Task.Status.OPEN, timezone.now(), project.pk, upload.pk)).encode()
    for facts in iter(kept.readline, b""):  # Django's own way through a file copies it in pieces
        yield b"%s\t%s\t%s" % (new_id("tsk").encode(), facts[:-1], same)


class _Progress:
    """Reports on a connection of its own: what it writes is seen at once, whatever the transaction beside it does."""

    PAUSE = 0.5  # seconds: each report is a commit, which the writing waits for

    def __init__(self, upload: Import) -> None:
        self.upload, self.done = upload, 0
        self.due = monotonic() + self.PAUSE
        self.beside = cast(Any, connection).copy()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.beside.close()

    def count(self, tasks: Iterator[bytes]) -> Iterator[bytes]:
        for task in tasks:
            yield task
            self.done += 1
            if self.done % BATCH == 0 and monotonic() > self.due:
                self._say()
                self.due = monotonic() + self.PAUSE

    def _say(self) -> None:
        with self.beside.cursor() as cursor:  # skips the row rather than wait for whoever holds it
            cursor.execute(
                "UPDATE tasks_import SET done = %s WHERE id IN"
                " (SELECT id FROM tasks_import WHERE id = %s FOR UPDATE SKIP LOCKED)",
                [self.done, self.upload.pk],
            )


@contextmanager
def _alone(upload: Import) -> Iterator[bool]:
    """Whether this worker is the only one at this file. PostgreSQL lets go of the lock when a worker dies."""
    key = [_ADVISORY + upload.pk]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", key)
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", key)


_ADVISORY = 20_001 << 40
"""Where the keys of our advisory locks begin: any number that nothing else uses."""
