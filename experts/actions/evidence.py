"""Documents: taken in, and turned into page images by a worker."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor, System
from core.errors import Fault, Invalid
from core.events import record
from core.transitions import lock, step
from experts.actions.checking import run_checks
from experts.checks.pictures import bands, dhash
from experts.models import Credential, Evidence, EvidencePage
from experts.policies import check_size, content_type, may_gain_evidence, promised
from experts.rendering import Unreadable, render_safely

Status = Credential.Status


@transaction.atomic
def add_evidence(*, credential: Credential, upload: UploadedFile[Any], by: Actor) -> Evidence:
    """Take a document (PDF, JPEG, PNG; at most 10 MB) and start the clock of our promise.

    Raises Invalid (`size`, `not_a_document`, `too_many_documents`, `same_document`) or WrongState.
    """
    authorise(by, Permission.CREDENTIAL_CLAIM, owner=credential.expert.user)
    size = upload.size or 0
    check_size(size)
    kind = content_type(upload.read(16))
    upload.seek(0)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    credential = lock(credential)
    may_gain_evidence(credential)
    if credential.evidence.filter(sha256=digest.hexdigest()).exists():
        fault = Fault("You have handed in this very document already.", "upload")
        raise Invalid(fault.message, code="same_document", faults=(fault,))
    evidence = Evidence.objects.create(
        credential=credential,
        file=upload,
        filename=PurePath(upload.name or "document").name[:200],
        content_type=kind,
        size=size,
        sha256=digest.hexdigest(),
    )
    record("evidence.added", evidence.public_id, by=by, data={"credential": credential.public_id})
    if credential.status != Status.EVIDENCED:
        now = timezone.now()
        step(credential, Status.EVIDENCED, by=by, evidenced_at=now, answer_by=promised(now))
    run_checks(credential)
    return evidence


@transaction.atomic
def render_evidence(*, evidence: Evidence, by: System = SYSTEM) -> Evidence:
    """Make the page images, once. A document that nobody can read is sent back to its expert with the reason."""
    evidence = lock(evidence)
    if evidence.rendered_at or evidence.render_error:
        return evidence
    with evidence.file.open("rb") as file:
        original = file.read()
    try:
        pages = render_safely(original, evidence.content_type)
    except Unreadable as problem:
        return _send_back(evidence, str(problem), by)
    for number, image in enumerate(pages, start=1):
        look = dhash(image)
        EvidencePage.objects.create(
            evidence=evidence,
            number=number,
            image=ContentFile(image, name=f"{number}.png"),
            dhash=look,
            bands=[] if look is None else bands(look),
        )
    evidence.rendered_at = timezone.now()
    evidence.save(update_fields=["rendered_at"])
    record("evidence.rendered", evidence.public_id, by=by, data={"pages": len(pages)})
    run_checks(lock(evidence.credential))
    return evidence


def _send_back(evidence: Evidence, problem: str, by: System) -> Evidence:
    evidence.render_error = problem[:200]
    evidence.save(update_fields=["render_error"])
    record("evidence.unreadable", evidence.public_id, by=by, note=problem)
    credential = lock(evidence.credential)
    if credential.status == Status.EVIDENCED and not credential.evidence.filter(render_error="").exists():
        message = f"We could not open {evidence.filename}: {problem}"
        data = {"expert": credential.expert.public_id, "reason": Credential.RefusalReason.ILLEGIBLE}
        step(credential, Status.NEEDS_MORE, by=by, note=message, data=data, message=message, reason="")
    return evidence
