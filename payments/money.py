"""Pure arithmetic of money: integers in minor units, never floats.

Shapes: an amount is an `int` of minor units; a currency is an ISO 4217 code in lower case; rates are basis points.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

BPS: Final = 10_000
# docs.stripe.com/currencies, zero-decimal
ZERO_DECIMAL: Final = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"}
)
