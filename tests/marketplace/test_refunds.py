"""An owner sends unspent funds back: the page, the notices, the API; and the lab sees what its bank contests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from accounts.actions import mail_notices
from accounts.models import Notice
from core.events import drain
from payments import actions as payments
from payments import queries
from payments.audit import ledger_check
from payments.models import Dispute, Refund
from payments.sandbox import disputes
from projects.models import Project
from tests.marketplace.test_disputes import hear, paid_by_card
from tests.people import api_client_for, lab, sign_in, user
from tests.sandbox import LocalStripe, stripe
from tests.tasks.scene import project

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db
NET = 9_680  # of the card payment of $100.00
API = "/api/v1/refunds/"


@pytest.fixture
def ice(stripe: LocalStripe) -> Iterator[Project]:
    """Three seats of it wait, reserved; a card payment of $100.00 is free, less Stripe's fee."""
    made = project()
    paid_by_card(stripe, made)
    yield made
    assert [breach for breach in ledger_check() if "I11" not in breach.invariant] == []


@pytest.fixture
def ada(client: Client) -> Client:
    return sign_in(client, user("Ada"))


def page_of(ice: Project) -> str:
    return reverse("tasks:refunds", args=[ice.public_id])


def read(client: Client, url: str) -> str:
    return " ".join(client.get(url).text.split())


def ask(client: Client, ice: Project, amount: str = "20.00", reason: str = "The work is done.") -> Refund:
    answer = client.post(page_of(ice), {"amount": amount, "reason": reason})
    assert answer.status_code == 302, answer.text
    return Refund.objects.latest("pk")


def sent(refund: Refund) -> Refund:
    payments.dispatch()
    drain()
    refund.refresh_from_db()
    return refund


def told(name: str) -> list[str]:
    return list(Notice.objects.filter(user=user(name)).order_by("pk").values_list("title", flat=True))


def test_an_owner_asks_and_the_page_follows_it_until_it_is_done(ice: Project, ada: Client) -> None:
    page = read(ada, page_of(ice))
    assert "Nothing went back" in page
    words_only = " ".join(strip_tags(page).split())
    assert "open and undecided work: stays$36.00 Can go back now$96.80" in words_only
    refund = ask(ada, ice)
    page = read(ada, page_of(ice))
    for words in (refund.public_id, "Being sent", "The work is done.", "$20.00", "Cancel this refund?"):
        assert words in page
    sent(refund)
    page = read(ada, page_of(ice))
    assert "Done" in page
    assert "Cancel this refund?" not in page
    assert "Sent back to you" in page
    assert told("Ada") == told("Mina") == ["$20.00 has gone back to you"]
    mail_notices()
    assert "$20.00 has gone back to you" in [str(message.subject) for message in mail.outbox]


def test_a_refund_that_comes_back_is_the_projects_again(stripe: LocalStripe, ice: Project, ada: Client) -> None:
    refund = sent(ask(ada, ice))
    stripe.sandbox.fail_refund(refund.refund_id or "")
    hear(stripe)
    assert told("Ada")[-1] == "A refund of $20.00 came back"
    assert "Lost or stolen card. The money is the project's again" in Notice.objects.latest("pk").body
    assert "Came back" in read(ada, page_of(ice))
    assert queries.free_funds(ice.public_id) == NET


def test_a_refund_that_stripe_refuses_is_said_too(stripe: LocalStripe, ice: Project, ada: Client) -> None:
    refund = ask(ada, ice)
    next(stripe.sandbox.store.all("charge"))["amount_refunded"] = 9_000
    sent(refund)
    assert told("Ada") == ["A refund of $20.00 was not possible"]
    assert queries.free_funds(ice.public_id) == NET


def test_what_cannot_be_is_said_beside_the_amount(ice: Project, ada: Client) -> None:
    for amount, reason, words in (
        ("96.81", "All of it.", "Only free funds can go back"),
        ("0", "Nothing.", "greater than or equal to 0.01"),
        ("1.00", "", "Say why."),
    ):
        answer = ada.post(page_of(ice), {"amount": amount, "reason": reason})
        assert answer.status_code == 422
        assert words in answer.text
    assert not Refund.objects.exists()


def test_an_owner_changes_their_mind_before_it_is_sent(ice: Project, ada: Client) -> None:
    refund = ask(ada, ice)
    ada.post(reverse("tasks:refund_cancel", args=[refund.public_id]))
    assert "Cancelled" in read(ada, page_of(ice))
    assert queries.free_funds(ice.public_id) == NET
    refund = sent(ask(ada, ice))
    late = ada.post(reverse("tasks:refund_cancel", args=[refund.public_id]), follow=True)
    assert "Stripe may already have this refund." in late.text


def test_a_manager_sees_and_does_not_ask(ice: Project, client: Client) -> None:
    mina = sign_in(client, user("Mina"))
    assert "An owner of the lab can ask for a refund." in read(mina, page_of(ice))
    assert mina.post(page_of(ice), {"amount": "1.00", "reason": "So."}).status_code == 403


def test_a_refund_made_at_stripe_is_told_like_any_other(stripe: LocalStripe, ice: Project, ada: Client) -> None:
    charge = next(stripe.sandbox.store.all("charge"))["id"]
    stripe.sandbox.create_refund({"charge": charge, "amount": 1_000})
    hear(stripe)
    assert told("Ada") == ["$10.00 has gone back to you"]
    assert "Made by Quorum at Stripe" in read(ada, page_of(ice))


