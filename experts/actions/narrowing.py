"""Ops propose a narrower field or a lower level; nothing changes without the expert's consent."""

from __future__ import annotations

from typing import cast

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Refused
from core.events import record
from core.transitions import lock, step
from experts.actions.credentials import said
from experts.actions.matches import refresh_match
from experts.models import Credential, Field, Narrowing
from experts.policies import NARROWABLE, another_person_decides, is_narrower

Status = Narrowing.Status


@transaction.atomic
def propose_narrowing(*, credential: Credential, field: Field, level: int, words: str, by: Actor) -> Narrowing:
    """`words` say why, to the expert. Raises Invalid, WrongState, Refused (`already_proposed`)."""
    authorise(by, Permission.CREDENTIAL_REVIEW)
    another_person_decides(by, credential)
    credential = lock(credential)
    is_narrower(credential, field=field, level=level)
    try:
        with transaction.atomic():
            narrowing = Narrowing.objects.create(
                credential=credential, field=field, level=level, words=said(words), proposed_by=cast(User, by)
            )
    except IntegrityError:
        message = "Something was proposed already, and waits for the expert's answer."
        raise Refused(message, code="already_proposed") from None
    data = {"credential": credential.public_id}
    record("narrowing.proposed", narrowing.public_id, by=by, after=Status.PROPOSED, note=narrowing.words, data=data)
    return narrowing


@transaction.atomic
def answer_narrowing(*, narrowing: Narrowing, agrees: bool, by: Actor) -> Narrowing:
    """The expert's word. Raises WrongState once it was answered, has lapsed, or the credential has moved on."""
    credential = narrowing.credential
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=credential.expert.user)
    credential = lock(credential)
    narrowing = lock(narrowing)
    data = {"credential": credential.public_id}
    if not agrees:
        return step(narrowing, Status.DECLINED, by=by, data=data)
    narrowing = step(narrowing, Status.ACCEPTED, by=by, data=data)
    is_narrower(credential, field=narrowing.field, level=narrowing.level)
    before = {"field": credential.field.code, "level": credential.level}
    credential.field, credential.level = narrowing.field, narrowing.level
    credential.save(update_fields=["field", "level"])
    record("credential.narrowed", credential.public_id, by=by, data={"before": before})
    refresh_match(credential.expert)
    return narrowing


def lapse_narrowings() -> int:
    """The sweep: what was not answered in time, or has nothing left to narrow, ends. Returns how many."""
    count = 0
    late = Q(answer_by__lt=timezone.now()) | ~Q(credential__status__in=NARROWABLE)
    for found in Narrowing.objects.filter(late, status=Status.PROPOSED):
        with transaction.atomic():
            narrowing = lock(found)
            if narrowing.status == Status.PROPOSED:
                step(narrowing, Status.LAPSED, by=SYSTEM, data={"credential": narrowing.credential.public_id})
                count += 1
    return count
