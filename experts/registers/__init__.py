"""Registers of professional licences, each behind the same question: does somebody of this name hold this licence?"""

from __future__ import annotations

from django.conf import settings

from experts.models import Credential
from experts.registers.base import Finding, Licence, Register
from experts.registers.loaded import Loaded
from experts.registers.nppes import Nppes

__all__ = ["Finding", "Licence", "Register", "licence_of", "register_for", "registers"]


def registers() -> list[Register]:
    """The better proof first: what ops loaded from a board is the register itself."""
    return [Loaded(), Nppes(settings.NPPES_BASE)]


def licence_of(credential: Credential) -> Licence:
    return Licence(
        number=credential.number,
        name=credential.name_on_document,
        profession=credential.profession,
        place=credential.jurisdiction,
    )


def register_for(credential: Credential) -> Register | None:
    """The first that knows this profession in this place."""
    licence = licence_of(credential)
    return next((register for register in registers() if register.covers(licence)), None)
