"""Paying in: who may, how much, and that asking twice changes nothing."""

from __future__ import annotations

import pytest

from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, WrongState
from payments import actions, gateway, ledger, queries
from payments.balances import Balance, balances_of
from payments.models import AccountKind, Funding
from tests import people
from tests.payments.stories import BACK, PROJECT, earned, funded, ordered
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db


def open_for(name: str, amount: int = 1_000, back: str = BACK) -> Funding:
    return actions.open_funding(
        ref=PROJECT, lab=people.lab(), amount=amount, currency="usd", title="Funds", success_url=back,
        cancel_url=back, by=people.user(name),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["Rosa", "Sam", "Olu"])
def test_only_who_runs_the_project_may_pay(name: str) -> None:
    with pytest.raises(NotAllowed):
        open_for(name)
    funding = open_for("Ada")
    with pytest.raises(NotAllowed):
        actions.start_checkout(funding=funding, by=people.user(name))


@pytest.mark.parametrize("amount", [0, 99, 100_000_000])
def test_stripes_limits_are_said_beside_the_amount(amount: int) -> None:
    with pytest.raises(Invalid) as caught:
        open_for("Mina", amount)
    assert caught.value.faults[0].field == "amount"


def test_people_come_back_to_web_addresses_only() -> None:
    with pytest.raises(Invalid, match="web addresses"):
        open_for("Mina", back="javascript:alert(1)")


def test_the_product_itself_may_ask_for_a_payment() -> None:
    funding = actions.open_funding(
        ref=PROJECT, lab=people.lab(), amount=100, currency="usd", title="Funds", success_url=BACK, cancel_url=BACK,
        by=SYSTEM,
    )  # fmt: skip
    assert funding.created_by is None
    assert str(funding) == funding.public_id


def test_what_is_paid_is_not_paid_again(stripe: LocalStripe) -> None:
    funding = funded(stripe)
    with pytest.raises(WrongState, match="is paid"):
        actions.start_checkout(funding=funding, by=people.user("Mina"))


def test_stripe_is_not_asked_about_a_payment_it_never_saw(stripe: LocalStripe) -> None:
    funding = open_for("Mina")
    assert actions.refresh_funding(funding=funding) == funding


def test_news_that_overtakes_our_own_bookkeeping_finds_its_funding(stripe: LocalStripe) -> None:
    """The lab pays before we have stored the session's id."""
    funding = ordered()
    session = funding.checkout_session_id or ""
    Funding.objects.filter(pk=funding.pk).update(checkout_session_id=None, checkout_url="")
    stripe.pay(session)
    stripe.deliver()
    actions.process()
    funding.refresh_from_db()
    assert (funding.status, funding.checkout_session_id) == (Funding.Status.PAID, session)


def test_a_payment_without_a_fee_is_booked_whole(stripe: LocalStripe) -> None:
    funding = ordered()
    stripe.pay(funding.checkout_session_id or "")
    facts = gateway.checkout(funding.checkout_session_id or "")
    free = gateway.Checkout(**{**facts.__dict__, "fee": 0})
    actions.apply_checkout(facts=free, by=SYSTEM)
    assert queries.free_funds(PROJECT) == 100_000


def test_spend_adds_up_for_one_and_for_many(stripe: LocalStripe) -> None:
    funded(stripe, 50_000)
    funded(stripe, 20_000, ref="prj_bbbbbbbbbbbbbbbb", method="card")
    emil = people.user("Emil")
    earned(emil, pay=4_000, fee=800)
    actions.reserve(ref=PROJECT, key="open", amount=1_000, currency="usd", by=SYSTEM)
    found = balances_of([PROJECT, "prj_bbbbbbbbbbbbbbbb", "prj_cccccccccccccccc"], "usd")
    first = found[PROJECT]
    assert first.funded == first.processor + first.pay + first.fees + first.reserved + first.free
    assert (first.reserved, first.pay, first.fees) == (1_000, 4_000, 800)
    assert found["prj_cccccccccccccccc"] == Balance(*[0] * 9)
    assert queries.reserved(PROJECT) == 1_000
    assert set(queries.free_funds_of(found)) == {PROJECT, "prj_bbbbbbbbbbbbbbbb"}
    totals = queries.earning_totals(emil)
    assert (totals.approved, totals.on_its_way, totals.paid, totals.total) == (4_000, 0, 0, 4_000)


