"""An hour after approval ops hear what is not sent, the oldest first; what was missed stays published with its date."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notice
from core.events import drain
from core.models import Event
from payments import jobs
from payments.actions import hold_payouts, note_late_pay
from payments.late import late_pay
from payments.models import Earning, Payee
from projects.models import Project
from tasks import queries_promises as promises
from tasks.actions import accept
from tests.people import ops, sign_in, user
from tests.promises.test_promises import can_be_paid, sent
from tests.tasks.scene import handed_in, project
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def approved(name: str, ago: timedelta, on: Project | None = None) -> Earning:
    """Rosa approved it so long ago; nothing was sent since."""
    work = accept(submission=handed_in(on or project(1), name), by=user("Rosa"))
    Earning.objects.filter(source=work.public_id).update(booked_at=timezone.now() - ago)
    return Earning.objects.get(source=work.public_id)


def an_hour_passes(monkeypatch: pytest.MonkeyPatch, minutes: int = 61) -> datetime:
    later = timezone.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(timezone, "now", lambda: later)
    return later


def test_pay_is_late_an_hour_after_approval_and_the_oldest_stands_first() -> None:
    can_be_paid("Emil")
    can_be_paid("Farah")
    approved("Emil", timedelta(minutes=59))
    assert late_pay() == []
    older = approved("Farah", timedelta(hours=3))
    younger = approved("Emil", timedelta(hours=2))
    assert [late.earning for late in late_pay()] == [older, younger]
    assert late_pay()[0].due == older.booked_at + timedelta(hours=1)


def test_who_cannot_be_paid_yet_is_not_kept_waiting_by_us() -> None:
    approved("Emil", timedelta(hours=3))
    assert late_pay() == []
    can_be_paid("Emil")
    Event.objects.create(name="payee.ready", subject=Payee.objects.get().public_id)
    assert late_pay() == []  # an hour from now on


def test_a_hold_is_no_late_pay() -> None:
    can_be_paid("Emil")
    approved("Emil", timedelta(hours=3))
    assert len(late_pay()) == 1
    hold_payouts(payee=user("Emil"), reason="We ask your bank.", until=timezone.now() + timedelta(days=1), by=ops())
    assert late_pay() == []


@pytest.mark.broken_books("a transfer that no outbox sent")
def test_what_was_sent_is_late_no_more_and_stays_a_published_miss_with_its_date() -> None:
    ice = project(1)
    can_be_paid("Emil")
    earning = approved("Emil", timedelta(hours=3), ice)
    missed = promises.Miss("late_pay", earning.booked_at + timedelta(hours=1))
    assert promises.of_project(ice).misses == (missed,)
    sent(earning, timedelta(hours=2))
    assert late_pay() == []
    assert promises.of_project(ice).misses == (missed,)


def test_ops_hear_at_once_then_each_hour_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    can_be_paid("Emil")
    both = [ops("Olu"), ops("Petra")]
    jobs.note_late_pay()
    assert not Event.objects.filter(name="pay.late").exists()
    first, second = approved("Emil", timedelta(hours=3)), approved("Emil", timedelta(hours=2))
    jobs.note_late_pay()
    jobs.note_late_pay()
    event = Event.objects.get(name="pay.late")
    assert (event.subject, event.data["late"]) == (first.public_id, 2)
    assert [named["earning"] for named in event.data["oldest"]] == [first.public_id, second.public_id]
    drain()
    assert Notice.objects.filter(user__in=both).count() == 2
    told = Notice.objects.get(user=ops("Olu"))
    assert told.title == "2 payments are later than an hour"
    assert told.body.splitlines()[0].startswith("$10.00 to Emil Sørensen, due ")
    an_hour_passes(monkeypatch)
    assert note_late_pay()
    assert Event.objects.filter(name="pay.late").count() == 2


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_say_it_once() -> None:
    can_be_paid("Emil")
    approved("Emil", timedelta(hours=3))
    assert sorted(map(str, at_once(8, lambda _: note_late_pay()))) == ["False"] * 7 + ["True"]


def test_the_desk_shows_what_is_late(client: Client) -> None:
    can_be_paid("Emil")
    late, fresh = approved("Emil", timedelta(hours=3)), approved("Emil", timedelta(minutes=1))
    sign_in(client, ops())
    desk = reverse("admin:payments_earning_changelist")
    page = client.get(desk, {"late": "yes"}).text
    assert late.public_id in page
    assert fresh.public_id not in page
    assert fresh.public_id in client.get(desk).text
