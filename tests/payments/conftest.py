from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests.sandbox import stripe

__all__ = ["stripe"]


@pytest.fixture
def by_hand(settings: Any) -> None:
    """This operator pays to Mexico, Ghana and Pakistan by hand."""
    settings.QUORUM_MANUAL_COUNTRIES = ["MX", "GH", "PK"]
    settings.QUORUM_BANK_KEYS = [Fernet.generate_key().decode()]
