"""Quorum behind the same gunicorn: through its HTTP API with keys, its pages with a session."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any

from bench import load, raw_export
from bench.dialects import Ours
from bench.payloads import RESPONSE, jsonl
from bench.servers import ROOT, Stack, Web, gunicorn, python
from bench.wire import Wire
from marketplace.localstack import process

PAUSE = 0.02  # seconds between two looks at a background job: what is measured is the job, not our patience


class OursSide:
    name = "Quorum"
    application = "marketplace.wsgi:application"
    web: Web

    def __init__(self, stack: Stack, people: int, sizes: list[int]) -> None:
        self.stack = stack
        self.imports = 0
        self.exported = b""  # the last file
        self.environment = stack.environment(
            DATABASE_URL=stack.make_database("ours"),
            QUORUM_PUBLIC_URL="http://localhost",
            QUORUM_STATIC_ROOT=str(stack.folder / "static"),
            DJANGO_SETTINGS_MODULE="marketplace.settings",
            PLATFORM_FEE_BPS="2000",
            QUORUM_API_PER_MINUTE="0",  # a client in such a hurry is what the limit is for
            EMAIL_URL=f"file://{stack.folder}/mail",
        )
        process_manage(self.environment, "collectstatic", "--no-input", "--verbosity=0")
        filled = json.loads(python("bench.ours_fill", str(people), *map(str, sizes), "0", environment=self.environment))
        self.projects: dict[str, str] = filled["projects"]
        self.people = [{"Authorization": f"Bearer {key}"} for key in filled["keys"]]
        self.lab = {"Authorization": f"Bearer {filled['lab_key']}"}
        self.session_key: str = filled["session"]
        self.session = {"Cookie": f"sessionid={self.session_key}", "Accept": "text/html"}

    def order(self, size: int, people: int, seconds: float) -> dict[str, Any]:
        return {
            "dialect": "ours",
            "project": self.projects[str(size)],
            "seconds": seconds,
            "people": self.people[:people],
        }

    def cycles(self, size: int, people: int, seconds: float) -> load.Run:
        return load.run(self.stack, self.web, self.order(size, people, seconds))

    @cached_property
    def expert(self) -> Wire:
        return Wire(self.web.port, self.people[0])

    @cached_property
    def manager(self) -> Wire:
        return Wire(self.web.port, self.lab)

    def next_task(self, size: int) -> float:
        speak = Ours(self.projects[str(size)])
        start = time.perf_counter()
        status, answer = self.expert.request("POST", speak.claim_path)
        seconds = time.perf_counter() - start
        if status == 201:
            status, answer = self.expert.request("POST", speak.submit_path(speak.claimed(answer)[1]), speak.submit_body)
        if status != 200:
            raise RuntimeError(f"next task {status}: {answer[:300]!r}")
        return seconds

    def serve(self) -> AbstractContextManager[Web]:
        return gunicorn(self.stack, self.application, self.environment)

    @contextmanager
    def worker(self) -> Iterator[None]:
        """The background worker, as `make run` starts it."""
        command = [sys.executable, "-m", "celery", "-A", "marketplace", "worker", "-c", "2", "-l", "WARNING"]
        command += ["--without-mingle", "--without-gossip"]
        log = self.stack.folder / "worker.log"
        started = process.start(
            command, log=log, death_signal=signal.SIGTERM, environment=self.environment, folder=ROOT
        )
        try:
            self.settle()
            yield
        finally:
            process.stop(started, signal.SIGTERM)

    def settle(self) -> None:
        """Wait until the worker has done what the filling left behind (documents to draw, mails to write)."""
        database = self.stack.connect("ours")
        database.autocommit = True
        until = time.perf_counter() + 120
        with database.cursor() as cursor:
            while time.perf_counter() < until:
                cursor.execute("SELECT count(*) FROM core_delivery WHERE done_at IS NULL AND tries = 0")
                if cursor.fetchone() == (0,):
                    break
                time.sleep(0.2)
        database.close()

    def checks(self, size: int, people: int, seconds: float) -> dict[str, int]:
        """What must be 0, after a load of `people` who misbehave as bench/client.py says."""
        order = {**self.order(size, people, seconds), "mischief": True}
        return verdict(self.stack, load.run(self.stack, self.web, order))

    def import_rate(self, rows: int) -> float:
        """From the upload of the file to the last task in the database, check and confirmation included."""
        self.imports += 1
        body, kind = multipart("more.jsonl", b"".join(jsonl(rows, f"again{self.imports}-")))
        where = f"/api/v1/projects/{self.projects['0']}/imports/"
        start = time.perf_counter()
        upload = self.told("POST", where, body, kind)
        upload = self.until(f"/api/v1/imports/{upload['id']}/", "checked")
        self.told("POST", f"/api/v1/imports/{upload['id']}/confirm/")
        done = self.until(f"/api/v1/imports/{upload['id']}/", "done")
        seconds = time.perf_counter() - start
        if done["done"] != rows:
            raise RuntimeError(f"import: {done}")
        return rows / seconds

    def export_rate(self, size: int) -> float:
        """From the request to the last byte of the file."""
        self.finish(size)
        where = f"/api/v1/projects/{self.projects[str(size)]}/exports/"
        start = time.perf_counter()
        export = self.told("POST", where, json.dumps({"format": "lossless"}).encode())
        export = self.until(f"/api/v1/exports/{export['id']}/", "done")
        status, body = self.manager.request("GET", f"/api/v1/exports/{export['id']}/file/")
        seconds = time.perf_counter() - start
        if status != 200 or body.count(b"\n") != export["rows"]:
            raise RuntimeError(f"export {status}: {export}")
        self.exported = body
        return int(export["rows"]) / seconds

    def export_bound(self, size: int) -> float:
        """Rows a second of the file just exported, by one COPY; the best of three.

        Raises RuntimeError if the two files do not hold the same rows: then they are not the same work.
        """
        database = self.stack.connect("ours")
        secret = self.environment["SECRET_KEY"]
        best, file = max(raw_export.rate(database, self.projects[str(size)], secret) for _ in range(3))
        database.close()
        if wrong := next(raw_export.differences(self.exported, file), ""):
            raise RuntimeError(f"export: {wrong}")
        return best

    def finish(self, size: int) -> None:
        """Copies of one answer on every seat that is left, so that an export has a row for each task."""
        database = self.stack.connect("ours")
        with database, database.cursor() as cursor:
            cursor.execute(COLUMNS)
            same = ", ".join(row[0] for row in cursor.fetchall())
            sample = ", ".join(f"sample.{name}" for name in same.split(", "))
            cursor.execute(TAKE_REST, {"project": self.projects[str(size)]})
            cursor.execute(ANSWER_REST.format(same=same, sample=sample), {"project": self.projects[str(size)]})
        database.close()

    def told(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> dict[str, Any]:
        status, answer = self.manager.request(method, path, body, kind=kind)
        if status >= 300:
            raise RuntimeError(f"{path} {status}: {answer[:300]!r}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def until(self, path: str, wanted: str) -> dict[str, Any]:
        deadline = time.perf_counter() + 300
        while (found := self.told("GET", path))["status"] != wanted:
            if found["status"] == "failed" or time.perf_counter() > deadline:
                raise RuntimeError(f"{path}: {found}")
            time.sleep(PAUSE)
        return found

    def page(self, size: int) -> float:
        return self.look(f"/projects/{self.projects[str(size)]}/")[0]

    def statements(self, path: str) -> int:
        return int(python("bench.ours_page", self.session_key, path, environment=self.environment))

    def look(self, path: str) -> tuple[float, int]:
        """(seconds, bytes) of one page as the lab's owner sees it."""
        browser = Wire(self.web.port, self.session)
        browser.request("GET", path)
        start = time.perf_counter()
        status, body = browser.request("GET", path)
        seconds = time.perf_counter() - start
        if status != 200:
            raise RuntimeError(f"{path} {status}: {body[:300]!r}")
        return seconds, len(body)


COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_name = 'tasks_submission' AND column_name NOT IN ('id', 'public_id', 'seat_id', 'task_id', 'expert_id')
"""
TAKE_REST = """
UPDATE tasks_seat SET status = 'claimed', lease_until = NULL, expert_id = (SELECT min(id) FROM experts_expert)
WHERE status = 'funded' AND project_id = (SELECT id FROM projects_project WHERE public_id = %(project)s)
"""
ANSWER_REST = """
INSERT INTO tasks_submission (public_id, seat_id, task_id, expert_id, {same})
SELECT 'sub_' || substr(md5(seat.id::text), 1, 16), seat.id, seat.task_id, seat.expert_id, {sample}
FROM tasks_seat seat JOIN projects_project project ON project.id = seat.project_id,
    LATERAL (SELECT * FROM tasks_submission WHERE project_id = project.id AND status = 'submitted' LIMIT 1) sample
WHERE project.public_id = %(project)s AND seat.status = 'claimed'
    AND NOT EXISTS (SELECT FROM tasks_submission work WHERE work.seat_id = seat.id)
"""
HANDED_TWICE = """
SELECT count(*) FROM (SELECT task_id FROM tasks_submission WHERE status <> 'released'
    GROUP BY task_id HAVING count(DISTINCT expert_id) > (SELECT overlap FROM tasks_task WHERE id = task_id)) twice
