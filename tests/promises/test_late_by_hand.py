"""Whoever is paid by hand was promised business days. What takes longer is said to them, to ops and to all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.jobs import send_notices
from accounts.models import Notice
from core.events import drain
from core.models import Event
from marketplace.desk import Tile, tiles
from payments import jobs, late
from payments.actions import confirm_lines, hold_payouts, make_batch, note_late_by_hand, note_late_pay
from payments.models import Batch, BatchLine, Earning, Payee
from payments.sealing import seal
from projects.models import Project
from tasks import queries_promises as promises
from tasks.actions import open_seats
from tests.payments.by_hand import DETAILS, confirm, told
from tests.payments.conftest import by_hand
from tests.payments.stories import earned, funded
from tests.people import api_client_for, expert, ops, sign_in, user
from tests.promises.test_late_pay import approved
from tests.sandbox import LocalStripe, stripe
from tests.tasks.scene import project
from tests.threads import at_once

__all__ = ["by_hand", "stripe"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_hand")]
LONG = timedelta(days=20)


def weeks_pass() -> None:
    """Everything that is there has been there for twenty days."""
    Earning.objects.update(booked_at=F("booked_at") - LONG)
    Batch.objects.update(made_at=F("made_at") - LONG)


def paid_by_hand(name: str = "Juan", country: str = "MX") -> Payee:
    """Whose bank details we have had for ever."""
    given = {"route": Payee.Route.MANUAL, "status": Payee.Status.READY, "bank_details": seal(DETAILS)}
    return Payee.objects.create(user=user(name), country=country, **given)


def tile() -> Tile:
    return next(tile for tile in tiles() if tile.title == "People to pay by hand")


@pytest.fixture
def line(stripe: LocalStripe) -> BatchLine:
    """Juan's $40.00 are in a batch, and the bank does not answer."""
    funded(stripe)
    earned(paid_by_hand().user)
    return make_batch(by=ops()).lines.select_related("batch").get()


def test_days_are_business_days(settings: Any) -> None:
    settings.QUORUM_MANUAL_DAYS = 2
    friday = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert late.by_hand_due(friday) == datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_a_batch_that_the_bank_does_not_answer_is_told_to_ops_once_by_notice_and_mail(line: BatchLine) -> None:
    ops("Petra")
    jobs.note_late_by_hand()
    assert not Event.objects.filter(name="batch.overdue").exists()
    weeks_pass()
    jobs.note_late_by_hand()
    jobs.note_late_by_hand()
    event = Event.objects.get(name="batch.overdue")
    assert (event.subject, event.data) == (
        line.batch.public_id,
        {"lines": 1, "amount": 4_000, "currency": "usd"},
    )
    drain()
    notice = Notice.objects.get(user=ops(), event=event)
    assert notice.title == f"The bank has not answered 1 transfer of {line.batch}"
    assert notice.body.startswith("$40.00 of the batch of ")
    send_notices()
    assert {tuple(sent.to) for sent in mail.outbox if line.batch.public_id in sent.subject} == {
        ("olu@people.example",),
        ("petra@people.example",),
    }
    assert not Event.objects.filter(name="pay.late_by_hand").exists()  # the batch speaks for what it carries
    confirm(line)
    assert late.overdue_batches() == []


def test_juan_reads_that_his_transfer_is_late_and_that_we_know(line: BatchLine, client: Client) -> None:
    sign_in(client, line.payee)
    earnings = reverse("payments:earnings")
    assert "is late" not in client.get(earnings).text
    weeks_pass()
    page = client.get(earnings).text
    assert "<strong><span" in page
    assert f'in transfer <span class="mono">{line}</span>, which our bank has not confirmed yet' in page
    assert "Our staff have been told" in page
    confirm(line)
    assert "is late" not in client.get(earnings).text


