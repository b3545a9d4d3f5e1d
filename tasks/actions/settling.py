"""What deciding on work does to its money and its seat. The caller holds the submission and its seat."""

from __future__ import annotations

from django.db.models import Sum

from core.actors import SYSTEM, Actor
from core.transitions import step
from payments.actions import earn, release
from payments.models import Earning
from tasks.actions.seats import cancel_seats
from tasks.models import Seat, Submission, Task
from tasks.shares import Share, partial

Kind = Earning.Kind


def price(seat: Seat) -> Share:
    return Share(seat.pay, seat.fee)


def pay(held: Submission, share: Share, kind: Kind, *, by: Actor, released: int = 0) -> None:
    """Book what the expert earned from the seat's reserve; `released` (minor units) goes back to the project."""
    earn(
        ref=held.project.public_id,
        source=held.public_id,
        payee=held.expert.user,
        kind=kind,
        pay=share.pay,
        fee=share.fee,
        released=released,
        currency=held.seat.currency,
        memo=f"{kind.label}: {held.project.title}"[:200],
        by=by,
    )


def pay_in_full(held: Submission, *, by: Actor, kind: Kind = Kind.TASK) -> None:
    pay(held, price(held.seat), kind, by=by)
    settle(held.seat, by=by)


def pay_part(held: Submission, share: Share, kind: Kind, *, by: Actor) -> None:
    """Part of the pay, the rest back to the project, and the seat is done."""
    pay(held, share, kind, by=by, released=share.left_of(price(held.seat)).total)
    settle(held.seat, by=by)


def pay_partial(held: Submission, *, by: Actor, final: bool) -> None:
    """The floor for work that was handed in and not accepted. Not `final`: the rest stays reserved for an appeal."""
    share = floor(held)
    if final:
        pay_part(held, share, Kind.PARTIAL, by=by)
    else:
        pay(held, share, Kind.PARTIAL, by=by)


def floor(held: Submission) -> Share:
    return partial(price(held.seat), held.project.partial_pay_percent)


def rest(held: Submission) -> Share:
    """What of a rejected seat is still reserved. Counted from what was earned, not from what the rule says today."""
    drawn = Earning.objects.filter(source=held.public_id).exclude(kind__in=Earning.HOUSE_PAID)
    paid = drawn.aggregate(pay=Sum("pay", default=0), fee=Sum("fee", default=0))
    return Share(**paid).left_of(price(held.seat))


def give_rest_back(held: Submission, *, by: Actor) -> None:
    """A rejection is final: what waited for an appeal returns to the project's funds."""
    left = rest(held).total
    if left:
        key = f"rejected:{held.public_id}"
        cause = {"why": "rejected", "about": held.public_id, "seats": 1}
        release(ref=held.project.public_id, key=key, amount=left, currency=held.seat.currency, by=by, cause=cause)
    settle(held.seat, by=by)


def settle(seat: Seat, *, by: Actor) -> None:
    step(seat, Seat.Status.SETTLED, by=by, lease_until=None)


def finish(held: Submission, *, by: Actor) -> None:
    """The task is done once as many answers are accepted as were wanted; seats left over (after a won appeal) go back.

    Locks the task, so of two last acceptances at once the second sees the first.
    """
    task = Task.objects.select_for_update(no_key=True).get(pk=held.task_id)
    accepted = Submission.objects.filter(task=task, status=Submission.Status.ACCEPTED).count()
    if task.status == Task.Status.OPEN and accepted >= task.overlap:
        step(task, Task.Status.DONE, by=by)
        cancel_seats(project=held.project, by=SYSTEM, why="complete", tasks=[task.pk], about=task.public_id)
