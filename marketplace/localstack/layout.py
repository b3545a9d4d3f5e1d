"""Where everything of one checkout lives: .local, and short places elsewhere where .local cannot do."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from marketplace.localstack import process

SOCKET_PATH_LIMIT = 103  # bytes; macOS allows 104 with the final zero, Linux 108
LONGEST_SOCKET = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Layout:
    """The folders of one checkout. Nothing is made before it is needed."""

    local: Path

    @property
    def _mark(self) -> str:
        return f"{os.getuid()}-{hashlib.sha256(str(self.local).encode()).hexdigest()[:8]}"

    @property
    def sockets(self) -> Path:
        near = self.local / "run"
        if len(os.fsencode(near / "pg" / LONGEST_SOCKET)) <= SOCKET_PATH_LIMIT:
            return near
        return Path(tempfile.gettempdir()) / f"quorum-{self._mark}"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data. The real nobody cannot reach into a private checkout, so it gets a folder outside."""
        if process.identity() is process.Identity.NOBODY:
            return Path("/var/tmp") / f"quorum-{self._mark}" / "pg"  # noqa: S108  survives a restart, unlike /tmp
        return self.local / "pg"

    @property
    def logs(self) -> Path:
        return self.local / "log"

    def make(self) -> None:
        for folder in (self.local, self.sockets, self.logs, self.local / "mail"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.sockets.stat().st_uid != os.getuid():
            raise process.ServerFailed(f"{self.sockets} belongs to somebody else; remove it")
        if process.identity() is process.Identity.NOBODY:
            self.sockets.chmod(0o711)  # nobody passes through to its own folder, and sees nothing else
            self.cluster.parent.mkdir(mode=0o711, parents=True, exist_ok=True)

    def secret_key(self) -> str:
        path = self.local / "secret_key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(50))
        return path.read_text()

    def sealing_key(self, what: str) -> str:
        """The demo's Fernet key for "bank" details, "file"s or "record"s, made from its secret key."""
        return base64.urlsafe_b64encode(hashlib.sha256(f"{what} {self.secret_key()}".encode()).digest()).decode()

    def lock(self) -> IO[str] | None:
        """Hold this checkout for one `up`; None when another holds it. The file then names that one's pid."""
        self.local.mkdir(mode=0o700, exist_ok=True)
        handle = (self.local / "up.lock").open("a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        return handle

    def holder(self) -> str:
        return (self.local / "up.lock").read_text()

    def remove(self) -> None:
        """Everything `up` ever made here: people, money, files, mail."""
        for folder in (self.cluster, self.sockets, self.local):
            shutil.rmtree(folder, ignore_errors=True)
        if self.cluster.parent != self.local:
            shutil.rmtree(self.cluster.parent, ignore_errors=True)
