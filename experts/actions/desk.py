"""What happens around a decision: who looks, what is flagged, what ops choose from, and what an expert contests."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, cast

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid, Refused, WrongState
from core.events import record
from core.transitions import lock, step
from experts.actions.checking import run_checks
from experts.actions.credentials import said
from experts.models import Credential, CredentialAppeal, Decision, Institution, Look, ReasonTemplate, Verdict
from experts.policies import another_person_decides, may_be_decided, promised

LOOK: Final = timedelta(minutes=10)


@transaction.atomic
def look_at(*, credential: Credential, by: Actor) -> Look:
    """Take the case for ten minutes and leave every other; the look of somebody else, where they were first."""
    authorise(by, Permission.CREDENTIAL_REVIEW)
    lock(credential)
    now = timezone.now()
    fresh = {"by": cast(User, by), "since": now, "until": now + LOOK}
    look, _ = Look.objects.get_or_create(credential=credential, defaults=fresh)
    if look.by_id != by.pk and look.until > now:
        return look
    if look.by_id != by.pk:
        look.by, look.since = cast(User, by), now
    look.until = now + LOOK
    look.save(update_fields=["by", "since", "until"])
    Look.objects.filter(by=look.by).exclude(pk=look.pk).delete()
    return look


@transaction.atomic
def flag_credential(*, credential: Credential, words: str, by: Actor) -> Credential:
    """Ask for a second pair of eyes, whatever the verdict will be; `words` say why. Raises Invalid, WrongState."""
    authorise(by, Permission.CREDENTIAL_REVIEW)
    if not words.strip():
        raise Invalid("Say what is odd about it.", faults=(Fault("Say what is odd about it.", "words"),))
    credential = lock(credential)
    may_be_decided(credential, "flagged")
    if credential.verdicts.filter(status=Verdict.Status.HELD).exists():
        raise WrongState("This was decided on just now. Take the verdict back first.")
    credential.flag = words.strip()[:300]
    credential.save(update_fields=["flag"])
    record("credential.flagged", credential.public_id, by=by, note=credential.flag)
    return credential


@transaction.atomic
def name_institution(*, credential: Credential, institution: Institution, by: Actor) -> Credential:
    """Say whom an expert's free text means. A chosen institution is the expert's word and stays. Raises WrongState."""
    authorise(by, Permission.CREDENTIAL_REVIEW)
    another_person_decides(by, credential)
    credential = lock(credential)
    may_be_decided(credential, "given an institution")
    if credential.institution_id is not None:
        raise WrongState("This credential has an institution.")
    credential.institution = institution
    credential.save(update_fields=["institution"])
    record("credential.institution_named", credential.public_id, by=by, data={"institution": institution.ror_id})
    run_checks(credential)
    return credential


@transaction.atomic
def save_template(
    *, decision: str, label: str, text: str, in_use: bool, by: Actor, template: ReasonTemplate | None = None
) -> ReasonTemplate:
    """Add words to choose from, or change them (`template`). What was said with the old ones stays said."""
    authorise(by, Permission.CREDENTIAL_REVIEW)
    template = template or ReasonTemplate()
    template.decision, template.label, template.text, template.in_use = decision, label, text, in_use
    template.save()
    record("reason_template.saved", str(template.pk), by=by, note=text, data={"label": label, "in_use": in_use})
    return template


@transaction.atomic
def appeal_refusal(*, credential: Credential, words: str, by: Actor) -> CredentialAppeal:
    """Back into the queue with our promise anew, for anybody but those who refused.

    Raises Invalid, WrongState, Refused (`already_appealed`).
    """
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=credential.expert.user)
    credential = lock(credential)
    refusal = credential.verdicts.filter(status=Verdict.Status.DELIVERED, decision=Decision.REFUSE).last()
    if credential.status != Credential.Status.REFUSED or refusal is None:
        raise WrongState("There is no refusal to appeal against.")
    try:
        with transaction.atomic():
            appeal = CredentialAppeal.objects.create(
                verdict=refusal,
                credential=credential,
                words=said(words),
                refused_by=refusal.by,
                seconded_by=refusal.confirmed_by,
            )
    except IntegrityError:
        raise Refused("You have appealed against this refusal already.", code="already_appealed") from None
    now = timezone.now()
    step(credential, Credential.Status.EVIDENCED, by=by, note=appeal.words, evidenced_at=now, answer_by=promised(now))
    data = {"credential": credential.public_id}
    record("credential_appeal.open", appeal.public_id, by=by, after=appeal.status, note=appeal.words, data=data)
    return appeal
