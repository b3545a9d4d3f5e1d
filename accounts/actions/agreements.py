"""Which texts people agree to, and when they did."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Max

from accounts.models import Agreement, AgreementKind, Consent, User
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid
from core.events import record
from core.transitions import lock


@transaction.atomic
def accept_agreements(*, user: User, scope: str, agreements: Iterable[Agreement], by: Actor) -> Consent:
    """One act for one purpose. `scope`: a public id such as `prj_…`.

    Accepting the same versions for the same purpose again returns the first consent.
    """
    authorise(by, Permission.AGREEMENT_ACCEPT, owner=user)
    wanted = sorted(agreements, key=lambda agreement: agreement.pk)
    lock(user)
    for earlier in Consent.objects.filter(user=user, scope=scope).prefetch_related("agreements"):
        if {agreement.pk for agreement in earlier.agreements.all()} == {agreement.pk for agreement in wanted}:
            return earlier
    consent = Consent.objects.create(user=user, scope=scope)
    consent.agreements.set(wanted)
    versions = {agreement.kind: agreement.version for agreement in wanted}
    record("consent.given", consent.public_id, by=by, data={"scope": scope, "versions": versions})
    return consent


@transaction.atomic
def publish_agreement(*, kind: str, title: str, text: str, by: Actor) -> Agreement:
    """The next version of its kind; the earlier ones stay, and whoever accepted them is bound by them."""
    authorise(by, Permission.AGREEMENT_PUBLISH)
    if kind not in AgreementKind.values or not title.strip() or not text.strip():
        raise Invalid("An agreement has a known kind, a title and a text.", faults=(Fault("Missing", "text"),))
    latest = Agreement.objects.filter(kind=kind).aggregate(last=Max("version"))["last"] or 0
    agreement = Agreement.objects.create(kind=kind, version=latest + 1, title=title.strip(), text=text.strip())
    record("agreement.published", agreement.public_id, by=by, data={"kind": kind, "version": agreement.version})
    return agreement
