"""The sandbox that stands in for Stripe, for this folder too."""

from tests.sandbox import stripe

__all__ = ["stripe"]
