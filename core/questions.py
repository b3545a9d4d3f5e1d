"""What a lower app wants to know and only higher ones can say: it asks, `marketplace/wiring.py` names who answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

S = TypeVar("S")
R = TypeVar("R")


class Question(Generic[S, R]):
    """Each answer is a function of the subject that gives any number of things."""

    def __init__(self) -> None:
        self._answers: tuple[Callable[[S], Iterable[R]], ...] = ()

    def answered_by(self, *answers: Callable[[S], Iterable[R]]) -> None:
        """Take them all at once; a second call replaces the first."""
        self._answers = answers

    def ask(self, subject: S) -> list[R]:
        """What everybody has to say, in the order of the wiring."""
        return [found for answer in self._answers for found in answer(subject)]
