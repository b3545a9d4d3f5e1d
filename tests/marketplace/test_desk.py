"""The first thing ops see: what waits, how old the oldest is, and what was promised about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import confirm_lab
from core.actors import SYSTEM
from experts.models import Credential
from marketplace.desk import Tile, tiles
from payments import actions
from payments.actions.inbox import keep
from payments.facts import Hint
from payments.models import Dispute, Outbox, Reconciliation
from tests import people
from tests.payments.stories import earned, funded, payee
from tests.sandbox import LocalStripe, stripe

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db
BOOKS = "Our books and Stripe's"
CALLS, NEWS = "Calls to Stripe for a person", "News from Stripe that failed"


def tile(title: str) -> Tile:
    return {tile.title: tile for tile in tiles()}[title]


def test_where_nothing_waits_all_but_the_books_are_green(client: Client) -> None:
    client.force_login(people.ops())
    page = client.get(reverse("admin:index")).content.decode()
    assert {tile.tone for tile in tiles()} == {"success", "warning"}
    assert tile(BOOKS).figure == "Never compared"
    assert "What waits, and what we promised" in page
    assert ("People and labs" in page, "Labs to confirm" in page) == (True, True)
    assert {client.get(tile.url).status_code for tile in tiles()} == {200}


def test_a_lab_that_waits_is_seen_until_somebody_decides(client: Client) -> None:
    waiting = people.lab(confirmed=False, created_at=timezone.now() - timedelta(days=3))
    seen = tile("Labs to confirm")
    assert (seen.figure, seen.tone) == (1, "warning")
    assert seen.words.startswith("Meridian AI asked 3 days ago.")
    client.force_login(people.ops())
    assert "Meridian AI" in client.get(seen.url).content.decode()
    confirm_lab(lab=waiting, by=people.ops())
    assert tile("Labs to confirm").figure == 0


def test_the_books_are_green_only_while_a_run_has_said_so_lately(stripe: LocalStripe, client: Client) -> None:
    funded(stripe)
    actions.reconcile()
    green = tile(BOOKS)
    assert (green.figure, green.tone) == ("Agree", "success")
    assert "1 matched, 0 ours, not theirs, 0 theirs, not ours, 0 unknown type" in green.words
    client.force_login(people.ops())
    assert [client.get(url).status_code for _, url in green.more] == [200, 200]

    stripe.sandbox._transaction(amount=9, type="moon_fee", source="mf_1", currency="usd", fee=0, available_on=0)
    actions.reconcile()
    red = tile(BOOKS)
    assert (red.figure, red.tone) == ("1 to look at", "danger")
    assert "1 unknown type" in red.words

    Reconciliation.objects.update(finished_at=timezone.now() - timedelta(hours=3))
    assert tile(BOOKS).figure == "Not compared lately"


def test_calls_and_news_that_are_stuck(stripe: LocalStripe) -> None:
    funded(stripe)
    earned(payee(stripe).user)
    stripe.fail("500_before")
    actions.make_payouts()
    actions.dispatch()
    assert (tile(CALLS).figure, tile(CALLS).tone) == (0, "warning")  # Stripe was unsure; it is tried again
    Outbox.objects.update(state="needs_ops")
    assert (tile(CALLS).figure, tile(CALLS).tone, "needs_ops" in tile(CALLS).url) == (1, "danger", True)
    keep(hint=Hint("evt_1", "transfer.created", "", "tr_gone", False), endpoint="platform", raw="{}", by=SYSTEM)
    assert tile(NEWS).tone == "success"
    actions.process()
    assert (tile(NEWS).figure, tile(NEWS).tone, "came=failed" in tile(NEWS).url) == (1, "danger", True)


@pytest.mark.parametrize(("hours", "tone"), [(20, ""), (2, "warning"), (-2, "danger")])
def test_a_promise_is_calm_near_or_broken(hours: int, tone: str) -> None:
    credential = people.credential(people.expert("Emil", verified=False))
    Credential.objects.filter(pk=credential.pk).update(answer_by=timezone.now() + timedelta(hours=hours))
    seen = tile("Credentials to review")
    assert (seen.figure, seen.tone) == (1, tone)
    assert seen.words.startswith("Answer promised by")


def test_a_second_person_a_hold_and_a_bank_wait_too(stripe: LocalStripe) -> None:
    emil, olu = payee(stripe).user, people.ops()
    actions.propose_adjustment(debit="goodwill", credit="house", amount=500, reason="A mistake of ours.", by=olu)
    actions.hold_payouts(payee=emil, reason="We ask.", until=timezone.now() + timedelta(hours=5), by=olu)
    Dispute.objects.create(funding=funded(stripe), stripe_id="dp_1", amount=1, currency="usd", reason="fraudulent")
    assert tile("Adjustments for a second person").words.startswith("Void at")
    assert (tile("Payouts on hold").figure, tile("Payouts on hold").tone) == (1, "warning")
    assert (tile("Disputes to answer").figure, tile("Disputes to answer").words) == (1, "No moment is set.")
