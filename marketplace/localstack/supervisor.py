"""Keeps a handful of processes together: all run, or none does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from marketplace.localstack import orphans, process
from marketplace.localstack.process import ServerFailed

GENTLE: dict[str, signal.Signals] = {"PostgreSQL": signal.SIGINT}  # SIGTERM would wait for its clients
LAST = ("PostgreSQL", "Valkey")  # the others still write to them while they end


class Stopped(Exception):
    """Somebody asked us to end: Ctrl-C, SIGTERM, or a closed terminal."""


def say(line: str = "", end: str = "\n") -> None:
    """Print; a terminal that is gone is no reason to leave servers behind."""
    try:
        print(line, end=end, flush=True)  # noqa: T201
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


class Supervisor:
    def __init__(self, local: Path, logs: Path) -> None:
        self.local = local
        self.logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False

    # --- starting ---

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """One line per step: what, and then how long it took."""
        began = time.monotonic()
        say(f"  {label:<28}", end="")
        yield
        say(f"{time.monotonic() - began:5.1f} s")

    def keep(self, name: str, server: subprocess.Popen[bytes]) -> None:
        self.running[name] = server
        orphans.remember(self.local, [kept.pid for kept in self.running.values()])

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        output: Path | None = None,
    ) -> None:
        log = self.log(name)
        log.unlink(missing_ok=True)
        started = process.start(
            command, log=log, output=output, death_signal=signal.SIGTERM, environment=environment, folder=folder
        )
        self.keep(name, started)

    def wait(self, name: str, ready: Callable[[], bool], seconds: float = 60) -> None:
        process.wait_until(ready, self.running[name], name=name, log=self.log(name), seconds=seconds)

    def finish(self, name: str) -> None:
        """Wait for a process that does one thing and ends."""
        code = self.running[name].wait()
        del self.running[name]
        if code:
            raise ServerFailed(f"{name} failed with code {code}:\n{process.tail(self.log(name), 30)}")

    # --- running ---

    def watch(self) -> NoReturn:
        """Return never: raises Stopped when asked to end, ServerFailed when any process ended by itself."""
        while True:
            for name, server in self.running.items():
                if server.poll() is not None:
                    raise ServerFailed(f"{name} ended with code {server.returncode}:\n{process.tail(self.log(name))}")
            time.sleep(0.2)

    # --- ending ---

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Turn the first signal into Stopped, and a second one into no more patience."""
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stopping:
            for server in self.running.values():
                _kill(server)
            return
        self._stopping = True
        raise Stopped

    def stop(self) -> None:
        """End everything: those who serve people together, then what they write to."""
        self._stopping = True
        front = [server for name, server in self.running.items() if name not in LAST]
        for server in front:
            if server.poll() is None:
                server.send_signal(signal.SIGTERM)
        for server in front:
            process.stop(server, signal.SIGTERM)
        for name in LAST:
            if name in self.running:
                process.stop(self.running[name], GENTLE.get(name, signal.SIGTERM), patience=20)
        self.running.clear()
        (self.local / orphans.FILE).unlink(missing_ok=True)


def _kill(server: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(server.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
