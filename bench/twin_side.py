"""The floor: the bare twin behind the same gunicorn."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from bench import load
from bench.payloads import RESPONSE, jsonl
from bench.servers import Stack, Web, gunicorn, python
from bench.twin.fill import CSRF
from bench.wire import Wire

FINISH = """
INSERT INTO twin_answer (task_id, user_id, response, at)
SELECT t.id, 1, (SELECT response FROM twin_answer LIMIT 1), now() FROM twin_task t
WHERE t.project_id = %s AND NOT EXISTS (SELECT FROM twin_answer a WHERE a.task_id = t.id)
"""


class TwinSide:
    name = "bare Django"
    application = "bench.twin.wsgi:application"
    web: Web

    def __init__(self, stack: Stack, people: int, sizes: list[int]) -> None:
        self.stack = stack
        self.environment = stack.environment(
            TWIN_DATABASE_URL=stack.make_database("twin"), DJANGO_SETTINGS_MODULE="bench.twin.settings"
        )
        filled = json.loads(python("bench.twin.fill", str(people), *map(str, sizes), "0", environment=self.environment))
        self.projects: dict[str, int] = filled["projects"]
        self.people = [
            {"Cookie": f"sessionid={key}; csrftoken={CSRF}", "X-CSRFToken": CSRF} for key in filled["sessions"]
        ]

    def serve(self) -> AbstractContextManager[Web]:
        return gunicorn(self.stack, self.application, self.environment)

    def cycles(self, size: int, people: int, seconds: float) -> load.Run:
        return load.run(self.stack, self.web, self.order(size, people, seconds))

    def order(self, size: int, people: int, seconds: float) -> dict[str, Any]:
        return {
            "dialect": "twin",
            "project": str(self.projects[str(size)]),
            "seconds": seconds,
            "people": self.people[:people],
        }

    def next_task(self, size: int) -> float:
        wire = self.wire
        start = time.perf_counter()
        status, answer = wire.json("POST", f"/projects/{self.projects[str(size)]}/next/")
        seconds = time.perf_counter() - start
        if status == 200:
            status, answer = wire.json("POST", f"/tasks/{answer['id']}/submit/", RESPONSE)
        if status != 200:
            raise RuntimeError(f"next task {status}: {answer}")
        return seconds

    @cached_property
    def wire(self) -> Wire:
        return Wire(self.web.port, self.people[0])

    def finish(self, size: int) -> None:
        """Answer what is left, so that an export has a row for each task."""
        database = self.stack.connect("twin")
        with database, database.cursor() as cursor:
            cursor.execute(FINISH, [self.projects[str(size)]])
        database.close()

    def import_rate(self, rows: int) -> float:
        body = b"".join(jsonl(rows))
        wire = self.wire
        start = time.perf_counter()
        status, answer = wire.request("POST", f"/projects/{self.projects['0']}/import/", body)
        seconds = time.perf_counter() - start
        if status != 200:
            raise RuntimeError(f"import {status}: {answer[:200]!r}")
        return rows / seconds

    def export_rate(self, size: int) -> float:
        self.finish(size)
        wire = self.wire
        start = time.perf_counter()
        status, body = wire.request("GET", f"/projects/{self.projects[str(size)]}/export/")
        seconds = time.perf_counter() - start
        if status != 200:
            raise RuntimeError(f"export {status}: {body[:200]!r}")
        return body.count(b"\n") / seconds

    def page(self, size: int) -> float:
        """Seconds for the dashboard of a project of `size` tasks."""
        wire = self.wire
        wire.request("GET", f"/projects/{self.projects[str(size)]}/")
        start = time.perf_counter()
        status, _ = wire.request("GET", f"/projects/{self.projects[str(size)]}/")
        if status != 200:
            raise RuntimeError(f"dashboard {status}")
        return time.perf_counter() - start
