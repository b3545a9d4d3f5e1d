"""Who can be paid: the country first, then Stripe's own onboarding, then what Stripe says of the account.

Where Stripe does not pay and ops do by hand, the person's bank details take the place of Stripe's onboarding.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Fault, Invalid, Refused, WrongState
from core.events import record
from core.transitions import lock, step
from payments import bank, gateway, queries, words
from payments.actions.once import made_once
from payments.actions.payouts import retry_refused
from payments.models import Payee
from payments.sealing import seal

Status = Payee.Status
REFUSED_RETRY: Final = timedelta(hours=1)
STATUS_AT_STRIPE = {
    "active": Status.READY,
    "pending": Status.PENDING,
    "restricted": Status.RESTRICTED,
    "rejected": Status.RESTRICTED,
    "unsupported": Status.UNSUPPORTED,
}


class CountryUnsupported(Refused):
    """Said at once, before any work is done."""

    code = "country_unsupported"


@transaction.atomic
def choose_country(*, user: User, country: str, by: Actor) -> Payee:
    """Remember where the person is paid (ISO 3166-1 alpha-2), and so by which route. It is fixed once Stripe has opened
    the account, or bank details are given.

    Raises CountryUnsupported, Refused (code `country_fixed`), NotAllowed.
    """
    authorise(by, Permission.PAYOUT_SETUP, owner=user)
    country = country.upper()
    route = queries.route_to(country)
    if not route:
        message = "Quorum cannot pay to this country yet. Please do not start paid work before it can."
        raise CountryUnsupported(message, faults=(Fault(message, field="country"),))
    Payee.objects.get_or_create(user=user, defaults={"country": country, "route": route})
    payee = Payee.objects.select_for_update(no_key=True).get(user=user)
    if payee.country != country:
        if payee.stripe_account_id or payee.bank_details:
            raise Refused("The country of a payout account cannot change. Write to support.", code="country_fixed")
        payee.country, payee.route = country, route
        payee.save(update_fields=["country", "route", "updated_at"])
    return payee


@transaction.atomic
def give_bank_details(*, payee: Payee, details: Mapping[str, str], by: Actor) -> Payee:
    """Where ops pay this person by hand: `holder`, `account`, `code` and `bank`. They are kept sealed, and their owner
    is told. What a batch carries already goes to the account that it was made for.

    Raises Invalid, WrongState where Stripe pays.
    """
    authorise(by, Permission.PAYOUT_SETUP, owner=payee.user)
    payee = lock(payee)
    if payee.route != Payee.Route.MANUAL:
        raise WrongState("Stripe pays you: it asks for your bank account on its own pages.")
    kept = bank.tidy(details)
    payee.bank_details, payee.bank_hint, payee.requirements = seal(kept), kept["account"][-4:], []
    payee.save(update_fields=["bank_details", "bank_hint", "requirements", "updated_at"])
    record("payee.bank_details", payee.public_id, by=by)
    data = {"payee": payee.user.public_id}
    return payee if payee.status == Status.READY else step(payee, Status.READY, by=by, data=data)


@transaction.atomic
def record_tax_form(*, payee: Payee, status: str, by: Actor, note: str) -> Payee:
    """Ops keep people's tax forms elsewhere; here stands how far that is, for the year's totals. Nothing is filed.

    `note`: which form, and where it is kept. Raises Invalid without one.
    """
    authorise(by, Permission.MONEY_OPERATE)
    if not note.strip():
        raise Invalid("Say which form it is.", faults=(Fault("Say which form it is.", field="note"),))
    payee = lock(payee)
    payee.tax_form = Payee.TaxForm(status)
    payee.save(update_fields=["tax_form", "updated_at"])
    record("payee.tax_form", payee.public_id, by=by, note=note.strip(), data={"tax_form": status})
    return payee


def onboarding_link(*, payee: Payee, return_url: str, refresh_url: str, by: Actor) -> str:
    """Where Stripe asks what it needs to know. Opens the account at the first call. Call it outside transactions.

    Raises WrongState where ops pay by hand.
    """
    authorise(by, Permission.PAYOUT_SETUP, owner=payee.user)
    if payee.route != Payee.Route.STRIPE:
        raise WrongState("Stripe does not pay to your country: give us your bank details instead.")
    if not payee.stripe_account_id:
        facts = made_once(
            payee,
            find=lambda since: gateway.find_recipient(payee=payee.public_id, country=payee.country, since=since),
            make=lambda run: gateway.create_recipient(
                payee=payee.public_id,
                email=payee.user.email,
                name=payee.user.name,
                country=payee.country,
                key=_account_key(payee, run),
            ),
        )
        payee = _keep_account(payee, facts.id)
        apply_recipient(facts=facts, by=SYSTEM)
    return gateway.onboarding_url(payee.stripe_account_id or "", return_url=return_url, refresh_url=refresh_url)


def _account_key(payee: Payee, run: int) -> str:
    """Other words get another key, or Stripe would refuse them for as long as it remembers the first (v2: 30 days).

    An account that the first call made for another country, unheard, stays empty there: nobody was sent to it and
    nothing is paid into it.
    """
    said = json.dumps([payee.user.email, payee.user.name, payee.country])
    return f"recipient:{payee.public_id}:{sha256(said.encode()).hexdigest()[:16]}:{run}"


@transaction.atomic
def _keep_account(payee: Payee, account_id: str) -> Payee:
    locked = lock(payee)
    locked.stripe_account_id = account_id
    locked.save(update_fields=["stripe_account_id", "updated_at"])
    return locked


def refresh_payee(*, payee: Payee, by: Actor = SYSTEM) -> Payee:
    """Ask Stripe how the account stands. Call it outside transactions."""
    authorise(by, Permission.PAYOUT_SETUP, owner=payee.user)
    if payee.route != Payee.Route.STRIPE or not payee.stripe_account_id:
        return payee
    return apply_recipient(facts=gateway.recipient(payee.stripe_account_id), by=SYSTEM)


@transaction.atomic
def apply_recipient(*, facts: gateway.Recipient, by: Actor) -> Payee:
    """Mirror the account. A person who becomes ready gets what Stripe refused before; so does one who was ready all
    the time, an hour after the refusal: then Stripe had changed its mind twice and neither word reached us. Of whom ops
    pay by hand meanwhile, nothing is mirrored.

    Raises Payee.DoesNotExist for an account that is not ours.
    """
    authorise(by, Permission.MONEY_OPERATE)
    payee = Payee.objects.select_for_update(no_key=True).get(stripe_account_id=facts.id)
    if payee.route != Payee.Route.STRIPE:
        return payee
    needs = list(dict.fromkeys(words.requirement(want.path, want.errors) for want in facts.requirements))
    status = STATUS_AT_STRIPE.get(facts.status, Status.PENDING)
    if status != Status.READY:
        needs = [*dict.fromkeys(words.capability(*detail) for detail in facts.details), *needs]
    payee.requirements = needs
    payee.save(update_fields=["requirements", "updated_at"])  # asked just now, whatever the answer
    changed = status != payee.status
    if changed:
        payee = step(payee, status, by=by, data={"payee": payee.user.public_id})
    if status == Status.READY:
        patience = timedelta(0) if changed else REFUSED_RETRY
        retry_refused(user=payee.user, before=timezone.now() - patience, by=by)
    return payee
