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
from experts.actions.evidence import add_evidence
from experts.actions.matches import refresh_match
from experts.models import Credential, Expert, Field, Institution
from experts.policies import another_person_decides, check_claim, may_be_edited, still_holds, unchanged_since
from experts.queries import strongest

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
    return credential


@transaction.atomic
def verify_credential(*, credential: Credential, by: Actor, message: str = "", seen: str = "") -> Credential:
    """`message`: what the expert reads; `seen`: the `version_of` what was looked at, where somebody looked.

    Raises NotAllowed, WrongState (also of what has run out), Refused (`changed_since`).
    """
    still_holds(lock(credential))
    method, strength = strongest(credential)
    proof: dict[str, Any] = {"method": method, "strength": strength, "recheck_on": None, "warned_days": 0}
    return _decide(credential, Status.VERIFIED, by=by, message=message, seen=seen, **proof)


@transaction.atomic
def ask_for_more(*, credential: Credential, message: str, by: Actor, seen: str = "") -> Credential:
    """`message` says what is missing. Raises Invalid, and as `verify_credential`."""
    return _decide(credential, Status.NEEDS_MORE, by=by, message=said(message), seen=seen)


@transaction.atomic
def refuse_credential(*, credential: Credential, reason: str, message: str, by: Actor, seen: str = "") -> Credential:
    """`reason`: one of the closed list; `message`: our words to the expert. Raises as `ask_for_more`."""
    if reason not in Credential.RefusalReason.values:
        raise Invalid("Choose a reason.", faults=(Fault("Choose a reason.", "reason"),))
    return _decide(credential, Status.REFUSED, by=by, message=said(message), reason=reason, seen=seen)


@transaction.atomic
def revoke_credential(*, credential: Credential, message: str, by: Actor) -> Credential:
    """A verified degree turned out not to be one. New claims of work stop at once."""
    return _decide(credential, Status.REVOKED, by=by, message=said(message))


def _decide(
    credential: Credential, to: str, *, by: Actor, message: str, reason: str = "", seen: str = "", **proof: Any
) -> Credential:
    authorise(by, Permission.CREDENTIAL_REVIEW)
    another_person_decides(by, credential)
    if seen:
        unchanged_since(seen, lock(credential))  # documents are added under the same lock
    credential = move(
        credential,
        to,
        by=by,
        note=message,
        data={"expert": credential.expert.public_id, "reason": reason},
        decided_at=timezone.now(),
        decided_by_id=by.pk,
        reason=reason,
        message=message,
        **proof,
    )
    refresh_match(credential.expert)
    return credential


def said(message: str) -> str:
    """What is written to an expert. Raises Invalid where it says nothing."""
    if not message.strip():
        raise Invalid("Write what the expert should read.", faults=(Fault("Write what the expert reads.", "message"),))
    return message.strip()
