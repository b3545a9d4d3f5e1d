"""What money refuses, and what must never happen to it."""

from __future__ import annotations

from core.errors import Refused


class InsufficientFunds(Refused):
    """A floor would be broken: the project (or whoever owns the account) does not have that much."""

    code = "insufficient_funds"


class KeyReused(RuntimeError):
    """A ledger key came back with other lines. A bug of ours, never an answer to a person."""
