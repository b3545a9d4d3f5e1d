"""`manage.py up`: the whole product on this machine, with one command and nothing installed.

Valkey, PostgreSQL, migrations and static files, the Stripe sandbox, worker, beat, web, demo people; then the address.
A server that the environment names (DATABASE_URL, REDIS_URL, STRIPE_SECRET_KEY) is used instead of an embedded one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from marketplace.localstack import endpoints, orphans, postgres, valkey
from marketplace.localstack.binaries import NotInstalled
from marketplace.localstack.layout import Layout
from marketplace.localstack.process import ServerFailed
from marketplace.localstack.supervisor import Stopped, Supervisor, say

BASE = Path(__file__).resolve().parents[2]
SANDBOX_SECRETS = {
    "STRIPE_SECRET_KEY": "sk_test_sandbox",
    "STRIPE_WEBHOOK_SECRET": "whsec_platform",
    "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_connect",
    "STRIPE_THIN_WEBHOOK_SECRET": "whsec_thin",
}


def main(arguments: list[str]) -> int:
    """Returns the exit code: 0 when it was asked to stop, 1 when something failed."""
    parser = argparse.ArgumentParser(prog="manage.py up", description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument("--reload", action="store_true", help="DEBUG on; the web server follows the code")
    parser.add_argument("--reset", action="store_true", help="forget people, money, files and mail of this checkout")
    options = parser.parse_args(arguments)
    layout = Layout(endpoints.LOCAL)
    lock = layout.lock()
    if lock is None:
        url = endpoints.read(layout.local).get("QUORUM_PUBLIC_URL", "starting")
        say(f"Quorum is already running here: {url} (pid {layout.holder()})")
        return 1
    with lock:
        if options.reset:
            orphans.stop(layout.local, layout.cluster)
            layout.remove()
            say("Everything local is gone. `make run` starts afresh.")
            return 0
        return Up(layout, options.port, reload=options.reload).run()


class Up:
    def __init__(self, layout: Layout, port: int, *, reload: bool) -> None:
        self.layout = layout
        self.port = port
        self.reload = reload
        self.supervisor = Supervisor(layout.local, layout.logs)
        self.environment = dict(os.environ)
        self.given: dict[str, str] = {}  # what we add, and what other commands may adopt

    def run(self) -> int:
        with self.supervisor.listening():
            try:
                self.bring_up()
                self.supervisor.watch()
            except Stopped:
                say("\nStopping.")
                return 0
            except (ServerFailed, NotInstalled) as error:
                say(f"\n{error}")
                return 1
            finally:
                endpoints.forget(self.layout.local)
                self.supervisor.stop()

    def bring_up(self) -> None:
        began = time.monotonic()
        if _taken(self.port):
            raise ServerFailed(
                f"Port {self.port} is taken by another program. Choose another: make run PORT={_free_port()}"
            )
        say("Quorum is starting.")
        self.layout.make()
        if orphans.stop(self.layout.local, self.layout.cluster):
            say("  stopped what an earlier run had left")
        self.settings()
        self.servers()
        self.prepare()
        self.product()
        endpoints.write(self.given, self.layout.local)
        people = self.people()
        say(f"  ready after {time.monotonic() - began:.1f} s\n")
        self.welcome(people)

    def give(self, **values: str) -> None:
        for name, value in values.items():
            if name not in self.environment:
                self.environment[name] = self.given[name] = value

    def settings(self) -> None:
        local = self.layout.local
        self.give(
            SECRET_KEY=self.layout.secret_key(),
            QUORUM_DEMO="1",
            QUORUM_MANUAL_COUNTRIES="BR GH IN KE MX PK",
            QUORUM_BANK_KEYS=self.layout.sealing_key("bank"),
            QUORUM_FILE_KEYS=self.layout.sealing_key("file"),
            QUORUM_RECORD_KEYS=self.layout.sealing_key("record"),
            QUORUM_PUBLIC_URL=f"http://localhost:{self.port}",
            ALLOWED_HOSTS="127.0.0.1",
            QUORUM_MEDIA_ROOT=str(local / "media"),
            QUORUM_STATIC_ROOT=str(local / "static"),
            EMAIL_URL=f"file://{local / 'mail'}",
            PYTHONUNBUFFERED="1",
        )
        if self.reload:
            self.give(DEBUG="1")

    def servers(self) -> None:
        supervisor, sockets = self.supervisor, self.layout.sockets
        if "REDIS_URL" not in self.environment:
            with supervisor.step("Valkey"):
                sock, log = sockets / "valkey.sock", supervisor.log("Valkey")
                supervisor.keep("Valkey", valkey.start(self.layout.local / "valkey", sock, log=log, keep=True))
                self.give(REDIS_URL=valkey.cache_url(sock), CELERY_BROKER_URL=valkey.broker_url(sock))
        if "DATABASE_URL" not in self.environment:
            with supervisor.step("PostgreSQL"):
                postgres.initialise(self.layout.cluster)
                log = supervisor.log("PostgreSQL")
                supervisor.keep("PostgreSQL", postgres.start(self.layout.cluster, sockets / "pg", log=log))
                postgres.create_database(sockets / "pg")
                self.give(DATABASE_URL=postgres.url(sockets / "pg"))

    def prepare(self) -> None:
        """Migrate and collect static files, unless the last start did so with these very files and our own database."""
        done, now = self.layout.local / "prepared", _fingerprint()
        if "DATABASE_URL" in self.given and done.exists() and done.read_text() == now and not self.reload:
            return
        done.unlink(missing_ok=True)
        with self.supervisor.step("migrations, static files"):
            self.manage("static", "collectstatic", "--no-input", "--verbosity=0")
            self.manage("migrations", "migrate", "--no-input", "--verbosity=0")
            self.supervisor.finish("migrations")
            self.supervisor.finish("static")
        done.write_text(now)

    def product(self) -> None:
        """The sandbox (unless Stripe itself is configured), then worker, beat and web together."""
        for stale in self.layout.local.glob("beat*"):  # a schedule file can be broken by a kill; sweeps need none
            stale.unlink()
        with self.supervisor.step("sandbox, worker, beat, web"):
            if "STRIPE_SECRET_KEY" not in self.environment:
                self.sandbox()
            python = [sys.executable, "-m"]
            celery = [*python, "celery", "-A", "marketplace"]
            self.start("worker", [*celery, "worker", "-c", "2", "--without-mingle", "--without-gossip", "-l", "INFO"])
            self.start("beat", [*celery, "beat", "-l", "WARNING"])
            gunicorn = [*python, "gunicorn", "marketplace.wsgi", "--bind", f"127.0.0.1:{self.port}"]
            gunicorn += ["--worker-class", "gthread", "--workers", "1", "--threads", "4", "--no-control-socket"]
            gunicorn += ["--graceful-timeout", "2", *(["--reload"] if self.reload else [])]
            self.start("web", gunicorn)
            self.supervisor.wait("web", lambda: _healthy(self.port))
            if "sandbox" in self.supervisor.running:
                self.supervisor.wait("sandbox", lambda: _taken(int(self.given["STRIPE_API_BASE"].rsplit(":")[-1])))

    def sandbox(self) -> None:
        port = self.port + 1 if not _taken(self.port + 1) else _free_port()
        self.give(
            **SANDBOX_SECRETS,
            STRIPE_API_BASE=f"http://127.0.0.1:{port}",
            STRIPE_PUBLIC_ORIGINS=f"http://localhost:{port}",
        )
        self.manage("sandbox", "stripe_sandbox", "--port", str(port), "--web", f"http://127.0.0.1:{self.port}")

    def people(self) -> str:
        """The demo's sign-ins; the first start makes the people, later ones only print them again."""
        told = self.layout.local / "demo.txt"
        if self.environment["QUORUM_DEMO"] != "1":
            return ""
        if not told.exists():
            fresh = told.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            with self.supervisor.step("demo people and projects"):
                self.manage("demo", "seed_demo", output=fresh)
                self.supervisor.finish("demo")
            fresh.replace(told)
        return told.read_text()

    def welcome(self, people: str) -> None:
        url = self.environment["QUORUM_PUBLIC_URL"]
        say(f"  Open            {url}")
        if self.environment["QUORUM_DEMO"] == "1":
            say(f"  Every mail      {url}/mail/")
        say(f"  Logs            {self.layout.logs}")
        if people.strip():
            say("\n" + people.rstrip())
        say("\n  Ctrl-C stops everything. Your data stays in .local; `make reset` starts over.")

    def start(self, name: str, command: list[str], output: Path | None = None) -> None:
        self.supervisor.start(name, command, self.environment, BASE, output)

    def manage(self, name: str, *command: str, output: Path | None = None) -> None:
        self.start(name, [sys.executable, "manage.py", *command], output)


def _fingerprint() -> str:
    """Which files migrations and static files are made from, as of now."""
    parts = [BASE / "requirements-dev.txt", *sorted(BASE.glob("static/**/*")), *sorted(BASE.glob("*/migrations/*.py"))]
    told = [f"{part} {part.stat().st_mtime_ns}" for part in parts if part.is_file()]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status == 200 and json.loads(answer.read())["product"] == "quorum"
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
