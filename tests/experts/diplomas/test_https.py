"""What is fetched at a stranger's word: over https, from public addresses, not much of it, and not for long."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from experts.diplomas.https import Https, public
from experts.diplomas.issuers import Unreachable


class Pages(BaseHTTPRequestHandler):
    over = threading.Event()
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        if self.path == "/slow":
            self.send_response(200)
            self.flush_headers()
            while not self.over.wait(0.05):
                self.wfile.write(b"X-Drip: 1\r\n")
            return
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/did.json")
            self.end_headers()
            return
        body = b"x" * 5_000 if self.path == "/large" else b'{"id":"did:web:localhost"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    place = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    place.write_bytes(built.public_bytes(Encoding.PEM) + private)
    return place


@pytest.fixture(scope="module")
def port(certified: Path) -> Iterator[int]:
    Pages.over.clear()
    Pages.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_address[1]
    Pages.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def ours(certified: Path, **changes: float) -> Https:
    """One that may speak to this machine and knows its certificate."""
    trust = ssl.create_default_context(cafile=str(certified))
    return Https(trust=trust, allowed=lambda address: address == "127.0.0.1", **changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def only_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    """localhost is 127.0.0.1 alone, whatever the machine says."""
    found = socket.getaddrinfo

    def getaddrinfo(host: str, *more: int, **named: int) -> object:
        return found("127.0.0.1" if host == "localhost" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_document_is_fetched(certified: Path, port: int) -> None:
    fetch = ours(certified)
    assert fetch(f"https://localhost:{port}/did.json") == b'{"id":"did:web:localhost"}'
    fetch(f"https://localhost:{port}?a=1")
    assert Pages.seen[-1] == "/?a=1"


@pytest.mark.parametrize(
    ("path", "why"),
    [("/moved", "answered 302"), ("/large", "more than 1000 bytes"), ("/\x00", "InvalidURL")],
)
def test_no_redirect_is_followed_and_no_flood_taken_in(certified: Path, port: int, path: str, why: str) -> None:
    with pytest.raises(Unreachable, match=why):
        ours(certified, limit=1_000)(f"https://localhost:{port}{path}")


def test_an_answer_that_drips_is_cut_off(certified: Path, port: int) -> None:
    began = perf_counter()
    with pytest.raises(Unreachable, match="took longer"):
        ours(certified, seconds=0.3)(f"https://localhost:{port}/slow")
    assert perf_counter() - began < 5


def test_a_certificate_that_nobody_vouches_for_is_refused(port: int) -> None:
    with pytest.raises(Unreachable, match="SSLCertVerificationError"):
        Https(allowed=lambda address: True)(f"https://localhost:{port}/did.json")


@pytest.mark.parametrize(
    "url",
    [
        "http://uni.example/",
        "file:///etc/passwd",
        "https:///did.json",
        "https://me:secret@uni.example/",
        "https://uni.example:notaport/",
        "https://[::1",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://0.0.0.0/",
        "https://a..b/",
        f"https://{'a' * 300}/",
    ],
)
def test_no_private_address_and_nothing_but_https(url: str) -> None:
    with pytest.raises(Unreachable):
        Https()(url)


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("fe80::1%eth0", False),
        ("224.0.0.1", False),
        ("100.64.0.1", False),
    ],
)
def test_which_addresses_are_public(address: str, is_public: bool) -> None:
    assert public(address) is is_public
