"""Whether two pages look the same: a difference hash of 64 bits, and how to find near ones by an index.

Each bit says whether a point is brighter than its neighbour to the right, on a picture of 9 × 8 points. Two hashes that
differ in at most `NEAR` of 64 bits agree in one of the `NEAR + 1` bands of 16 at least, so bands find all of them.
"""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

NEAR: Final = 3
BANDS: Final = NEAR + 1
WIDTH: Final = 64 // BANDS
PLAIN: Final = 6  # a page with fewer bits set or unset is blank, or nearly so: it looks like every other


def dhash(picture: bytes) -> int | None:
    """The hash as PostgreSQL keeps it, a signed 64-bit number; None for a page too plain to tell."""
    with Image.open(io.BytesIO(picture)) as image:
        small = image.convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    rows = [list(small.crop((0, y, 9, y + 1)).tobytes()) for y in range(8)]
    bits = [row[x] > row[x + 1] for row in rows for x in range(8)]
    if not PLAIN <= sum(bits) <= 64 - PLAIN:
        return None
    value = sum(1 << place for place, bit in enumerate(bits) if bit)
    return value - (1 << 64) if value >> 63 else value


def distance(one: int, other: int) -> int:
    """In how many of 64 bits they differ."""
    return ((one ^ other) & ((1 << 64) - 1)).bit_count()


def bands(value: int) -> list[int]:
    """One number a band, each with its place: what the index holds."""
    return [(place << WIDTH) | ((value >> (place * WIDTH)) & ((1 << WIDTH) - 1)) for place in range(BANDS)]
