"""What a killed `up` left running. On Linux the kernel ends it; this finds the rest, and everything on macOS.

A process is recognised by its id and the moment it was created, so a reused id is never touched.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

FILE = "processes.json"
SAME_MOMENT = 0.05  # seconds; psutil derives creation times from clock ticks


def remember(local: Path, pids: Iterable[int]) -> None:
    known = [(pid, psutil.Process(pid).create_time()) for pid in pids if psutil.pid_exists(pid)]
    fresh = local / f"{FILE}.new"
    fresh.write_text(json.dumps(known))
    fresh.replace(local / FILE)


def _remembered(local: Path) -> list[psutil.Process]:
    path = local / FILE
    found = []
    for pid, created in json.loads(path.read_text()) if path.exists() else []:
        try:
            candidate = psutil.Process(pid)
            if abs(candidate.create_time() - created) < SAME_MOMENT:
                found.append(candidate)
        except psutil.NoSuchProcess:
            continue
    return found


def _postmaster(cluster: Path) -> list[psutil.Process]:
    """A PostgreSQL that runs this cluster though we do not remember it: its own pid file says so."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split()[0])
        candidate = psutil.Process(pid)
        return [candidate] if str(cluster) in candidate.cmdline() else []
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def stop(local: Path, cluster: Path, *, patience: float = 10) -> int:
    """End whatever is left, PostgreSQL last and by SIGINT; returns how many there were."""
    postmasters = _postmaster(cluster)
    others = [left for left in _remembered(local) if left not in postmasters]
    everything = [child for left in others for child in left.children(recursive=True)] + others
    _end(everything, signal.SIGTERM, patience)
    _end(postmasters, signal.SIGINT, patience)
    (local / FILE).unlink(missing_ok=True)
    return len(others) + len(postmasters)


def _end(processes: list[psutil.Process], how: signal.Signals, patience: float) -> None:
    for left in processes:
        _signal(left, how)
    _, stubborn = psutil.wait_procs(processes, timeout=patience)
    for left in stubborn:
        _signal(left, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=patience)


def _signal(left: psutil.Process, how: signal.Signals) -> None:
    try:
        left.send_signal(how)
    except psutil.NoSuchProcess:
        return
