"""A PostgreSQL and a Valkey for one test run: made in a second, gone with it. Any number can run at once.

The empty cluster is made once and copied, and so is the migrated one (migrated.py). A folder whose lock nobody holds
belongs to a run that was killed; the next run removes it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marketplace.localstack import binaries, migrated, postgres, process, valkey


def _root() -> Path:
    """Short, because a socket's path may hold 107 bytes; its own per user, so that no other can wait there."""
    root = Path(tempfile.gettempdir()) / f"quorum-test-{os.getuid()}"
    root.mkdir(mode=0o711, exist_ok=True)
    if root.is_symlink() or root.stat().st_uid != os.getuid():
        raise process.ServerFailed(f"{root} belongs to somebody else; set TMPDIR to a folder of your own")
    return root


@contextmanager
def _lock(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold `path` locked; yields False when somebody else does and we do not wait."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _remove_leftovers(root: Path) -> None:
    for folder in root.glob("run-*"):
        with _lock(folder.with_name(f"lock-{folder.name}"), wait=False) as free:
            if free:
                shutil.rmtree(folder, ignore_errors=True)
                folder.with_name(f"lock-{folder.name}").unlink(missing_ok=True)


def _template(root: Path, *, with_tables: bool) -> Path:
    """The cluster to copy; only one run makes it, the others wait."""
    made_by = hashlib.sha256(str(binaries.postgres_bin()).encode()).hexdigest()[:8]
    cluster = root / f"empty-{made_by}" / "data"
    cluster.parent.mkdir(mode=0o711, exist_ok=True)
    with _lock(root / "lock-empty", wait=True):
        if not (cluster.parent / "done").exists():
            shutil.rmtree(cluster, ignore_errors=True)
            postgres.initialise(cluster, small=True)
            (cluster.parent / "done").touch()
        return migrated.cluster(root, cluster, _copy) if with_tables else cluster


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    if process.identity() is process.Identity.NOBODY:
        for path in (target, *target.rglob("*")):
            os.chown(path, process.NOBODY, process.NOBODY)


@contextmanager
def servers(*, with_tables: bool = False) -> Iterator[dict[str, str]]:
    """Both servers, running; yields the environment that leads to them. Everything is gone afterwards.

    `with_tables`: the database of the tests is there already, migrated.
    """
    root = _root()
    _remove_leftovers(root)
    cluster = _template(root, with_tables=with_tables)
    run = root / f"run-{os.getpid()}-{os.urandom(2).hex()}"
    with _lock(root / f"lock-{run.name}", wait=True):
        run.mkdir(mode=0o711)
        (run / "static").mkdir()
        try:
            with _running(run, cluster) as environment:
                yield environment
        finally:
            shutil.rmtree(run, ignore_errors=True)
            (root / f"lock-{run.name}").unlink(missing_ok=True)


@contextmanager
def _running(run: Path, cluster: Path) -> Iterator[dict[str, str]]:
    sock, sockets = run / "valkey.sock", run / "pg"
    cache = valkey.start(run / "valkey", sock, log=run / "valkey.log", keep=False)
    try:
        _copy(cluster, run / "data")
        database = postgres.start(run / "data", sockets, log=run / "postgres.log", fast=True)
        try:
            yield {
                "DATABASE_URL": postgres.url(sockets),
                "REDIS_URL": valkey.cache_url(sock),
                "CELERY_BROKER_URL": valkey.broker_url(sock),
                "QUORUM_MEDIA_ROOT": str(run / "media"),
                "QUORUM_STATIC_ROOT": str(run / "static"),
            }
        finally:
            postgres.stop(database, throw_away=True)
    finally:
        valkey.stop(cache)
