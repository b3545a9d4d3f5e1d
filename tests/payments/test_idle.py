"""Money that nobody spends: a warning, a clock that the lab sees, then it goes back; what is reserved stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notice
from core.actors import SYSTEM
from core.errors import NotAllowed
from core.events import drain
from payments import actions, jobs, ledger, queries
from payments.audit import ledger_check
from payments.models import AccountKind, Funding, Refund
from payments.money import unspent
from payments.queries_paid import returns_at, stranded
from payments.sandbox import disputes
from tests import people
from tests.payments.stories import PROJECT, earned, funded, payee
from tests.projects.scene import draft
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db
NET = 97_070  # of a card payment of $1,000.00


def aged(funding: Funding, days: int, *, warned: int | None = None) -> Funding:
    """Paid so many days ago; warned of so many days ago."""
    now = timezone.now()
    funding.paid_at = now - timedelta(days=days)
    funding.idle_warned_at = None if warned is None else now - timedelta(days=warned)
    funding.save(update_fields=["paid_at", "idle_warned_at"])
    return funding


def told(name: str) -> list[str]:
    drain()
    return list(Notice.objects.filter(user=people.user(name)).values_list("title", flat=True))


@pytest.mark.parametrize(
    ("left", "free", "found"),
    [
        ([(1, 50), (2, 30)], 40, {1: 10, 2: 30}),
        ([(1, 50), (2, 30)], 20, {1: 0, 2: 20}),
        ([(1, 50), (2, 30)], 0, {1: 0, 2: 0}),
        ([], 5, {}),
    ],
)
def test_what_is_free_lies_in_the_youngest_payment(
    left: list[tuple[int, int]], free: int, found: dict[int, int]
) -> None:
    assert unspent(left, free) == found


def test_a_lab_is_warned_once_and_then_has_its_money_back(stripe: LocalStripe) -> None:
    funding = aged(funded(stripe), 59)
    jobs.return_idle_funds()
    assert told("Mina") == []
    aged(funding, 60)
    assert [actions.return_idle_funds(), actions.return_idle_funds()] == [1, 0]
    funding.refresh_from_db()
    day = returns_at(funding)
    assert day is not None
    assert told("Mina") == [f"$970.70 of {funding.title} goes back on {day:%d %b %Y}"]
    assert told("Rosa") == []

    aged(funding, 84, warned=24)
    assert actions.return_idle_funds() == 0
    aged(funding, 85, warned=25)
    assert actions.return_idle_funds() == 1
    refund = Refund.objects.get()
    assert (refund.amount, refund.created_by) == (NET, None)
    assert refund.reason == "It lay for 85 days, neither spent nor reserved."
    actions.dispatch()
    refund.refresh_from_db()
    assert refund.status == Refund.Status.SETTLED
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance() == 0
    assert actions.return_idle_funds() == 0
    assert "$970.70 of a payment for Funds for Preference pairs in physics goes back to you" in told("Ada")
    assert ledger_check() == []


def test_nothing_goes_back_within_a_week_of_the_warning(stripe: LocalStripe) -> None:
    """A machine that was off for months, or whose settings changed, warns first."""
    funding = aged(funded(stripe), 200)
    assert actions.return_idle_funds() == 1
    assert not Refund.objects.exists()
    aged(funding, 206, warned=6)
    assert actions.return_idle_funds() == 0
    aged(funding, 207, warned=7)
    assert actions.return_idle_funds() == 1
    assert Refund.objects.get().amount == NET


def test_what_is_reserved_or_owed_is_not_touched(stripe: LocalStripe) -> None:
    aged(funded(stripe), 100, warned=30)
    actions.reserve(ref=PROJECT, key="seats", amount=40_000, currency="usd", by=SYSTEM)
    emil = payee(stripe).user
    earned(emil, pay=10_000, fee=2_000)
    assert actions.return_idle_funds() == 1
    assert Refund.objects.get().amount == NET - 40_000 - 12_000
    assert (queries.reserved(PROJECT), queries.free_funds(PROJECT)) == (40_000, 0)
    actions.make_payouts()
    actions.dispatch()
    assert ledger.balance(AccountKind.EXPERT_PAYABLE, emil.public_id) == 0
    assert ledger_check() == []


def test_only_old_money_goes_and_the_young_is_thought_unspent_first(stripe: LocalStripe) -> None:
    old = aged(funded(stripe), 100, warned=30)
    funded(stripe, 20_000)
    actions.reserve(ref=PROJECT, key="seats", amount=90_000, currency="usd", by=SYSTEM)
    actions.return_idle_funds()
    refund = Refund.objects.get()
    assert (refund.funding, refund.amount) == (old, NET - 90_000)
    assert queries.free_funds(PROJECT) == 19_390


def test_a_dispute_stops_the_clock(stripe: LocalStripe) -> None:
    funding = aged(funded(stripe), 100, warned=30)
    disputes.dispute(stripe.sandbox, funding.charge_id or "")
    stripe.deliver()
    actions.process()
    assert actions.return_idle_funds() == 0


def test_a_refund_that_came_back_is_left_to_people(stripe: LocalStripe, client: Client) -> None:
    people.ops()
    aged(funded(stripe), 100, warned=30)
    actions.return_idle_funds()
    actions.dispatch()
    stripe.sandbox.fail_refund(Refund.objects.get().refund_id or "")
    stripe.deliver()
    actions.process()
    drain()
    assert queries.free_funds(PROJECT) == NET
    assert actions.return_idle_funds() == 0
    refund = Refund.objects.get()
    notice = Notice.objects.get(user=people.ops(), title="$970.70 could not go back to Meridian AI")
    assert notice.url == f"/admin/payments/refund/?q={refund.public_id}"
    client.force_login(people.ops())
    desk = client.get(reverse("admin:index")).content.decode()
    assert "Refunds that no bank took" in desk
    assert "A rule sent them back" in desk
    asked = actions.propose_adjustment(
        debit="project_funds", debit_ref=PROJECT, credit="house", amount=NET, reason="Sent by bank.", by=people.ops()
    )
    actions.post_adjustment(adjustment=asked, by=people.ops("Petra"))
    assert not stranded().exists()  # another way was found


def test_a_refund_that_a_person_asked_for_is_no_matter_of_ops(stripe: LocalStripe) -> None:
    people.ops()
    funding = funded(stripe)
    actions.refund_funds(ref=PROJECT, lab=funding.lab, amount=500, currency="usd", by=people.user("Ada"))
    actions.dispatch()
    stripe.sandbox.fail_refund(Refund.objects.get().refund_id or "")
    stripe.deliver()
    actions.process()
    drain()
    assert not Notice.objects.filter(user=people.ops(), title__contains="could not go back").exists()
    assert not stranded().exists()


def test_the_operator_may_switch_it_off_and_nobody_else(stripe: LocalStripe, settings: Any) -> None:
    funding = aged(funded(stripe), 100, warned=30)
    with pytest.raises(NotAllowed):
        actions.return_idle_funds(by=people.user("Ada"))
    settings.QUORUM_IDLE_RETURN_DAYS = 0
    assert actions.return_idle_funds() == 0
    assert returns_at(funding) is None


def test_the_lab_sees_the_clock(stripe: LocalStripe, client: Client) -> None:
    project = draft()
    funding = aged(funded(stripe, ref=project.public_id), 10)
    due = returns_at(funding)
    assert due is not None
    client.force_login(people.user("Mina"))
    for page in (
        reverse("tasks:spend", args=[project.public_id]),
        reverse("payments:funding", args=[funding.public_id]),
    ):
        shown = client.get(page).content.decode()
        assert "in 74 days" in shown
        assert "970.70" in shown
    api = people.api_client_for(people.user("Ada"), people.lab())
    told_by_api = api.get(f"/api/v1/fundings/{funding.public_id}/").json()["returns_at"]
    assert told_by_api.startswith(f"{due:%Y-%m-%dT%H:%M}")
    actions.reserve(ref=project.public_id, key="all", amount=NET, currency="usd", by=SYSTEM)
    page = client.get(reverse("payments:funding", args=[funding.public_id])).content.decode()
    assert "neither spent nor reserved" not in page
