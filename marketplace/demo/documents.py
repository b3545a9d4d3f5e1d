"""Degree certificates for the demo: drawn, plainly marked as specimens."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (1000, 1400)  # pixels, about A4 at 120 dpi
INK, RULE, PALE = "#1A1B18", "#0B6B5B", "#B4B5AB"


def certificate(*, name: str, title: str, institution: str, year: int, format: str = "PDF") -> bytes:
    """One page as `PDF` or `PNG`."""
    page = Image.new("RGB", SIZE, "#FFFFFF")
    draw = ImageDraw.Draw(page)
    draw.rectangle((50, 50, 950, 1350), outline=RULE, width=4)
    draw.rectangle((64, 64, 936, 1336), outline=RULE, width=1)
    for text, y, size, colour in (
        (institution, 230, 46, INK),
        ("hereby confers upon", 430, 28, INK),
        (name, 520, 60, INK),
        ("the degree of", 660, 28, INK),
        (title, 740, 44, RULE),
        (f"in the year {year}", 860, 28, INK),
        ("The Registrar", 1140, 26, INK),
        ("SPECIMEN: made for a demonstration, confers nothing", 1260, 22, PALE),
    ):
        font = _fitting(draw, text, size)
        draw.text((SIZE[0] / 2, y), text, font=font, fill=colour, anchor="mm")
    draw.line((330, 1110, 670, 1110), fill=INK, width=2)
    draw.ellipse((440, 960, 560, 1080), outline=RULE, width=5)
    kept = BytesIO()
    page.save(kept, format=format)
    return kept.getvalue()


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The serif that pages set formulas in (ziamath ships it); it has all Latin letters."""
    package = find_spec("ziamath")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("ziamath")
    return ImageFont.truetype(Path(package.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf", size)


def _fitting(draw: ImageDraw.ImageDraw, text: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """As large as asked but not wider than the page."""
    while size > 14 and draw.textlength(text, font=_font(size)) > 820:
        size -= 2
    return _font(size)
