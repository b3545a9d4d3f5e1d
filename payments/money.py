"""Pure arithmetic of money: integers in minor units, never floats.

Shapes: an amount is an `int` of minor units; a currency is an ISO 4217 code in lower case; rates are basis points.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

BPS: Final = 10_000
# docs.stripe.com/currencies, zero-decimal
# fmt: off
ZERO_DECIMAL: Final = frozenset({
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd",
    "vuv", "xaf", "xof", "xpf",
})
# fmt: on
TAKEN: Final = ("usd",)  # what labs may pay in: limits, fees and the least an hour are set in it
SYMBOLS: Final = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}

# Stripe's public US prices. An estimate shown before paying; the true fee is booked from the charge.
CARD_BPS: Final = 290
CARD_FIXED: Final = 30
DEBIT_BPS: Final = 80
DEBIT_CAP: Final = 500

# Where Stripe pays recipients of a platform by self-serve (docs.stripe.com/connect/cross-border-payouts):
# the US, the UK, Canada, Switzerland and the European Economic Area.
# fmt: off
PAYABLE_COUNTRIES: Final = frozenset({
    "US", "GB", "CA", "CH", "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR",
    "DE", "GR", "HU", "IS", "IE", "IT", "LV", "LI", "LT", "LU", "MT", "NL", "NO", "PL",
    "PT", "RO", "SK", "SI", "ES", "SE",
})
# fmt: on


class ShortOfFunding(ValueError):
    """The fundings cannot carry the amount: the books contradict themselves."""


@dataclass(frozen=True)
class Share:
    """`amount` of one earning drawn on one funding."""

    earning: int
    funding: int
    amount: int


def fee_on(pay: int, bps: int) -> int:
    """The platform fee on `pay`, rounded down: what rounding leaves over is never taken from anybody."""
    if pay < 0 or bps < 0:
        raise ValueError("Pay and fee rate are not negative")
    return pay * bps // BPS


def estimate_stripe_fee(amount: int, method: str = "card") -> int:
    """What Stripe will probably keep of a payment. `method`: `card`, or `bank` (the price of a debit)."""
    if method == "bank":
        return min((amount * DEBIT_BPS + BPS // 2) // BPS, DEBIT_CAP)
    return (amount * CARD_BPS + BPS // 2) // BPS + CARD_FIXED


def gross_for(net: int, method: str = "card") -> int:
    """The smallest payment that leaves at least `net` after Stripe's estimated fee."""
    gross = net
    while (short := net - gross + estimate_stripe_fee(gross, method)) > 0:
        gross += short
    return gross


def allocate(earnings: Iterable[tuple[int, int]], fundings: Iterable[tuple[int, int]]) -> list[Share]:
    """Draw earnings on fundings, first on first. Both are (id, amount) in order of age; amounts are positive or zero.

    Raises ShortOfFunding where the fundings end before the earnings do.
    """
    sources = iter(fundings)
    funding, left = 0, 0
    shares = []
    for earning, amount in earnings:
        owed = amount
        while owed:
            while not left:
                try:
                    funding, left = next(sources)
                except StopIteration:
                    raise ShortOfFunding(f"Earning {earning} lacks {owed}") from None
            part = min(owed, left)
            shares.append(Share(earning, funding, part))
            owed -= part
            left -= part
    return shares


def unspent(left: Iterable[tuple[int, int]], free: int) -> dict[int, int]:
    """How much of `free` lies in each funding. `left`: (id, amount it can still carry), oldest first.

    Pay draws on the oldest first, so what is free lies in the youngest.
    """
    found = {}
    for funding, amount in reversed(list(left)):
        found[funding] = min(amount, free)
        free -= found[funding]
    return found


def show(amount: int, currency: str = "usd") -> str:
    """`$1,234.50`, `-$0.05`, `¥1,200`, `1,234.50 CHF`."""
    if currency in ZERO_DECIMAL:
        figure = f"{abs(amount):,}"
    else:
        figure = f"{abs(amount) // 100:,}.{abs(amount) % 100:02d}"
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{figure}" if symbol else f"{sign}{figure} {currency.upper()}"


def read(text: str, currency: str = "usd") -> int:
    """The minor units of `12.50` or `1,200`; 0 where the text is no such amount."""
    digits = 0 if currency in ZERO_DECIMAL else 2
    whole, _, part = text.strip().replace(",", "").partition(".")
    figures = whole + part.ljust(digits, "0")
    return int(figures) if figures.isascii() and figures.isdecimal() and len(part) <= digits else 0


def plain(amount: int, currency: str = "usd") -> str:
    """The figure for a CSV file: `1234.50`, `1200`."""
    if currency in ZERO_DECIMAL:
        return str(amount)
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"
