"""A `Fetch` over HTTPS that a stranger's address cannot turn against us.

The host's addresses are looked up once, all of them must be public, and the connection goes to what was looked up: a
name that answers differently the second time leads nowhere else. No redirect is followed; size and time are bounded.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from http.client import HTTPException, HTTPSConnection
from ipaddress import ip_address
from threading import Timer
from urllib.parse import urlsplit

from experts.diplomas.issuers import Fetch, Unreachable

ACCEPT = "application/did+json, application/vc, application/json, */*;q=0.1"


def public(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or found
    return mapped.is_global and not mapped.is_multicast


class Https:
    """Calls are independent of each other; one may serve many threads."""

    def __init__(
        self,
        *,
        seconds: float = 8,
        limit: int = 512 * 1024,
        trust: ssl.SSLContext | None = None,
        allowed: Callable[[str], bool] = public,
    ) -> None:
        """`limit`: bytes of an answer; `seconds`: for all of it; `allowed`: which addresses may be spoken to."""
        self.seconds = seconds
        self.limit = limit
        self.trust = trust or ssl.create_default_context()
        self.allowed = allowed

    def __call__(self, url: str) -> bytes:
        """The body of a 200. Raises Unreachable."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 443
        except ValueError:
            raise Unreachable("not an address") from None
        if parts.scheme != "https" or not host or parts.username is not None:
            raise Unreachable("not an https address")
        connection = _Pinned(host, port, self._address(host, port), self.seconds, self.trust)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            return self._get(connection, target)
        except (OSError, HTTPException, ValueError) as error:  # ValueError: a path that no request line can hold
            raise Unreachable(f"{host}: {type(error).__name__}") from None
        finally:
            connection.close()

    def _address(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Unreachable(f"{host}: no such host") from None
        addresses = [str(each[4][0]) for each in found]
        if not all(map(self.allowed, addresses)):
            raise Unreachable(f"{host}: not a public address")
        return addresses[0]

    def _get(self, connection: _Pinned, target: str) -> bytes:
        connection.connect()
        cut = Timer(self.seconds, connection.cut)  # a socket's own time-out starts anew with each byte
        cut.start()
        try:
            connection.request("GET", target, headers={"Accept": ACCEPT, "Accept-Encoding": "identity"})
            response = connection.getresponse()
            if response.status != 200:
                raise Unreachable(f"{connection.host}: answered {response.status}")
            body = response.read(self.limit + 1)
        finally:
            cut.cancel()
        if connection.was_cut:  # half an answer looks like a whole one where its length is not said
            raise Unreachable(f"{connection.host}: took longer than {self.seconds:g} seconds")
        if len(body) > self.limit:
            raise Unreachable(f"{connection.host}: answered more than {self.limit} bytes")
        return body


class Sparing:
    """A `Fetch` for one credential: asks each address once, and only so many of them."""

    def __init__(self, fetch: Fetch, *, calls: int = 6) -> None:
        self.fetch = fetch
        self.left = calls
        self.known: dict[str, bytes | str] = {}

    def __call__(self, url: str) -> bytes:
        if url not in self.known:
            if self.left == 0:
                raise Unreachable("it names more addresses than we ask")
            self.left -= 1
            self.known[url] = self._asked(url)
        found = self.known[url]
        if isinstance(found, str):
            raise Unreachable(found)
        return found

    def _asked(self, url: str) -> bytes | str:
        try:
            return self.fetch(url)
        except Unreachable as error:
            return str(error)


class _Pinned(HTTPSConnection):
    """Speaks to an address that was checked, and asks it for a certificate of the host's."""

    def __init__(self, host: str, port: int, address: str, seconds: float, trust: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=seconds, context=trust)
        self.address = address
        self.trust = trust
        self.was_cut = False

    def connect(self) -> None:
        plain = socket.create_connection((self.address, self.port), self.timeout)
        try:
            self.sock = self.trust.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def cut(self) -> None:
        self.was_cut = True
        with contextlib.suppress(OSError):  # it may have ended by itself
            self.sock.shutdown(socket.SHUT_RDWR)
