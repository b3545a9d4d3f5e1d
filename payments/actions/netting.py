"""Pay that went out by bank transfer and is taken back: it is kept from what the person earns next."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.transitions import lock, step
from payments import ledger, queries
from payments.actions.payouts import draw, payout_data
from payments.actions.reversals import close_payout, reversal_data
from payments.models import AccountKind, Payee, Payout, Reversal
from payments.sweep import each

Status = Reversal.Status


def net_take_backs(*, by: Actor = SYSTEM) -> int:
    """The sweep: keep what was agreed on from what its person has earned since. Returns how many rows it closed.

    Each is a transaction of its own: two of them in one would hold a project's funds while they wait for another's.
    """
    authorise(by, Permission.MONEY_OPERATE)
    agreed = Reversal.objects.filter(by_hand=True, status=Status.PENDING).select_related("payout").order_by("pk")
    return sum(each(agreed, lambda reversal: _net(reversal, by)))


@transaction.atomic
def _net(reversal: Reversal, by: Actor) -> bool:
    """As much as is owed and no payout carries; never what is on its way, or came back from a bank."""
    payee = Payee.objects.select_for_update(no_key=True).get(user=reversal.payout.payee_id)
    reversal = lock(reversal)
    if reversal.status != Status.PENDING:
        return False
    parts = queries.cut(queries.to_send(payee.user), {reversal.currency: reversal.amount})
    kept = sum(part.amount for part in parts)
    if not kept:
        return False
    if kept < reversal.amount:
        reversal = _split(reversal, kept)
    now = timezone.now()
    reversal = step(reversal, Status.DONE, by=by, data=reversal_data(reversal), done_at=now)
    for payout in draw(payee, parts, by):
        data = payout_data(payout)
        gone = step(payout, Payout.Status.SENT, by=by, data=data, against=reversal, sent_at=now)
        step(gone, Payout.Status.PAID, by=by, data=data, paid_at=now)
    close_payout(lock(reversal.payout), by)
    _book(reversal, payee)
    return True


def _split(reversal: Reversal, kept: int) -> Reversal:
    """The rest waits for later pay in a row of its own, of the same two people."""
    Reversal.objects.create(
        payout=reversal.payout,
        amount=reversal.amount - kept,
        currency=reversal.currency,
        reason=reversal.reason,
        by_hand=True,
        status=Status.PENDING,
        proposed_by=reversal.proposed_by,
        decided_by=reversal.decided_by,
        decided_at=reversal.decided_at,
        expires_at=reversal.expires_at,
    )
    reversal.amount = kept
    reversal.save(update_fields=["amount"])
    return reversal


def _book(reversal: Reversal, payee: Payee) -> None:
    """It is again whose it was before the work was paid, as where Stripe gives it back. No bank moves anything."""
    payout = reversal.payout
    back = (AccountKind.PROJECT_FUNDS, payout.funding.ref) if payout.funding else (AccountKind.GOODWILL, "")
    ledger.post(
        key=f"netted:{reversal.public_id}",
        kind="netted",
        lines=ledger.transfer(reversal.amount, debit=(AccountKind.EXPERT_PAYABLE, payee.user.public_id), credit=back),
        currency=reversal.currency,
        meta={"of": reversal.public_id, "payout": payout.public_id},
    )
