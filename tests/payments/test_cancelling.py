"""A payment that is not wanted any more: its page is closed, and money that comes all the same goes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notice
from core.errors import NotAllowed, WrongState
from core.events import drain
from payments import actions, gateway, ledger, queries
from payments.actions.refunds import send_back
from payments.audit import ledger_check
from payments.models import AccountKind, Funding, InboxEvent, Outbox, Refund
from payments.sandbox.engine import Refusal
from projects.actions import cancel_project, close_project, fund_project
from tests import people
from tests.payments.stories import BACK, PROJECT, funded, ordered
from tests.projects.scene import draft, opened
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db
Status = Funding.Status


def told(stripe: LocalStripe) -> None:
    stripe.deliver()
    actions.process()


def cancel(funding: Funding, name: str = "Mina") -> Funding:
    return actions.cancel_funding(funding=funding, by=people.user(name))


def at_stripe(stripe: LocalStripe, funding: Funding) -> str:
    return str(stripe.sandbox.find("session", funding.checkout_session_id or "")["status"])


def test_a_payment_taken_back_closes_its_page(stripe: LocalStripe) -> None:
    funding = cancel(ordered())
    assert (funding.status, at_stripe(stripe, funding)) == (Status.CANCELLED, "open")  # not inside the transaction
    actions.dispatch()
    assert at_stripe(stripe, funding) == "expired"
    assert Outbox.objects.get().state == Outbox.State.DONE
    told(stripe)
    funding.refresh_from_db()
    assert funding.status == Status.CANCELLED
    with pytest.raises(WrongState):
        cancel(funding)
    assert ledger_check() == []


@pytest.mark.parametrize("name", ["Rosa", "Sam", "Olu"])
def test_only_who_may_pay_takes_it_back(stripe: LocalStripe, name: str) -> None:
    with pytest.raises(NotAllowed):
        cancel(ordered(), name)
    with pytest.raises(NotAllowed):
        actions.cancel_fundings(ref=PROJECT, lab=people.lab(), by=people.user(name))
    with pytest.raises(NotAllowed):
        send_back(funding=Funding.objects.get(), amount=1, reason="So.", by=people.user("Mina"))


def test_a_payment_without_a_page_is_cancelled_without_stripe() -> None:
    mina = people.user("Mina")
    funding = actions.open_funding(
        ref=PROJECT, lab=people.lab(), amount=100, currency="usd", title="Funds", success_url=BACK, cancel_url=BACK,
        by=mina,
    )  # fmt: skip
    assert cancel(funding).status == Status.CANCELLED
    assert not Outbox.objects.exists()


def test_a_payment_that_crosses_the_cancelling_is_booked_and_goes_back(stripe: LocalStripe) -> None:
    """Mina pays in one window while Ada cancels in another."""
    funding = ordered()
    cancel(funding, "Ada")
    stripe.pay(funding.checkout_session_id or "")
    actions.dispatch()  # Stripe: this page is over. We take it as it is
    assert Outbox.objects.get().state == Outbox.State.DONE
    for _ in range(2):  # told twice
        told(stripe)
    funding.refresh_from_db()
    refund = Refund.objects.get()
    assert (funding.status, refund.amount) == (Status.PAID, 97_070)
    assert queries.free_funds(PROJECT) == 0  # nothing of it can ever be reserved
    actions.dispatch()
    refund.refresh_from_db()
    assert refund.status == Refund.Status.SETTLED
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance() == 0
    assert not InboxEvent.objects.filter(processed_at=None).exists()
    assert ledger_check() == []
    drain()
    titles = set(Notice.objects.filter(title__contains="goes back").values_list("user__name", "title"))
    words = "$970.70 of a payment for Funds for Preference pairs in physics goes back to you"
    assert titles == {("Ada Okafor", words), ("Mina Park", words)}
    assert not actions.reconcile().findings


def test_what_was_there_before_is_not_touched_by_a_late_payment(stripe: LocalStripe) -> None:
    funded(stripe)
    late = cancel(ordered(20_000))
    stripe.pay(late.checkout_session_id or "")
    told(stripe)
    assert Refund.objects.get().funding == late
    assert queries.free_funds(PROJECT) == 97_070


def test_a_late_payment_whose_news_never_came_is_found_by_reconciliation(stripe: LocalStripe) -> None:
    late = cancel(ordered())
    stripe.pay(late.checkout_session_id or "")
    actions.reconcile()
    assert Refund.objects.get().funding == late
    actions.dispatch()
    assert not actions.reconcile().findings


@pytest.mark.chaos
@pytest.mark.parametrize("fault", ["500_before", "500_after", "500_saved", "drop_after", "429"])
def test_a_fault_delays_the_end_of_the_page_and_no_more(stripe: LocalStripe, fault: str) -> None:
    funding = cancel(ordered())
    stripe.fail(fault, path=f"/v1/checkout/sessions/{funding.checkout_session_id}/expire")
    actions.dispatch()
    row = Outbox.objects.get()
    assert row.state in (Outbox.State.PENDING, Outbox.State.UNKNOWN)
    Outbox.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    actions.dispatch()
    row.refresh_from_db()
    assert (row.state, at_stripe(stripe, funding)) == (Outbox.State.DONE, "expired")


def test_a_page_that_stripe_will_not_close_is_left_open_in_sight(stripe: LocalStripe) -> None:
    """Stripe says no although the page is open: nobody knows why, so it is not called closed."""
    funding = cancel(ordered())
    session = stripe.sandbox.find("session", funding.checkout_session_id or "")
    stripe.sandbox.expire = refuses  # type: ignore[method-assign,assignment]
    actions.dispatch()
    assert Outbox.objects.get().state == Outbox.State.FAILED
    assert session["status"] == "open"


def refuses(_session_id: str) -> None:
    raise Refusal("Not now.", code="resource_busy")


def test_a_payment_cancelled_while_stripe_makes_its_page_loses_the_page(
    stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    mina = people.user("Mina")
    funding = actions.open_funding(
        ref=PROJECT, lab=people.lab(), amount=100, currency="usd", title="Funds", success_url=BACK, cancel_url=BACK,
        by=mina,
    )  # fmt: skip
    make = gateway.start_checkout

    def slowly(**terms: str) -> gateway.Checkout:
        made = make(**terms)  # type: ignore[arg-type]
        cancel(funding, "Ada")
        return made

    monkeypatch.setattr(gateway, "start_checkout", slowly)
    with pytest.raises(WrongState, match="cancelled"):
        actions.start_checkout(funding=funding, by=mina)
    actions.dispatch()
    funding.refresh_from_db()
    assert at_stripe(stripe, funding) == "expired"


def test_ops_may_name_the_page_that_an_expiry_closed(stripe: LocalStripe) -> None:
    funding = cancel(ordered())
    gateway.expire_checkout(funding.checkout_session_id or "", key="by hand")
    row = actions.adopt(row=Outbox.objects.get(), remote_id=funding.checkout_session_id or "", by=people.ops())
    assert row.state == Outbox.State.DONE


@pytest.mark.parametrize("end", [cancel_project, close_project])
def test_a_project_that_ends_takes_its_open_payments_with_it(stripe: LocalStripe, end: object) -> None:
    mina = people.user("Mina")
    project = draft() if end is cancel_project else opened()
    fundings = [
        fund_project(project=project, amount=5_000, success_url=BACK, cancel_url=BACK, by=mina) for _ in range(2)
    ]
    for funding in fundings:
        actions.start_checkout(funding=funding, by=mina)
    end(project=project, by=mina)  # type: ignore[operator]
    actions.dispatch()
    for funding in fundings:
        funding.refresh_from_db()
        assert (funding.status, at_stripe(stripe, funding)) == (Status.CANCELLED, "expired")


def test_a_page_lives_for_a_day(stripe: LocalStripe) -> None:
    funding = ordered()
    stripe.days_pass(1)
    told(stripe)
    funding.refresh_from_db()
    assert (funding.status, at_stripe(stripe, funding)) == (Status.EXPIRED, "expired")


def test_the_page_and_the_api_take_it_back(stripe: LocalStripe, client: Client) -> None:
    funding, other = ordered(), ordered()
    client.force_login(people.user("Rosa"))
    url = reverse("payments:funding", args=[funding.public_id])
    assert "Cancel this payment" not in client.get(url).content.decode()
    client.force_login(people.user("Mina"))
    assert "Cancel this payment" in client.get(url).content.decode()
    answer = client.post(reverse("payments:funding_cancel", args=[funding.public_id]), follow=True)
    assert "Nobody can pay on its page any more" in answer.content.decode()
    api = people.api_client_for(people.user("Ada"), people.lab())
    assert api.post(f"/api/v1/fundings/{other.public_id}/cancel/").json()["status"] == "cancelled"
    assert api.post(f"/api/v1/fundings/{other.public_id}/cancel/").status_code == 409