@pytest.mark.parametrize("change", [{"pay": 0}, {"fee": -1}, {"released": -1}])
def test_no_earning_of_nothing_and_none_that_takes(stripe: LocalStripe, change: dict[str, int]) -> None:
    given = {"pay": 100, "fee": 20, "released": 0, **change}
    with pytest.raises(ValueError, match=r"positive|not negative"):
        actions.earn(
            ref=PROJECT, source="sub_a", payee=people.user("Emil"), kind="task", currency="usd", memo="", by=SYSTEM,
            **given,
        )  # fmt: skip


def test_what_an_earning_does_not_use_goes_back_to_the_funds(stripe: LocalStripe) -> None:
    funded(stripe)
    actions.reserve(ref=PROJECT, key="seat", amount=5_000, currency="usd", by=SYSTEM)
    terms = {"ref": PROJECT, "source": "sub_a", "payee": people.user("Emil"), "kind": "partial", "currency": "usd"}
    first = actions.earn(**terms, pay=2_000, fee=400, released=2_600, memo="m" * 300, by=SYSTEM)  # type: ignore[arg-type]
    again = actions.earn(**terms, pay=2_000, fee=400, released=2_600, memo="m" * 300, by=SYSTEM)  # type: ignore[arg-type]
    assert first == again
    assert queries.free_funds(PROJECT) == 97_070 - 2_400
    assert str(first) == first.public_id


def test_earning_costs_few_statements(stripe: LocalStripe, django_assert_max_num_queries: object) -> None:
    funded(stripe)
    emil = people.user("Emil")
    earned(emil)
    actions.reserve(ref=PROJECT, key="next", amount=4_800, currency="usd", by=SYSTEM)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        actions.earn(
            ref=PROJECT, source="sub_b", payee=emil, kind="task", pay=4_000, fee=800, currency="usd", memo="", by=SYSTEM
        )


@pytest.mark.chaos
@pytest.mark.parametrize("fault", ["500_before", "500_after", "500_saved", "drop_after"])
def test_stripe_does_not_answer_and_the_lab_pays_a_moment_later(stripe: LocalStripe, fault: str) -> None:
    """To the same key Stripe would repeat a saved 500 all day. What it made unheard stays empty."""
    stripe.fail(fault, path="/v1/checkout/sessions")
    with pytest.raises(gateway.Unknown):
        ordered()
    asked = Funding.objects.get()
    actions.start_checkout(funding=asked, by=people.user("Mina"))
    asked.refresh_from_db()
    stripe.pay(asked.checkout_session_id or "")
    stripe.deliver()
    actions.process()
    asked.refresh_from_db()
    assert (asked.status, ledger.balance(AccountKind.STRIPE_CLEARING)) == (Funding.Status.PAID, stripe.balance())
    assert [each["status"] for each in stripe.sandbox.store.all("session")].count("complete") == 1


@pytest.mark.chaos
def test_the_end_of_a_page_that_nobody_was_sent_to_does_not_end_the_payment(stripe: LocalStripe) -> None:
    stripe.fail("drop_after", path="/v1/checkout/sessions")
    with pytest.raises(gateway.Unknown):
        ordered()
    asked = Funding.objects.get()
    actions.start_checkout(funding=asked, by=people.user("Mina"))
    unheard, _ = stripe.sandbox.store.all("session")
    gateway.expire_checkout(unheard["id"], key="a day later")
    stripe.deliver()
    actions.process()
    asked.refresh_from_db()
    assert (asked.status, asked.checkout_session_id == unheard["id"]) == (Funding.Status.PENDING, False)


def test_a_slower_request_leads_to_the_same_page(stripe: LocalStripe) -> None:
    """Its answer comes home when another one has asked under the next key: the lab can pay once."""
    slow = Funding.objects.get(pk=ordered().pk)
    page = slow.checkout_url
    slow.checkout_url, slow.run = "", 2
    assert actions.start_checkout(funding=slow, by=people.user("Mina")) == page
