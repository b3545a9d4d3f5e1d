"""How a lab pays: as one Customer, by card (while new, only so much) or by bank, with papers from Stripe."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import confirm_lab
from accounts.models import Notice
from core.errors import Invalid, NotAllowed, WrongState
from core.events import drain
from payments import actions, gateway, queries
from payments.actions.customers import customer_of
from payments.audit import ledger_check
from payments.models import Customer, Funding
from payments.sandbox import disputes
from payments.sandbox.engine import Refusal
from projects.models import Project
from tests import people
from tests.payments.stories import PROJECT, funded, ordered
from tests.projects.scene import draft
from tests.sandbox import LocalStripe
from tests.threads import at_once

pytestmark = pytest.mark.django_db
Status = Funding.Status


def told(stripe: LocalStripe, *fundings: Funding) -> None:
    stripe.deliver()
    actions.process()
    for funding in fundings:
        funding.refresh_from_db()


def read(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


# --- one Customer -----------------------------------------------------------------------------------------------------


def test_a_lab_is_one_customer_whatever_it_is_called_later(stripe: LocalStripe) -> None:
    first = ordered()
    lab = first.lab
    lab.name = "Meridian Research"
    lab.save()
    ordered(lab=lab)
    (customer,) = stripe.sandbox.store.all("customer")
    assert customer["metadata"] == {"lab": lab.public_id}
    assert {session["customer"] for session in stripe.sandbox.store.all("session")} == {customer["id"]}
    row = Customer.objects.get()
    assert (row.stripe_customer_id, str(row)) == (customer["id"], "Meridian Research")
    assert gateway.client().v1.customers.retrieve(customer["id"]).name == "Meridian AI"


def test_a_lost_answer_makes_no_second_customer(stripe: LocalStripe) -> None:
    lab, mina = people.lab(), people.user("Mina")
    stripe.fail("drop_after", path="/v1/customers")
    with pytest.raises(gateway.Unknown):
        customer_of(lab=lab, by=mina)
    lab.name = "Meridian Research"  # the retry asks for the same all the same
    lab.save()
    assert customer_of(lab=lab, by=mina) == next(stripe.sandbox.store.all("customer"))["id"]
    assert stripe.sandbox.store.count("customer") == 1
    with pytest.raises(NotAllowed):
        customer_of(lab=lab, by=people.user("Rosa"))


@pytest.mark.parametrize("fault", ["500_saved", "500_void"])
def test_a_saved_500_holds_no_new_lab_up(stripe: LocalStripe, fault: str) -> None:
    """Stripe repeats it to the same key for a day: whether anything was made is looked up, and asked under another."""
    lab, mina = people.lab(), people.user("Mina")
    stripe.fail(fault, path="/v1/customers")
    with pytest.raises(gateway.Unknown):
        customer_of(lab=lab, by=mina)
    assert customer_of(lab=lab, by=mina) == next(stripe.sandbox.store.all("customer"))["id"]
    assert stripe.sandbox.store.count("customer") == 1


def test_a_customer_of_another_lab_is_not_taken_for_ours(stripe: LocalStripe) -> None:
    lab, mina = people.lab(), people.user("Mina")
    gateway.create_customer(lab="lab_other", name="Otter Labs", key="other")
    stripe.fail("500_void", path="/v1/customers")
    with pytest.raises(gateway.Unknown):
        customer_of(lab=lab, by=mina)
    assert customer_of(lab=lab, by=mina) == list(stripe.sandbox.store.all("customer"))[-1]["id"]
    assert stripe.sandbox.store.count("customer") == 2


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_two_first_payments_at_once_are_one_customer(stripe: LocalStripe) -> None:
    lab, mina = people.lab(), people.user("Mina")
    assert len(set(at_once(4, lambda _: customer_of(lab=lab, by=mina)))) == 1
    assert stripe.sandbox.store.count("customer") == 1


def test_stripe_takes_no_customer_that_it_does_not_know(stripe: LocalStripe) -> None:
    with pytest.raises(gateway.Rejected, match="No such customer"):
        gateway.start_checkout(
            funding="fnd_1", customer="cus_none", method="card", group="g", title="Funds", amount=100, currency="usd",
            success_url="http://localhost/", cancel_url="http://localhost/", key="k",
        )  # fmt: skip


# --- papers -----------------------------------------------------------------------------------------------------------


def test_invoice_and_receipt_are_linked_from_every_door(stripe: LocalStripe, client: Client) -> None:
    project = draft()
    funding = funded(stripe, ref=project.public_id)
    assert funding.invoice_url.startswith(f"{stripe.url}/invoice/in_")
    assert funding.receipt_url.startswith(f"{stripe.url}/receipt/ch_")
    client.force_login(people.user("Mina"))
    for page in (
        reverse("payments:funding", args=[funding.public_id]),
        reverse("tasks:spend", args=[project.public_id]),
    ):
        shown = read(client, page)
        assert funding.invoice_url in shown
        assert funding.receipt_url in shown
    api = people.api_client_for(people.user("Ada"), people.lab())
    answer = api.get(f"/api/v1/fundings/{funding.public_id}/").json()
    assert (answer["invoice_url"], answer["method"]) == (funding.invoice_url, "card")
    invoice = gateway.client().v1.invoices.retrieve(funding.invoice_url.rsplit("/", 1)[1])
    assert (invoice.total, invoice.customer) == (100_000, Customer.objects.get().stripe_customer_id)


def test_the_papers_are_pages_of_the_sandbox(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    transfer = ordered(50_000, method="bank")
    stripe.pay(transfer.checkout_session_id or "", "customer_balance")
    told(stripe, transfer)
    for url, amount in (
        (funding.invoice_url, "$1,000.00"),
        (funding.receipt_url, "$1,000.00"),
        (transfer.instructions_url, "$500.00"),
    ):
        assert amount in requests.get(url, timeout=5).text


def test_a_checkout_that_wants_no_invoice_gets_none(stripe: LocalStripe) -> None:
    price = {"currency": "usd", "unit_amount": 100, "product_data": {"name": "Funds"}}
    terms: Any = {"mode": "payment", "line_items": [{"quantity": 1, "price_data": price}]}
    session = gateway.client().v1.checkout.sessions.create(terms)
    stripe.pay(session.id)
    assert gateway.checkout(session.id).invoice_url == ""


def test_an_invoice_that_stripe_makes_later_is_found_when_ops_ask(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    Funding.objects.update(invoice_url="")
    assert actions.refresh_funding(funding=funding).invoice_url == funding.invoice_url
    funding.refresh_from_db()
    assert funding.invoice_url


# --- by bank ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["us_bank_account", "customer_balance"])
def test_bank_money_is_pending_until_the_bank_settles_it(stripe: LocalStripe, client: Client, way: str) -> None:
    project = draft()
    funding = ordered(50_000, ref=project.public_id, method="bank")
    stripe.pay(funding.checkout_session_id or "", way)
    told(stripe, funding)
    assert (funding.status, queries.free_funds(project.public_id)) == (Status.PROCESSING, 0)
    client.force_login(people.user("Mina"))
    url = reverse("payments:funding", args=[funding.public_id])
    spend = reverse("tasks:spend", args=[project.public_id])
    assert "Pending until the bank settles it" in read(client, url)
    assert "Pending until the bank settles it" in read(client, spend)
    assert ("Where to send the transfer" in read(client, url)) is (way == "customer_balance")

    stripe.days_pass(2)
    told(stripe, funding)
    assert (funding.status, queries.free_funds(project.public_id)) == (Status.PAID, 49_600)
    assert funding.invoice_url
    assert "$496.00" in read(client, url)
    assert ledger_check() == []
    assert not actions.reconcile().findings


def test_a_debit_that_bounces_says_why_and_tells_the_lab(stripe: LocalStripe, client: Client) -> None:
    project = draft()
    funding = ordered(50_000, ref=project.public_id, method="bank")
    stripe.pay(funding.checkout_session_id or "", "us_bank_account")
    stripe.sandbox.settle(funding.checkout_session_id or "", arrives=False)
    told(stripe, funding)
    words = "The bank account did not hold enough."
    assert (funding.status, funding.failure) == (Status.FAILED, words)
    client.force_login(people.user("Mina"))
    assert words in read(client, reverse("payments:funding", args=[funding.public_id]))
    assert words in read(client, reverse("tasks:spend", args=[project.public_id]))
    api = people.api_client_for(people.user("Ada"), people.lab())
    assert api.get(f"/api/v1/fundings/{funding.public_id}/").json()["failure"] == words
    drain()
    notices = Notice.objects.filter(title__startswith="A payment of $500.00").order_by("user")
    assert [notice.user.name for notice in notices] == ["Ada Okafor", "Mina Park"]
    assert all(words in notice.body for notice in notices)


def test_each_page_takes_what_was_chosen_before(stripe: LocalStripe) -> None:
    card, bank = ordered(), ordered(method="bank")
    with pytest.raises(Refusal, match="does not take us_bank_account"):
        stripe.pay(card.checkout_session_id or "", "us_bank_account")
    with pytest.raises(Refusal, match="does not take card"):
        stripe.pay(bank.checkout_session_id or "", "card")


def test_several_payments_fill_one_project(stripe: LocalStripe) -> None:
    funded(stripe, 10_000)
    funded(stripe, 20_000, method="us_bank_account")
    stripe.days_pass(2)
    told(stripe)
    assert Funding.objects.filter(ref=PROJECT, status=Status.PAID).count() == 2
    assert queries.free_funds(PROJECT) == 10_000 - 320 + 20_000 - 160  # each charge less Stripe's fee


# --- a new lab's card -------------------------------------------------------------------------------------------------


def test_a_new_lab_pays_so_much_by_card_and_any_amount_by_bank(stripe: LocalStripe) -> None:
    funded(stripe, 300_000)
    ordered(150_000)  # its page is open: it may yet be paid
    with pytest.raises(
        Invalid, match=r"at most \$5,000.00 by card until 30 days .*; \$500.00 of that is left"
    ) as caught:
        ordered(50_001)
    assert caught.value.faults[0].field == "amount"
    assert ordered(50_000).status == Status.PENDING
    assert ordered(90_000_000, method="bank").status == Status.PENDING
    assert queries.card_room(people.lab("Otter Labs")) == 500_000


def test_another_currency_than_that_of_the_limits_is_refused_in_words(stripe: LocalStripe, client: Client) -> None:
    project = draft()
    Project.objects.update(currency="eur")
    client.force_login(people.user("Mina"))
    url = reverse("projects:fund", args=[project.public_id])
    answer = client.post(url, {"amount": "60", "method": "bank"})
    assert answer.status_code == 422
    assert "Quorum takes payments in USD only so far; this one would be in EUR." in answer.content.decode()
    api = people.api_client_for(people.user("Ada"), people.lab())
    terms = {"amount": 600_000, "success_url": "https://lab.example/", "cancel_url": "https://lab.example/"}
    refused = api.post(f"/api/v1/projects/{project.public_id}/fundings/", terms)
    assert (refused.status_code, refused.json()["code"]) == (409, "currency")
    assert not Funding.objects.exists()


def test_a_page_that_is_over_takes_no_room(stripe: LocalStripe) -> None:
    funding = ordered(500_000)
    assert queries.card_room(funding.lab) == 0
    actions.cancel_funding(funding=funding, by=people.user("Mina"))
    assert queries.card_room(funding.lab) == 500_000


def test_a_month_after_its_first_payment_a_lab_is_known(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    Funding.objects.update(paid_at=timezone.now() - timedelta(days=29))
    assert queries.card_room(funding.lab) == 400_000
    Funding.objects.update(paid_at=timezone.now() - timedelta(days=30))
    assert queries.card_room(funding.lab) is None
    assert ordered(900_000).status == Status.PENDING
    disputes.dispute(stripe.sandbox, funding.charge_id or "")
    told(stripe)
    assert queries.card_room(funding.lab) == 0  # what a bank contests proves nothing


def test_ops_lift_the_limit_with_a_reason(stripe: LocalStripe, client: Client) -> None:
    lab = confirm_lab(lab=people.lab(confirmed=False), by=people.ops())
    drain()
    customer = Customer.objects.get(lab=lab)
    with pytest.raises(NotAllowed):
        actions.lift_card_limit(customer=customer, by=people.user("Ada"), note="We are nice.")
    with pytest.raises(NotAllowed):
        actions.know_lab(lab=lab, by=people.user("Ada"))
    with pytest.raises(Invalid, match="Say why"):
        actions.lift_card_limit(customer=customer, by=people.ops(), note=" ")
    client.force_login(people.ops())
    client.post(reverse("admin:payments_customer_do", args=[customer.pk, "lift"]), {"words": "A university."})
    assert queries.card_room(lab) is None
    with pytest.raises(WrongState):
        actions.lift_card_limit(customer=customer, by=people.ops(), note="Again.")


def test_the_operator_may_set_no_limit(settings: Any) -> None:
    settings.QUORUM_CARD_LIMIT = 0
    assert queries.card_room(people.lab()) is None


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_payments_opened_at_once_share_the_room(stripe: LocalStripe) -> None:
    """Six windows, $2,000.00 each, room for two. Looking alone (the negative control) lets all of them in."""
    lab = people.lab()
    people.user("Mina")
    assert at_once(6, lambda _: (queries.card_room(lab) or 0) >= 200_000).count(True) == 6
    results = at_once(6, lambda _: ordered(200_000, lab=lab))
    assert sum(isinstance(result, Invalid) for result in results) == 4
    assert Funding.objects.count() == 2


def test_the_page_says_the_limit_before_and_refuses_beside_the_amount(stripe: LocalStripe, client: Client) -> None:
    project = draft()
    client.force_login(people.user("Mina"))
    url = reverse("projects:fund", args=[project.public_id])
    assert "may still pay" in read(client, url)
    assert "what you pay less Stripe" in read(client, url)
    answer = client.post(url, {"amount": "6000", "method": "card"})
    assert answer.status_code == 422
    assert "Pay by bank instead" in answer.content.decode()
    assert client.post(url, {"amount": "6000", "method": "bank"}).status_code == 302
    api = people.api_client_for(people.user("Ada"), people.lab())
    terms = {"amount": 600_000, "success_url": "https://lab.example/", "cancel_url": "https://lab.example/"}
    assert api.post(f"/api/v1/projects/{project.public_id}/fundings/", terms).status_code == 400
    by_bank = api.post(f"/api/v1/projects/{project.public_id}/fundings/", {**terms, "method": "bank"})
    assert by_bank.json()["method"] == "bank"
