"""The statement as PDF: the lines of a month or a year with their states and references, then what they come to.

Drawn line by line into a file, so that a long one takes no more memory for its rows than a short one. The same lines
give the same bytes: no clock and no random name goes in.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import IO, Final

from django.utils import timezone
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from payments.models import Earning, Payout
from payments.money import show
from payments.statements import STATES

FONT: Final = "DejaVu Sans"
MISSING: Final = "□"
NOTE: Final = "These are totals of what was earned. Quorum files no tax forms."
WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM = 45, WIDTH - 45, HEIGHT - 50, 60
STATE_AT, MEMO_WIDTH, STATE_WIDTH = 360, 300, 120  # the columns: what for, how far, how much


@dataclass(frozen=True)
class Head:
    """Whose statement it is and of which days. `selection`: that it shows a part of what these days have, or ""."""

    name: str
    email: str
    person: str  # usr_…
    country: str
    period: str
    zone: str
    selection: str = ""


def write(target: IO[bytes], head: Head, earnings: Iterable[Earning]) -> None:
    """`earnings` as `statements.earnings_of` gives them."""
    sheet = _Sheet(target, head)
    months: Counter[tuple[str, str]] = Counter()
    kinds: Counter[tuple[str, str]] = Counter()
    for earning in earnings:
        booked = timezone.localtime(earning.booked_at)
        _line(sheet, earning, f"{booked:%d %b %Y}")
        months[f"{booked:%Y-%m}", earning.currency] += earning.pay
        kinds[earning.get_kind_display(), earning.currency] += earning.pay
    if len(months) > 1:
        sheet.table("By month", sorted(months.items()))
    sheet.table("By kind", sorted(kinds.items()))
    totals: Counter[tuple[str, str]] = Counter()
    for (_, currency), pay in kinds.items():
        totals["Total", currency] += pay
    sheet.table("Earned in these days", sorted(totals.items()) or [(("Total", "usd"), 0)])
    sheet.end()


def _line(sheet: _Sheet, earning: Earning, day: str) -> None:
    payouts = [allocation.payout for allocation in earning.allocations.all()]
    state: str = STATES[earning.state]  # type: ignore[attr-defined]  # annotated by earnings_of
    left = [(9, earning.memo), (7, f"{day} · {earning.get_kind_display()} · {earning.public_id} · {earning.source}")]
    right = [(9, state), *((7, words) for words in dict.fromkeys(map(_reference, payouts)) if words)]
    sheet.row(left, right, show(earning.pay, earning.currency))


def _reference(payout: Payout) -> str:
    day = f"{payout.arrives_on:%d %b %Y}" if payout.arrives_on else ""
    known = (payout.transfer_id or (payout.line.public_id if payout.line else ""), payout.bank_payout_id, day)
    return " · ".join(filter(None, known))


@cache
def _font() -> TTFont:
    font = TTFont(FONT, str(resources.files("ziafont") / "fonts" / "DejaVuSans.ttf"))
    pdfmetrics.registerFont(font)
    return font


class _Sheet:
    """Pages that fill from the top; `missing` are the characters that this font does not have."""

    def __init__(self, target: IO[bytes], head: Head) -> None:
        self.glyphs = _font().face.charToGlyph
        self.canvas = Canvas(target, pagesize=A4, invariant=1, pageCompression=1)
        self.canvas.setTitle(f"Statement of earnings, {head.period}")
        self.canvas.setAuthor("Quorum")
        self.missing: set[str] = set()
        self.foot = f"{head.person} · {head.period}"
        self.y = TOP
        self._text(LEFT, 18, "Statement of earnings")
        self.y -= 26
        who = f"{head.name} · {head.email} · {head.person}"
        for words in (head.period, who, f"Country on record: {head.country}", f"Days of {head.zone}", head.selection):
            for part in self._split(words, 9, RIGHT - LEFT):
                self._text(LEFT, 9, part)
                self.y -= 13
        self._rule()

    def row(self, left: list[tuple[int, str]], right: list[tuple[int, str]], amount: str) -> None:
        lines = [(size, part) for size, words in left for part in self._split(words, size, MEMO_WIDTH)]
        states = [(size, part) for size, words in right for part in self._split(words, size, STATE_WIDTH)]
        self._room(12 * max(len(lines), len(states)) + 8)
        top = self.y
        self.canvas.setFont(FONT, 9)
        self.canvas.drawRightString(RIGHT, top, amount)
        lowest = top
        for x, column in ((LEFT, lines), (STATE_AT, states)):
            self.y = top
            for size, part in column:
                self._text(x, size, part)
                self.y -= 12
            lowest = min(lowest, self.y)
        self.y = lowest
        self._rule()

    def table(self, title: str, rows: list[tuple[tuple[str, str], int]]) -> None:
        """`rows`: ((what, currency), minor units)."""
        self._room(60)
        self._text(LEFT, 11, title)
        self.y -= 16
        for (what, currency), amount in rows:
            self._room(20)
            self._text(LEFT, 9, what)
            self.canvas.drawRightString(RIGHT, self.y, show(amount, currency))
            self.y -= 13
        self._rule()

    def end(self) -> None:
        notes = [NOTE]
        if self.missing:
            codes = ", ".join(f"U+{ord(sign):04X}" for sign in sorted(self.missing))
            notes.append(f"This file has no letters for {codes}; they stand as {MISSING} here, and in full in the CSV.")
        for note in notes:
            for part in self._split(note, 8, RIGHT - LEFT):
                self._room(14)
                self._text(LEFT, 8, part)
                self.y -= 12
        self._close_page()
        page = self.canvas  # a file being drawn, no row of ours
        page.save()

    def _split(self, words: str, size: int, width: int) -> list[str]:
        shown = "".join(self._printable(sign) for sign in unicodedata.normalize("NFC", words))
        lines: list[str] = simpleSplit(shown, FONT, size, width)
        return lines

    def _printable(self, sign: str) -> str:
        """Letters that are written from right to left would stand in the wrong order: they count as missing too."""
        if ord(sign) in self.glyphs and unicodedata.bidirectional(sign) not in ("R", "AL"):
            return sign
        self.missing.add(sign)
        return MISSING

    def _text(self, x: float, size: int, words: str) -> None:
        self.canvas.setFont(FONT, size)
        self.canvas.drawString(x, self.y, words)

    def _rule(self) -> None:
        self.canvas.setLineWidth(0.3)
        self.canvas.line(LEFT, self.y + 4, RIGHT, self.y + 4)
        self.y -= 10

    def _room(self, needed: float) -> None:
        if self.y - needed < BOTTOM:
            self._close_page()
            self.y = TOP

    def _close_page(self) -> None:
        self.canvas.setFont(FONT, 7)
        self.canvas.drawString(LEFT, 35, self.foot)
        self.canvas.drawRightString(RIGHT, 35, f"Page {self.canvas.getPageNumber()}")
        self.canvas.showPage()
