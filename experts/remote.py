"""Questions to public services over HTTP. The address is the operator's; what people type is a parameter.

No redirect is followed, an answer has an end in bytes and in seconds. Called by workers, never in a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

import requests

TIMEOUT: Final = (5, 10)  # seconds to connect, seconds between two pieces
BIGGEST: Final = 4 * 1024 * 1024  # bytes
LONGEST: Final = 30.0  # seconds for the whole of it
PIECE: Final = 64 * 1024


class Away(Exception):
    """The service does not answer now, or wants to be left alone for `wait` seconds: ask again later."""

    def __init__(self, words: str, wait: int = 0) -> None:
        super().__init__(words)
        self.wait = wait


class Nonsense(Exception):
    """It answered with what cannot be read. Asking again would bring the same."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


def ask(url: str, *, accept: str, parameters: Mapping[str, str] | None = None) -> Answer:
    """Raises Away for a network that fails, for 429 and for 5xx; Nonsense for a redirect or too long an answer."""
    headers = {"Accept": accept, "User-Agent": "Quorum (credential check)"}
    try:
        with requests.get(
            url, params=parameters, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True
        ) as got:
            if got.status_code == 429 or got.status_code >= 500:
                raise Away(f"it answered {got.status_code}", _seconds(got.headers.get("Retry-After", "")))
            if 300 <= got.status_code < 400:
                raise Nonsense("it sends us elsewhere")
            return Answer(got.status_code, _whole(got))
    except requests.RequestException as error:
        raise Away(f"it cannot be reached ({type(error).__name__})") from error


def _whole(got: requests.Response) -> bytes:
    body, ends = b"", monotonic() + LONGEST
    for piece in got.iter_content(PIECE):
        body += piece
        if len(body) > BIGGEST:
            raise Nonsense("its answer is too long")
        if monotonic() > ends:
            raise Away("its answer takes too long")
    return body


def _seconds(text: str) -> int:
    return min(int(text), 86_400) if text.isdecimal() else 0
