"""Seconds of CPU that whole process trees have used: the web server and the database."""

from __future__ import annotations

import psutil


class Meter:
    """`with Meter(pid, …) as meter:` … `meter.seconds` is user + system time of these trees in between."""

    def __init__(self, *pids: int) -> None:
        self.pids = pids
        self.seconds = 0.0

    def __enter__(self) -> Meter:
        self.before = self._used()
        return self

    def __exit__(self, *exc: object) -> None:
        after = self._used()
        self.seconds = sum(used - self.before.get(key, 0.0) for key, used in after.items())

    def _used(self) -> dict[tuple[int, float], float]:
        """By (pid, start): a process that ended is in its parent's `children_*`, one that began counts whole."""
        used = {}
        for root in self.pids:
            top = psutil.Process(root)
            for process in [top, *top.children(recursive=True)]:
                try:
                    times = process.cpu_times()
                    used[process.pid, process.create_time()] = times.user + times.system
                except psutil.NoSuchProcess:
                    continue
        return used
