"""Pages, API and desks: they show what is so, and each act is one action."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership
from core.actors import SYSTEM
from payments import actions, statements
from payments.models import Account, Earning, Entry, Funding, InboxEvent, Outbox, Payee, Payout, Posting
from payments.money import show
from tests import people
from tests.payments.stories import PROJECT, earned, funded, ordered, payee
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db


@pytest.fixture
def emil(stripe: LocalStripe, client: Client) -> Payee:
    """Emil has four earnings: waiting, at Stripe, in the bank, and refused."""
    funded(stripe)
    row = payee(stripe)
    earned(row.user, source="sub_paid")
    actions.make_payouts()
    actions.dispatch()
    stripe.days_pass(2)
    stripe.deliver()
    actions.process()
    earned(row.user, source="sub_sent")
    actions.make_payouts()
    actions.dispatch()
    earned(row.user, source="sub_refused")
    actions.make_payouts()
    stripe.onboard(row.stripe_account_id or "", "needs_info")
    actions.dispatch()
    stripe.onboard(row.stripe_account_id or "", "verified")
    earned(row.user, source="sub_waiting")
    client.force_login(row.user)
    return row


def read(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers or None)
    assert answer.status_code == 200
    return answer.content.decode()


# --- the expert's pages -----------------------------------------------------------------------------------------------


def test_each_earning_shows_how_far_it_has_come(emil: Payee, client: Client) -> None:
    states = {line.source: vars(line)["state"] for line in statements.earnings_of(emil.user)}
    assert states == {"sub_waiting": "approved", "sub_refused": "failed", "sub_sent": "sent", "sub_paid": "paid"}
    page = read(client, reverse("payments:earnings"))
    for words in ("Goes out within the hour", "capabilities", "tr_", "po_", "In your bank", "$40.00", "$160.00"):
        assert (words in page) is (words != "$160.00")


@pytest.mark.parametrize(("state", "source"), [("approved", "sub_waiting"), ("sent", "sub_sent"), ("paid", "sub_paid")])
def test_earnings_are_filtered_by_state(emil: Payee, client: Client, state: str, source: str) -> None:
    page = read(client, reverse("payments:earnings") + f"?state={state}")
    assert source in page
    assert page.count("<article") == 1


def test_an_empty_page_explains_itself(client: Client) -> None:
    client.force_login(people.user("Farah"))
    assert "No earnings yet" in read(client, reverse("payments:earnings"))
    assert "Nothing here" in read(client, reverse("payments:earnings") + "?state=paid")
    assert "No payouts here" in read(client, reverse("payments:payouts"))


def test_the_statement_as_csv(emil: Payee, client: Client) -> None:
    Earning.objects.filter(source="sub_paid").update(memo="=cmd|calc")
    answer: Any = client.get(reverse("payments:earnings_csv"))
    rows = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
    assert [row["state"] for row in rows] == ["approved", "failed", "sent", "paid"]
    assert {row["pay"] for row in rows} == {"40.00"}
    assert rows[3]["memo"] == "'=cmd|calc"
    assert rows[3]["transfers"].startswith("tr_")
    assert rows[3]["arrives_on"]
    assert rows[0]["payouts"] == ""


def test_an_earning_being_sent_counts_as_approved(emil: Payee, client: Client) -> None:
    actions.refresh_payee(payee=emil)
    actions.make_payouts()
    assert "On its way to Stripe" in read(client, reverse("payments:earnings") + "?state=approved")


def test_money_on_its_way_names_the_day(emil: Payee, client: Client) -> None:
    payout = Payout.objects.get(status="sent")
    assert "Stripe names the day" in read(client, reverse("payments:earnings") + "?state=sent")
    Payout.objects.filter(pk=payout.pk).update(arrives_on="2026-12-01")
    assert "Expected 01 Dec 2026" in read(client, reverse("payments:earnings") + "?state=sent")
    Payout.objects.filter(pk=payout.pk).update(status="failed", failure="The bank found no such account.")
    assert "no such account" in read(client, reverse("payments:earnings") + "?state=failed")


def test_payouts_are_listed_with_references(emil: Payee, client: Client) -> None:
    page = read(client, reverse("payments:payouts"))
    for payout in Payout.objects.all():
        assert payout.public_id in page
    assert "Not at Stripe yet" not in read(client, reverse("payments:payouts") + "?state=paid")


def test_nobody_sees_anothers_money(emil: Payee, client: Client) -> None:
    client.force_login(people.user("Farah"))
    assert "sub_paid" not in read(client, reverse("payments:earnings"))
    assert "pay_" not in read(client, reverse("payments:payouts"))


def test_setting_up_payouts_leads_to_stripe_and_back(stripe: LocalStripe, client: Client) -> None:
    farah = people.user("Farah")
    client.force_login(farah)
    setup = reverse("payments:payout_setup")
    assert "Country where you are paid" in read(client, setup)
    refused = client.post(setup, {"country": "MX"})
    assert refused.status_code == 422
    assert "cannot pay to this country" in refused.content.decode()

    sent = client.post(setup, {"country": "GB"})
    assert sent.headers["Location"].startswith(stripe.url + "/onboard/")
    page = read(client, reverse("payments:payout_return"))
    assert "We are asking Stripe" in page
    stripe.onboard(Payee.objects.get().stripe_account_id or "", "checking")
    refresh = reverse("payments:payee_refresh")
    part = client.post(refresh, headers={"HX-Request": "true"}).content.decode()
    assert "Being checked by Stripe" in part
    assert "<html" not in part
    stripe.onboard(Payee.objects.get().stripe_account_id or "", "verified")
    assert client.post(refresh).headers["Location"] == reverse("payments:payout_return")
    assert "Payouts are set up" in read(client, reverse("payments:payout_return"))
    assert "Change your details at Stripe" in read(client, setup)
    assert client.post(reverse("payments:payout_continue")).headers["Location"].startswith(stripe.url)


def test_a_country_stripe_gives_up_on_is_said_on_the_page(stripe: LocalStripe, client: Client) -> None:
    client.force_login(payee(stripe, outcome="unsupported").user)
    assert "Stripe cannot pay you in this country" in read(client, reverse("payments:earnings"))


def test_stripe_being_away_is_a_message(stripe: LocalStripe, client: Client, settings: Any) -> None:
    farah = people.user("Farah")
    client.force_login(farah)
    stripe.fail("500_before", path="/v2/core/accounts")
    away = client.post(reverse("payments:payout_setup"), {"country": "GB"}, follow=True).content.decode()
    assert "Stripe does not answer at the moment" in away
    payee_row = payee(stripe, "Farah")
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"  # nothing listens there
    gone = client.post(reverse("payments:payee_refresh"), follow=True).content.decode()
    assert "Stripe does not answer at the moment" in gone
    assert payee_row.status == Payee.Status.READY


# --- the lab's return page --------------------------------------------------------------------------------------------


def test_the_return_page_follows_the_payment(stripe: LocalStripe, client: Client) -> None:
    funding = ordered(method="bank")
    client.force_login(people.user("Mina"))
    url = reverse("payments:funding", args=[funding.public_id])
    assert 'hx-trigger="every 2s"' in read(client, url)
    stripe.pay(funding.checkout_session_id or "", "us_bank_account")
    stripe.deliver()
    actions.process()
    assert "Pending until the bank settles it" in read(client, url)
    stripe.days_pass(2)
    stripe.deliver()
    actions.process()
    part = read(client, url, **{"HX-Request": "true"})
    assert "<html" not in part
    assert "every 2s" not in part
    for words in ("$1,000.00", "$5.00", "$995.00", "ch_"):
        assert words in part


@pytest.mark.parametrize(("status", "words"), [("expired", "has expired"), ("failed", "The payment failed")])
def test_the_return_page_says_what_went_wrong(stripe: LocalStripe, client: Client, status: str, words: str) -> None:
    funding = ordered()
    Funding.objects.filter(pk=funding.pk).update(status=status)
    client.force_login(people.user("Mina"))
    assert words in read(client, reverse("payments:funding", args=[funding.public_id]))


def test_a_payment_is_seen_by_its_lab_only(stripe: LocalStripe, client: Client) -> None:
    client.force_login(people.user("Sam"))
    assert client.get(reverse("payments:funding", args=[ordered().public_id])).status_code == 404


# --- the API ----------------------------------------------------------------------------------------------------------


def test_the_expert_reads_earnings_and_payouts_through_the_api(emil: Payee) -> None:
    api = people.api_client_for(emil.user)
    lines = api.get("/api/v1/earnings/").json()["results"]
    assert [line["state"] for line in lines] == ["approved", "failed", "sent", "paid"]
    assert lines[3]["payouts"][0]["transfer_id"].startswith("tr_")
    assert [line["source"] for line in api.get("/api/v1/earnings/?state=paid").json()["results"]] == ["sub_paid"]
    one = api.get(f"/api/v1/earnings/{lines[0]['id']}/").json()
    assert (one["pay"], one["currency"], one["payouts"]) == (4_000, "usd", [])
    payouts = api.get("/api/v1/payouts/").json()["results"]
    assert {payout["status"] for payout in payouts} == {"paid", "sent", "failed"}
    assert api.get(f"/api/v1/payouts/{payouts[0]['id']}/").status_code == 200
    other = people.api_client_for(people.user("Farah"))
    assert other.get(f"/api/v1/payouts/{payouts[0]['id']}/").status_code == 404


def test_a_labs_key_reads_no_ones_earnings(emil: Payee) -> None:
    api = people.api_client_for(people.user("Ada"), people.lab())
    assert api.get("/api/v1/earnings/").json()["results"] == []
    assert api.get("/api/v1/payouts/").json()["results"] == []


def test_a_labs_key_does_not_read_how_its_maker_is_paid(emil: Payee) -> None:
    house = people.lab()
    Membership.objects.create(lab=house, user=emil.user, role="owner")
    assert people.api_client_for(emil.user).get("/api/v1/payee/").status_code == 200
    assert people.api_client_for(emil.user, house).get("/api/v1/payee/").status_code == 404


def test_setting_up_payouts_through_the_api(stripe: LocalStripe) -> None:
    farah = people.user("Farah")
    api = people.api_client_for(farah)
    assert api.get("/api/v1/payee/").status_code == 404
    refused = api.post("/api/v1/payee/", {"country": "MX"})
    assert (refused.status_code, refused.json()["code"]) == (409, "country_unsupported")
    assert api.post("/api/v1/payee/", {"country": "Great Britain"}).status_code == 400
    assert api.post("/api/v1/payee/", {"country": "GB"}).json()["status"] == "new"
    back = {"return_url": "http://localhost/a", "refresh_url": "http://localhost/a"}
    headers = {"Idempotency-Key": "once"}  # taken, but this answer is the same by nature
    assert api.post("/api/v1/payee/link/", back, headers=headers).json()["url"].startswith(stripe.url)
    stripe.onboard(Payee.objects.get().stripe_account_id or "", "verified")
    assert api.post("/api/v1/payee/refresh/").json()["status"] == "ready"
    assert api.get("/api/v1/payee/").json()["country"] == "GB"


def test_the_lab_pays_through_the_api(stripe: LocalStripe) -> None:
    funding = ordered()
    Funding.objects.filter(pk=funding.pk).update(checkout_url="")
    api = people.api_client_for(people.user("Ada"), people.lab())
    assert [row["id"] for row in api.get("/api/v1/fundings/").json()["results"]] == [funding.public_id]
    assert api.get("/api/v1/fundings/?ref=prj_none").json()["results"] == []
    url = api.post(f"/api/v1/fundings/{funding.public_id}/checkout/").json()["url"]
    assert url.startswith(f"{stripe.url}/pay/")
    assert api.get(f"/api/v1/fundings/{funding.public_id}/").json()["status"] == "pending"
    stranger = people.api_client_for(people.user("Sam"))
    assert stranger.post(f"/api/v1/fundings/{funding.public_id}/checkout/").status_code == 404


# --- the ops desks ----------------------------------------------------------------------------------------------------


def press(client: Client, row: Any, button: str, words: str = "") -> str:
    url = reverse(f"admin:payments_{row._meta.model_name}_do", args=[row.pk, button])
    answer = client.post(url, {"words": words}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def desk(emil: Payee, client: Client) -> Client:
    client.force_login(people.ops())
    return client


@pytest.mark.parametrize("model", [Account, Entry, Funding, Earning, Payee, Payout, Outbox, InboxEvent])
def test_ops_read_every_list_and_row_and_type_over_nothing(desk: Client, model: Any) -> None:
    name = model._meta.model_name
    row = model.objects.latest("pk")
    assert desk.get(reverse(f"admin:payments_{name}_changelist")).status_code == 200
    page = read(desk, reverse(f"admin:payments_{name}_change", args=[row.pk]))
    assert 'name="_save"' not in page
    assert desk.get(reverse(f"admin:payments_{name}_add")).status_code == 403
    assert desk.post(reverse(f"admin:payments_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_lists_are_titled_by_what_they_list_and_show_amounts_not_cents(desk: Client) -> None:
    earning = Earning.objects.latest("pk")
    page = read(desk, reverse("admin:payments_earning_changelist"))
    assert "<h1>Earnings</h1>" in page
    assert show(earning.pay) in page
    assert f">{earning.pay}<" not in page
    account = Account.objects.filter(balance__isnull=False).exclude(balance=0).latest("pk")
    assert account.balance is not None
    assert show(account.balance) in read(desk, reverse("admin:payments_account_changelist"))
    index = read(desk, reverse("admin:index"))
    assert (index.count(">Sign-in<"), index.count(">Accounts<")) == (1, 1)  # the ledger's; people's is named otherwise


@pytest.mark.parametrize("key", ["abc", "9" * 30, "0"])
def test_a_button_of_a_row_that_is_none_is_not_found(desk: Client, key: str) -> None:
    assert desk.post(reverse("admin:payments_payout_do", args=[key, "retry"])).status_code == 404


def test_ops_send_a_refused_payout_again(desk: Client) -> None:
    payout = Payout.objects.get(status="failed")
    assert "Send again: done." in press(desk, payout, "retry")
    payout.refresh_from_db()
    assert payout.status == Payout.Status.PENDING
    assert "Cancel before it is sent: done." in press(desk, payout, "cancel", "Wrong person")
    payout.refresh_from_db()
    assert payout.status == Payout.Status.CANCELLED


def test_ops_adopt_send_anew_and_ask_again(desk: Client, stripe: LocalStripe, emil: Payee) -> None:
    stripe.fail("500_saved")
    actions.refresh_payee(payee=emil)
    actions.make_payouts()
    actions.dispatch(limit=1)
    row = Outbox.objects.get(state=Outbox.State.UNKNOWN)
    sent = stripe.transfers()[-1]["id"]
    assert "No such transfer" in press(desk, row, "adopt", "tr_wrong")
    assert "done." in press(desk, row, "adopt", f" {sent} ")
    assert "waits for a person" in press(desk, row, "anew", "I looked")
    event = InboxEvent.objects.latest("pk")
    assert "is processed" in press(desk, event, "again")
    InboxEvent.objects.filter(pk=event.pk).update(processed_at=None)
    assert "done." in press(desk, event, "again")
    assert "done." in press(desk, ordered(), "ask")
    assert row._meta.verbose_name_plural == "outbox"


def test_names_are_readable(emil: Payee) -> None:
    things = [Account, Entry, Posting, Funding, Payee, Earning, Payout, Outbox, InboxEvent]
    for model in things:
        assert "object (" not in str(model._default_manager.latest("pk"))
    assert PROJECT in str(Account.objects.get(kind="project_funds"))
    allocation = Earning.objects.get(source="sub_paid").allocations.get()
    assert "from fnd_" in str(allocation)
    assert SYSTEM.pk is None
