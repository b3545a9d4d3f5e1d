"""Money in: a lab pays for a project through Stripe Checkout. Only Stripe's word makes it count."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Lab, User
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor
from core.errors import Fault, Invalid, Refused, WrongState
from core.transitions import lock, step
from payments import gateway, ledger, words
from payments.actions.cancelling import close_page
from payments.actions.customers import check_card_limit, customer_of
from payments.actions.once import next_run_if_unheard
from payments.actions.refunds import send_back
from payments.models import AccountKind, Funding
from payments.money import TAKEN

LEAST: Final = 100  # minor units; Stripe's own floor is 50 cents
MOST: Final = 99_999_999  # Stripe's ceiling for one payment
Status = Funding.Status


class NotYetSettled(RuntimeError):
    """Stripe says paid but has not filed the charge yet: come back later."""


class WrongAmount(RuntimeError):
    """Stripe's figure is not ours. Nothing is booked; ops look."""


@transaction.atomic
def open_funding(
    *,
    ref: str,
    lab: Lab,
    amount: int,
    currency: str,
    title: str,
    success_url: str,
    cancel_url: str,
    by: Actor,
    method: str = Funding.Method.CARD,
) -> Funding:
    """Write down that the lab wants to pay `amount` (gross, minor units) into `ref`. Stripe is asked afterwards.

    `{FUNDING}` in the addresses stands for the new id.
    Raises Invalid (amount outside Stripe's limits or those of a new lab's card), Refused (`currency`), NotAllowed.
    """
    authorise(by, Permission.PROJECT_FUND, lab=lab)
    if currency not in TAKEN:
        taken = " and ".join(TAKEN).upper()
        raise Refused(
            f"Quorum takes payments in {taken} only so far; this one would be in {currency.upper()}.", code="currency"
        )
    if not LEAST <= amount <= MOST:
        message = "Enter an amount between $1.00 and $999,999.99."
        raise Invalid(message, faults=(Fault(message, field="amount"),))
    if not all(url.startswith(("http://", "https://")) for url in (success_url, cancel_url)):
        raise Invalid("Stripe sends people back to web addresses only.")
    if method == Funding.Method.CARD:
        check_card_limit(lab=lab, amount=amount, currency=currency)
    return Funding.objects.create(
        ref=ref,
        lab=lab,
        amount=amount,
        currency=currency,
        method=method,
        title=title[:200],
        success_url=success_url,
        cancel_url=cancel_url,
        created_by=by if isinstance(by, User) else None,
    )


def start_checkout(*, funding: Funding, by: Actor) -> str:
    """The address of Stripe's payment page. Asking twice gives the same page. Call it outside transactions.

    A page that a first call made, unheard, is never paid: nobody was sent to it.
    Raises WrongState once paid or over, gateway errors where Stripe does not answer.
    """
    authorise(by, Permission.PROJECT_FUND, lab=funding.lab)
    if funding.status != Status.PENDING:
        raise WrongState(f"This payment is {funding.status}.")
    if funding.checkout_url:
        return funding.checkout_url
    customer = customer_of(lab=funding.lab, by=by)
    with next_run_if_unheard(funding):
        session = gateway.start_checkout(
            funding=funding.public_id,
            customer=customer,
            method=funding.method,
            group=funding.ref,
            title=funding.title,
            amount=funding.amount,
            currency=funding.currency,
            success_url=funding.success_url.replace("{FUNDING}", funding.public_id),
            cancel_url=funding.cancel_url.replace("{FUNDING}", funding.public_id),
            key=f"checkout:{funding.public_id}:{funding.run}",
        )
    with transaction.atomic():
        locked = lock(funding)
        if not locked.checkout_url:  # else another request was faster: people are sent to one page only
            locked.checkout_session_id, locked.checkout_url = session.id, session.url
            locked.save(update_fields=["checkout_session_id", "checkout_url"])
        cancelled = locked.status == Status.CANCELLED  # while we asked Stripe
        if cancelled:
            close_page(locked)
    if cancelled:
        raise WrongState("This payment is cancelled.")
    return locked.checkout_url


