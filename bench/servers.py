"""The servers of one bench: a durable PostgreSQL of its own, Valkey, and gunicorn as `make run` starts it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from marketplace.localstack import postgres, process, valkey

ROOT = Path(__file__).resolve().parent.parent
THREADS = 4


@dataclass
class Stack:
    folder: Path
    database_pid: int
    sockets: Path
    valkey_sock: Path

    def connect(self, database: str) -> psycopg2.extensions.connection:
        return psycopg2.connect(host=str(self.sockets), user=postgres.USER, dbname=database)

    def make_database(self, name: str) -> str:
        """Create it; returns its URL."""
        connection = self.connect("postgres")
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
        connection.close()
        return postgres.url(self.sockets, name)

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "REDIS_URL": valkey.cache_url(self.valkey_sock),
            "CELERY_BROKER_URL": valkey.broker_url(self.valkey_sock),
            "QUORUM_MEDIA_ROOT": str(self.folder / "media"),
            "QUORUM_LOG_LEVEL": "WARNING",
            "SECRET_KEY": "bench only",
            "DEBUG": "0",
            "PYTHONPATH": str(ROOT),
            **more,
        }


@contextmanager
def stack() -> Iterator[Stack]:
    """Fresh servers in a folder on disk (fsync must mean something), gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="quorum-bench-", dir="/var/tmp" if Path("/var/tmp").is_dir() else None))
    folder.chmod(0o711)
    with ExitStack() as held:
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        cache = valkey.start(folder / "valkey", folder / "valkey.sock", log=folder / "valkey.log", keep=False)
        held.callback(valkey.stop, cache)
        postgres.initialise(folder / "data")
        database = postgres.start(folder / "data", folder / "pg", log=folder / "postgres.log")
        held.callback(postgres.stop, database, throw_away=True)
        yield Stack(folder, database.pid, folder / "pg", folder / "valkey.sock")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Web:
    port: int
    pid: int
    log: Path


@contextmanager
def gunicorn(stack: Stack, application: str, environment: Mapping[str, str]) -> Iterator[Web]:
    port = free_port()
    log = stack.folder / f"{application.split(':', maxsplit=1)[0]}.log"
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    command += ["--worker-class", "gthread", "--workers", "1", "--threads", str(THREADS), "--keep-alive", "75"]
    server = process.start(command, log=log, death_signal=signal.SIGTERM, environment=environment, folder=ROOT)
    try:
        process.wait_until(lambda: answers(port), server, name=application, log=log, seconds=60)
        yield Web(port, server.pid, log)
    finally:
        process.stop(server, signal.SIGTERM)


def answers(port: int) -> bool:
    """An HTTP answer of any kind: the application is loaded."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as probe:
            probe.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return probe.recv(12).startswith(b"HTTP/1.1")
    except OSError:
        return False


def python(module: str, *arguments: str, environment: Mapping[str, str]) -> str:
    """Run a module of the bench; its standard output. Its errors are ours to see."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], env=dict(environment), cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return done.stdout.decode()
