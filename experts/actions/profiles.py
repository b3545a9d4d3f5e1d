"""An expert's own profile."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.policies import check_country
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Refused
from core.events import record
from experts.actions.matches import refresh_match
from experts.models import Expert
from experts.policies import check_profile

PROFILE = ("country", "headline", "bio", "languages", "min_rate", "weekly_hours", "available")


@transaction.atomic
def become_expert(*, user: User, country: str, by: Actor, **profile: Any) -> Expert:
    """`profile`: headline, bio, languages (ISO 639-1), min_rate (cents an hour), weekly_hours, available.

    Raises Invalid, or Refused `already_expert`.
    """
    authorise(by, Permission.PROFILE_EDIT, owner=user)
    check_profile(profile)
    expert, made = Expert.objects.get_or_create(user=user, defaults={"country": check_country(country), **profile})
    if not made:
        raise Refused("You have an expert profile already.", code="already_expert")
    record("expert.created", expert.public_id, by=by)
    refresh_match(expert)
    return expert


@transaction.atomic
def edit_profile(*, expert: Expert, by: Actor, **profile: Any) -> Expert:
    """Change what is given: any of PROFILE. Raises Invalid."""
    authorise(by, Permission.PROFILE_EDIT, owner=expert.user)
    check_profile(profile)
    if "country" in profile:
        check_country(profile["country"])
    for name, value in profile.items():
        setattr(expert, name, value)
    expert.save(update_fields=list(profile))
    record("expert.edited", expert.public_id, by=by, data={"fields": sorted(profile)})
    refresh_match(expert)
    return expert