def refresh_funding(*, funding: Funding, by: Actor = SYSTEM) -> Funding:
    """Ask Stripe about one payment and move it to what Stripe says. Call it outside transactions."""
    if not funding.checkout_session_id:
        return funding
    facts = gateway.checkout(funding.checkout_session_id)
    return apply_checkout(facts=facts, by=by)


@transaction.atomic
def apply_checkout(*, facts: gateway.Checkout, by: Actor) -> Funding:
    """Move the funding to what its Checkout Session is now. Repeats and late news change nothing.

    Money that arrives after the payment was over (cancelled, expired, failed) is booked, and goes back at once.
    """
    authorise(by, Permission.MONEY_OPERATE)
    funding = Funding.objects.select_for_update(no_key=True).get(public_id=facts.reference)
    to = _wanted(facts)
    another = funding.checkout_session_id not in (None, "", facts.id)
    if another and to != Status.PAID:
        return funding  # the end of a page that nobody was sent to
    if to not in Funding.TRANSITIONS[funding.status]:
        return _with_links(funding, facts)
    data = {"ref": funding.ref, "amount": funding.amount, "currency": funding.currency}
    if to == Status.PAID:
        late = funding.status in Funding.OVER
        funding = _paid(funding, facts, data, by)
        if late:
            net = funding.amount - funding.stripe_fee
            send_back(funding=funding, amount=net, reason="The payment was over when it arrived.", by=by)
        return _with_links(funding, facts)
    failed = to == Status.FAILED
    failure = words.payment_failure(facts.failure_code, facts.failure_message) if failed else ""
    funding = step(funding, to, by=by, data=data, checkout_session_id=facts.id, failure=failure)
    return _with_links(funding, facts)


def _with_links(funding: Funding, facts: gateway.Checkout) -> Funding:
    """Stripe's own pages of this payment, as far as it has made them: an invoice may come after the payment."""
    found = {name: getattr(facts, name) for name in ("instructions_url", "invoice_url", "receipt_url")}
    new = {name: url for name, url in found.items() if url and url != getattr(funding, name)}
    for name, url in new.items():
        setattr(funding, name, url)
    if new:
        funding.save(update_fields=list(new))
    return funding


def _wanted(facts: gateway.Checkout) -> str:
    if facts.payment_status == "paid":
        return Status.PAID
    if facts.status == "expired":
        return Status.EXPIRED
    if facts.status == "complete":
        return Status.FAILED if facts.payment_failed else Status.PROCESSING
    return Status.PENDING


def _paid(funding: Funding, facts: gateway.Checkout, data: dict[str, object], by: Actor) -> Funding:
    if (facts.amount, facts.currency) != (funding.amount, funding.currency):
        raise WrongAmount(f"{funding} asked for {funding.amount}, Stripe took {facts.amount} {facts.currency}")
    if not facts.charge or facts.fee is None:
        raise NotYetSettled(f"{funding} is paid, its charge is not filed yet")
    funding = step(
        funding,
        Status.PAID,
        by=by,
        data={**data, "stripe_fee": facts.fee},
        stripe_fee=facts.fee,
        failure="",
        checkout_session_id=facts.id,
        payment_intent_id=facts.payment_intent,
        charge_id=facts.charge,
        paid_at=timezone.now(),
    )
    funds, clearing = (AccountKind.PROJECT_FUNDS, funding.ref), (AccountKind.STRIPE_CLEARING, "")
    ledger.post(
        key=f"funding:{facts.payment_intent}",
        kind="funding",
        lines=ledger.transfer(funding.amount, debit=clearing, credit=funds),
        currency=funding.currency,
        meta={"funding": funding.public_id},
    )
    if facts.fee:
        ledger.post(
            key=f"stripe_fee:{facts.charge}",
            kind="stripe_fee",
            lines=ledger.transfer(facts.fee, debit=funds, credit=clearing),
            currency=funding.currency,
            meta={"funding": funding.public_id},
        )
    return funding
