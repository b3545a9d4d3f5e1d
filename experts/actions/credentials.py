"""Claims of degrees, and what ops say of them."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.policies import check_country
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid
from core.events import record
from core.transitions import lock, move
from experts.actions.checking import run_checks
from experts.actions.evidence import add_evidence
from experts.actions.matches import refresh_match
from experts.models import Credential, Expert, Field, Institution
from experts.policies import another_person_decides, check_claim, may_be_edited

Status = Credential.Status


@transaction.atomic
def claim_credential(
    *,
    expert: Expert,
    title: str,
    field: Field,
    institution_name: str,
    country: str,
    year: int,
    name_on_document: str,
    by: Actor,
    level: int = 0,
    institution: Institution | None = None,
    upload: UploadedFile[Any] | None = None,
    **licence: Any,
) -> Credential:
    """`level`: ISCED 2011 (6, 7, 8); `country`: of the institution; `upload`: the document, if it is at hand already.

    `licence`: kind=LICENCE, profession, jurisdiction (ISO 3166), number, and expires_on (date) if it ends; no level.
    Raises Invalid, also for what `add_evidence` refuses; then nothing is claimed.
    """
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=expert.user)
    claim = {
        "title": title.strip(),
        "level": level,
        "field": field,
        "institution": institution,
        "institution_name": institution_name.strip(),
        "country": check_country(country),
        "year": year,
        "name_on_document": name_on_document.strip(),
        **licence,
    }
    check_claim(claim)
    credential = Credential.objects.create(expert=expert, **claim)
    record(f"{Credential.NOUN}.{Status.CLAIMED}", credential.public_id, by=by, after=Status.CLAIMED)
    if upload is not None:
        add_evidence(credential=credential, upload=upload, by=by)
        credential.refresh_from_db()
    return credential


@transaction.atomic
def edit_claim(*, credential: Credential, by: Actor, **claim: Any) -> Credential:
    """Correct what is given (words as in `claim_credential`), before ops look or after they ask. Raises WrongState."""
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=credential.expert.user)
    check_claim({"kind": credential.kind, **claim})
    if "country" in claim:
        check_country(claim["country"])
    credential = lock(credential)
    may_be_edited(credential)
    before = {name: str(getattr(credential, name)) for name in claim}
    for name, value in claim.items():
        setattr(credential, name, value)
    credential.save(update_fields=list(claim))
    record("credential.edited", credential.public_id, by=by, data={"before": before})
    run_checks(credential)
    return credential


@transaction.atomic
def revoke_credential(*, credential: Credential, message: str, by: Actor) -> Credential:
    """A verified degree turned out not to be one. New claims of work stop at once. Raises NotAllowed, WrongState."""
    authorise(by, Permission.CREDENTIAL_REVIEW)
    another_person_decides(by, credential)
    said_of_it = said(message)
    credential = move(
        credential,
        Status.REVOKED,
        by=by,
        note=said_of_it,
        data={"expert": credential.expert.public_id},
        decided_at=timezone.now(),
        decided_by_id=by.pk,
        message=said_of_it,
    )
    refresh_match(credential.expert)
    return credential


def said(message: str) -> str:
    """What is written to an expert. Raises Invalid where it says nothing."""
    if not message.strip():
        raise Invalid("Write what the expert should read.", faults=(Fault("Write what the expert reads.", "message"),))
    return message.strip()
