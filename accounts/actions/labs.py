"""Labs: made by anybody, confirmed by ops before they can open a project."""

from __future__ import annotations

from django.db import transaction

from accounts.models import Lab, Membership, Role, User
from accounts.policies import check_country, check_time_zone, forbid_own_lab
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid
from core.events import record
from core.transitions import move


@transaction.atomic
def create_lab(*, name: str, website: str, country: str, time_zone: str = "UTC", by: User) -> Lab:
    """`by` becomes the owner. `country` is ISO 3166-1 alpha-2, `time_zone` an IANA name. Raises Invalid."""
    authorise(by, Permission.LAB_CREATE, owner=by)
    lab = Lab.objects.create(
        name=_named(name), website=website, country=check_country(country), time_zone=check_time_zone(time_zone)
    )
    Membership.objects.create(lab=lab, user=by, role=Role.OWNER)
    record("lab.created", lab.public_id, by=by)
    return lab


@transaction.atomic
def edit_lab(*, lab: Lab, name: str, website: str, country: str, time_zone: str, by: Actor) -> Lab:
    authorise(by, Permission.LAB_EDIT, lab=lab)
    before = {field: getattr(lab, field) for field in ("name", "website", "country", "time_zone")}
    lab.name = _named(name)
    lab.website = website
    lab.country = check_country(country)
    lab.time_zone = check_time_zone(time_zone)
    lab.save(update_fields=["name", "website", "country", "time_zone"])
    record("lab.edited", lab.public_id, by=by, data={"before": before})
    return lab


@transaction.atomic
def confirm_lab(*, lab: Lab, by: Actor, note: str = "") -> Lab:
    """Ops know who it is. Raises WrongState when it is confirmed already."""
    authorise(by, Permission.LAB_CONFIRM)
    forbid_own_lab(by, lab)
    return move(lab, Lab.Status.CONFIRMED, by=by, note=note)


@transaction.atomic
def refuse_lab(*, lab: Lab, note: str, by: Actor) -> Lab:
    """`note` is what the lab's owners read."""
    authorise(by, Permission.LAB_CONFIRM)
    forbid_own_lab(by, lab)
    if not note.strip():
        raise Invalid("Say why, the owners read it.", faults=(Fault("Say why, the owners read it.", "note"),))
    return move(lab, Lab.Status.REFUSED, by=by, note=note.strip())


def _named(name: str) -> str:
    if not name.strip():
        raise Invalid("Please name the lab.", faults=(Fault("Please name the lab.", "name"),))
    return name.strip()
