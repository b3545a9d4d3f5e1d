"""One kept-alive HTTP/1.1 connection on a raw socket: a client cheap enough not to be what is measured."""

from __future__ import annotations

import json
import socket
from typing import Any


class Wire:
    """`headers` are sent with each request. Not for two threads at once."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.port = port
        lines = {"Host": "localhost", "Accept": "application/json", **headers}
        self.fixed = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.sock: socket.socket | None = None

    def connect(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        return sock

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def request(
        self, method: str, path: str, body: bytes = b"", *, kind: str = "application/json", extra: str = ""
    ) -> tuple[int, bytes]:
        """(status, body). A connection that the server closed while idle is opened anew, once."""
        head = f"{method} {path} HTTP/1.1\r\n{self.fixed}{extra}"
        head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        message = head.encode() + body
        fresh = self.sock is None
        sock = self.sock or self.connect()
        try:
            sock.sendall(message)
            return self._answer(sock)
        except (BrokenPipeError, ConnectionResetError, ConnectionAbortedError):
            self.close()
            if fresh:
                raise
        sock = self.connect()
        sock.sendall(message)
        return self._answer(sock)

    def json(self, method: str, path: str, value: Any = None, *, extra: str = "") -> tuple[int, Any]:
        body = b"" if value is None else json.dumps(value).encode()
        status, answer = self.request(method, path, body, extra=extra)
        return status, json.loads(answer) if answer else None

    def _answer(self, sock: socket.socket) -> tuple[int, bytes]:
        data = sock.recv(65536)
        if not data:
            raise ConnectionResetError("closed before an answer")
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more(sock)
        head = data[:end].lower()
        status = int(head[9:12])
        body = data[end + 4 :]
        length = _length(head)
        if length is None:
            return status, self._chunks(sock, body)
        parts, got = [body], len(body)
        while got < length:
            parts.append(self._more(sock))
            got += len(parts[-1])
        if b"connection: close" in head:
            self.close()
        return status, b"".join(parts)

    def _chunks(self, sock: socket.socket, data: bytes) -> bytes:
        body: list[bytes] = []
        while True:
            while (end := data.find(b"\r\n")) < 0:
                data += self._more(sock)
            size = int(data[:end].split(b";")[0], 16)
            need = end + 2 + size + 2
            parts, got = [data], len(data)
            while got < need:
                parts.append(self._more(sock))
                got += len(parts[-1])
            data = b"".join(parts)
            if size == 0:
                return b"".join(body)
            body.append(data[end + 2 : need - 2])
            data = data[need:]

    @staticmethod
    def _more(sock: socket.socket) -> bytes:
        more = sock.recv(262144)
        if not more:
            raise ConnectionError("closed in the middle of an answer")
        return more


def _length(head: bytes) -> int | None:
    """Content-Length, 0 where no body follows, None where it comes in chunks."""
    if b"transfer-encoding: chunked" in head:
        return None
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0
