"""How far a project's money still reaches, counted in answers: pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ENOUGH: Final = "enough"
LOW: Final = "low"
OUT: Final = "out"
LEVELS: Final = (ENOUGH, LOW, OUT)  # in this order worse


@dataclass(frozen=True)
class Runway:
    """`planned` answers, by the plan or by the tasks that are there; `covered`: accepted, handed in or being worked on;
    `open`: seats that are funded and free to claim; `affordable`: further seats that free funds would pay."""

    planned: int
    covered: int
    open: int
    affordable: int

    @property
    def left(self) -> int:
        """Answers that experts can still begin."""
        return self.open + self.affordable

    @property
    def lacking(self) -> int:
        """Planned answers that nothing pays for yet."""
        return max(0, self.planned - self.covered - self.left)

    def level(self, *, seats: int, percent: int) -> str:
        """While more is planned: LOW under `seats` or `percent` of the plan, OUT at nothing. Otherwise ENOUGH."""
        if not self.lacking:
            return ENOUGH
        if not self.left:
            return OUT
        return LOW if self.left < seats or self.left * 100 < self.planned * percent else ENOUGH
