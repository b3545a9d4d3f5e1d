"""Holding a submission with its seat: the one lock order of this app.

Seats before submissions before ledger accounts before tasks. Whoever decides, hands in, expires or withdraws goes
through here, so two of them queue up instead of waiting for each other in a circle.
"""

from __future__ import annotations

from typing import Any, Final

from core.errors import Refused
from core.prepared import Prepared
from tasks.models import Submission, SubmissionQuerySet


def hold(submission: Submission) -> Submission:
    """The submission and its seat as the database has them now, both locked until the transaction ends.

    The expert is the caller's object: it never changes, and whoever authorised has loaded it.
    """
    held = _HELD.first(pk=submission.pk)
    if held is None:
        raise Submission.DoesNotExist(submission)
    held.expert = submission.expert
    return held


def hold_if_free(pk: int) -> Submission | None:
    """The same for a sweep: None where somebody else is at it, who will leave it in order."""
    return _locked((*_RELATED, "expert__user"), skip_locked=True).filter(pk=pk).first()


_RELATED: Final = ("seat", "task", "project__lab")


def _locked(related: tuple[str, ...], *, skip_locked: bool = False) -> SubmissionQuerySet:
    # Both rows must be locked: after waiting for a lock PostgreSQL reads only locked rows anew.
    rows = Submission.objects.select_for_update(of=("seat", "self"), skip_locked=skip_locked, no_key=True)
    return rows.select_related(*related)


_HELD = Prepared(lambda pk: _locked(_RELATED).filter(pk=pk))

NOBODY: Final[dict[str, Any]] = {"expert": None, "claimed_at": None, "lease_until": None, "extended": False}
"""The fields of a seat that nobody holds, for its step back to FUNDED."""


def refuse_unless_holder(submission: Submission) -> None:
    """Raises Refused where the seat went to somebody else or was given back."""
    if submission.seat.expert_id != submission.expert_id or submission.status == Submission.Status.RELEASED:
        raise Refused("You no longer hold this task: it was given back.", code="seat_lost")
