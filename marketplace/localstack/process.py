"""Starting and stopping a server process so that nothing is left behind, whoever we are.

PostgreSQL refuses to run as root. As root it runs in a user namespace that calls root 65534 ("nobody"): files stay
ours, no folder is opened, no user is added. Where namespaces are refused (a chroot, Docker's default profile) it
runs as the real nobody, with its files in a folder of its own.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from pathlib import Path

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
LINUX = sys.platform == "linux"


class ServerFailed(RuntimeError):
    """A server ended or never became ready; the message carries the end of its log."""


class Identity(Enum):
    SELF = "self"
    NAMESPACE = "namespace"
    NOBODY = "nobody"


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def enter_namespace() -> None:  # after fork: what a child does before it becomes another program is not measured
    """Become 65534 in a new user namespace. Raises OSError where the kernel refuses."""
    uid, gid = os.getuid(), os.getgid()
    if _libc().unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWUSER)")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1")


def _namespaces_work() -> bool:
    child = os.fork()
    if child == 0:  # after fork
        try:
            enter_namespace()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _has_account(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


@cache
def identity() -> Identity:
    """As whom PostgreSQL can run here: it wants an account that is not root."""
    if os.getuid() and _has_account(os.getuid()):
        return Identity.SELF
    if LINUX and _namespaces_work():
        return Identity.NAMESPACE
    if os.getuid() == 0:
        return Identity.NOBODY
    raise ServerFailed(f"User {os.getuid()} has no account here and may not make a user namespace. Set DATABASE_URL.")


def _before_exec(who: Identity, death_signal: signal.Signals) -> Callable[[], None]:
    libc = _libc()
    parent = os.getpid()

    def prepare() -> None:  # after fork
        if who is Identity.NAMESPACE:
            enter_namespace()
        elif who is Identity.NOBODY:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        if LINUX:  # after the change of user, which would clear it
            libc.prctl(PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    death_signal: signal.Signals,
    who: Identity = Identity.SELF,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    output: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start in a session of its own (Ctrl-C reaches only us); what it writes goes to `log`, or its words to `output`.

    When we die without a word, the kernel sends it `death_signal` (Linux). Call from the main thread: the kernel
    means the thread that started the child.
    """
    with log.open("ab") as sink, (output or log).open("ab") as words:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=sink,
            env=None if environment is None else dict(environment),
            cwd=folder or "/",
            start_new_session=True,
            preexec_fn=_before_exec(who, death_signal),  # noqa: PLW1509  it calls the kernel, nothing of Python's
        )


def tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], *, name: str, log: Path, seconds: float
) -> None:
    """Poll until `ready()`. Raises ServerFailed with the end of the log when the process ends or time runs out."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise ServerFailed(f"{name} ended with code {process.returncode}:\n{tail(log)}")
        if time.monotonic() > deadline:
            raise ServerFailed(f"{name} was not ready after {seconds:.0f} s:\n{tail(log)}")
        time.sleep(0.01)


def stop(process: subprocess.Popen[bytes], how: signal.Signals, *, patience: float = 10) -> None:
    """Ask with `how`; after `patience` seconds kill the whole session."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
