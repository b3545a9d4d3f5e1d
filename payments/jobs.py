"""The worker's door: sweeps that beat runs and that news wakes. Each is safe to run twice at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from celery import shared_task
from django.urls import reverse

from accounts.actions import notify
from accounts.models import Lab, User
from accounts.queries import members_who_may, staff
from accounts.roles import Permission
from core.actors import SYSTEM
from core.models import Event
from payments import actions, queries
from payments.facts import reversal_named
from payments.models import Batch, BatchLine, Due, Funding, Hold, Payee, Payout, Reconciliation, Refund, Reversal
from payments.money import show
from payments.sweep import each


@shared_task(name="payments.dispatch_outbox", ignore_result=True)
def dispatch_outbox() -> None:
    actions.dispatch()


@shared_task(name="payments.make_payouts", ignore_result=True)
def make_payouts() -> None:
    actions.net_take_backs()
    actions.make_payouts()


@shared_task(name="payments.pay_dues", ignore_result=True)
def pay_dues() -> None:
    actions.pay_all_dues()


@shared_task(name="payments.process_inbox", ignore_result=True)
def process_inbox() -> None:
    actions.process()


@shared_task(name="payments.refresh_waiting", ignore_result=True)
def refresh_waiting() -> None:
    """Ask Stripe again about what no webhook has settled: payments under way, and accounts being checked."""
    asking: list[Callable[[], object]] = [
        partial(actions.refresh_funding, funding=funding) for funding in queries.waiting_fundings()
    ]
    asking += [partial(actions.refresh_payee, payee=payee) for payee in queries.waiting_payees()]
    each(asking, lambda ask: ask())


@shared_task(name="payments.sweep_events", ignore_result=True)
def sweep_events() -> None:
    actions.sweep_events()


@shared_task(name="payments.reconcile", ignore_result=True)
def reconcile(full: bool = False) -> None:
    actions.reconcile(full=full)


@shared_task(name="payments.note_late_pay", ignore_result=True)
def note_late_pay() -> None:
    actions.note_late_pay()


@shared_task(name="payments.note_late_by_hand", ignore_result=True)
def note_late_by_hand() -> None:
    """What waits for a batch too long, and what the bank has not answered in time."""
    actions.note_late_by_hand()
    actions.note_overdue_batches()


@shared_task(name="payments.return_idle_funds", ignore_result=True)
def return_idle_funds() -> None:
    actions.return_idle_funds()


@shared_task(name="payments.expire_adjustments", ignore_result=True)
def expire_adjustments() -> None:
    actions.expire_adjustments()


def on_lab_confirmed(event: Event) -> None:
    """Its row for Stripe stands before it pays: ops may lift its limit for cards."""
    actions.know_lab(lab=Lab.objects.get(public_id=event.subject), by=SYSTEM)


def on_funding_failed(event: Event) -> None:
    """A bank debit or transfer came to nothing, days after it was ordered: those who wait for it read why."""
    funding = Funding.objects.select_related("lab").get(public_id=event.subject)
    for person in members_who_may(funding.lab, Permission.PROJECT_FUND):
        notify(
            user=person,
            title=f"A payment of {show(funding.amount, funding.currency)} for {funding.title} failed",
            body=f"{funding.failure} Nothing was added to the project's funds.",
            url=reverse("payments:funding", args=[funding.public_id]),
            event=event,
        )


def on_funding_idle(event: Event) -> None:
    """The lab hears, weeks before, that unspent money will go back."""
    funding = Funding.objects.select_related("lab").get(public_id=event.subject)
    day = datetime.fromisoformat(event.data["returns_at"])
    for person in members_who_may(funding.lab, Permission.PROJECT_FUND):
        notify(
            user=person,
            title=f"{show(event.data['amount'], funding.currency)} of {funding.title} goes back on {day:%d %b %Y}",
            body="It is neither spent nor reserved. Open work with it before, or do nothing and it returns to you.",
            url=reverse("payments:funding", args=[funding.public_id]),
            event=event,
        )


def on_funding_returned(event: Event) -> None:
    """Money goes back by a rule: the lab reads by which, and why it may be less than was paid."""
    funding = Funding.objects.select_related("lab").get(public_id=event.subject)
    amount, fee = show(event.data["amount"], funding.currency), show(funding.stripe_fee, funding.currency)
    for person in members_who_may(funding.lab, Permission.PROJECT_FUND):
        notify(
            user=person,
            title=f"{amount} of a payment for {funding.title} goes back to you",
            body=f"{event.note} Stripe keeps its fee of {fee}.",
            url=reverse("payments:funding", args=[funding.public_id]),
            event=event,
        )


@shared_task(name="payments.expire_reversals", ignore_result=True)
def expire_reversals() -> None:
    actions.expire_reversals()


def on_due_owed(event: Event) -> None:
    """Only where it waits: what was paid at once is told as paid."""
    due = Due.objects.select_related("payee").get(public_id=event.subject)
    if due.status == Due.Status.OWED:
        title = f"{show(due.amount, due.currency)} is owed to you and waits for the project's funds"
        body = f"{due.memo}. The lab has been told. It is paid before any new work opens and before funds go back."
        notify(user=due.payee, title=title, body=body, url="/earnings/", event=event)


def on_due_paid(event: Event) -> None:
    due = Due.objects.select_related("payee").get(public_id=event.subject)
    title = f"{show(due.amount, due.currency)} more is yours"
    notify(user=due.payee, title=title, body=f"{due.memo}.", url="/earnings/", event=event)


def on_hold_placed(event: Event) -> None:
    hold = Hold.objects.select_related("payee").get(public_id=event.subject)
    notify(
        user=hold.payee,
        title=f"Your payouts wait until {hold.ends_at:%d %b %Y %H:%M} UTC",
        body=f"{hold.reason} Nothing that you have earned is lost; payouts go on by themselves then.",
        url="/earnings/",
        event=event,
    )


def on_pay_late(event: Event) -> None:
    """All of ops hear of the promise that is being missed, the oldest payment first."""
    _tell_late(event, "later than an hour", "/admin/payments/earning/?late=yes&o=8")


def _tell_late(event: Event, how: str, url: str) -> None:
    named = {row["payee"]: "" for row in event.data["oldest"]}
    named |= dict(User.objects.filter(public_id__in=named).values_list("public_id", "name"))
    rows = [
        f"{show(row['amount'], row['currency'])} to {named[row['payee']]}, due {row['due']}: {row['earning']}"
        for row in event.data["oldest"]
    ]
    count = event.data["late"]
    for person in staff():
        notify(
            user=person,
            title=f"{count} payment{' is' if count == 1 else 's are'} {how}",
            body="\n".join(rows),
            url=url,
            event=event,
        )


def on_pay_late_by_hand(event: Event) -> None:
    _tell_late(event, "waiting longer for a batch than was promised", "/admin/payments/batch/")


def on_batch_overdue(event: Event) -> None:
    """All of ops hear, once, of a batch that the bank should have answered."""
    batch, count = Batch.objects.get(public_id=event.subject), event.data["lines"]
    figure = show(event.data["amount"], event.data["currency"])
    for person in staff():
        notify(
            user=person,
            title=f"The bank has not answered {count} transfer{'' if count == 1 else 's'} of {batch}",
            body=f"{figure} of the batch of {batch.made_at:%d %b %Y}. Ask the bank, then book what it says; the people"
            " whom it is for read that it is late.",
            url=f"/admin/payments/batch/{batch.pk}/change/",
            event=event,
        )


def on_reconciliation_red(event: Event) -> None:
    """All of ops hear that our books and Stripe's do not agree, or no longer disagree in the same way."""
    run = Reconciliation.objects.get(public_id=event.subject)
    odd = "\n".join(
        f"{found['what']}: {found['ref']} {found['type']} {show(found['net'], run.currency)}"
        for found in run.findings[:20]
    )
    for person in staff():
        notify(
            user=person,
            title=f"Our books and Stripe's differ: {len(run.findings)} to look at",
            body=odd,
            url=f"/admin/payments/reconciliation/day/{run.started_at:%Y-%m-%d}/",
            event=event,
        )


