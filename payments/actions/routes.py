"""Another way of being paid: ops move a person from Stripe to bank transfers, or back. What is owed follows them."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid, Refused, WrongState
from core.events import record
from core.transitions import lock, step
from payments.actions.payouts import cancel_payout
from payments.models import BatchLine, Outbox, Payee, Payout
from payments.money import PAYABLE_COUNTRIES

Route = Payee.Route


@transaction.atomic
def change_route(*, payee: Payee, route: str, reason: str, by: Actor) -> Payee:
    """Pay this person the other way (a Payee.Route) from now on; `reason` is for them to read.

    They begin there anew: with bank details that only they can give, or with what Stripe says of their account. What
    was never tried is taken back, what came back goes out the new way. Raises Invalid (no reason), Refused (this way
    leads nowhere), WrongState (is so already, or something is under way, and what).
    """
    authorise(by, Permission.MONEY_OPERATE)
    if not reason.strip():
        raise Invalid("Say why, in words the expert reads.", faults=(Fault("Say why.", field="reason"),))
    payee = lock(payee)
    if payee.route == route:
        raise WrongState("This person is paid this way already.")
    _check_way(payee, route)
    _settle(payee, by)
    data = {"payee": payee.user.public_id, "from": payee.route, "to": route}
    Payout.objects.filter(payee=payee.user, status=Payout.Status.FAILED, transfer_id=None).update(line=None)
    asked = route == Route.STRIPE and payee.stripe_account_id  # the sweep asks Stripe how the account stands
    start = Payee.Status.PENDING if asked else Payee.Status.NEW
    if payee.status != start:
        payee = step(payee, start, by=by, data=data)
    payee.route, payee.bank_details, payee.bank_hint, payee.requirements = route, "", "", []
    payee.save(update_fields=["route", "bank_details", "bank_hint", "requirements", "updated_at"])
    record("payee.moved", payee.public_id, by=by, note=reason.strip(), data=data)
    return payee


def _check_way(payee: Payee, route: str) -> None:
    if route == Route.MANUAL and not settings.QUORUM_BANK_KEYS:
        raise Refused("Nobody is paid by hand here: QUORUM_BANK_KEYS is not set.", code="no_bank_keys")
    if route == Route.STRIPE and not payee.stripe_account_id and payee.country not in PAYABLE_COUNTRIES:
        raise Refused(f"Stripe does not pay to {payee.country}.", code="country_unsupported")


def _settle(payee: Payee, by: Actor) -> None:
    """Nothing may be under way to where nobody is paid any more. `payee` is locked, so nothing new gets under way."""
    over = (Outbox.State.DONE, Outbox.State.FAILED)
    for row in Outbox.objects.filter(payee=payee).exclude(state__in=over).order_by("pk"):
        if row.attempts:
            raise WrongState(f"{row.key} is under way to Stripe. Settle it at the desk of deliveries first.")
        payout = Payout.objects.get(public_id=row.subject)
        cancel_payout(payout=payout, by=by, note="They are paid another way from now on.")
    line = BatchLine.objects.filter(payee=payee.user, status=BatchLine.Status.PENDING).first()
    if line:
        raise WrongState(f"The bank has not answered {line}. Book its answer first.")
