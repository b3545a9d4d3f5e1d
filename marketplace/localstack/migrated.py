"""A migrated database to copy for each test run: migrating takes seconds, copying a fraction of one.

The key is everything that migrations are made from: their own files, the modules they import, the data they ship.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from marketplace.localstack import postgres, process

BASE = Path(__file__).resolve().parents[2]
TEST_DATABASE = f"test_{postgres.DATABASE}"  # the name pytest-django looks for
OURS = re.compile(r"^\s*(?:from|import)\s+((?:accounts|core|experts|payments|projects|tasks)(?:\.\w+)*)", re.MULTILINE)
KEPT = 3600  # seconds after its last use


def fingerprint(base: Path = BASE) -> str:
    migrations = sorted(base.glob("*/migrations/*.py"))
    modules = {name for path in migrations for name in OURS.findall(path.read_text())}
    parts = {base / "requirements-dev.txt", base / "marketplace" / "settings.py", *migrations}
    for name in modules:
        place = base.joinpath(*name.split("."))
        parts |= {place.with_suffix(".py"), *place.rglob("*")}
    parts.update(base.glob("*/data/**/*"))
    content = hashlib.sha256()
    for path in sorted(parts):
        if path.is_file() and "__pycache__" not in path.parts:
            content.update(str(path).encode() + b"\0" + path.read_bytes())
    return content.hexdigest()[:12]


def cluster(root: Path, empty: Path, copy: Callable[[Path, Path], None]) -> Path:
    """The migrated cluster, made when there is none for today's migrations; the caller holds the lock of `root`.

    When migrating fails, `empty`: the tests migrate once more and show the reason.
    """
    _forget_old_ones(root)
    home = root / f"migrated-{fingerprint()}"
    if not (home / "done").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(mode=0o711)
        copy(empty, home / "data")
        if not _migrate(home):
            return empty
    (home / "done").touch()
    return home / "data"


def _forget_old_ones(root: Path) -> None:
    for home in root.glob("migrated-*"):
        done = home / "done"
        if not done.exists() or done.stat().st_mtime < time.time() - KEPT:
            shutil.rmtree(home, ignore_errors=True)


def _migrate(home: Path) -> bool:
    server = postgres.start(home / "data", home / "pg", log=home / "postgres.log", fast=True)
    try:
        postgres.create_database(home / "pg", TEST_DATABASE)
        migrate = process.start(
            [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
            log=home / "migrate.log",
            death_signal=signal.SIGTERM,
            environment={**os.environ, "DATABASE_URL": postgres.url(home / "pg", TEST_DATABASE), "SECRET_KEY": "test"},
            folder=BASE,
        )
        return migrate.wait() == 0
    finally:
        postgres.stop(server)
