"""One person at the API: requests with their key, answers as plain values, and no patience for surprises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import requests

Json = dict[str, Any]


class Unexpected(RuntimeError):
    """The API answered something else than this step of the loop needs."""


class Caller:
    def __init__(self, base: str, key: str, name: str) -> None:
        self.base, self.name = base.rstrip("/") + "/api/v1/", name
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {key}"

    def ask(self, method: str, path: str, value: Any = None, *, file: tuple[str, str, bytes] | None = None) -> Json:
        """The answer's body. `file` is (field, filename, content). Raises Unexpected for anything but 2xx."""
        status, body = self.try_(method, path, value, file=file)
        if status >= 300:
            raise Unexpected(f"{self.name}: {method} {path} answered {status}: {body}")
        return body

    def try_(
        self, method: str, path: str, value: Any = None, *, file: tuple[str, str, bytes] | None = None
    ) -> tuple[int, Json]:
        """(status, body), whatever it is."""
        files = {file[0]: (file[1], file[2])} if file else None
        sent = {"files": files, "data": value} if files else {"json": value}
        answer = self.http.request(method, self._address(path), timeout=60, **sent)
        try:
            return answer.status_code, answer.json() if answer.content else {}
        except json.JSONDecodeError:
            raise Unexpected(f"{self.name}: {method} {path}: {answer.status_code} {answer.text[:200]}") from None

    def get(self, path: str) -> Json:
        return self.ask("GET", path)

    def post(self, path: str, value: Any = None) -> Json:
        return self.ask("POST", path, value)

    def pages(self, path: str) -> Iterator[Json]:
        """Every result of a list, page after page."""
        next_: str | None = path + ("&" if "?" in path else "?") + "limit=200"
        while next_:
            page = self.get(next_)
            yield from page["results"]
            next_ = page["next"]

    def download(self, path: str) -> bytes:
        answer = self.http.get(self._address(path), timeout=60)
        if answer.status_code != 200:
            raise Unexpected(f"{self.name}: {path} answered {answer.status_code}")
        return answer.content

    def _address(self, path: str) -> str:
        return path if path.startswith("http") else self.base + path
