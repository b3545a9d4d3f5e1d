"""3, 4, 5, 20. Many at once, on real threads; and what happens without the guard, so that the tests can see it."""

from __future__ import annotations

import pytest

from core.actors import SYSTEM
from payments import actions, ledger, queries
from payments.actions import earn, release, reserve
from payments.audit import ledger_check
from payments.errors import InsufficientFunds
from payments.models import AccountKind, Earning, Entry, Funding, InboxEvent
from tests import people
from tests.payments.stories import PROJECT, funded, ordered
from tests.sandbox import LocalStripe, post_in_process
from tests.threads import at_once

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]


def funds_for(seats: int, stripe: LocalStripe) -> None:
    """Exactly `seats` × $10.00, after Stripe's fee."""
    funded(stripe, 100_000)
    spare = queries.free_funds(PROJECT) - seats * 1_000
    reserve(ref=PROJECT, key="rest", amount=spare, currency="usd", by=SYSTEM)


def test_sixteen_reserve_on_funds_for_five(stripe: LocalStripe) -> None:
    funds_for(5, stripe)

    def claim(number: int) -> None:
        reserve(ref=PROJECT, key=f"seat:{number}", amount=1_000, currency="usd", by=SYSTEM)

    results = at_once(16, claim)
    assert results.count(None) == 5
    assert sum(isinstance(result, InsufficientFunds) for result in results) == 11
    assert queries.free_funds(PROJECT) == 0
    assert ledger_check() == []


def test_without_the_lock_all_sixteen_would_find_the_money_there(stripe: LocalStripe) -> None:
    """The negative control: looking without holding is no guard."""
    funds_for(5, stripe)
    assert at_once(16, lambda _: queries.free_funds(PROJECT) >= 1_000).count(True) == 16


def test_held_funds_make_the_others_wait(stripe: LocalStripe) -> None:
    """`free_funds_locked`, then as many seats as they allow: the way seats are opened."""
    from django.db import transaction

    funds_for(5, stripe)

    def open_what_fits(number: int) -> int:
        with transaction.atomic():
            seats = min(2, queries.free_funds_locked(PROJECT) // 1_000)
            if seats:
                reserve(ref=PROJECT, key=f"batch:{number}", amount=seats * 1_000, currency="usd", by=SYSTEM)
            return seats

    assert sorted(at_once(16, open_what_fits), key=str)[-3:] == [1, 2, 2]


def test_the_same_key_from_sixteen_threads_moves_money_once(stripe: LocalStripe) -> None:
    funds_for(5, stripe)
    results = at_once(16, lambda _: reserve(ref=PROJECT, key="same", amount=1_000, currency="usd", by=SYSTEM))
    assert results == [None] * 16
    assert queries.free_funds(PROJECT) == 4_000
    assert Entry.objects.filter(key="reserve:same").count() == 1


def test_two_acceptances_make_one_earning(stripe: LocalStripe) -> None:
    funds_for(5, stripe)
    emil = people.user("Emil")
    reserve(ref=PROJECT, key="seat", amount=1_000, currency="usd", by=SYSTEM)

    def accept(number: int) -> int:
        return earn(
            ref=PROJECT, source="sub_a", payee=emil, kind="task", pay=800, fee=200, currency="usd", memo="", by=SYSTEM
        ).pk

    results = at_once(8, accept)
    earnings = [result for result in results if isinstance(result, int)]
    assert set(earnings) == {Earning.objects.get().pk}
    assert ledger.balance(AccountKind.EXPERT_PAYABLE, emil.public_id) == 800
    assert ledger_check() == []


def test_accepted_or_expired_but_never_both(stripe: LocalStripe) -> None:
    funds_for(5, stripe)
    emil = people.user("Emil")
    reserve(ref=PROJECT, key="seat", amount=1_000, currency="usd", by=SYSTEM)
    reserve_left = queries.reserved(PROJECT) - 1_000
    release(ref=PROJECT, key="rest back", amount=reserve_left, currency="usd", by=SYSTEM)

    def settle(number: int) -> object:
        if number % 2:
            return release(ref=PROJECT, key="expire", amount=1_000, currency="usd", by=SYSTEM)
        return earn(
            ref=PROJECT, source="sub_a", payee=emil, kind="task", pay=800, fee=200, currency="usd", memo="", by=SYSTEM
        )

    accepted, expired = at_once(2, settle)
    assert isinstance(accepted, InsufficientFunds) != isinstance(expired, InsufficientFunds)
    assert queries.reserved(PROJECT) == 0
    assert ledger_check() == []


def test_a_webhook_delivered_five_times_at_once_counts_once(stripe: LocalStripe) -> None:
    funding = ordered()
    stripe.pay(funding.checkout_session_id or "")
    answers = []

    def post(endpoint: str, body: bytes, signature: str) -> int:
        answers.extend(at_once(5, lambda _: post_in_process(endpoint, body, signature)))
        return 200

    stripe.sender.post = post
    stripe.deliver()
    at_once(3, lambda _: actions.process())
    assert answers == [200] * 5
    assert InboxEvent.objects.count() == 1
    funding.refresh_from_db()
    assert funding.status == Funding.Status.PAID
    assert queries.free_funds(PROJECT) == 97_070


def test_many_sweeps_at_once_pay_each_person_once(stripe: LocalStripe) -> None:
    from tests.payments.stories import earned, payee

    funded(stripe)
    earned(payee(stripe).user)
    made = at_once(6, lambda _: actions.make_payouts())
    assert sorted(made, key=str) == [0, 0, 0, 0, 0, 1]
    assert ledger_check() == []
