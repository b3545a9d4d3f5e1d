"""The servers and processes of one run, each of which can be killed with SIGKILL, whole or in part, and started again.

Starting must happen on the main thread (see marketplace.localstack.process.start).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from bench.servers import ROOT, answers, free_port
from marketplace.localstack import postgres, process, valkey
from marketplace.localstack.up import SANDBOX_SECRETS

PYTHON = [sys.executable, "-m"]
DATABASE = "chaos"


@dataclass
class Server:
    """`rest`: seconds it is left in peace after a start, so that it gets something done before it dies again."""

    name: str
    begin: Callable[[], subprocess.Popen[bytes]]
    rest: float
    part: str = ""  # what of it may die alone; in PostgreSQL's case by the title of the process
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0

    def start(self) -> None:
        self.process, self.born = self.begin(), time.monotonic()

    def rested(self) -> bool:
        return time.monotonic() - self.born > self.rest

    def kill_whole(self) -> None:
        """All of it at one moment: a parent that is stopped first cannot replace a child meanwhile."""
        assert self.process
        everybody = _tree(self.process.pid)
        _signal(everybody, signal.SIGSTOP)
        _signal(everybody := [*everybody, *_tree(self.process.pid)], signal.SIGKILL)
        self.process.wait()
        psutil.wait_procs(everybody, timeout=20)

    def kill_part(self, chance: random.Random) -> bool:
        """One child, as the kernel does when memory is short. False where it has none at the moment."""
        assert self.process
        children = [each for each in _tree(self.process.pid)[1:] if self.part in _title(each)]
        if not children:
            return False
        _signal([chance.choice(children)], signal.SIGKILL)
        return True


def _tree(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _title(child: psutil.Process) -> str:
    try:
        return " ".join(child.cmdline())
    except psutil.Error:
        return ""


def _signal(processes: list[psutil.Process], how: signal.Signals) -> None:
    for each in processes:
        try:
            each.send_signal(how)
        except psutil.NoSuchProcess:
            continue


@dataclass
class House:
    folder: Path
    unguarded: bool
    servers: dict[str, Server] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    fell: Counter[str] = field(default_factory=Counter)  # ended by themselves while another was down

    def __post_init__(self) -> None:
        self.web_port, self.stripe_port = free_port(), free_port()
        sock = self.folder / "valkey.sock"
        self.environment = {
            **os.environ,
            **SANDBOX_SECRETS,
            "DATABASE_URL": postgres.url(self.folder / "pg", DATABASE),
            "REDIS_URL": valkey.cache_url(sock),
            "CELERY_BROKER_URL": valkey.broker_url(sock),
            "STRIPE_API_BASE": self.stripe,
            "QUORUM_PUBLIC_URL": "http://localhost",
            "QUORUM_LOCAL": str(self.folder),
            "QUORUM_MEDIA_ROOT": str(self.folder / "media"),
            "QUORUM_STATIC_ROOT": str(self.folder / "static"),
            "QUORUM_LOG_LEVEL": "WARNING",
            "QUORUM_MANUAL_COUNTRIES": "MX",
            "QUORUM_BANK_KEYS": "b25seS1mb3ItY2hhb3Mtb24tdGhpcy1tYWNoaW5lISE=",
            "QUORUM_API_PER_MINUTE": "0",  # the crowd is in a hurry
            "EMAIL_URL": f"file://{self.folder / 'mail'}",
            "SECRET_KEY": "chaos only",
            "DEBUG": "0",
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "bench.chaos.settings",
            "CHAOS_UNGUARDED": "1" if self.unguarded else "0",
        }

    @property
    def stripe(self) -> str:
        return f"http://localhost:{self.stripe_port}"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def data_servers(self) -> None:
        folder = self.folder
        postgres.initialise(folder / "data")
        log = self.log("postgres")
        self.add("PostgreSQL", lambda: postgres.start(folder / "data", folder / "pg", log=log), 7, "postgres: quorum")
        sock = folder / "valkey.sock"
        self.add("Valkey", lambda: valkey.start(folder / "valkey", sock, log=self.log("valkey"), keep=False), 6)
        postgres.create_database(folder / "pg", DATABASE)

    def sandbox(self) -> None:
        """Stripe itself is never killed: it only misbehaves."""
        web = f"http://127.0.0.1:{self.web_port}"
        command = ["manage.py", "stripe_sandbox", "--port", str(self.stripe_port), "--web", web]
        self.add("sandbox", lambda: self.run("sandbox", sys.executable, *command), 0)
        self.ready("sandbox", self.stripe_port)

    def product(self) -> None:
        static = ["manage.py", "collectstatic", "--no-input", "--verbosity=0"]
        subprocess.run([sys.executable, *static], env=self.environment, cwd=ROOT, check=True)
        celery = [*PYTHON, "celery", "-A", "marketplace"]
        work = [*celery, "worker", "-c", "2", "-l", "WARNING", "--without-mingle", "--without-gossip"]
        for name in ("worker 1", "worker 2"):
            self.add(name, partial(self.run, name, *work, "-n", name.replace(" ", "")), 12, "celery")
        self.add("beat", lambda: self.beat(*celery, "beat", "-l", "WARNING"), 12)
        web = [*PYTHON, "gunicorn", "marketplace.wsgi", "--bind", f"127.0.0.1:{self.web_port}", "--no-control-socket"]
        web += ["--worker-class", "gthread", "--workers", "2", "--threads", "4"]
        self.add("web", lambda: self.run("web", *web), 10, "gunicorn")
        self.ready("web", self.web_port)

    def add(self, name: str, begin: Callable[[], subprocess.Popen[bytes]], rest: float, part: str = "") -> None:
        self.servers[name] = Server(name, begin, rest, part)
        self.servers[name].start()

    def run(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        return process.start(
            command,
            log=self.log(name.replace(" ", "")),
            death_signal=signal.SIGTERM,
            environment=self.environment,
            folder=ROOT,
        )

    def beat(self, *command: str) -> subprocess.Popen[bytes]:
        for stale in self.folder.glob("beat*"):  # as `make run` does: a kill can break the schedule's file
            if not stale.name.endswith(".log"):
                stale.unlink()
        return self.run("beat", *command)

    def ready(self, name: str, port: int) -> None:
        started = self.servers[name].process
        assert started
        process.wait_until(lambda: answers(port), started, name=name, log=self.log(name), seconds=120)

    def strike(self, chance: random.Random) -> None:
        """Kill somebody who has rested, and start them again after a moment."""
        rested = [each for each in self.servers.values() if each.rest and each.rested()]
        if not rested:
            return
        victim = chance.choice(rested)
        if victim.part and chance.random() < 0.4 and victim.kill_part(chance):
            self.killed[f"a child of {victim.name}"] += 1
            victim.born = time.monotonic()
            return
        victim.kill_whole()
        self.killed[victim.name] += 1
        time.sleep(chance.uniform(0, 1))
        victim.start()

    def tend(self) -> None:
        """Start again what ended by itself, as a supervisor would."""
        for each in self.servers.values():
            if each.process and each.process.poll() is not None:
                self.fell[each.name] += 1
                each.start()

    def stop(self) -> None:
        for each in reversed(self.servers.values()):
            each.kill_whole()


@contextmanager
def house(*, unguarded: bool) -> Iterator[House]:
    """A folder on disk with PostgreSQL, Valkey and the sandbox; nothing of it stays."""
    base = Path("/var/tmp")
    folder = Path(tempfile.mkdtemp(prefix="quorum-chaos-", dir=base if base.is_dir() else None))
    folder.chmod(0o711)
    made = House(folder, unguarded)
    try:
        made.data_servers()
        made.sandbox()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
