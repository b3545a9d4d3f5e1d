"""Reversals from before their ids had letters of their own: what cannot be changed names them as it did."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from accounts.models import Notice
from core.actors import SYSTEM
from core.events import drain, record
from payments import actions
from payments.audit import ledger_check
from payments.models import Outbox, Reversal
from tests import people
from tests.payments.test_reversals import due_now, prepare, proposed, told
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(stripe: LocalStripe) -> Reversal:
    """Agreed on by two of ops, as it was written then."""
    made = proposed(prepare(stripe))
    Reversal.objects.update(public_id=f"rev_{made.public_id[4:]}")
    return actions.agree_reversal(reversal=Reversal.objects.get(), by=people.ops("Petra"))


def migrate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(import_module("payments.migrations.0024_reversals_ids").FORWARD)
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_one_whose_answer_was_lost_is_found_by_its_old_name(stripe: LocalStripe, old: Reversal) -> None:
    stripe.fail("drop_after", path=f"/v1/transfers/{old.payout.transfer_id}/reversals")
    actions.dispatch()
    [made] = stripe.sandbox.store.all("reversal")
    assert made["metadata"] == {"reversal": old.public_id}
    migrate()
    due_now()
    actions.dispatch()
    [found] = Reversal.objects.all()
    assert (found.public_id, found.status) == (f"rvl_{old.public_id[4:]}", Reversal.Status.DONE)
    assert stripe.sandbox.store.count("reversal") == 1
    assert Outbox.objects.get(op="reversal").subject == found.public_id
    assert ledger_check() == []


@pytest.mark.parametrize("end", ["done", "failed"])
def test_news_that_is_still_to_be_delivered_finds_it(stripe: LocalStripe, old: Reversal, end: str) -> None:
    migrate()
    if end == "failed":
        stripe.days_pass(3)  # the money has left for the bank
    actions.dispatch()
    drain()
    found = Reversal.objects.get()
    assert found.status == end
    before = Notice.objects.count()
    record(f"reversal.{end}", old.public_id, by=SYSTEM)
    drain()
    assert Notice.objects.count() > before
    told(stripe)
    assert Reversal.objects.count() == 1
    assert ledger_check() == []