def test_pay_that_no_batch_takes_is_told_to_ops_once_a_day_and_to_juan(
    stripe: LocalStripe, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    funded(stripe)
    ops()
    earning = earned(paid_by_hand().user)
    assert not note_late_by_hand()
    assert (tile().figure, tile().tone) == (1, "")
    weeks_pass()
    assert tile().tone == "danger"
    assert [each.earning for each in late.late_by_hand(user("Juan"))] == [earning]
    assert late.late_by_hand(user("Emil")) == []
    jobs.note_late_by_hand()
    assert not note_late_by_hand()
    drain()
    notice = Notice.objects.get(user=ops(), event__name="pay.late_by_hand")
    assert notice.title == "1 payment is waiting longer for a batch than was promised"
    assert notice.body.startswith("$40.00 to Juan Castillo, due ")
    page = sign_in(client, user("Juan")).get(reverse("payments:earnings")).text
    assert "it is in no batch of transfers yet" in page
    tomorrow = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    assert note_late_by_hand()
    assert not note_late_pay()  # nobody promised Juan an hour


def test_the_desk_says_what_is_due_and_turns_red(line: BatchLine, client: Client) -> None:
    assert (tile().figure, tile().tone) == (1, "")
    assert "1 transfer without the bank's answer" in tile().words
    weeks_pass()
    assert tile().tone == "danger"
    sign_in(client, ops())
    assert "overdue" in client.get(tile().url).text
    confirm(line)
    assert (tile().figure, tile().tone, tile().words) == (0, "success", "Nobody waits.")
    page = client.get(tile().url).text
    assert "overdue" not in page


def test_whoever_is_held_or_must_mend_their_details_is_not_kept_waiting_by_us(stripe: LocalStripe) -> None:
    funded(stripe)
    row = paid_by_hand()
    earned(row.user)
    weeks_pass()
    assert len(late.late_by_hand()) == 1
    hold_payouts(payee=row.user, reason="We ask.", until=timezone.now() + timedelta(days=1), by=ops())
    assert late.late_by_hand() == []
    kofi = paid_by_hand("Kofi", "GH")
    earned(kofi.user, source="sub_kofi")
    weeks_pass()
    Payee.objects.filter(pk=kofi.pk).update(status=Payee.Status.RESTRICTED)
    assert late.late_by_hand() == []


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_say_it_once(line: BatchLine) -> None:
    weeks_pass()
    results = at_once(8, lambda _: jobs.note_late_by_hand())
    assert results == [None] * 8
    assert Event.objects.filter(name="batch.overdue").count() == 1


def test_a_batch_answered_while_the_sweep_looked_is_not_overdue(
    line: BatchLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks_pass()
    seen = late.overdue_batches()
    confirm(line)
    monkeypatch.setattr("payments.actions.lateness.overdue_batches", lambda: seen)
    jobs.note_late_by_hand()
    assert not Event.objects.filter(name="batch.overdue").exists()


# --- what is published ------------------------------------------------------------------------------------------------


def answered(ice: Project, number: int) -> None:
    """So many of Juan's answers are approved, put into one batch and paid."""
    for _ in range(number):
        approved("Juan", timedelta(0), ice)
    batch = make_batch(by=ops())
    confirm_lines(batch=batch, told=[told(line) for line in batch.lines.all()], by=ops())


def test_pay_by_hand_has_figures_of_its_own_and_is_no_transfer_of_an_hour(stripe: LocalStripe, client: Client) -> None:
    ice = paid_project(stripe, 7)
    paid_by_hand()
    answered(ice, 5)
    kept = promises.of_project(ice)
    assert (kept.pay.n, kept.late_pay, kept.by_hand.n, kept.late_by_hand, kept.missed) == (0, 0, 5, 0, 0)
    assert kept.by_hand.median is not None
    address = reverse("tasks:offer", args=[ice.public_id])
    page = sign_in(client, expert("Noor", country="DE").user).get(address).text
    assert "Approved to sent, by hand" in page
    assert "By hand" in sign_in(client, user("Mina")).get(reverse("tasks:project", args=[ice.public_id])).text
    waiting = approved("Juan", timedelta(0), ice)
    assert promises.of_project(ice).late_by_hand == 0
    Earning.objects.filter(pk=waiting.pk).update(booked_at=F("booked_at") - LONG)
    waiting.refresh_from_db()
    kept = promises.of_project(ice)
    assert (kept.late_pay, kept.late_by_hand, kept.missed) == (0, 1, 1)
    assert kept.misses == (promises.Miss("late_by_hand", late.by_hand_due(waiting.booked_at)),)
    assert kept.misses[0].words == "not paid by hand"
    assert (
        "1 paid late by hand" in sign_in(client, user("Mina")).get(reverse("tasks:project", args=[ice.public_id])).text
    )
    api = api_client_for(user("Ada"), ice.lab)
    said = api.get(f"/api/v1/projects/{ice.public_id}/promises/").json()["project"]
    assert (said["by_hand"]["n"], said["missed"]["late_by_hand"], said["missed"]["late_pay"]) == (5, 1, 0)


def test_where_nobody_is_paid_by_hand_nothing_is_said_of_it(client: Client) -> None:
    ice = project(1)
    page = sign_in(client, expert("Noor", country="DE").user).get(reverse("tasks:offer", args=[ice.public_id])).text
    assert "by hand" not in page


def paid_project(stripe: LocalStripe, tasks: int) -> Project:
    """Its money came through Stripe, so that payouts find a funding to draw on."""
    ice = project(tasks, seats_for=0)
    funded(stripe, 50_000, ref=ice.public_id)
    open_seats(project=ice, by=user("Mina"))
    return ice
