"""The bound: the same work as hand-written SQL through psycopg2, no web server, no framework."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time

from psycopg2.extensions import connection

from bench.payloads import RESPONSE, payload
from bench.servers import Stack

TABLES = """
CREATE TABLE task (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, public_id text UNIQUE NOT NULL, project int NOT NULL,
    external_id text NOT NULL, payload jsonb NOT NULL, sha256 text NOT NULL, priority int NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT 'open', holder int, UNIQUE (project, external_id));
CREATE INDEX task_queue ON task (project, priority, id) WHERE status = 'open';
CREATE TABLE answer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, task bigint NOT NULL REFERENCES task UNIQUE,
    holder int NOT NULL, response jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now());
"""
NEXT = """
UPDATE task SET status = 'claimed', holder = %s WHERE id = (
    SELECT id FROM task WHERE project = %s AND status = 'open' ORDER BY priority, id LIMIT 1
    FOR UPDATE SKIP LOCKED) RETURNING id, payload
"""
DONE = "UPDATE task SET status = 'done' WHERE id = %s AND holder = %s AND status = 'claimed'"
ANSWER = "INSERT INTO answer (task, holder, response) VALUES (%s, %s, %s)"
EXPORT = """
COPY (SELECT json_build_object('task', t.id, 'payload', t.payload, 'response', a.response)
      FROM answer a JOIN task t ON t.id = a.task WHERE t.project = {project} ORDER BY a.id) TO STDOUT
"""
FINISH = """
INSERT INTO answer (task, holder, response)
SELECT t.id, 0, (SELECT response FROM answer LIMIT 1) FROM task t
WHERE t.project = %s AND NOT EXISTS (SELECT FROM answer a WHERE a.task = t.id)
"""  # so that an export has a row for each task
PAGE = "SELECT status, count(*) FROM task WHERE project = %s GROUP BY status"
LATEST = "SELECT id, holder, at FROM answer ORDER BY id DESC LIMIT 20"


def import_file(database: connection, project: int, file: bytes) -> float:
    """Seconds to read JSON Lines, hash each payload and COPY it in: the same work, by hand."""
    start = time.perf_counter()
    text = []
    for number, line in enumerate(file.splitlines()):
        row = json.loads(line)
        key = row.pop("external_id")
        payload = json.dumps(row)
        sha = hashlib.sha256(payload.encode()).hexdigest()
        payload = payload.replace("\\", "\\\\").replace("\t", "\\t")
        text.append(f"tsk_{project:06d}{number:010d}\t{project}\t{key}\t{payload}\t{sha}\n")
    copy_text(database, "".join(text))
    return time.perf_counter() - start


def copy_text(database: connection, text: str) -> float:
    """Seconds for one COPY FROM of ready-made text, and its commit."""
    start = time.perf_counter()
    with database, database.cursor() as cursor:
        cursor.copy_expert("COPY task (public_id, project, external_id, payload, sha256) FROM STDIN", io.StringIO(text))
    return time.perf_counter() - start


def ready_made(project: int, rows: int) -> str:
    sha = "0" * 64
    return "".join(
        f"tsk_{project:06d}{number:010d}\t{project}\tt{number}\t{json.dumps(payload(number))}\t{sha}\n"
        for number in range(rows)
    )


def export_rate(database: connection, project: int) -> float:
    """Rows a second of COPY TO."""
    sink = io.StringIO()
    start = time.perf_counter()
    with database, database.cursor() as cursor:
        cursor.copy_expert(EXPORT.format(project=int(project)), sink)
    return sink.getvalue().count("\n") / (time.perf_counter() - start)


def page(database: connection, project: int) -> float:
    start = time.perf_counter()
    with database, database.cursor() as cursor:
        cursor.execute(PAGE, [project])
        cursor.fetchall()
        cursor.execute(LATEST)
        cursor.fetchall()
    return time.perf_counter() - start


def cycle(database: connection, person: int, project: int) -> float | None:
    """Claim and submit in two transactions; seconds of the claim, None when nothing is left."""
    start = time.perf_counter()
    with database, database.cursor() as cursor:
        cursor.execute(NEXT, [person, project])
        row = cursor.fetchone()
    claimed = time.perf_counter() - start
    if row is None:
        return None
    with database, database.cursor() as cursor:
        cursor.execute(ANSWER, [row[0], person, json.dumps(RESPONSE)])
        cursor.execute(DONE, [row[0], person])
    return claimed


def cycles(stack: Stack, project: int, people: int, seconds: float) -> float:
    """Cycles a second of `people` threads, a connection each."""
    done = [0] * people
    begin = threading.Barrier(people + 1)

    def work(person: int) -> None:
        database = stack.connect("raw")
        begin.wait()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until and cycle(database, person, project) is not None:
            done[person] += 1
        database.close()

    threads = [threading.Thread(target=work, args=(person,)) for person in range(people)]
    for thread in threads:
        thread.start()
    begin.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - start)
