"""Reading the environment. Pure: text in, plain values out, so that settings stay a list of facts."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}


class BadEnvironment(ValueError):
    """A variable holds what we cannot read; the message names it and never its value (it may be a secret)."""


class Env:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables

    def text(self, name: str, default: str = "") -> str:
        return self.variables.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.variables.get(name, str(default)).strip().lower()
        if value not in TRUE | FALSE:
            raise BadEnvironment(f"{name} must be 1 or 0")
        return value in TRUE

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.variables.get(name, default))
        except ValueError:
            raise BadEnvironment(f"{name} must be a whole number") from None

    def words(self, name: str, default: str = "") -> list[str]:
        """A list separated by commas or spaces."""
        return self.text(name, default).replace(",", " ").split()

    def keys(self, name: str) -> list[str]:
        """A list of Fernet keys: 32 bytes each, in URL-safe base64."""
        found = self.words(name)
        for key in found:
            try:
                whole = len(urlsafe_b64decode(key)) == 32
            except ValueError:
                whole = False
            if not whole:
                raise BadEnvironment(f"{name} must hold Fernet keys, separated by commas or spaces")
        return found

    def database(self, name: str, default: str) -> dict[str, Any]:
        """`postgresql://user:password@host:5432/name`; `?host=/folder` for a Unix socket. Other queries are libpq's."""
        url = urlsplit(self.text(name, default))
        if url.scheme not in {"postgresql", "postgres"}:
            raise BadEnvironment(f"{name} must start with postgresql:// (Quorum relies on PostgreSQL)")
        options = dict(parse_qsl(url.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.lstrip("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": options.pop("host", unquote(url.hostname or "")),
            "PORT": options.pop("port", str(url.port or "")),
            "OPTIONS": options,
        }

    def email(self, name: str, default: str) -> dict[str, Any]:
        """`smtp://user:password@host:587?tls=1` (or `ssl=1`), `console:` or `file:///folder`, as Django settings."""
        url = urlsplit(self.text(name, default))
        if url.scheme == "console":
            return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
        if url.scheme == "file":
            return {
                "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
                "EMAIL_FILE_PATH": unquote(url.path),
            }
        if url.scheme != "smtp":
            raise BadEnvironment(f"{name} must start with smtp://, file:// or console:")
        options = dict(parse_qsl(url.query))
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": url.hostname or "localhost",
            "EMAIL_PORT": url.port or 25,
            "EMAIL_HOST_USER": unquote(url.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
            "EMAIL_USE_TLS": options.get("tls") == "1",
            "EMAIL_USE_SSL": options.get("ssl") == "1",
            "EMAIL_TIMEOUT": 20,
        }