def on_payout_paid(event: Event) -> None:
    payout = Payout.objects.select_related("payee").get(public_id=event.subject)
    if payout.line_id or payout.against_id:
        return  # its line tells, once for all that it carries; and what was kept, its take-back
    notify(
        user=payout.payee,
        title=f"{show(payout.amount, payout.currency)} has been paid to your bank",
        body=f"Reference {payout.transfer_id}.",
        url="/earnings/",
        event=event,
    )


def on_payout_failed(event: Event) -> None:
    payout = Payout.objects.select_related("payee__payee").get(public_id=event.subject)
    if payout.line_id:
        return
    notify(
        user=payout.payee,
        title=f"A payout of {show(payout.amount, payout.currency)} did not arrive",
        body=f"{payout.failure} The money is yours and is kept for you. {_mend(payout)}",
        url="/payouts/setup/",
        event=event,
    )


def _mend(payout: Payout) -> str:
    """What the person can do about a payout that failed: the bank's no is mended at Stripe, and so is Stripe's."""
    if payout.payee.payee.route == Payee.Route.MANUAL:
        return "You are paid by bank transfer now: support fetches it from Stripe, and the next batch pays you."
    if payout.transfer_id:
        return "Open your payout set-up and change your bank account at Stripe; Stripe then pays it out by itself."
    return "Your payout set-up says what Stripe needs; once you can be paid, it is sent again by itself."


def on_batch_line_paid(event: Event) -> None:
    line = BatchLine.objects.select_related("payee", "batch").get(public_id=event.subject)
    notify(
        user=line.payee,
        title=f"{show(line.amount, line.batch.currency)} has been paid to your bank",
        body=f"By bank transfer, reference {line.reference}. Foreign transfers take one to five business days.",
        url="/earnings/",
        event=event,
    )


