"""Bank details at rest: encrypted with the operator's own key, opened only where a file for the bank is made."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.conf import settings

from core import sealing


def seal(details: Mapping[str, str]) -> str:
    """Under the first of QUORUM_BANK_KEYS."""
    return sealing.seal(json.dumps(dict(details)).encode(), settings.QUORUM_BANK_KEYS).decode()


def unseal(sealed: str) -> dict[str, str]:
    """Under whichever key it was sealed with. Raises cryptography's InvalidToken where that key is gone."""
    opened: dict[str, str] = json.loads(sealing.unseal(sealed.encode(), settings.QUORUM_BANK_KEYS))
    return opened
