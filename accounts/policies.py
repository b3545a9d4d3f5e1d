"""Rules about people and labs that a role table cannot say."""

from __future__ import annotations

from zoneinfo import available_timezones

import pycountry

from accounts.models import Lab, Membership, Role, User
from core.actors import Actor
from core.errors import Fault, Invalid, NotAllowed, Refused


def check_time_zone(name: str) -> str:
    """The name itself, if the zone database (IANA) knows it. Raises Invalid."""
    if name in available_timezones():
        return name
    message = f"{name or 'Nothing'} is not a known time zone."
    raise Invalid(message, faults=(Fault(message, "time_zone"),))


def check_country(code: str) -> str:
    """The code itself, if ISO 3166-1 knows it. Raises Invalid."""
    if len(code) == 2 and code.isupper() and pycountry.countries.get(alpha_2=code):
        return code
    message = f"{code or 'Nothing'} is not a country code of ISO 3166-1."
    raise Invalid(message, faults=(Fault(message, "country"),))


def forbid_own_lab(by: Actor, lab: Lab) -> None:
    """Staff do not confirm or refuse a lab that they belong to."""
    if isinstance(by, User) and Membership.objects.filter(user=by, lab=lab).exists():
        raise NotAllowed("You belong to this lab; somebody else must decide.")


def keep_an_owner(membership: Membership) -> None:
    """A lab always has somebody who can invite others. Call with the lab's row locked."""
    if membership.role != Role.OWNER:
        return
    if not membership.lab.memberships.filter(role=Role.OWNER).exclude(pk=membership.pk).exists():
        raise Refused("A lab needs at least one owner. Make somebody else owner first.", code="last_owner")
