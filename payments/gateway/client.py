"""Stripe's client, and its errors told apart by what they say about the effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import stripe
from django.conf import settings

from payments.facts import Busy, Misused, Rejected, Unknown

NO_FUNDS = "balance_insufficient"  # Rejected.reason where the platform's available balance is too small


@lru_cache(maxsize=4)
def _client(key: str, base: str, timeout: tuple[float, float], retries: int) -> stripe.StripeClient:
    if not base:
        return stripe.StripeClient(key, http_client=stripe.RequestsClient(timeout=timeout), max_network_retries=retries)
    return stripe.StripeClient(
        key,
        base_addresses={"api": base, "connect": base, "files": base, "meter_events": base},
        http_client=stripe.RequestsClient(timeout=timeout),
        max_network_retries=retries,
    )


def client() -> stripe.StripeClient:
    return _client(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, settings.STRIPE_TIMEOUT, settings.STRIPE_NETWORK_RETRIES
    )


def is_live() -> bool:
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))


@contextmanager
def told_apart() -> Iterator[None]:
    """Sort the SDK's errors by what they say about the effect."""
    try:
        yield
    except stripe.RateLimitError as error:
        raise Busy(str(error)) from error
    except (stripe.IdempotencyError, stripe.AuthenticationError, stripe.PermissionError) as error:
        raise Misused(str(error)) from error
    except stripe.APIConnectionError as error:
        raise Unknown(str(error)) from error
    except stripe.StripeError as error:
        status = error.http_status or 0
        if status == 409:
            raise Busy(str(error)) from error
        if 400 <= status < 500:
            raise Rejected(error.user_message or str(error), error.code or "") from error
        raise Unknown(str(error)) from error


def dig(facts: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """Into nested objects of which Stripe may leave out (null) any."""
    for name in path:
        facts = facts.get(name) or {}
    return facts


def id_of(thing: Any) -> str:
    """The id of an expandable field, expanded or not."""
    return thing if isinstance(thing, str) else getattr(thing, "id", "")
