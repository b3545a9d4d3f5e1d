"""An embedded Valkey (the Redis protocol): cache and broker, reached by a Unix socket only."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

from marketplace.localstack import binaries, process

# Cache keys expire and may be dropped when memory is short; queues have no expiry and never are.
SETTINGS = {"port": "0", "maxmemory": "256mb", "maxmemory-policy": "volatile-lru", "unixsocketperm": "700"}


def start(folder: Path, sock: Path, *, log: Path, keep: bool) -> subprocess.Popen[bytes]:
    """Start and return when it answers. `keep`: write what is in memory to `folder` now and then, and at the end."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sock.unlink(missing_ok=True)
    settings = {**SETTINGS, "unixsocket": str(sock), "dir": str(folder), "save": "60 1" if keep else ""}
    command = [str(binaries.valkey_server())]
    for name, value in settings.items():
        command += [f"--{name}", value]
    server = process.start(command, log=log, death_signal=signal.SIGTERM)
    process.wait_until(lambda: _answers(sock), server, name="Valkey", log=log, seconds=20)
    return server


def _answers(sock: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(sock))
        except OSError:
            return False
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")


def cache_url(sock: Path) -> str:
    return f"unix://{sock}?db=0"


def broker_url(sock: Path) -> str:
    return f"redis+socket://{sock}?virtual_host=1"


def stop(server: subprocess.Popen[bytes]) -> None:
    process.stop(server, signal.SIGTERM)
