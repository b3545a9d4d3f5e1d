"""Rules of work and review that a table of roles cannot say."""

from __future__ import annotations

from accounts.models import User
from accounts.policies import forbid_own_lab
from core.actors import Actor
from core.errors import Invalid, Refused
from tasks.models import Appeal, Review, Submission

MAX_RETURNS = 2


def refuse_own_work(submission: Submission, by: Actor) -> None:
    """Nobody decides on what they made themselves, whatever their role."""
    if isinstance(by, User) and by.pk == submission.expert.user_id:
        raise Refused("This is your own work: somebody else decides on it.", code="own_work")


def refuse_further_return(submission: Submission) -> None:
    """Rework has an end: after two returns the work is accepted or rejected."""
    if submission.reviews.filter(verdict=Review.Verdict.RETURN).count() >= MAX_RETURNS:
        raise Refused("This work was returned twice already: accept it or reject it.", code="returned_twice")


def refuse_rejecter(appeal: Appeal, by: Actor) -> None:
    """An appeal is decided by somebody outside the lab who has not decided on the work before."""
    refuse_own_work(appeal.submission, by)
    forbid_own_lab(by, appeal.submission.project.lab)
    if isinstance(by, User) and appeal.submission.reviews.filter(reviewer=by).exists():
        raise Refused("You reviewed this work yourself: somebody else decides the appeal.", code="own_review")


def words(text: str, what: str) -> str:
    """A decision that costs somebody something is explained. Raises Invalid where nothing was written."""
    if not text.strip():
        raise Invalid(f"Say {what}: the expert reads it.", code="words_missing")
    return text.strip()
