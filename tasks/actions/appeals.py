"""Appeals: the expert asks somebody else to look at a rejection again; silence decides for the expert."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.clock import business_deadline
from core.errors import Refused, WrongState
from core.events import record
from core.transitions import lock, step
from payments.models import Earning
from tasks import policies
from tasks.actions.held import hold
from tasks.actions.settling import finish, give_rest_back, pay, rest, settle
from tasks.actions.sweeping import sweep
from tasks.models import Appeal, Submission

ANSWER_DAYS = 3
"""Business days of the lab in which an appeal is answered."""


@transaction.atomic
def appeal(*, submission: Submission, words: str, by: Actor) -> Appeal:
    """Open the one appeal that a rejection allows. Raises Refused (`appeal_closed`, `appealed_before`), Invalid."""
    authorise(by, Permission.TASK_WORK, owner=submission.expert.user)
    words = policies.words(words, "why the rejection is wrong")
    held = hold(submission)
    if held.status != Submission.Status.REJECTED:
        raise WrongState("Only rejected work can be appealed.")
    now = timezone.now()
    if Appeal.objects.filter(submission=held).exists():
        raise Refused("This rejection was appealed before.", code="appealed_before")
    if held.appeal_by is None or held.appeal_by <= now:
        raise Refused("The time to appeal is over.", code="appeal_closed")
    lab = held.project.lab
    answer_by = business_deadline(now, ANSWER_DAYS, zone=lab.time_zone, country=lab.country)
    opened = Appeal.objects.create(submission=held, words=words, opened_at=now, answer_by=answer_by)
    record("appeal.open", opened.public_id, by=by, after=Appeal.Status.OPEN, data={"submission": held.public_id})
    return opened


@transaction.atomic
def decide_appeal(*, appeal: Appeal, overturn: bool, answer: str, by: Actor) -> Appeal:
    """Uphold the rejection, or overturn it: then the rest of the pay is earned at once.

    Raises Refused (`own_work`, `own_review`), Invalid (no words), WrongState.
    """
    authorise(by, Permission.APPEAL_DECIDE)
    answer = policies.words(answer, "how you decided and why")
    policies.refuse_rejecter(appeal, by)
    return _decide(appeal, overturn=overturn, answer=answer, by=by)


def overturn_unanswered_due(*, limit: int = 1000) -> int:
    """The sweep: an appeal that nobody answered in time is won. Returns how many."""
    due = Appeal.objects.filter(status=Appeal.Status.OPEN, answer_by__lte=timezone.now()).order_by("answer_by")
    return sweep(_overturn_unanswered, due[:limit])


@transaction.atomic
def _overturn_unanswered(appeal: Appeal) -> bool:
    hold(appeal.submission)
    if lock(appeal).status != Appeal.Status.OPEN:
        return False
    _decide(appeal, overturn=True, answer="Nobody answered in the promised time.", by=SYSTEM)
    return True


def _decide(appeal: Appeal, *, overturn: bool, answer: str, by: Actor) -> Appeal:
    held = hold(appeal.submission)
    decided = step(
        lock(appeal),
        Appeal.Status.OVERTURNED if overturn else Appeal.Status.UPHELD,
        by=by,
        note=answer,
        data={"submission": held.public_id},
        answer=answer,
        decided_at=timezone.now(),
        decided_by=by if isinstance(by, User) else None,
    )
    if overturn:
        _pay_the_rest(held, by=by, note=answer)
    else:
        give_rest_back(held, by=by)
    return decided


def _pay_the_rest(held: Submission, *, by: Actor, note: str) -> None:
    won = step(held, Submission.Status.ACCEPTED, by=by, note=note, decided_at=timezone.now())
    owed = rest(won)
    if owed.pay:
        pay(won, owed, Earning.Kind.APPEAL, by=by)
    settle(won.seat, by=by)
    finish(won, by=by)
