"""The annotators: so many people who claim and submit as fast as they are answered. A process of its own.

    python -m bench.client < order.json > result.json

An order is {"port", "dialect", "project", "seconds", "people": [{header: value}, …], "mischief": bool}. With mischief
each person also hands every third piece of work in twice, and tries to hand in what somebody else holds.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.dialects import DIALECTS, Dialect
from bench.wire import Wire


@dataclass
class Diary:
    """What one person saw. Seconds; `work` holds what the server acknowledged: [task, submission]."""

    claims: list[float] = field(default_factory=list)
    cycles: list[float] = field(default_factory=list)
    work: list[tuple[str, str]] = field(default_factory=list)
    handed: list[str] = field(default_factory=list)  # tasks given to us
    retried: list[str] = field(default_factory=list)
    stolen: list[str] = field(default_factory=list)  # somebody else's, accepted from us
    attempts: int = 0  # to steal
    refused: dict[str, int] = field(default_factory=dict)  # unexpected answers

    def note(self, what: str, status: int, answer: bytes) -> None:
        key = f"{what} {status} {answer[:160]!r}"
        self.refused[key] = self.refused.get(key, 0) + 1


class Person(threading.Thread):
    def __init__(self, order: dict[str, Any], number: int, holding: dict[int, str], begin: threading.Barrier) -> None:
        super().__init__()
        self.number, self.holding, self.begin = number, holding, begin
        self.seconds: float = order["seconds"]
        self.mischief: bool = order.get("mischief", False)
        self.dialect: Dialect = DIALECTS[order["dialect"]](order["project"])
        self.wire = Wire(order["port"], order["people"][number])
        self.diary = Diary()

    def run(self) -> None:
        self.wire.connect()
        self.begin.wait()
        until = time.perf_counter() + self.seconds
        while time.perf_counter() < until and self.cycle():
            pass
        self.wire.close()

    def cycle(self) -> bool:
        start = time.perf_counter()
        status, answer = self.wire.request("POST", self.dialect.claim_path, self.dialect.claim_body)
        claimed = time.perf_counter() - start
        if status >= 300:
            self.diary.note("claim", status, answer)
            return False
        task, work = self.dialect.claimed(answer)
        self.diary.handed.append(task)
        if self.mischief:
            self.steal()
        self.holding[self.number] = work
        path, body = self.dialect.submit_path(work), self.dialect.submit_body
        start = time.perf_counter()
        status, answer = self.wire.request("POST", path, body)
        submitted = time.perf_counter() - start
        self.holding.pop(self.number)
        if status >= 300:
            self.diary.note("submit", status, answer)
            return False
        self.diary.claims.append(claimed)
        self.diary.cycles.append(claimed + submitted)
        self.diary.work.append((task, work))
        if self.mischief and len(self.diary.work) % 3 == 1:
            self.wire.request("POST", path, body)
            self.diary.retried.append(work)
        return True

    def steal(self) -> None:
        """Hand in what somebody else holds at this moment."""
        for other, work in list(self.holding.items()):
            if other != self.number:
                self.diary.attempts += 1
                status, _ = self.wire.request("POST", self.dialect.submit_path(work), self.dialect.submit_body)
                if status < 300:
                    self.diary.stolen.append(work)
                return


def main() -> None:
    order = json.load(sys.stdin)
    people = len(order["people"])
    begin = threading.Barrier(people + 1)
    holding: dict[int, str] = {}
    everyone = [Person(order, number, holding, begin) for number in range(people)]
    for person in everyone:
        person.start()
    begin.wait()
    start, cpu = time.perf_counter(), time.process_time()
    for person in everyone:
        person.join()
    json.dump(
        {
            "seconds": time.perf_counter() - start,
            "cpu": time.process_time() - cpu,
            "diaries": [asdict(person.diary) for person in everyone],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
