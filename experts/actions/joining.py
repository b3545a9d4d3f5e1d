"""Whoever signs up through a link is remembered with it; partners and their pages."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.db import transaction

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor, System
from core.events import record
from core.transitions import lock, move
from experts.joining import same_mailbox
from experts.models import Arrival, Expert, Institution, Partner

Status = Partner.Status


@transaction.atomic
def note_arrival(*, user: User, code: str, by: System = SYSTEM) -> Arrival | None:
    """`code`: an expert's `join_code` or an open partner's id. None where it is neither, or leads back to oneself."""
    authorise(by, Permission.NETWORK_GROW)
    referrer = Expert.objects.filter(join_code=code, user__is_active=True).select_related("user").first()
    partner = Partner.objects.filter(public_id=code, status=Status.OPEN).first()
    if referrer is not None and (referrer.user_id == user.pk or same_mailbox(referrer.user.email, user.email)):
        return None
    if referrer is None and partner is None:
        return None
    arrival, made = Arrival.objects.get_or_create(user=user, defaults={"referrer": referrer, "partner": partner})
    if made:
        record("arrival.noted", arrival.public_id, by=by)
    return arrival


@transaction.atomic
def make_partner(
    *, name: str, slug: str, by: Actor, institution: Institution | None = None, blurb: str = "", logo: bytes = b""
) -> Partner:
    """`blurb`: Markdown; `logo`: a PNG of our own making (`experts.rendering.logo`)."""
    authorise(by, Permission.NETWORK_GROW)
    partner = Partner.objects.create(name=name, slug=slug, institution=institution, blurb=blurb)
    _keep_logo(partner, logo)
    record("partner.created", partner.public_id, by=by)
    return partner


@transaction.atomic
def edit_partner(
    *, partner: Partner, name: str, slug: str, institution: Institution | None, blurb: str, by: Actor, logo: bytes = b""
) -> Partner:
    """Without a `logo` the one that is there stays."""
    authorise(by, Permission.NETWORK_GROW)
    partner = lock(partner)
    partner.name, partner.slug, partner.institution, partner.blurb = name, slug, institution, blurb
    partner.save(update_fields=["name", "slug", "institution", "blurb"])
    _keep_logo(partner, logo)
    record("partner.edited", partner.public_id, by=by)
    return partner


@transaction.atomic
def close_partner(*, partner: Partner, by: Actor) -> Partner:
    """Its page goes, and its link brings nobody any more; who came stays counted."""
    authorise(by, Permission.NETWORK_GROW)
    return move(partner, Status.CLOSED, by=by)


@transaction.atomic
def reopen_partner(*, partner: Partner, by: Actor) -> Partner:
    authorise(by, Permission.NETWORK_GROW)
    return move(partner, Status.OPEN, by=by)


def _keep_logo(partner: Partner, logo: bytes) -> None:
    """Under a new name, so that no browser shows an old one; what it replaces is swept up as a stray."""
    if logo:
        partner.logo.save("logo.png", ContentFile(logo))
