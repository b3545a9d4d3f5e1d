"""What Quorum promises experts, a story for each. Clocks run by moving what the work remembers into the past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.errors import Refused
from experts.models import Expert
from payments.actions import hold_payouts, pay_out
from payments.models import Account, Allocation, Earning, Funding, Hold, Payee, Payout, Posting
from payments.queries import owed_payees
from projects.actions import close_project, edit_project, pause_project
from projects.models import Project
from tasks import queries_promises as promises
from tasks.actions import NothingToClaim, accept, appeal, auto_accept_due, overturn_unanswered_due, reject, submit
from tasks.models import Review, Seat, Submission
from tests.people import api_client_for, expert, ops, sign_in, user
from tests.tasks.scene import FEE, PAY, answer, claimed, fresh, handed_in, money, owed, pass_time, project

pytestmark = pytest.mark.django_db


def sent(earning: Earning, after: timedelta) -> None:
    """Its transfer was made so long after the approval."""
    moment = earning.booked_at + after
    funding = Funding.objects.create(
        ref=earning.ref, lab=user("Mina").labs.get(), title="Funds", amount=earning.pay, currency="usd"
    )
    payout = Payout.objects.create(
        payee=earning.payee,
        funding=funding,
        amount=earning.pay,
        currency="usd",
        status="sent",
        transfer_id=f"tr_{earning.pk}",
        sent_at=moment,
    )
    Allocation.objects.create(earning=earning, funding=funding, payout=payout, amount=earning.pay)


def can_be_paid(name: str) -> None:
    Payee.objects.create(user=user(name), country="DE", status=Payee.Status.READY)


def test_funded_before_you_start() -> None:
    ice = project(2, seats_for=1)
    assert money(ice) == (0, PAY + FEE)
    claimed(ice, "Emil")
    with pytest.raises(NothingToClaim):
        claimed(ice, "Farah")


def test_a_decision_that_nobody_makes_in_time_is_a_yes_and_a_published_miss(client: Client) -> None:
    ice = project(1)
    work = pass_time(handed_in(ice), days=10)
    assert promises.of_project(ice).overdue == 1
    assert auto_accept_due() == 1
    assert fresh(work).status == Submission.Status.ACCEPTED
    assert owed(work.expert) == PAY
    kept = promises.of_project(ice)
    assert (kept.overdue, kept.by_clock.count, kept.undecided, kept.missed) == (0, 1, 1, 1)
    assert [(miss.what, miss.words) for miss in kept.misses] == [("undecided", "not decided")]
    page = sign_in(client, work.expert.user).get(reverse("tasks:offer", args=[ice.public_id])).text
    assert f"not decided by {kept.misses[0].at:%-d %b %Y, %H:%M} UTC" in page


@pytest.mark.broken_books("these payouts are scenery that no outbox delivered")
def test_a_transfer_within_the_hour_keeps_the_promise_and_a_later_one_is_a_published_miss() -> None:
    ice = project(2)
    can_be_paid("Emil")
    first, second = handed_in(ice), handed_in(ice)
    for work, after in ((first, timedelta(minutes=20)), (second, timedelta(hours=3))):
        accept(submission=work, by=user("Rosa"))
        sent(Earning.objects.get(source=work.public_id), after)
    assert (promises.of_project(ice).pay.n, promises.of_project(ice).late_pay) == (2, 1)


def test_pay_that_is_not_sent_after_an_hour_is_a_miss_already(monkeypatch: pytest.MonkeyPatch) -> None:
    ice = project(1)
    can_be_paid("Emil")
    accept(submission=handed_in(ice), by=user("Rosa"))
    assert promises.of_project(ice).late_pay == 0
    later = timezone.now() + timedelta(minutes=61)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert promises.of_project(ice).late_pay == 1
    Payee.objects.filter(user=user("Emil")).update(status=Payee.Status.RESTRICTED)
    assert promises.of_project(ice).late_pay == 0  # Stripe waits for Emil, not Emil for us


def test_good_faith_work_that_fails_earns_half_at_least() -> None:
    ice = project(1)
    work = handed_in(ice)
    reject(submission=work, by=user("Rosa"), reason="incorrect", note="The lattice is wrong.")
    assert owed(work.expert) == PAY // 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.filter(pk=ice.pk).update(partial_pay_percent=49)


def test_the_rate_of_a_claimed_seat_cannot_fall() -> None:
    ice = project(1)
    work = claimed(ice)
    with pytest.raises(Exception, match="cannot change now"):
        edit_project(project=ice, pay=PAY // 2, by=user("Mina"))
    Project.objects.filter(pk=ice.pk).update(pay=PAY // 2, fee=FEE // 2)  # behind every rule's back
    assert fresh(work.seat).pay == PAY
    for less in ({"pay": PAY - 1}, {"currency": "jpy"}):
        with pytest.raises(IntegrityError, match="cannot fall"), transaction.atomic():
            Seat.objects.filter(pk=work.seat_id).update(**less)
    accept(submission=submit(submission=work, response=answer(), by=work.expert.user), by=user("Rosa"))
    assert owed(work.expert) == PAY
    with pytest.raises(IntegrityError, match="cannot fall"), transaction.atomic():
        Seat.objects.filter(pk=work.seat_id).update(pay=1)


def test_the_decision_clock_cannot_be_stretched_or_taken_away() -> None:
    ice = project(1)
    work = handed_in(ice)
    for days in (0, 8):
        with pytest.raises(IntegrityError, match="clock_1_to_7"), transaction.atomic():
            Project.objects.filter(pk=ice.pk).update(decision_days=days)
    with pytest.raises(Exception, match="cannot change now"):
        edit_project(project=ice, decision_days=7, by=user("Mina"))
    with pytest.raises(IntegrityError, match="submitted_has_clock"), transaction.atomic():
        Submission.objects.filter(pk=work.pk).update(decide_by=None)
    with pytest.raises(IntegrityError, match="reject_by_a_person"), transaction.atomic():  # the clock only says yes
        Review.objects.create(submission=work, verdict="reject", reason="incorrect", note="The clock ran out.")


@pytest.mark.parametrize("end", [close_project, pause_project])
def test_the_clock_of_a_closed_or_paused_project_goes_on(end: Callable[..., Project]) -> None:
    ice = project(1)
    work = handed_in(ice)
    end(project=ice, by=user("Mina"))
    pass_time(work, days=10)
    assert auto_accept_due() == 1
    assert owed(work.expert) == PAY


@pytest.mark.parametrize("end", [close_project, pause_project])
def test_closing_or_pausing_pays_what_was_claimed(end: Callable[..., Project]) -> None:
    ice = project(2)
    work = claimed(ice)
    end(project=ice, by=user("Mina"))
    accept(submission=submit(submission=work, response=answer(), by=work.expert.user), by=user("Rosa"))
    assert owed(work.expert) == PAY


def test_leaving_or_suspension_forfeits_nothing() -> None:
    ice = project(2)
    work, waiting = handed_in(ice), handed_in(ice)
    can_be_paid("Emil")
    accept(submission=work, by=user("Rosa"))
    user("Emil", is_active=False)
    assert [payee.user.name for payee in owed_payees()] == ["Emil Sørensen"]
    assert owed(work.expert) == PAY
    accept(submission=waiting, by=user("Rosa"))  # what was handed in before is decided and paid like any other
    assert owed(work.expert) == 2 * PAY


def test_what_was_earned_cannot_be_taken_back_by_hand() -> None:
    accept(submission=handed_in(project(1)), by=user("Rosa"))
    entry = Earning.objects.get().entry_id
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Posting.objects.filter(entry=entry).delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Account.objects.filter(kind="expert_payable").update(balance=0)
    with pytest.raises(ProtectedError), transaction.atomic():
        user("Emil").delete()


def test_a_suspended_experts_money_waits_only_with_a_reason_they_read_and_a_clock_that_ends() -> None:
    accept(submission=handed_in(project(1)), by=user("Rosa"))
    can_be_paid("Emil")
    user("Emil", is_active=False)
    in_a_week = timezone.now() + timedelta(days=6)
    with pytest.raises(Refused, match="Say why"):
        hold_payouts(payee=user("Emil"), reason=" ", until=in_a_week, by=ops())
    with pytest.raises(Refused, match="within seven days"):
        hold_payouts(payee=user("Emil"), reason="We ask your bank.", until=in_a_week + timedelta(days=9), by=ops())
    with pytest.raises(IntegrityError, match="hold_of_a_week"), transaction.atomic():
        Hold.objects.create(
            payee=user("Emil"),
            reason="For good.",
            placed_by=ops(),
            placed_at=timezone.now(),
            ends_at=timezone.now() + timedelta(days=365),
        )
    hold_payouts(payee=user("Emil"), reason="We ask your bank.", until=in_a_week, by=ops())
    assert pay_out(payee=user("Emil").payee) == []
    assert owed(Expert.objects.get(user=user("Emil"))) == PAY
    Hold.objects.update(placed_at=F("placed_at") - timedelta(days=6), ends_at=timezone.now())
    assert not Hold.objects.active().exists()  # nobody had to lift it
    assert [payee.user.name for payee in owed_payees()] == ["Emil Sørensen"]


def test_an_appeal_that_nobody_answers_is_won_and_a_published_miss() -> None:
    ice = project(1)
    work = handed_in(ice)
    rejected = reject(submission=work, by=user("Rosa"), reason="incorrect", note="Wrong.")
    opened = appeal(submission=rejected, words="The lattice is right.", by=work.expert.user)
    type(opened).objects.filter(pk=opened.pk).update(answer_by=timezone.now())
    assert overturn_unanswered_due() == 1
    kept = promises.of_project(ice)
    assert (kept.unanswered, kept.overturned.count, kept.rejected.count) == (1, 1, 1)
    assert owed(work.expert) == PAY


# --- What is published ------------------------------------------------------------------------------------------------


def decided(ice: Project, names: tuple[str, ...] = ("Emil",) * 5) -> None:
    """Rosa accepted these answers two hours after each was handed in; each took ten measured minutes."""
    for name in names:
        work = handed_in(ice, name)
        Submission.objects.filter(pk=work.pk).update(active_seconds=600)
        accept(submission=work, by=user("Rosa"))
        at = Review.objects.get(submission=work).at
        Submission.objects.filter(pk=work.pk).update(submitted_at=at - timedelta(hours=2))


def test_four_answers_are_not_enough_to_speak_of_and_five_are() -> None:
    ice = project(5)
    decided(ice, ("Emil",) * 4)
    few = promises.of_project(ice)
    assert (few.decision, few.hourly, few.rejected.percent) == (promises.Spread(4, None, None), None, None)
    decided(ice, ("Emil",))
    enough = promises.of_project(ice)
    assert enough.decision == promises.Spread(5, timedelta(hours=2), timedelta(hours=2))
    assert (enough.measured, enough.hourly) == (5, 6 * PAY)
    assert (enough.rejected.percent, enough.by_clock.percent, enough.missed) == (0, 0, 0)


def test_a_labs_figures_span_its_projects() -> None:
    ice, snow = project(3), project(2)
    decided(ice, ("Emil",) * 3)
    decided(snow, ("Emil",) * 2)
    assert promises.of_lab(ice.lab).decision == promises.Spread(5, timedelta(hours=2), timedelta(hours=2))


def test_experts_read_the_figures_before_they_apply(client: Client) -> None:
    ice = project(6)
    noor = expert("Noor", country="DE")
    page = sign_in(client, noor.user).get(reverse("tasks:offer", args=[ice.public_id])).text
    assert "How promises were kept" in page
    assert page.count("Not enough data yet") == 14
    decided(ice)
    page = client.get(reverse("tasks:offer", args=[ice.public_id])).text
    assert "2 h, 2 h" in page
    assert "$60.00" in page
    assert page.count("Not enough data yet") == 4  # appeals and transfers, of the project and of its lab


def test_the_page_with_the_figures_takes_few_statements(client: Client) -> None:
    ice = project(6)
    decided(ice)
    address = reverse("tasks:offer", args=[ice.public_id])
    sign_in(client, expert("Noor", country="DE").user).get(address)
    with CaptureQueriesContext(connection) as seen:
        client.get(address)
    assert len(seen) <= 12, [query["sql"][:90] for query in seen.captured_queries]


def test_the_api_gives_the_figures_with_their_n() -> None:
    ice = project(6)
    noor = expert("Noor", country="DE")
    decided(ice)
    api = api_client_for(noor.user)
    address = api.get(f"/api/v1/offers/{ice.public_id}/").json()["promises"]
    kept = api.get(address).json()
    assert kept["project"]["decision"] == {"n": 5, "median_seconds": 7_200, "p95_seconds": 7_200}
    assert kept["lab"]["overturned"] == {"n": 0, "percent": None}
    assert kept["project"]["pay"] == {"n": 0, "median_seconds": None, "p95_seconds": None}
    assert kept["project"]["by_hand"] == {"n": 0, "median_seconds": None, "p95_seconds": None}
    assert kept["project"]["missed"] == {
        "total": 0, "undecided": 0, "late_pay": 0, "late_by_hand": 0, "unanswered": 0, "latest": [],
    }  # fmt: skip
    assert kept["project"]["nothing"] == {"n": 5, "percent": 0}
    assert kept["project"]["made_up"] == {"n": 1, "count": 0, "amount": 0, "owed": 0}
    assert kept["project"]["since"] <= kept["project"]["until"]
    ada = api_client_for(user("Ada"), ice.lab)
    assert ada.get(f"/api/v1/projects/{ice.public_id}/").json()["promises"] == address
    close_project(project=ice, by=user("Mina"))
    assert api.get(address).status_code == 404
    assert ada.get(address).status_code == 200


def test_the_figures_read_a_window_however_much_was_ever_done(monkeypatch: pytest.MonkeyPatch) -> None:
    ice = project(5)
    decided(ice)
    monkeypatch.setattr(promises, "SAMPLE", 2)
    assert promises.of_project(ice).decision.n == 2
