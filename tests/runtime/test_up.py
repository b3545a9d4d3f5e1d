"""`manage.py up`, as a newcomer meets it: one command up, one key down, and no harm in a kill -9."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from marketplace.localstack import endpoints, process, up
from marketplace.localstack.layout import Layout
from marketplace.localstack.process import ServerFailed
from marketplace.localstack.supervisor import Stopped, Supervisor

OURS = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "STRIPE_", "QUORUM_", "SECRET_KEY", "COV_CORE")


class Product:
    """One `manage.py up` in a folder of its own."""

    def __init__(self, local: Path) -> None:
        self.local = local
        self.port = free_port()
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environment |= {"QUORUM_LOCAL": str(local), "QUORUM_DEMO": "0"}

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(self.port), *arguments],
            cwd=up.BASE,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> subprocess.Popen[str]:
        running = self.command()
        assert running.stdout
        told = []
        for line in running.stdout:
            told.append(line)
            if "Ctrl-C" in line:
                return running
        raise AssertionError("it ended: " + "".join(told))

    def say(self, *arguments: str) -> tuple[int, str]:
        with self.command(*arguments) as done:
            words, _ = done.communicate(timeout=60)
        return done.returncode, words

    def healthy(self) -> bool:
        return get(self.port, "/healthz")[0] == 200

    def violations(self) -> bytes:
        """33. What the sandbox of this product was asked for that the SDK's own types do not allow."""
        sandbox = endpoints.read(self.local)["STRIPE_API_BASE"]
        return get(int(sandbox.rsplit(":")[-1]), "/_sandbox/violations")[1]


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def family(running: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(running.pid).children(recursive=True)


@pytest.fixture
def product() -> Iterator[Product]:
    local = Path("/tmp") / f"q-up-{os.getpid()}"
    yield Product(local)
    for pid in [pid for pid, _ in known_processes(local)]:
        if psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(local, ignore_errors=True)


def known_processes(local: Path) -> list[tuple[int, float]]:
    path = local / "processes.json"
    found: list[tuple[int, float]] = json.loads(path.read_text()) if path.exists() else []
    return found


@pytest.mark.chaos
def test_a_day_with_quorum(product: Product) -> None:
    """Start; a second start; a taken port; kill -9; start again; a killed worker; start over."""
    running = product.start()
    assert product.healthy()
    assert product.say() == (
        1,
        f"Quorum is already running here: http://localhost:{product.port} (pid {running.pid})\n",
    )
    other = Product(product.local / "other")
    other.port = product.port
    code, words = other.say()
    assert (code, f"Port {product.port} is taken" in words) == (1, True)
    beside = subprocess.run(
        [
            sys.executable,
            "manage.py",
            "shell",
            "-v0",
            "-c",
            "from core.models import Event; print(Event.objects.count())",
        ],
        cwd=up.BASE,
        env=product.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert beside.stdout.strip() == "0"
    assert product.violations() == b"[]"

    left = family(running)
    running.kill()
    running.communicate()
    psutil.wait_procs(left, timeout=30)
    again = product.start()
    assert product.healthy()

    worker = next(child for child in family(again) if "worker" in child.cmdline())
    worker.kill()
    words, _ = again.communicate(timeout=60)
    assert again.returncode == 1
    assert "worker ended with code -9" in words
    assert known_processes(product.local) == []
    assert product.say("--reset")[0] == 0
    assert not product.local.exists()


def test_ctrl_c_stops_everything_in_order(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, tmp_path)
    with supervisor.listening():
        for name in ("web", "PostgreSQL"):
            supervisor.start(name, ["sleep", "60"], os.environ, tmp_path)
        servers = list(supervisor.running.values())
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGINT)
        supervisor.stop()
    assert [server.returncode for server in servers] == [-signal.SIGTERM, -signal.SIGINT]
    assert known_processes(tmp_path) == []


def test_a_second_ctrl_c_has_no_more_patience(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, tmp_path)
    with supervisor.listening():
        supervisor.start(
            "deaf", ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 60; done"], os.environ, tmp_path
        )
        supervisor.wait("deaf", lambda: "ready" in supervisor.log("deaf").read_text())
        (deaf,) = supervisor.running.values()
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        supervisor.stop()
    assert deaf.returncode == -signal.SIGKILL


def test_one_that_ends_ends_all_and_says_why(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, tmp_path)
    supervisor.start("web", ["sh", "-c", "echo out of luck; exit 4"], os.environ, tmp_path)
    with pytest.raises(ServerFailed, match=r"(?s)web ended with code 4.*out of luck"):
        supervisor.watch()
    supervisor.stop()


def test_a_step_that_fails_shows_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, tmp_path)
    supervisor.start("migrations", ["sh", "-c", "echo table is upside down; exit 1"], os.environ, tmp_path)
    with pytest.raises(ServerFailed, match=r"(?s)migrations failed with code 1.*upside down"):
        supervisor.finish("migrations")


def test_what_is_given_is_used_instead_of_an_embedded_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_own")
    monkeypatch.setattr(process, "identity", lambda: process.Identity.SELF)
    start = up.Up(Layout(tmp_path), 8000, reload=False)
    start.give(STRIPE_SECRET_KEY="sk_test_sandbox", SECRET_KEY="x", QUORUM_NEW="1")
    assert start.environment["STRIPE_SECRET_KEY"] == "sk_test_own"
    assert "STRIPE_SECRET_KEY" not in start.given
    assert start.given["QUORUM_NEW"] == "1"
    endpoints.write(start.given, tmp_path)
    assert endpoints.read(tmp_path) == start.given
