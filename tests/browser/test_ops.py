"""Ops' first page and desks at each look: what waits, what is stuck, and the question before a button is pressed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from core.actors import SYSTEM
from payments import actions
from payments.actions.inbox import keep
from payments.facts import Hint
from payments.models import Outbox
from tests import people
from tests.browser.conftest import axe, picture, sign_in
from tests.browser.test_foundation import Opener
from tests.payments.stories import earned, funded, payee
from tests.sandbox import LocalStripe, stripe

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db(transaction=True)
STOCK = ("heading-order", "empty-table-header")  # Django's own


@pytest.mark.parametrize("look", ["desktop", "phone", "dark"])
def test_what_waits_and_what_is_stuck(
    open_page: Opener, live_server: LiveServer, stripe: LocalStripe, look: str
) -> None:
    funded(stripe)
    earned(payee(stripe).user)
    stripe.fail("500_before")
    actions.make_payouts()
    actions.dispatch()
    Outbox.objects.update(state="needs_ops")
    stripe.sandbox._transaction(amount=9, type="moon_fee", source="mf_1", currency="usd", fee=0, available_on=0)
    day = actions.reconcile().started_at.date()
    people.lab("Otter Labs", confirmed=False, created_at=timezone.now() - timedelta(days=3))
    keep(hint=Hint("evt_poison", "transfer.created", "", "tr_gone", False), endpoint="platform", raw="{}", by=SYSTEM)
    actions.process()
    page = open_page(look)
    sign_in(page, people.ops(), live_server.url)
    row = Outbox.objects.get()
    places = {
        "index": "",
        "outbox": "payments/outbox/",
        "outbox-row": f"payments/outbox/{row.pk}/change/",
        "outbox-ask": f"payments/outbox/{row.pk}/do/dead/",
        "inbox": "payments/inboxevent/?came=failed",
        "day": f"payments/reconciliation/day/{day}/",
    }
    for name, path in places.items():
        page.goto(f"{live_server.url}/admin/{path}")
        picture(page, f"ops-{name}-{look}")
        if name == "outbox" and look == "phone":  # what ops can do is on the sheet, not beside it
            boxes = [link.bounding_box() for link in page.locator(".field-row_buttons a").all()]
            assert len(boxes) == 3
            assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
        assert [line for line in axe(page) if not line.startswith(STOCK)] == []
