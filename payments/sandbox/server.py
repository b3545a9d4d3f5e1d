"""The sandbox over HTTP: API and pages on one port, webhooks from a thread. Nothing here knows Django."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from payments.sandbox import desk, pages
from payments.sandbox.api import Api, Reply, Request
from payments.sandbox.engine import Sandbox
from payments.sandbox.webhooks import Sender

POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
TICK = 5.0


class Server(ThreadingHTTPServer):
    """`serve()` answers until `shutdown()`; `deliver()` sends webhooks until then, on another thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: Sandbox, sender: Sender) -> None:
        super().__init__(address, Handler)
        self.sandbox = sandbox
        self.sender = sender
        self.api = Api(sandbox)
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def deliver(self, pause: float = 0.2) -> None:
        """Send what is due, for ever; every few seconds let time do its work."""
        idle = 0.0
        while not self.stopping.wait(pause):
            self.sender.flush()
            idle += pause
            if idle >= TICK:
                self.sandbox.tick()
                idle = 0.0

    def shutdown(self) -> None:
        self.stopping.set()
        super().shutdown()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "QuorumSandbox"
    disable_nagle_algorithm = True
    wbufsize = -1
    CONTROLS: ClassVar = {"/_sandbox/clock", "/_sandbox/faults", "/_sandbox/bank"}

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # whoever asks was killed while they spoke: half a sentence is no request
            self.close_connection = True
            return
        if url.path.startswith(("/v1/", "/v2/")):
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._reply(self.server.api.answer(Request(self.command, url.path, url.query, headers, body)))
        elif url.path in self.CONTROLS and self.command == "POST":
            self._control(url.path, json.loads(body))
        elif url.path == "/_sandbox/violations":
            self._send(200, json.dumps(self.server.api.violations).encode(), "application/json")
        elif url.path.startswith("/_sandbox"):
            form = dict(parse_qsl(body.decode()))
            self._page(desk.answer(self.server.sandbox, self.server.sender, self.command, url.path, form))
        elif url.path == "/sandbox.css":
            self._send(200, pages.CSS.encode(), "text/css; charset=utf-8")
        else:
            form = dict(parse_qsl(body.decode()))
            self._page(pages.answer(self.server.sandbox, self.server.sender, self.command, url.path, form))

    def _reply(self, reply: Reply) -> None:
        if reply.then == "hang":
            self.server.stopping.wait(30)
        if reply.then:
            self.close_connection = True
            return
        self._send(reply.status, json.dumps(reply.body).encode(), "application/json", **reply.headers)

    def _control(self, path: str, wish: dict[str, Any]) -> None:
        """For tests in other processes: {"days": 2}, {"fault": "500_after", "path": …, "times": 3}, {account, state}"""
        if path.endswith("clock"):
            self.server.sandbox.advance(int(wish["days"]))
        elif path.endswith("faults"):
            self.server.api.inject(**wish)
        else:
            self.server.sandbox.set_bank(wish["account"], wish["state"])
        self._send(200, b"{}", "application/json")

    def _page(self, page: pages.Page) -> None:
        more = {"Location": page.location} if page.location else {}
        self._send(page.status, page.html.encode(), "text/html; charset=utf-8", **more)

    def _send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Security-Policy": POLICY, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Quiet: the pages show what happened."""
