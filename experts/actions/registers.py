"""Registers of licences: asked about one, and loaded from a board's file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid, Refused
from core.transitions import lock
from experts.actions.inquiries import inquire
from experts.models import Credential, Inquiry, RegisterEntry, Road
from experts.policies import JURISDICTIONS, OPEN_TO_EVIDENCE
from experts.registers import register_for
from experts.registers.loaded import bare

COLUMNS: Final = ("profession", "place", "number", "name", "active", "expires_on")
BATCH: Final = 2_000
KEY: Final = ["profession", "place", "number"]
REST: Final = ["name", "active", "expires_on", "source", "loaded_at"]


@transaction.atomic
def ask_register(*, credential: Credential, by: Actor) -> Inquiry:
    """Have the register of this licence asked. Raises Refused (`road_closed`, `asked_already`)."""
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=credential.expert.user)
    credential = lock(credential)
    if credential.status not in OPEN_TO_EVIDENCE:
        raise Refused("This credential takes no more proof.", code="road_closed")
    register = register_for(credential)
    if register is None:
        raise Refused("We know no register that we could ask about this.", code="road_closed")
    return inquire(expert=credential.expert, credential=credential, road=Road.REGISTER, subject=register.code, by=by)


@transaction.atomic
def load_register(*, path: Path) -> int:
    """A CSV with COLUMNS (`active` 1 or 0, `expires_on` ISO or empty). Safe to repeat: rows are brought up to date.

    Returns how many rows. Raises Invalid at the first row that cannot be; then nothing is loaded.
    """
    count = 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        entries = _entries(csv.DictReader(file), path.name)
        while batch := {(entry.profession, entry.place, entry.number): entry for entry in islice(entries, BATCH)}:
            RegisterEntry.objects.bulk_create(
                batch.values(), update_conflicts=True, unique_fields=KEY, update_fields=REST
            )
            count += len(batch)
    return count


def _entries(rows: csv.DictReader[str], source: str) -> Iterator[RegisterEntry]:
    if missing := set(COLUMNS) - set(rows.fieldnames or ()):
        raise Invalid(f"The file has no column {', '.join(sorted(missing))}.")
    now = timezone.now()
    for number, row in enumerate(rows, start=1):
        try:
            ends = date.fromisoformat(row["expires_on"]) if row["expires_on"] else None
        except (ValueError, TypeError):
            raise _wrong(number, "expires_on", row["expires_on"]) from None
        entry = RegisterEntry(
            profession=row["profession"],
            place=row["place"],
            number=bare(row["number"] or ""),
            name=(row["name"] or "").strip()[:200],
            active=row["active"] == "1",
            expires_on=ends,
            source=source[:200],
            loaded_at=now,
        )
        _check(number, entry, row["active"])
        yield entry


def _check(number: int, entry: RegisterEntry, active: str) -> None:
    possible = {
        "profession": entry.profession in Credential.Profession.values,
        "place": entry.place in JURISDICTIONS,
        "number": bool(entry.number),
        "name": bool(entry.name),
        "active": active in ("0", "1"),
    }
    for field, fine in possible.items():
        if not fine:
            raise _wrong(number, field, active if field == "active" else getattr(entry, field))


def _wrong(row: int, field: str, value: object) -> Invalid:
    message = f"Row {row}: {value!r} cannot be its {field}."
    return Invalid(message, faults=(Fault(message, field, row),))
