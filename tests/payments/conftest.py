from __future__ import annotations

from tests.sandbox import stripe

__all__ = ["stripe"]
