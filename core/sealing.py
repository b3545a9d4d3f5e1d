"""Sealing what only we may read: Fernet (encrypted and authenticated), with keys that rotate.

Pure: the keys come from whoever asks. The first seals, all of them open.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


def seal(plain: bytes, keys: Sequence[str]) -> bytes:
    """A token of base64 letters. Raises ValueError without any key."""
    return _ring(keys).encrypt(plain)


def unseal(sealed: bytes, keys: Sequence[str]) -> bytes:
    """Raises cryptography's InvalidToken where it was changed, or where its key is not among these."""
    return _ring(keys).decrypt(sealed)


def opens(sealed: bytes, key: str) -> bool:
    """Whether this one key does."""
    try:
        unseal(sealed, [key])
    except InvalidToken:
        return False
    return True


def _ring(keys: Sequence[str]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
