"""What experts' privacy asks of us: who opened which page is kept, and documents go once they have served."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.events import record
from core.transitions import lock
from experts.models import Evidence, EvidencePage, Opening
from experts.policies import may_lose_documents
from experts.queries import idle_documents


def note_opening(*, page: EvidencePage, by: Actor) -> Opening | None:
    """Somebody else than its owner looks at a page, and the owner reads of it. None for the owner."""
    owner = page.evidence.credential.expert.user
    if by.pk == owner.pk:
        return None
    authorise(by, Permission.CREDENTIAL_REVIEW)
    return Opening.objects.create(evidence=page.evidence, page=page.number, by=cast(User, by))


@transaction.atomic
def delete_document(*, evidence: Evidence, by: Actor) -> Evidence:
    """The file and its pictures go for good; the fingerprint and what was decided stay. Raises WrongState.

    Nothing in review loses its proof. Safe to run twice.
    """
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=evidence.credential.expert.user)
    may_lose_documents(lock(evidence.credential))
    evidence = lock(evidence)
    if evidence.deleted_at is not None:
        return evidence
    for file in (evidence.file, *(page.image for page in evidence.pages.all())):
        transaction.on_commit(partial(file.storage.delete, str(file.name)))
    evidence.pages.all().delete()
    evidence.file, evidence.deleted_at = "", timezone.now()
    evidence.save(update_fields=["file", "deleted_at"])
    record("evidence.deleted", evidence.public_id, by=by, data={"credential": evidence.credential.public_id})
    return evidence


def delete_old_documents() -> int:
    """The sweep: documents whose credential was decided so many days ago. Returns how many went."""
    if not settings.QUORUM_DOCUMENT_DAYS:
        return 0
    before = timezone.now() - timedelta(days=settings.QUORUM_DOCUMENT_DAYS)
    found = list(idle_documents(before))
    for evidence in found:
        delete_document(evidence=evidence, by=SYSTEM)
    return len(found)
