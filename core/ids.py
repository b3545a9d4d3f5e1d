"""Public ids: what leaves the house (URLs, API, exports) instead of integer keys."""

from __future__ import annotations

import secrets
from base64 import b32encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
LENGTH = 16


def new_id(prefix: str) -> str:
    """A random id such as `prj_3kq…`: 16 characters of base32 (RFC 4648 alphabet, lower case), 80 bits."""
    return f"{prefix}_{b32encode(secrets.token_bytes(LENGTH * 5 // 8)).decode().lower()}"


if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
else:  # Django's fields take no type parameters while running
    _CharField = models.CharField


class PublicIdField(_CharField):
    """Unique, never edited, made when the object is."""

    def __init__(self, *, prefix: str, **kwargs: Any) -> None:
        self.prefix = prefix
        kwargs.update(max_length=len(prefix) + 1 + LENGTH, unique=True, editable=False)
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for implied in ("max_length", "unique", "editable"):
            kwargs.pop(implied, None)
        return name, path, args, {**kwargs, "prefix": self.prefix}

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """`varchar` by its long name: by the short one Django adds a second index, for LIKE, that no id needs."""
        return f"character varying({self.max_length})"

    def has_default(self) -> bool:
        return True

    def get_default(self) -> str:
        return new_id(self.prefix)
