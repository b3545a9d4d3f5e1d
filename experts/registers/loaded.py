"""Registers without an API: a board's file that ops load with `manage.py load_register`, asked in our own database."""

from __future__ import annotations

from django.utils import timezone

from experts.comparison import DIFFERS, compare_names
from experts.models import RegisterEntry, Strength
from experts.registers.base import Finding, Licence


class Loaded:
    code = "loaded"
    title = "the register of the board"
    strength: int = Strength.STRONG

    def covers(self, licence: Licence) -> bool:
        return RegisterEntry.objects.filter(profession=licence.profession, place=licence.place).exists()

    def look_up(self, licence: Licence) -> Finding:
        there = RegisterEntry.objects.filter(profession=licence.profession, place=licence.place)
        entry = there.filter(number=bare(licence.number)).first()
        if entry is None:
            return Finding("refused", [f"The register of {licence.place} has no licence {licence.number}."])
        told = f"As loaded on {entry.loaded_at:%-d %B %Y} from {entry.source}."
        if compare_names(licence.name, entry.name) == DIFFERS:
            return Finding("refused", ["The register has this licence under another name.", told])
        if not entry.active:
            return Finding("refused", ["The register says that this licence is not in force.", told])
        if entry.expires_on and entry.expires_on < timezone.now().date():
            return Finding("refused", [f"This licence ran out on {entry.expires_on:%-d %B %Y}.", told])
        says = {"name": entry.name, "number": licence.number}
        ends = {"expires_on": entry.expires_on.isoformat()} if entry.expires_on else {}
        return Finding("holds", [f"The register has this licence for {entry.name}.", told], {**says, **ends})


def bare(number: str) -> str:
    """Letters and digits alone, as the table has them."""
    return "".join(letter for letter in number.upper() if letter.isalnum())[:40]
