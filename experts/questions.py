"""What experts' actions want to know from the apps above."""

from __future__ import annotations

from typing import Final

from core.questions import Question
from experts.diplomas.making import Figure
from experts.models import Expert

OPEN_TO: Final[Question[Expert, str]] = Question()
"""The projects in which this expert may claim work now, each by a name that tells it from the others."""

UNDER_WAY: Final[Question[Expert, str]] = Question()
"""What this expert has begun or handed in and is not settled, as lines: "Why ice floats: 1 begun"."""

WORK_DONE: Final[Question[Expert, Figure]] = Question()
"""Figures about this expert's accepted work, for the record that they take with them."""
