"""What a line of a record is worth as a proof, and which credential it speaks of."""

from __future__ import annotations

from dataclasses import dataclass

from experts.degrees import match
from experts.models import Credential, Field, OrcidItem, Strength
from experts.spelling import fold

PROVES = (OrcidItem.Kind.EDUCATION, OrcidItem.Kind.QUALIFICATION)


@dataclass(frozen=True)
class Worth:
    strength: Strength
    reason: str


def worth(item: OrcidItem) -> Worth:
    """The institution's own word is strong, another organisation's is fair, the person's is a hint."""
    if not item.asserted:
        return Worth(Strength.HINT, f"{item.source or 'The person'} wrote this line, and nobody else vouches for it.")
    if _is_its_own(item):
        return Worth(Strength.STRONG, f"{item.source} put this line there itself.")
    return Worth(Strength.FAIR, f"{item.source} put this line there; it is another than {item.organisation}.")


def _is_its_own(item: OrcidItem) -> bool:
    """Whether who asserts it bears a name of the institution, with words after it or none."""
    source = f"{fold(item.source)} "
    names = [] if item.institution is None else [name.value for name in item.institution.names.all()]
    known = [item.organisation, *names]
    return any(name and source.startswith(f"{fold(name)} ") for name in known)


@dataclass(frozen=True)
class Claim:
    """What a line says of a degree; `level` 0 and no `field` where it does not say."""

    level: int
    field: Field | None


def claim_in(item: OrcidItem) -> Claim:
    degree = match(item.title, item.country)
    code = degree.field or match(item.department, item.country).field
    level = degree.level if degree.level in (6, 7, 8) else 0
    return Claim(level or 0, Field.objects.filter(code=code).first() if code else None)


def speaks_of(item: OrcidItem, credential: Credential) -> bool:
    """The same institution, and neither another level nor another year."""
    if credential.kind != Credential.Kind.DEGREE:
        return False
    if item.institution_id and credential.institution_id:
        same = item.institution_id == credential.institution_id
    else:
        same = fold(item.organisation) == fold(credential.institution_name)
    level = claim_in(item).level
    year = item.ended[:4]
    return same and level in (0, credential.level) and year in ("", str(credential.year))
