"""The bound of our export: every row that it writes, made by one hand-written COPY over our own tables.

It knows what the bench's tasks look like (two answers, no number but `strength`), so it can hash their sorted, compact
JSON without sorting; the pseudonym is HMAC-SHA256 (RFC 2104) spelt out. What is the same for all rows of an expert is
found once, as ours does.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Iterator
from typing import Any

from psycopg2.extensions import connection

BLOCK = 64  # bytes of a block of SHA-256
ROWS = """
COPY (WITH who AS MATERIALIZED (
    SELECT e.id, 'xp_' || left(encode(sha256(%(outer)s ||
               sha256(%(inner)s || convert_to(l.public_id || '/' || e.public_id, 'UTF8'))), 'hex'), 16) AS pid,
           c.level, c.field, CASE WHEN c.level IS NOT NULL THEN 'document' END AS method, c.verified_at,
           (SELECT a.title || ', version ' || a.version FROM accounts_agreement a
            JOIN projects_project_agreements pa ON pa.agreement_id = a.id
            WHERE pa.project_id = p.id AND a.kind = 'data_licence' ORDER BY a.version DESC LIMIT 1) AS licence
    FROM projects_project p JOIN accounts_lab l ON l.id = p.lab_id CROSS JOIN experts_expert e,
        LATERAL (SELECT max(c.level) AS level, string_agg(nullif(f.code, ''), ',' ORDER BY c.id) AS field,
                        to_char((array_agg(c.decided_at ORDER BY c.id DESC))[1], %(time)s) AS verified_at
                 FROM experts_credential c JOIN experts_field f ON f.id = c.field_id
                 WHERE c.expert_id = e.id AND c.status = 'verified') c
    WHERE p.public_id = %(project)s)
SELECT json_build_object(
    'payload', t.payload, 'response', s.response,
    'meta_item_id', t.public_id, 'meta_external_id', nullif(t.external_id, ''), 'meta_submission_id', s.public_id,
    'meta_kind', p.kind,
    'meta_content_sha256', encode(sha256(convert_to(format(
        '[{"answers":[{"id":%%s,"text":%%s},{"id":%%s,"text":%%s}],"prompt":%%s},'
        '{"order":%%s,"rationale":%%s,"strength":%%s}]',
        t.payload #> '{answers,0,id}', t.payload #> '{answers,0,text}',
        t.payload #> '{answers,1,id}', t.payload #> '{answers,1,text}', t.payload -> 'prompt',
        replace((s.response -> 'order')::text, ', ', ','), s.response -> 'rationale', s.response -> 'strength'
        ), 'UTF8')), 'hex'),
    'meta_expert_pid', who.pid, 'meta_credential_level', who.level, 'meta_field', who.field,
    'meta_verification_method', who.method, 'meta_verified_at', who.verified_at, 'meta_instruction_version', i.number,
    'meta_started_at', to_char(s.started_at, %(time)s), 'meta_submitted_at', to_char(s.submitted_at, %(time)s),
    'meta_active_seconds', s.active_seconds,
    'meta_review', coalesce((
        SELECT jsonb_agg(jsonb_build_object('role', CASE WHEN r.reviewer_id IS NULL THEN 'clock' ELSE 'lab' END,
                         'verdict', r.verdict, 'reason_code', r.reason, 'at', r.at) ORDER BY r.id)
        FROM tasks_review r WHERE r.submission_id = s.id)::text, '[]'),
    'meta_licence', who.licence, 'meta_consent_id', consent.public_id,
    'meta_paid_status', CASE s.status WHEN 'accepted' THEN 'earned' WHEN 'rejected' THEN 'part_earned'
        WHEN 'released' THEN 'part_earned' ELSE 'pending' END)
FROM tasks_submission s JOIN tasks_task t ON t.id = s.task_id JOIN projects_project p ON p.id = s.project_id
    JOIN who ON who.id = s.expert_id LEFT JOIN projects_instructionversion i ON i.id = s.instructions_id
    LEFT JOIN accounts_consent consent ON consent.id = s.consent_id
WHERE p.public_id = %(project)s AND s.submitted_at IS NOT NULL ORDER BY s.id) TO STDOUT
"""
TIME = 'YYYY-MM-DD"T"HH24:MI:SS"Z"'


def rate(database: connection, project: str, secret: str) -> tuple[float, bytes]:
    """(rows a second, the JSON Lines)."""
    start = time.perf_counter()
    with database, database.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        content = export(cursor, project, secret)
    hashlib.sha256(content).hexdigest()  # an export states its checksum
    return content.count(b"\n") / (time.perf_counter() - start), content


def export(cursor: Any, project: str, secret: str) -> bytes:
    """One COPY, and the escapes of its text format taken back. `cursor`: psycopg2's, its time zone UTC."""
    key = secret.encode().ljust(BLOCK, b"\0")
    if len(key) > BLOCK:
        key = hashlib.sha256(key).digest().ljust(BLOCK, b"\0")
    pads = {"inner": bytes(b ^ 0x36 for b in key), "outer": bytes(b ^ 0x5C for b in key)}
    sink = io.BytesIO()
    cursor.copy_expert(cursor.mogrify(ROWS, {"project": project, "time": TIME, **pads}), sink)
    return sink.getvalue().replace(b"\\\\", b"\\")


def differences(one: bytes, other: bytes) -> Iterator[str]:
    """Where two files do not hold the same rows in the same order, as parsed JSON."""
    ours, bound = one.splitlines(), other.splitlines()
    if len(ours) != len(bound):
        yield f"{len(ours)} rows against {len(bound)}"
    for number, (a, b) in enumerate(zip(ours, bound, strict=False)):
        left, right = _parsed(a), _parsed(b)
        for column in left.keys() | right.keys():
            if column not in left or column not in right or left[column] != right[column]:
                yield f"row {number}, {column}: {left.get(column)!r} against {right.get(column)!r}"


def _parsed(line: bytes) -> dict[str, Any]:
    """The review chain is JSON inside a string: its spaces and the order of its keys say nothing."""
    row: dict[str, Any] = json.loads(line)
    return {**row, "meta_review": json.loads(row["meta_review"])}