def test_money_of_no_project_is_no_labs_news(stripe: LocalStripe) -> None:
    from tests.payments.stories import PROJECT, funded

    funded(stripe)
    payments.refund_funds(ref=PROJECT, lab=lab(), amount=100, currency="usd", reason="So.", by=user("Ada"))
    payments.dispatch()
    drain()
    assert not Notice.objects.exists()


# --- Disputes on the lab's page ---------------------------------------------------------------------------------------


def test_the_page_lists_what_the_bank_contests_until_it_is_over(stripe: LocalStripe, ice: Project, ada: Client) -> None:
    charge = next(stripe.sandbox.store.all("charge"))["id"]
    disputes.dispute(stripe.sandbox, charge)
    hear(stripe)
    dispute = Dispute.objects.get()
    page = read(ada, page_of(ice))
    for words in (dispute.public_id, "We must answer the bank", "did not make the payment", "Answer due"):
        assert words in page
    assert "While a payment is disputed, nothing goes back." in page
    assert "Send this amount back?" not in page
    assert "Our evidence is due" in read(ada, reverse("tasks:project", args=[ice.public_id]))
    disputes.submit_evidence(stripe.sandbox, dispute.stripe_id, {})
    hear(stripe)
    assert "The bank is deciding" in read(ada, page_of(ice))
    assert "Our evidence is due" not in read(ada, reverse("tasks:project", args=[ice.public_id]))
    disputes.close(stripe.sandbox, dispute.stripe_id, "lost")
    hear(stripe)
    page = read(ada, page_of(ice))
    assert "taken from free funds" in page
    assert "Disputes and corrections" in page


@pytest.mark.parametrize(("outcome", "tone"), [("won", "success"), ("lost", "danger")])
def test_how_it_ended_has_a_colour(stripe: LocalStripe, ice: Project, outcome: str, tone: str) -> None:
    made = disputes.dispute(stripe.sandbox, next(stripe.sandbox.store.all("charge"))["id"], inquiry=True)
    hear(stripe)
    assert Dispute.objects.get().tone == "danger"  # it must be answered
    disputes.submit_evidence(stripe.sandbox, made["id"], {})
    hear(stripe)
    assert Dispute.objects.get().tone == "warning"
    disputes.close(stripe.sandbox, made["id"], outcome)
    hear(stripe)
    assert Dispute.objects.get().tone == tone


# --- The API ----------------------------------------------------------------------------------------------------------


def test_an_owners_key_asks_once_and_follows_it(ice: Project) -> None:
    api = api_client_for(user("Ada"), ice.lab)
    assert api.get(f"{API}available/?ref={ice.public_id}").json() == {"amount": NET, "currency": "usd"}
    wish = {"ref": ice.public_id, "amount": 2_000, "reason": "The work is done."}
    for _ in range(2):
        answer = api.post(API, wish, headers={"Idempotency-Key": "once"})
        assert (answer.status_code, [row["status"] for row in answer.json()]) == (201, ["pending"])
    (refund,) = Refund.objects.all()
    sent(refund)
    (row,) = api.get(f"{API}?ref={ice.public_id}").json()["results"]
    assert (row["id"], row["status"], row["ref"]) == (refund.public_id, "settled", ice.public_id)
    assert api.get(f"{API}{refund.public_id}/").json()["reason"] == "The work is done."
    assert api.get(f"{API}?ref=prj_none").json()["results"] == []
    assert api.post(f"{API}{refund.public_id}/cancel/").json()["code"] == "wrong_state"
    other = api.post(API, wish).json()[0]
    assert api.post(f"{API}{other['id']}/cancel/").json()["status"] == "cancelled"


def test_the_api_says_no_as_the_page_does(ice: Project) -> None:
    wish = {"ref": ice.public_id, "amount": NET + 1, "reason": "All of it."}
    owner = api_client_for(user("Ada"), ice.lab)
    assert owner.post(API, wish).status_code == 409
    assert owner.post(API, {**wish, "amount": 0}).status_code == 400
    assert owner.post(API, {**wish, "ref": "prj_none"}).status_code == 404
    wish["amount"] = 100
    assert api_client_for(user("Emil")).post(API, wish).status_code == 404
    assert api_client_for(user("Emil")).get(f"{API}available/?ref={ice.public_id}").status_code == 404
    assert not Refund.objects.exists()


def test_the_api_lists_disputes(stripe: LocalStripe, ice: Project) -> None:
    disputes.dispute(stripe.sandbox, next(stripe.sandbox.store.all("charge"))["id"])
    hear(stripe)
    api = api_client_for(user("Ada"), ice.lab)
    (row,) = api.get(f"/api/v1/disputes/?ref={ice.public_id}").json()["results"]
    assert (row["status"], row["withdrawn"], row["borne"]) == ("needs_response", 10_000, 0)
    assert api.get("/api/v1/disputes/").json()["results"] == [row]
    assert api.get(f"{API}available/?ref={ice.public_id}").json()["amount"] == 0
    assert api_client_for(user("Sam")).get("/api/v1/disputes/").json()["results"] == []
