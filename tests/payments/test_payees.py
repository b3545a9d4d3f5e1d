"""How experts come to be paid: the country first, Stripe's own form next, and Stripe's word throughout."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Notice
from core import events
from core.errors import NotAllowed, Refused
from payments import actions, gateway, ledger, queries
from payments.actions.payees import CountryUnsupported
from payments.models import AccountKind, Payee
from tests import people
from tests.payments.stories import earned, funded, payee
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db
BACK = {"return_url": "http://localhost/a", "refresh_url": "http://localhost/a"}


def test_a_country_that_cannot_be_served_is_said_at_once() -> None:
    juan = people.user("Juan")
    with pytest.raises(CountryUnsupported, match="cannot pay to this country yet"):
        actions.choose_country(user=juan, country="MX", by=juan)
    assert not Payee.objects.exists()
    assert queries.payee_country(juan) == ""
    assert not queries.payee_ready(juan)


def test_the_country_may_change_until_stripe_has_the_account(stripe: LocalStripe) -> None:
    emil = people.user("Emil")
    actions.choose_country(user=emil, country="de", by=emil)
    row = actions.choose_country(user=emil, country="DK", by=emil)
    assert queries.payee_country(emil) == "DK"
    actions.onboarding_link(payee=row, by=emil, **BACK)
    assert actions.choose_country(user=emil, country="DK", by=emil).country == "DK"
    with pytest.raises(Refused, match="cannot change"):
        actions.choose_country(user=emil, country="DE", by=emil)


def test_one_account_however_often_the_link_is_asked_for(stripe: LocalStripe) -> None:
    emil = people.user("Emil")
    row = actions.choose_country(user=emil, country="DK", by=emil)
    first = actions.onboarding_link(payee=row, by=emil, **BACK)
    second = actions.onboarding_link(payee=row, by=emil, **BACK)  # with a row that has not heard of the account
    assert first != second
    assert stripe.sandbox.store.count("account") == 1


def test_nobody_sets_up_payouts_for_another() -> None:
    emil, farah = people.user("Emil"), people.user("Farah")
    with pytest.raises(NotAllowed):
        actions.choose_country(user=emil, country="DK", by=farah)
    row = actions.choose_country(user=emil, country="DK", by=emil)
    with pytest.raises(NotAllowed):
        actions.onboarding_link(payee=row, by=farah, **BACK)
    with pytest.raises(NotAllowed):
        actions.refresh_payee(payee=row, by=farah)


@pytest.mark.parametrize(
    ("outcome", "status", "need"),
    [
        ("verified", "ready", None),
        ("checking", "pending", "Stripe is checking what you sent. There is nothing to do."),
        (
            "needs_info",
            "restricted",
            "Upload a picture of your identity document: Stripe could not confirm it from what you typed.",
        ),
        ("unsupported", "unsupported", "Stripe does not support payouts in this country."),
    ],
)
def test_stripes_word_in_words(stripe: LocalStripe, outcome: str, status: str, need: str | None) -> None:
    row = payee(stripe, outcome=outcome)
    assert row.status == status
    assert row.requirements == [] if need is None else need in row.requirements


def test_a_change_is_told_and_the_same_news_twice_is_not(stripe: LocalStripe) -> None:
    row = payee(stripe)
    events.drain()
    actions.refresh_payee(payee=row)
    stripe.onboard(row.stripe_account_id or "", "needs_info")
    stripe.deliver()
    actions.process()
    stripe.onboard(row.stripe_account_id or "", "unsupported")
    stripe.deliver()
    actions.process()
    events.drain()
    titles = list(Notice.objects.filter(user=row.user).order_by("pk").values_list("title", flat=True))
    assert titles == [
        "You can be paid: your Stripe account is ready",
        "Stripe needs something from you before you can be paid",
        "Stripe cannot pay you in this country",
    ]


def test_somebody_without_an_account_is_not_asked_about(stripe: LocalStripe) -> None:
    emil = people.user("Emil")
    row = actions.choose_country(user=emil, country="DK", by=emil)
    assert actions.refresh_payee(payee=row, by=emil).status == Payee.Status.NEW


def test_pay_and_its_return_are_told(stripe: LocalStripe) -> None:
    funded(stripe)
    row = payee(stripe)
    earned(row.user)
    actions.make_payouts()
    actions.dispatch()
    stripe.days_pass(2)
    stripe.deliver()
    actions.process()
    bank = next(stripe.sandbox.store.all("payout"))
    bank.update(status="failed", failure_code="no_account")
    actions.apply_bank_payout(
        facts=gateway.bank_payout(bank["id"], account=row.stripe_account_id or ""), by=people.ops()
    )
    events.drain()
    notices = Notice.objects.filter(user=row.user, title__contains="40.00").order_by("pk")
    assert [notice.title for notice in notices] == [
        "$40.00 has been paid to your bank",
        "A payout of $40.00 did not arrive",
    ]
    assert notices[1].body == (
        "The bank found no such account. Correct it at Stripe. The money is yours and is kept for you."
        " Open your payout set-up and change your bank account at Stripe; Stripe then pays it out by itself."
    )


def test_stripe_that_does_not_answer_is_no_fault_page(stripe: LocalStripe, settings: object) -> None:
    emil = people.user("Emil")
    row = actions.choose_country(user=emil, country="DK", by=emil)
    stripe.fail("500_before", path="/v2/core/accounts")
    with pytest.raises(gateway.Unknown) as caught:
        actions.onboarding_link(payee=row, by=emil, **BACK)
    assert caught.value.message.startswith("Stripe does not answer")


@pytest.mark.parametrize("fault", ["500_before", "500_after", "drop_after", "500_saved", "500_void"])
def test_an_answer_that_never_came_is_asked_for_again_and_one_account_exists(stripe: LocalStripe, fault: str) -> None:
    emil = people.user("Emil")
    row = actions.choose_country(user=emil, country="DK", by=emil)
    stripe.fail(fault, path="/v2/core/accounts")
    with pytest.raises(gateway.Unknown):
        actions.onboarding_link(payee=row, by=emil, **BACK)
    assert actions.onboarding_link(payee=row, by=emil, **BACK)
    assert stripe.sandbox.store.count("account") == 1


def test_the_look_for_an_account_ends_at_those_that_are_older_than_the_first_try(stripe: LocalStripe) -> None:
    """v2 lists the youngest first: nobody's set-up waits for a walk through everybody's accounts."""
    emils = payee(stripe)
    payee(stripe, "Farah")  # listed before his: somebody else's is passed over
    asked = {"payee": emils.public_id, "country": "DK"}
    found = gateway.find_recipient(**asked, since=timezone.now() - timedelta(hours=1))
    assert found is not None
    assert found.id == emils.stripe_account_id
    assert gateway.find_recipient(**asked, since=timezone.now() + timedelta(hours=1)) is None
    elsewhere = {**asked, "country": "DE"}  # an account's country cannot change: it is another account's question
    assert gateway.find_recipient(**elsewhere, since=timezone.now() - timedelta(hours=1)) is None


def test_whoever_corrects_the_country_after_an_unanswered_call_is_not_stuck(stripe: LocalStripe) -> None:
    emil = people.user("Emil")
    row = actions.choose_country(user=emil, country="DE", by=emil)
    stripe.fail("drop_after", path="/v2/core/accounts")
    with pytest.raises(gateway.Unknown):
        actions.onboarding_link(payee=row, by=emil, **BACK)
    row = actions.choose_country(user=emil, country="DK", by=emil)
    assert actions.onboarding_link(payee=row, by=emil, **BACK)
    row.refresh_from_db()
    assert gateway.recipient(row.stripe_account_id or "").country == "DK"
    for account in stripe.sandbox.store.all("account"):  # also the one nobody heard of
        stripe.onboard(account["id"])
    stripe.deliver()
    actions.process()
    row.refresh_from_db()
    assert row.status == Payee.Status.READY


def test_a_capability_that_is_lost_leaves_the_money_and_tells_how_to_mend_it(stripe: LocalStripe) -> None:
    funded(stripe)
    row = payee(stripe)
    earned(row.user)
    stripe.onboard(row.stripe_account_id or "", "needs_info")
    account = next(stripe.sandbox.store.all("account"))
    account["requirements"]["entries"][1]["errors"] = [{"code": "verification_document_expired", "description": ""}]
    stripe.sandbox.store.put("account", account["id"], account)
    stripe.deliver()
    actions.process()
    assert actions.make_payouts() == 0
    assert ledger.balance(AccountKind.EXPERT_PAYABLE, row.user.public_id) == 4_000
    events.drain()
    told = Notice.objects.get(user=row.user, title__startswith="Stripe needs something")
    assert "The document has expired. Upload one that is valid." in told.body
    assert told.body.endswith("What you have earned is kept for you.")
    assert told.url == "/payouts/setup/"
    stripe.onboard(row.stripe_account_id or "", "verified")
    stripe.deliver()
    actions.process()
    assert actions.make_payouts() == 1