"""
ANSWERS_TWICE = """
SELECT count(*) FROM (SELECT task_id, expert_id FROM tasks_submission WHERE status = 'submitted'
    GROUP BY task_id, expert_id HAVING count(*) > 1) twice
"""
NEWS_TWICE = """
SELECT count(*) FROM (SELECT subject FROM core_event WHERE name = 'submission.submitted'
    GROUP BY subject HAVING count(*) > 1) twice
"""
KEPT = """
SELECT count(*) FROM tasks_submission
WHERE public_id = ANY(%s) AND status = 'submitted' AND (response ->> 'strength') = %s
"""


def verdict(stack: Stack, run: load.Run) -> dict[str, int]:
    """From what the clients were told and what the database holds."""
    handed = [task for diary in run.diaries for task in diary["handed"]]
    kept = [work for diary in run.diaries for _, work in diary["work"]]
    database = stack.connect("ours")
    with database, database.cursor() as cursor:

        def count(sql: str, *values: Any) -> int:
            cursor.execute(sql, values)
            row = cursor.fetchone()
            return int(row[0]) if row else 0

        found = {
            "tasks handed to more people than their overlap": max(len(handed) - len(set(handed)), count(HANDED_TWICE)),
            "acknowledged answers lost": len(kept) - count(KEPT, kept, str(RESPONSE["strength"])),
            "answers accepted from somebody who does not hold the task": sum(
                len(diary["stolen"]) for diary in run.diaries
            ),
            "second answers by a retried hand-in": count(ANSWERS_TWICE) + count(NEWS_TWICE),
            "unexpected refusals": sum(run.surprises.values()),
        }
    database.close()
    if not any(diary["attempts"] for diary in run.diaries) or not any(diary["retried"] for diary in run.diaries):
        raise RuntimeError("Nobody tried: the checks checked nothing")
    return found


def process_manage(environment: dict[str, str], *command: str) -> None:
    subprocess.run([sys.executable, "manage.py", *command], env=environment, cwd=ROOT, check=True)


def multipart(filename: str, content: bytes) -> tuple[bytes, str]:
    """A body with one file, and its content type."""
    edge = "bench-bench-bench"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
    head += "Content-Type: application/jsonl\r\n\r\n"
    return head.encode() + content + f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
