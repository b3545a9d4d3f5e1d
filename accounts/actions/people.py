"""A person's own account."""

from __future__ import annotations

from collections.abc import Iterable

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import User
from accounts.policies import check_time_zone
from accounts.roles import OPS, Permission, authorise
from core.actors import Actor, System
from core.errors import Fault, Invalid, NotAllowed
from core.events import record


@transaction.atomic
def create_account(
    *, email: str, name: str, password: str | None, by: Actor, time_zone: str = "UTC", staff: bool = False
) -> User:
    """An account with a verified address, made by the product itself (demo, journeys). People sign up by themselves."""
    if not isinstance(by, System):
        raise NotAllowed("People sign up by themselves.")
    user = User.objects.create_user(email, password, name=name, time_zone=check_time_zone(time_zone), is_staff=staff)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    record("user.created", user.public_id, by=by)
    return user


@transaction.atomic
def edit_person(*, user: User, name: str, time_zone: str, shortcuts: bool, by: Actor) -> User:
    """`time_zone`: an IANA name. Raises Invalid."""
    authorise(by, Permission.PROFILE_EDIT, owner=user)
    if not name.strip():
        raise Invalid("Please give your name.", faults=(Fault("Please give your name.", "name"),))
    user.name = name.strip()
    user.time_zone = check_time_zone(time_zone)
    user.shortcuts = shortcuts
    user.save(update_fields=["name", "time_zone", "shortcuts"])
    record("user.edited", user.public_id, by=by)
    return user


@transaction.atomic
def withhold_rights(*, user: User, rights: Iterable[str], by: Actor) -> User:
    """`rights`: those of ops that this member of staff shall not have; all others they have. Raises Invalid."""
    authorise(by, Permission.STAFF_MANAGE)
    if user.pk == by.pk:
        raise NotAllowed("Somebody else decides what you may do.")
    withheld = sorted(set(rights))
    if unknown := set(withheld) - OPS:
        raise Invalid(f"Ops have no right {', '.join(sorted(unknown))}. Theirs are: {', '.join(sorted(OPS))}.")
    user.withheld = withheld
    user.save(update_fields=["withheld"])
    record("user.rights_withheld", user.public_id, by=by, data={"withheld": withheld})
    return user
