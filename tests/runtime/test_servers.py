"""The embedded PostgreSQL and Valkey: side by side, never in the way, gone when their run is."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from marketplace.localstack import binaries, endpoints, migrated, orphans, postgres, process, throwaway
from marketplace.localstack.layout import SOCKET_PATH_LIMIT, Layout
from marketplace.localstack.process import Identity, ServerFailed

HOLD = """
import sys, time
from marketplace.localstack import process, throwaway
if sys.argv[1:]:
    process.identity = lambda: process.Identity(sys.argv[1])
with throwaway.servers() as environment:
    print(environment["DATABASE_URL"], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def root(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of our own, as short as sockets need it, that the real nobody can pass through."""
    folder = Path("/tmp") / f"q{os.getpid()}"
    folder.mkdir(mode=0o711)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def ask(url: str, question: str) -> object:
    with closing(psycopg2.connect(url.replace("/quorum?", "/postgres?"))) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        (answer,) = cursor.fetchone() or (None,)
        return answer


def test_two_runs_at_once_do_not_see_each_other_and_leave_nothing(root: Path) -> None:
    with throwaway.servers() as one, throwaway.servers() as other:
        assert one["DATABASE_URL"] != other["DATABASE_URL"]
        redis.Redis.from_url(one["REDIS_URL"]).set("who", "one")
        assert redis.Redis.from_url(other["REDIS_URL"]).get("who") is None
        assert ask(one["DATABASE_URL"], "SHOW jit") == "off"
        assert ask(one["DATABASE_URL"], "SELECT datlocale FROM pg_database LIMIT 1") == "C.UTF-8"
    assert not list(root.glob("*/run-*"))
    assert not list(root.glob("*/lock-run-*"))


@pytest.mark.chaos
@pytest.mark.parametrize("who", [None, "nobody"])
def test_a_killed_run_takes_its_servers_along_and_the_next_one_cleans_up(root: Path, who: str | None) -> None:
    if who and os.getuid():
        pytest.skip("only root can become nobody")
    command = [sys.executable, "-c", HOLD, *([who] if who else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        url = run.stdout.readline().strip()
        servers = psutil.Process(run.pid).children()
        assert len(servers) == 2
        assert ask(url, "SELECT 1") == 1
        if who:
            assert {server.username() for server in servers} == {"root", "nobody"}
        run.kill()
    psutil.wait_procs(servers, timeout=20)
    assert not any(server.is_running() for server in servers)
    assert list(root.glob("*/run-*"))
    with throwaway.servers():
        assert len(list(root.glob("*/run-*"))) == 1


def test_tables_are_made_anew_when_anything_they_are_made_from_changes(tmp_path: Path) -> None:
    files = {
        "requirements-dev.txt": "django==5.2.19",
        "marketplace/settings.py": "",
        "tasks/migrations/0001_initial.py": "from core.ids import PublicIdField\n",
        "core/ids.py": "PREFIX = 3",
        "experts/data/fields.csv": "0531,Chemistry",
        "tasks/views.py": "nothing a migration reads",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    before = migrated.fingerprint(tmp_path)
    (tmp_path / "tasks/views.py").write_text("changed")
    assert migrated.fingerprint(tmp_path) == before
    for name in [*files][:-1]:
        (tmp_path / name).write_text(files[name] + "\n# changed")
        assert migrated.fingerprint(tmp_path) != before
        (tmp_path / name).write_text(files[name])
    assert migrated.fingerprint(tmp_path) == before


def test_migrations_that_fail_are_left_to_the_tests_to_show(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = root / "migrated-old"
    old.mkdir()
    (old / "done").touch()
    os.utime(old / "done", (0, 0))
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with throwaway.servers():
        (empty,) = root.glob("quorum-test-*/empty-*/data")
    assert migrated.cluster(root, empty, throwaway._copy) == empty
    assert not old.exists()


def test_a_cluster_of_another_major_version_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("15\n")
    with pytest.raises(ServerFailed, match="made by PostgreSQL 15, this is 18"):
        postgres.initialise(tmp_path)


def test_a_server_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    broken = process.start(["sh", "-c", "echo no such luck; exit 3"], log=log, death_signal=signal.SIGTERM)
    with pytest.raises(ServerFailed, match=r"(?s)Toy ended with code 3.*no such luck"):
        process.wait_until(lambda: False, broken, name="Toy", log=log, seconds=20)


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    silent = process.start(["sleep", "60"], log=log, death_signal=signal.SIGTERM)
    with pytest.raises(ServerFailed, match="Toy was not ready after 0 s"):
        process.wait_until(lambda: False, silent, name="Toy", log=log, seconds=0)
    process.stop(silent, signal.SIGTERM)
    assert silent.returncode == -signal.SIGTERM


def test_a_server_that_does_not_listen_is_killed_with_its_children(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 60 & echo started; wait; wait"
    said = tmp_path / "said"
    os.mkfifo(said)
    with os.fdopen(os.open(said, os.O_RDWR), "rb") as words:
        stubborn = process.start(["sh", "-c", script], log=tmp_path / "log", output=said, death_signal=signal.SIGKILL)
        assert select.select([words], [], [], 20)[0], "it never said a word"
        assert words.readline() == b"started\n"
    children = psutil.Process(stubborn.pid).children()
    process.stop(stubborn, signal.SIGTERM, patience=0.1)
    assert stubborn.returncode == -signal.SIGKILL
    psutil.wait_procs(children, timeout=20)
    assert not any(child.is_running() for child in children)


def test_missing_programs_are_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUORUM_PG_BIN", str(tmp_path))
    monkeypatch.setenv("QUORUM_VALKEY_BIN", str(tmp_path / "valkey-server"))
    with pytest.raises(binaries.NotInstalled, match="QUORUM_PG_BIN"):
        binaries.postgres_bin()
    with pytest.raises(binaries.NotInstalled, match="QUORUM_VALKEY_BIN"):
        binaries.valkey_server()


def test_what_a_dead_supervisor_left_is_ended_and_a_reused_pid_is_not(tmp_path: Path) -> None:
    log = tmp_path / "log"
    left, stranger = (process.start(["sleep", "60"], log=log, death_signal=signal.SIGTERM) for _ in range(2))
    orphans.remember(tmp_path, [left.pid])
    known = (tmp_path / orphans.FILE).read_text()
    (tmp_path / orphans.FILE).write_text(known[:-1] + f", [{stranger.pid}, 1.0]]")
    assert orphans.stop(tmp_path, tmp_path / "pg") == 1
    left.wait(20)
    assert stranger.poll() is None
    assert orphans.stop(tmp_path, tmp_path / "pg") == 0
    process.stop(stranger, signal.SIGTERM)


def test_sockets_stay_near_unless_the_path_is_too_long(tmp_path: Path) -> None:
    assert Layout(Path("/srv/quorum/.local")).sockets == Path("/srv/quorum/.local/run")
    far = Layout(tmp_path / ("long-" * 30) / ".local").sockets
    assert len(str(far / "pg" / ".s.PGSQL.5432")) < SOCKET_PATH_LIMIT


def test_nobody_keeps_its_data_outside_a_private_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "identity", lambda: Identity.NOBODY)
    assert Path("/var/tmp") in Layout(Path("/root/quorum/.local")).cluster.parents


def test_other_commands_adopt_a_running_product_unless_they_have_servers_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints.write({"DATABASE_URL": "postgresql:///embedded", "QUORUM_DEMO": "1"}, tmp_path)
    assert (tmp_path / endpoints.FILE).stat().st_mode & 0o077 == 0
    monkeypatch.setattr(os, "environ", {"DATABASE_URL": "postgresql:///own"})
    endpoints.adopt(tmp_path)
    assert os.environ == {"DATABASE_URL": "postgresql:///own"}
    monkeypatch.setattr(os, "environ", {"QUORUM_DEMO": "0"})
    endpoints.adopt(tmp_path)
    assert os.environ == {"DATABASE_URL": "postgresql:///embedded", "QUORUM_DEMO": "0"}
    endpoints.forget(tmp_path)
    assert endpoints.read(tmp_path) == {}