def on_batch_line_failed(event: Event) -> None:
    line = BatchLine.objects.select_related("payee", "batch").get(public_id=event.subject)
    notify(
        user=line.payee,
        title=f"A bank transfer of {show(line.amount, line.batch.currency)} did not arrive",
        body=f"{line.failure} The money is yours and is kept for you. Please check your bank details and save them"
        " again; the next batch then pays you.",
        url="/payouts/setup/bank/",
        event=event,
    )


def on_bank_details(event: Event) -> None:
    """So that nobody's money is led elsewhere unseen."""
    payee = Payee.objects.select_related("user").get(public_id=event.subject)
    notify(
        user=payee.user,
        title="The bank account you are paid to was set or changed",
        body="If it was not you, write to support at once: payouts can be stopped.",
        url="/payouts/setup/",
        event=event,
    )


def on_payee_moved(event: Event) -> None:
    payee = Payee.objects.select_related("user").get(public_id=event.subject)
    by_hand = event.data["to"] == Payee.Route.MANUAL
    to_do = (
        "Please give your bank details; the next batch of transfers then pays you." if by_hand else "See what it asks."
    )
    notify(
        user=payee.user,
        title=f"You are paid {'by bank transfer' if by_hand else 'through Stripe'} from now on",
        body=f"{event.note} What you have earned is yours, and goes that way too. {to_do}",
        url="/payouts/setup/bank/" if by_hand else "/payouts/setup/",
        event=event,
    )


def on_reversal_agreed(event: Event) -> None:
    """By hand nothing is fetched back: the person reads before it happens what their next pay lacks."""
    reversal = Reversal.objects.select_related("payout__payee").get(public_id=event.subject)
    if reversal.by_hand:
        title = f"{show(event.data['amount'], reversal.currency)} that was paid to you is kept from what you earn next"
        body = f"{reversal.reason} Reference {reversal.public_id}. If this is wrong, answer to support with it."
        notify(user=reversal.payout.payee, title=title, body=body, url="/earnings/", event=event)


def on_reversal_done(event: Event) -> None:
    """The person reads why pay was taken back, or that what came back is theirs; of the latter ops hear too."""
    reversal = Reversal.objects.select_related("payout__payee").get(public_id=reversal_named(event.subject))
    payee, figure = reversal.payout.payee, show(reversal.amount, reversal.currency)
    if reversal.asked:
        title = f"{figure} of a payout was taken back"
        body = f"{reversal.reason} Reference {reversal.public_id}. If this is wrong, answer to support with it."
        notify(user=payee, title=title, body=body, url="/earnings/", event=event)
        return
    body = f"Transfer {reversal.payout.transfer_id} was reversed. The money is yours: it is sent again by itself."
    notify(user=payee, title=f"{figure} came back to us before you had it", body=body, url="/earnings/", event=event)
    for person in staff().exclude(pk=payee.pk):
        title = f"Stripe shows a reversal of {figure} that nobody asked for"
        url = "/admin/payments/reversal/"
        notify(user=person, title=title, body="It is owed to the expert again.", url=url, event=event)


def on_reversal_failed(event: Event) -> None:
    """Who proposed it and who agreed hear that Stripe said no."""
    reversal = Reversal.objects.select_related("proposed_by", "decided_by").get(public_id=reversal_named(event.subject))
    for person in filter(None, (reversal.proposed_by, reversal.decided_by)):
        title = f"Stripe did not take {show(reversal.amount, reversal.currency)} back"
        notify(user=person, title=title, body=reversal.failure, url="/admin/payments/reversal/", event=event)


def on_refund_failed(event: Event) -> None:
    """Money that a rule sent back came back to us: it is not tried again, so people must find another way."""
    refund = Refund.objects.select_related("funding__lab").get(public_id=event.subject)
    if refund.created_by_id:
        return  # a person asked for it, and hears of it
    for person in staff():
        notify(
            user=person,
            title=f"{show(refund.amount, refund.currency)} could not go back to {refund.funding.lab.name}",
            body=f"{refund.failure.rstrip('.').capitalize()}. It is the project's again and is not sent by itself once"
            f" more. Ask the lab where it shall go, or how it is used: {refund.public_id}.",
            url=f"/admin/payments/refund/?q={refund.public_id}",
            event=event,
        )


def on_payee_changed(event: Event) -> None:
    """How the account at Stripe stands now, where the person must know."""
    if event.before == Payee.Status.NEW and event.after == Payee.Status.RESTRICTED:
        return  # the account was opened a moment ago, and its owner sits before Stripe's form
    payee = Payee.objects.select_related("user").get(public_id=event.subject)
    if payee.route == Payee.Route.MANUAL:
        return  # bank details and batch lines have words of their own
    title = {
        Payee.Status.READY: "You can be paid: your Stripe account is ready",
        Payee.Status.RESTRICTED: "Stripe needs something from you before you can be paid",
        Payee.Status.UNSUPPORTED: "Stripe cannot pay you in this country",
    }[Payee.Status(event.after)]
    body = " ".join(payee.requirements) if event.after == payee.status else ""
    kept = "" if event.after == Payee.Status.READY else "What you have earned is kept for you."
    notify(user=payee.user, title=title, body=f"{body} {kept}".strip(), url="/payouts/setup/", event=event)
