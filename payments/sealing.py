"""Bank details at rest: encrypted with the operator's own key, opened only where a file for the bank is made."""

from __future__ import annotations

import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(details: Mapping[str, str]) -> str:
    """Under the first of QUORUM_BANK_KEYS."""
    return _keys().encrypt(json.dumps(dict(details)).encode()).decode()


def unseal(sealed: str) -> dict[str, str]:
    """Under whichever key it was sealed with. Raises cryptography's InvalidToken where that key is gone."""
    opened: dict[str, str] = json.loads(_keys().decrypt(sealed.encode()))
    return opened


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.QUORUM_BANK_KEYS])
