"""Keeping the narrow rows that matching reads."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from experts.models import Credential, DegreeLevel, Expert, ExpertMatch
from experts.queries import today


@transaction.atomic
def refresh_match(expert: Expert) -> ExpertMatch:
    """Derive the expert's row anew from profile and verified credentials. Called in the transaction of each change."""
    # The lock makes a later change wait, so that the row always shows the last one.
    expert = Expert.objects.select_for_update(no_key=True).get(pk=expert.pk)
    verified = list(expert.credentials.filter(status=Credential.Status.VERIFIED).select_related("field"))
    match, _ = ExpertMatch.objects.update_or_create(
        expert=expert,
        defaults={
            "verified": bool(verified),
            "available": expert.available,
            "level": max((credential.level for credential in verified), default=0),
            "fields": sorted({code for credential in verified for code in credential.field.ancestry}),
            "degrees": sorted({degree for credential in verified for degree in degrees_of(credential)}),
            "licences": sorted({place for credential in verified for place in licences_of(credential)}),
            "country": expert.country,
            "languages": expert.languages,
            "min_rate": expert.min_rate,
            "weekly_hours": expert.weekly_hours,
            "refreshed_at": timezone.now(),
        },
    )
    return match


def degrees_of(credential: Credential) -> list[str]:
    """What one degree satisfies: a doctorate in 0533 gives "8:0533", "8:053", "8:05", "7:0533", … "6:05"."""
    levels = [level for level in DegreeLevel.values if level <= credential.level]
    return [f"{level}:{code}" for level in levels for code in credential.field.ancestry]


def licences_of(credential: Credential) -> list[str]:
    """Where one licence allows its profession: "US-CA" gives "physician:US-CA" and "physician:US"."""
    if credential.kind != Credential.Kind.LICENCE or (credential.expires_on and credential.expires_on < today()):
        return []
    return [f"{credential.profession}:{place}" for place in {credential.jurisdiction, credential.jurisdiction[:2]}]


def rebuild_matches() -> int:
    """Every row anew, one expert a transaction. Returns how many."""
    count = 0
    for expert in Expert.objects.order_by("pk").iterator():
        refresh_match(expert)
        count += 1
    return count
