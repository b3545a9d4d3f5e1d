"""Records that experts own: signed, withdrawn; and the keys that sign them, which rotate."""

from __future__ import annotations

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core import events
from core.actors import SYSTEM, Actor, System
from core.errors import Fault, Invalid, Refused, WrongState
from core.sealing import seal
from core.transitions import lock
from experts import records
from experts.diplomas import making
from experts.diplomas.keys import ED25519, to_multibase
from experts.models import Expert, IssuerKey, Record
from experts.questions import WORK_DONE

LIVES = timedelta(days=365)


@transaction.atomic
def issue_record(*, expert: Expert, by: Actor) -> Record:
    """Sign what is verified and accepted now. The record before it, if one holds, is withdrawn.

    Raises Refused (`no_key` where the operator signs nothing, `nothing_verified`).
    """
    authorise(by, Permission.PROFILE_EDIT, owner=expert.user)
    expert = lock(expert)
    degrees = records.shown(expert)
    if not degrees:
        raise Refused("A record needs a verified credential.", code="nothing_verified")
    key = records.signing_key() or rotate_issuer_key()
    _withdraw(expert, "A newer record was made.", by)
    now = timezone.now()
    made = Record.objects.create(expert=expert, key=key, issued_at=now)
    document = making.record(
        records.site(),
        record_id=made.public_id,
        place=made.pk,
        name=expert.user.name,
        degrees=degrees,
        work=WORK_DONE.ask(expert),
        since=now,
        until=now + LIVES,
    )
    made.document = records.signed(document, key, now)
    made.save(update_fields=["document"])
    events.record("record.issued", made.public_id, by=by, data={"expert": expert.public_id, "key": key.multikey})
    return made


@transaction.atomic
def withdraw_record(*, record: Record, why: str, by: Actor) -> Record:
    """By the expert, whose own it is, or by ops. Whoever verifies it from now on reads that it was withdrawn.

    Raises Invalid, or WrongState where it was withdrawn already.
    """
    if isinstance(by, System) or by.pk != record.expert.user_id:
        authorise(by, Permission.CREDENTIAL_REVIEW)
    else:
        authorise(by, Permission.PROFILE_EDIT, owner=record.expert.user)
    if not why.strip():
        raise Invalid("Say why.", faults=(Fault("Say why.", "words"),))
    lock(record.expert)
    if _withdraw(record.expert, why.strip()[:200], by, pk=record.pk) is None:
        raise WrongState("This record is withdrawn already.")
    record.refresh_from_db()
    return record


def withdraw_outdated(*, expert: Expert, by: System = SYSTEM) -> Record | None:
    """What it says is no longer verified. The record that was withdrawn by it, or none."""
    with transaction.atomic():
        return _withdraw(lock(expert), "What was verified changed since.", by)


def _withdraw(locked: Expert, why: str, by: Actor, **which: int) -> Record | None:
    """The one that holds. The expert is locked, so no other is made or withdrawn meanwhile."""
    held = Record.objects.filter(expert=locked, withdrawn_at=None, **which).first()
    if held is None:
        return None
    held.withdrawn_at = timezone.now()
    held.withdrawn_by = by if isinstance(by, User) else None
    held.why = why
    held.save(update_fields=["withdrawn_at", "withdrawn_by", "why"])
    events.record("record.withdrawn", held.public_id, by=by, note=why, data={"expert": locked.public_id})
    return held


@transaction.atomic
def rotate_issuer_key(*, by: System = SYSTEM) -> IssuerKey:
    """A new key signs from now on. Those before it stay published: what they signed verifies still.

    Raises Refused (`no_key`) without QUORUM_RECORD_KEYS.
    """
    if not settings.QUORUM_RECORD_KEYS:
        raise Refused("This site signs no records: QUORUM_RECORD_KEYS is not set.", code="no_key")
    now, private = timezone.now(), Ed25519PrivateKey.generate()
    for old in IssuerKey.objects.select_for_update().filter(retired_at=None):
        old.retired_at = now
        old.save(update_fields=["retired_at"])
    made = IssuerKey.objects.create(
        multikey=to_multibase(ED25519 + private.public_key().public_bytes_raw()),
        sealed=seal(private.private_bytes_raw(), settings.QUORUM_RECORD_KEYS).decode(),
        made_at=now,
    )
    events.record("issuer_key.rotated", made.public_id, by=by, data={"key": made.multikey})
    return made
