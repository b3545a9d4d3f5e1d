"""How one claims and submits at the twin and at ours."""

from __future__ import annotations

import json
from typing import Any, Protocol

from bench.payloads import RESPONSE


class Dialect(Protocol):
    claim_path: str
    claim_body: bytes
    submit_body: bytes

    def __init__(self, project: str) -> None: ...

    def claimed(self, answer: bytes) -> tuple[str, str]:
        """(task, what a submission is addressed to)."""

    def submit_path(self, work: str) -> str: ...


class Twin:
    claim_body = b""
    submit_body = json.dumps(RESPONSE).encode()

    def __init__(self, project: str) -> None:
        self.claim_path = f"/projects/{project}/next/"

    def claimed(self, answer: bytes) -> tuple[str, str]:
        task = str(json.loads(answer)["id"])
        return task, task

    def submit_path(self, work: str) -> str:
        return f"/tasks/{work}/submit/"


class Ours:
    claim_body = b""
    submit_body = json.dumps({"response": RESPONSE, "seconds": 300}).encode()

    def __init__(self, project: str) -> None:
        self.claim_path = f"/api/v1/projects/{project}/claims/"

    def claimed(self, answer: bytes) -> tuple[str, str]:
        work = json.loads(answer)
        return work["task"]["id"], work["id"]

    def submit_path(self, work: str) -> str:
        return f"/api/v1/work/{work}/submit/"


DIALECTS: dict[str, Any] = {"twin": Twin, "ours": Ours}
