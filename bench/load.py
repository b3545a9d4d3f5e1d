"""Let the client process loose on a server, and count what the server's side spends."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from bench.cpu import Meter
from bench.servers import ROOT, Stack, Web
from bench.stats import percentile


@dataclass
class Run:
    """One load on one server. Times in milliseconds, CPU of server + database for each cycle."""

    rate: float
    cpu: float
    client_cpu: float
    cycle_times: list[float]
    claim_times: list[float]
    diaries: list[dict[str, Any]]

    def at(self, share: float) -> float:
        return percentile(self.cycle_times, share)

    @property
    def surprises(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for diary in self.diaries:
            for key, count in diary["refused"].items():
                found[key] = found.get(key, 0) + count
        return found


def run(stack: Stack, web: Web, order: dict[str, Any]) -> Run:
    """`order` as in bench/client.py, without its port. Raises RuntimeError when not one cycle came through."""
    with Meter(stack.database_pid, web.pid) as meter:
        done = subprocess.run(
            [sys.executable, "-m", "bench.client"],
            input=json.dumps({**order, "port": web.port}).encode(),
            stdout=subprocess.PIPE,
            cwd=ROOT,
            check=True,
        )
    result = json.loads(done.stdout)
    cycle_times = [1000 * t for diary in result["diaries"] for t in diary["cycles"]]
    count = len(cycle_times)
    outcome = Run(
        rate=count / result["seconds"],
        cpu=1000 * meter.seconds / max(count, 1),
        client_cpu=1000 * result["cpu"] / max(count, 1),
        cycle_times=cycle_times,
        claim_times=[1000 * t for diary in result["diaries"] for t in diary["claims"]],
        diaries=result["diaries"],
    )
    if not count:
        raise RuntimeError(f"No cycle came through: {outcome.surprises}")
    return outcome
