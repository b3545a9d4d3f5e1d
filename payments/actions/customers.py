"""A lab as one Customer at Stripe, and how much a new one may pay by card."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import Lab
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import Fault, Invalid, WrongState
from core.events import record
from core.transitions import lock
from payments import gateway, queries
from payments.actions.once import made_once
from payments.models import Customer
from payments.money import show


def customer_of(*, lab: Lab, by: Actor) -> str:
    """The id of the lab's Customer at Stripe, made when first needed. Call it outside transactions."""
    authorise(by, Permission.PROJECT_FUND, lab=lab)
    customer = _row(lab)
    if customer.stripe_customer_id:
        return customer.stripe_customer_id
    made = made_once(
        customer,
        find=lambda since: gateway.find_customer(lab=lab.public_id, since=since),
        make=lambda run: gateway.create_customer(
            lab=lab.public_id, name=customer.name, key=f"customer:{lab.public_id}:{run}"
        ),
    )
    with transaction.atomic():
        customer = lock(customer)
        customer.stripe_customer_id = kept = customer.stripe_customer_id or made
        customer.save(update_fields=["stripe_customer_id"])
    return kept


def know_lab(*, lab: Lab, by: Actor) -> Customer:
    """A confirmed lab has its row before it pays, so that ops can lift its limit."""
    authorise(by, Permission.MONEY_OPERATE)
    return _row(lab)


@transaction.atomic
def check_card_limit(*, lab: Lab, amount: int, currency: str) -> None:
    """Raises Invalid where a new lab would pay more by card than it may. Two payments at once count each other."""
    lock(_row(lab))
    room = queries.card_room(lab, currency)
    if room is None or amount <= room:
        return
    limit, days = queries.card_limit()
    message = (
        f"A new lab pays at most {show(limit, currency)} by card until {days} days after its first payment; "
        f"{show(room, currency)} of that is left. Pay by bank instead: there is no such limit."
    )
    raise Invalid(message, faults=(Fault(message, field="amount"),))


@transaction.atomic
def lift_card_limit(*, customer: Customer, by: Actor, note: str) -> Customer:
    """Ops know this lab. Raises Invalid without a reason, WrongState the second time."""
    authorise(by, Permission.MONEY_OPERATE)
    if not note.strip():
        raise Invalid("Say why, for the record.")
    customer = lock(customer)
    if customer.card_limit_lifted_at:
        raise WrongState("This limit is lifted already.")
    customer.card_limit_lifted_at = timezone.now()
    customer.save(update_fields=["card_limit_lifted_at"])
    record("lab.card_limit_lifted", customer.lab.public_id, by=by, note=note)
    return customer


def _row(lab: Lab) -> Customer:
    return Customer.objects.get_or_create(lab=lab, defaults={"name": lab.name})[0]
