"""Documents at rest: a storage around any other that seals what is put in and unseals what is taken out."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, default_storage

from core.sealing import opens, seal, unseal

MARK: Final = b"quorum-sealed-1\n"  # no document that we take starts like this


class SealBroken(Exception):
    """A file was changed, or moved to another document, or the key that sealed it is gone."""


class SealedStorage(Storage):
    """Files of at most some megabytes, read and written whole. Without QUORUM_FILE_KEYS they are kept as they come.

    A file opens only in the folder for which it was sealed, so that one document cannot be passed off as another.
    What lay there before a key was set is read as it is, until `manage.py seal_documents` has been by.
    """

    def __init__(self, inner: Storage) -> None:
        self.inner = inner

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        kept = self._kept(name)
        return ContentFile(_unsealed(name, kept) if kept.startswith(MARK) else kept, name=name)

    def _save(self, name: str, content: File[Any]) -> str:
        plain = b"".join(content.chunks())
        kept = MARK + _raw(seal(_bound(name, plain), _keys())) if _keys() else plain
        return self.inner.save(name, ContentFile(kept))

    def delete(self, name: str) -> None:
        self.inner.delete(name)

    def exists(self, name: str) -> bool:
        return self.inner.exists(name)

    def is_current(self, name: str) -> bool:
        """Whether the file is sealed with the newest key. Raises FileNotFoundError."""
        kept = self._kept(name)
        return kept.startswith(MARK) and opens(_token(kept), _keys()[0])

    def _kept(self, name: str) -> bytes:
        with self.inner.open(name, "rb") as file:
            kept: bytes = file.read()
        return kept


def sealed_files() -> SealedStorage:
    """For `FileField(storage=…)`: around the storage of everything else, on whatever machine that is."""
    return SealedStorage(default_storage)


def _keys() -> list[str]:
    keys: list[str] = settings.QUORUM_FILE_KEYS
    return keys


def _unsealed(name: str, kept: bytes) -> bytes:
    folder = _bound(name, b"")
    try:
        opened = unseal(_token(kept), _keys())
    except (InvalidToken, ValueError):  # ValueError: no key at all, or what stands there is no token
        raise SealBroken(f"{name}: changed, or its key is not in QUORUM_FILE_KEYS.") from None
    if not opened.startswith(folder):
        raise SealBroken(f"{name}: sealed for another document.")
    return opened[len(folder) :]


def _bound(name: str, plain: bytes) -> bytes:
    return name.rpartition("/")[0].encode() + b"\n" + plain


def _raw(token: bytes) -> bytes:
    return urlsafe_b64decode(token)  # a quarter less to keep


def _token(kept: bytes) -> bytes:
    return urlsafe_b64encode(kept[len(MARK) :])
