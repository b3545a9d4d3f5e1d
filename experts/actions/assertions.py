"""What others say about a credential, taken down as proof of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.actors import SYSTEM, Actor
from core.events import record
from core.transitions import lock, step
from experts.actions.checking import run_checks
from experts.models import Assertion, Credential
from experts.policies import OPEN_TO_EVIDENCE, promised

Status = Credential.Status
Verdict = Assertion.Verdict


@transaction.atomic
def take_down(
    *,
    credential: Credential,
    road: str,
    source: str,
    verdict: str,
    strength: int,
    says: Mapping[str, Any],
    reasons: Sequence[str],
    by: Actor = SYSTEM,
) -> Assertion:
    """Keep what a road brought to light, and start the clock of our promise where it is something to look at.

    For the actions of the roads, which have authorised. `says` and `reasons` as in `Assertion`. What does not hold is
    kept too, and starts no clock. A credential that is decided keeps its state.
    """
    credential = lock(credential)
    assertion = Assertion.objects.create(
        credential=credential,
        road=road,
        source=source[:255],
        verdict=verdict,
        strength=strength,
        says=dict(says),
        reasons=list(reasons),
    )
    data = {"credential": credential.public_id, "road": road, "verdict": verdict}
    record("assertion.made", assertion.public_id, by=by, data=data)
    if verdict != Verdict.REFUSED and credential.status in OPEN_TO_EVIDENCE and credential.status != Status.EVIDENCED:
        now = timezone.now()
        step(credential, Status.EVIDENCED, by=by, evidenced_at=now, answer_by=promised(now))
    run_checks(credential)
    return assertion
