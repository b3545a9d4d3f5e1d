"""The least an hour: Emil's week is measured, and made up from the project's funds where it paid less."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Notice
from core.actors import SYSTEM
from core.errors import Refused
from core.events import drain
from payments import actions as payments
from payments import jobs as payments_jobs
from payments.errors import InsufficientFunds
from payments.models import Due, Earning
from payments.queries import free_funds_locked, owed_first
from projects.actions import close_project, create_project, edit_project, fund_project, open_project
from projects.models import Project
from projects.policies import unfinished
from tasks import jobs
from tasks import queries_promises as promises
from tasks.actions import accept, make_up_weeks, open_seats, reject, weeks
from tasks.measured import MOST, counted, lacking
from tasks.models import Seat, Submission
from tests.books import contradictions
from tests.people import api_client_for, lab, ops, sign_in, user
from tests.tasks.scene import FEE, PAY, add_tasks, fresh, fund, handed_in, money, owed, project
from tests.threads import at_once

pytestmark = pytest.mark.django_db

LEAST = 4_000  # an hour: what $10.00 for the usual fifteen minutes come to


def monday(weeks_ago: int = 1) -> date:
    today = timezone.now().astimezone(UTC).date()
    return today - timedelta(days=today.weekday(), weeks=weeks_ago)


def in_week(work: Submission, minutes: float, weeks_ago: int = 1) -> Submission:
    """It took so long by the browser's clock, and was accepted on the Wednesday of that week."""
    day = datetime.combine(monday(weeks_ago), datetime.min.time(), UTC) + timedelta(days=2)
    Submission.objects.filter(pk=work.pk).update(active_seconds=round(minutes * 60), decided_at=day)
    found: Submission = fresh(work)
    return found


def worked(ice: Project, *minutes: float, name: str = "Emil", weeks_ago: int = 1) -> list[Submission]:
    return [in_week(accept(submission=handed_in(ice, name), by=user("Rosa")), took, weeks_ago) for took in minutes]


def floor_project(tasks: int = 3, *, spare: int = 100_000, **fields: Any) -> Project:
    """Every task has its seat, and `spare` stays free."""
    ice = project(tasks, min_hourly=LEAST, **fields)
    fund(ice, spare)
    return ice


def test_a_week_that_paid_too_little_is_made_up_once_from_the_projects_funds() -> None:
    ice = floor_project(3)
    works = worked(ice, 20, 25, 30)  # 75 minutes for $30.00: $24.00 an hour
    assert make_up_weeks() == 1
    due = Due.objects.get()
    assert (due.amount, due.status, due.since) == (2_000, Due.Status.PAID, monday())
    assert due.memo == f"Made up to $40.00 an hour, week of {monday():%-d %b %Y}: 3 answers, 75 min measured"
    assert str(due) == due.public_id
    earning = due.earning
    assert earning is not None
    assert (earning.kind, earning.pay, earning.fee, earning.source) == ("minimum", 2_000, 0, works[-1].public_id)
    assert (owed(works[0].expert), money(ice)) == (3 * PAY + 2_000, (98_000, 0))
    assert make_up_weeks() == 0
    assert owed(works[0].expert) == 3 * PAY + 2_000
    assert contradictions() == []
    drain()
    assert Notice.objects.get(user=user("Emil"), title="$20.00 more is yours").body == f"{due.memo}."
    assert not Notice.objects.filter(title__contains="owe").exists()  # it was paid at once


def test_quick_answers_make_slow_ones_up() -> None:
    worked(floor_project(3), 5, 10, 28)
    assert make_up_weeks() == 0


def test_one_answer_counts_for_twice_its_usual_time_at_most() -> None:
    worked(floor_project(1), 5_000)
    assert make_up_weeks() == 1
    assert Due.objects.get().amount == lacking(floor=LEAST, seconds=MOST * 15 * 60, earned=PAY) == PAY


def test_the_week_that_runs_and_work_that_is_not_accepted_wait() -> None:
    ice = floor_project(3)
    worked(ice, 29, weeks_ago=0)
    in_week(reject(submission=handed_in(ice), by=user("Rosa"), reason="incorrect", note="Wrong."), 29)
    in_week(handed_in(ice), 29)
    assert make_up_weeks() == 0
    assert not Due.objects.exists()


def test_a_project_that_promises_nothing_makes_nothing_up() -> None:
    worked(project(1), 30)
    assert make_up_weeks() == 0


COPIES = """
    CREATE TEMP TABLE copy ON COMMIT DROP AS SELECT row.*, nth FROM {table} row, generate_series(1, 3000) nth;
    UPDATE copy SET id = id + nth, public_id = left(public_id, 4) || lpad(nth::text, 16, 'a'), {other};
    ALTER TABLE copy DROP COLUMN nth;
    INSERT INTO {table} SELECT * FROM copy;
    DROP TABLE copy;
    ANALYZE {table};
"""


def test_the_sweep_reads_the_weeks_it_looks_at_by_when_work_was_accepted() -> None:
    """Not every answer that there ever was: here are those of four years."""
    worked(floor_project(1), 30)
    given: dict[str, Any] = {"most": MOST, "since": monday(8), "until": monday(0)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(COPIES.format(table="tasks_seat", other="task_id = task_id + nth"))
        dated = "seat_id = seat_id + nth, decided_at = decided_at - nth * interval '12 hours'"
        cursor.execute(COPIES.format(table="tasks_submission", other=dated))
        cursor.execute(f"EXPLAIN {weeks._WEEKS}", given)
        plan = "".join(line for (line,) in cursor.fetchall())
        transaction.set_rollback(True)
    assert "Index Scan using accepted_at" in plan or "on accepted_at" in plan
    assert "Seq Scan on tasks_submission" not in plan


def test_people_projects_and_weeks_are_counted_apart() -> None:
    ice, snow = floor_project(4), floor_project(1)
    worked(ice, 30)
    worked(ice, 30, weeks_ago=2)
    worked(ice, 3, 30, name="Farah")  # $20.00 for 33 minutes
    worked(snow, 24)
    jobs.make_up_weeks()  # what was missed for a week is made up as well
    found = Due.objects.order_by("since", "amount").values_list("payee__name", "ref", "since", "amount")
    assert list(found) == [
        ("Emil Sørensen", ice.public_id, monday(2), 1_000),
        ("Farah Siddiqui", ice.public_id, monday(), 200),
        ("Emil Sørensen", snow.public_id, monday(), 600),
        ("Emil Sørensen", ice.public_id, monday(), 1_000),
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.integers(min_value=0, max_value=4_000), min_size=4, max_size=4))
def test_any_week_is_made_up_to_the_cent_and_no_further(_four_answers: list[Submission], times: list[int]) -> None:
    with transaction.atomic():
        for work, seconds in zip(_four_answers, times, strict=True):
            Submission.objects.filter(pk=work.pk).update(active_seconds=seconds)
        make_up_weeks()
        make_up_weeks()
        seconds = sum(counted(each, 15) for each in times)
        added = lacking(floor=LEAST, seconds=seconds, earned=4 * PAY)
        assert [due.amount for due in Due.objects.all()] == [added] * bool(added)
        assert owed(_four_answers[0].expert) == 4 * PAY + added
        transaction.set_rollback(True)


@pytest.fixture
def _four_answers() -> list[Submission]:
    return worked(floor_project(4), 1, 1, 1, 1)


# --- Where the funds do not reach -------------------------------------------------------------------------------------


def short_of_funds(*minutes: float, spare: int = 500) -> Project:
    ice = floor_project(len(minutes), spare=spare)
    worked(ice, *minutes)
    make_up_weeks()
    return ice


def test_what_the_funds_do_not_reach_is_owed_and_both_sides_are_told() -> None:
    ice = short_of_funds(30)
    due = Due.objects.get()
    assert (due.status, due.amount, owed_first(ice.public_id)) == (Due.Status.OWED, 1_000, 1_000)
    assert not Earning.objects.filter(kind="minimum").exists()
    drain()
    told = Notice.objects.get(user=user("Mina"), title="Why ice floats owes an expert $10.00")
    assert "Until then no new seat opens and no funds go back." in told.body
    assert Notice.objects.filter(user=user("Emil"), title__startswith="$10.00 is owed to you").exists()


def test_what_is_owed_is_paid_before_any_seat_opens_and_before_funds_go_back() -> None:
    ice = short_of_funds(30)
    add_tasks(ice, 1)
    fund(ice, PAY + FEE - 1)  # $16.99 free, $10.00 owed: no $12.00 seat
    assert free_funds_locked(ice.public_id) == 699
    assert open_seats(project=ice, by=SYSTEM) == 0
    with pytest.raises(InsufficientFunds, match="owed to experts"):
        payments.refund_funds(ref=ice.public_id, lab=ice.lab, amount=700, currency="usd", by=user("Ada"))
    payments_jobs.pay_dues()
    assert payments.pay_all_dues() == 0
    assert (Due.objects.get().status, money(ice)[0]) == (Due.Status.PAID, 699)
    fund(ice, PAY + FEE)
    assert open_seats(project=ice, by=SYSTEM) == 1
    assert contradictions() == []


def test_the_oldest_is_paid_first_and_whole() -> None:
    ice = floor_project(2, spare=0)
    worked(ice, 30, weeks_ago=2)
    worked(ice, 18)
    make_up_weeks()
    fund(ice, 999)  # enough for the younger one ($2.00), not for the older one ($10.00)
    assert payments.pay_dues(ref=ice.public_id) == 0
    fund(ice, 1)
    assert payments.pay_dues(ref=ice.public_id) == 1
    assert list(Due.objects.order_by("since").values_list("status", flat=True)) == ["paid", "owed"]
    fund(ice, 200)
    payments.pay_all_dues()
    assert owed_first(ice.public_id) == 0


def test_a_closed_project_takes_funds_while_it_owes() -> None:
    ice = short_of_funds(30)
    close_project(project=ice, by=user("Mina"))
    back = "http://testserver/"
    asked: dict[str, Any] = {"amount": 5_000, "success_url": back, "cancel_url": back, "by": user("Mina")}
    assert fund_project(project=ice, **asked).amount == 5_000
    fund(ice, 500)
    payments.pay_all_dues()
    with pytest.raises(Refused, match="no more funds"):
        fund_project(project=ice, **asked)
    drain()
    assert not Notice.objects.filter(title__contains="owes an expert").exists()  # nothing is owed any more


def test_a_due_of_nobodys_project_warns_no_lab() -> None:
    given: dict[str, Any] = {"source": "sub_x", "kind": "minimum", "amount": 5, "currency": "usd", "memo": "Made up"}
    payments.owe(ref="prj_nobodys", payee=user("Emil"), since=monday(), by=SYSTEM, **given)
    drain()
    assert Notice.objects.get().user == user("Emil")


# --- What PostgreSQL refuses, and races -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"status": "paid"}, "due_is_paid_by_an_earning"),
        ({"amount": 0}, "due_is_positive"),
    ],
)
def test_a_due_is_not_written_off(change: dict[str, Any], rule: str) -> None:
    short_of_funds(30)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        Due.objects.update(**change)


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_make_a_week_up_once() -> None:
    ice = floor_project(4)
    for name in ("Emil", "Farah"):
        worked(ice, 30, 30, name=name)
    answers = at_once(8, lambda _: make_up_weeks())
    assert not [each for each in answers if isinstance(each, Exception)]
    assert sorted(Due.objects.values_list("payee__name", "status", "amount")) == [
        ("Emil Sørensen", "paid", 2_000),
        ("Farah Siddiqui", "paid", 2_000),
    ]
    assert Earning.objects.filter(kind="minimum").count() == 2
    assert contradictions() == []


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_without_the_look_before_the_database_still_keeps_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: every sweep books for itself, and the unique constraint refuses all but one."""
    worked(floor_project(1), 30)

    looked = Barrier(8)

    def always(defaults: dict[str, Any], **key: Any) -> tuple[Due, bool]:
        looked.wait(30)  # all eight have found the week short
        return Due.objects.create(**key, **defaults), True

    monkeypatch.setattr(Due.objects, "get_or_create", always)
    answers = at_once(8, lambda _: make_up_weeks())
    assert any(isinstance(each, IntegrityError) for each in answers)
    assert Due.objects.count() == 1


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_acceptances_and_dues_of_one_project_do_not_wait_in_a_circle() -> None:
    ice = floor_project(12, spare=0)
    worked(ice, 30)
    waiting = [handed_in(ice, name) for name in ("Farah", "Noor") for _ in range(2)]
    make_up_weeks()
    fund(ice, 1_000)
    acts: list[Callable[[], Any]] = [lambda: payments.pay_dues(ref=ice.public_id) for _ in range(4)]
    acts += [partial(accept, submission=work, by=user("Rosa")) for work in waiting]
    answers = at_once(len(acts), lambda number: acts[number]())
    assert not [each for each in answers if isinstance(each, Exception)]
    assert Due.objects.get().status == Due.Status.PAID
    assert contradictions() == []


# --- The least that a project promises --------------------------------------------------------------------------------


def test_every_new_project_promises_the_platforms_least_and_may_promise_more() -> None:
    ice = create_project(lab=lab(), title="Ice", kind="preference", by=user("Mina"), pay=PAY, minutes=15)
    assert ice.min_hourly == 3_000
    with pytest.raises(Refused, match=r"is \$30.00 an hour"):
        edit_project(project=ice, by=user("Mina"), min_hourly=2_999)
    ice = edit_project(project=ice, by=user("Mina"), min_hourly=4_500)
    assert "The pay is $40.00 an hour; the least here is $45.00." in [fault.message for fault in unfinished(ice)]
    Project.objects.filter(pk=ice.pk).update(min_hourly=0)  # made before there was a least
    assert edit_project(project=ice, by=user("Mina"), title="Old ice").min_hourly == 0


def test_a_project_below_its_own_least_does_not_open_and_an_open_one_keeps_it() -> None:
    ice = project(1, status="draft", min_hourly=LEAST + 1)
    with pytest.raises(Refused, match="the least here is"):
        open_project(project=ice, by=user("Mina"))
    with pytest.raises(Refused, match="cannot change now"):
        edit_project(project=floor_project(1), by=user("Mina"), min_hourly=3_000)


def test_postgresql_lets_nobody_lower_it_once_a_seat_is_claimed() -> None:
    ice = floor_project(2)
    Project.objects.filter(pk=ice.pk).update(min_hourly=LEAST - 1)  # nobody has looked at it yet
    Project.objects.filter(pk=ice.pk).update(min_hourly=LEAST)
    worked(ice, 10)
    with pytest.raises(IntegrityError, match="it cannot fall"), transaction.atomic():
        Project.objects.filter(pk=ice.pk).update(min_hourly=LEAST - 1)
    Project.objects.filter(pk=ice.pk).update(min_hourly=LEAST + 1)


# --- What people see --------------------------------------------------------------------------------------------------


def test_emil_reads_the_least_before_and_what_is_owed_after(client: Client) -> None:
    ice = short_of_funds(30)
    sign_in(client, user("Emil"))
    offer = client.get(reverse("tasks:offer", args=[ice.public_id])).text
    assert "of measured time, over each week’s accepted answers" in offer
    assert "at most 30 min" in offer
    page = client.get("/earnings/").text
    assert "is owed to you." in page
    assert "The project’s funds do not reach yet" in page
    fund(ice, 500)
    payments.pay_all_dues()
    page = client.get("/earnings/?kind=minimum").text
    assert "is owed to you" not in page
    assert "Made up to $40.00 an hour, week of" in page
    assert "The last of the week’s answers" in page


def test_mina_reads_what_is_owed_and_what_was_paid(client: Client) -> None:
    ice = short_of_funds(30)
    sign_in(client, user("Mina"))
    page = client.get(reverse("tasks:spend", args=[ice.public_id])).text
    assert "Owed, add funds" in page
    assert "Weeks whose measured time paid an expert less" in page
    assert "made up from your free funds" in client.get(reverse("tasks:settings", args=[ice.public_id])).text
    fund(ice, 500)
    payments.pay_all_dues()
    assert "Paid from your funds" in client.get(reverse("tasks:spend", args=[ice.public_id])).text


def test_the_weeks_made_up_and_what_is_owed_are_published() -> None:
    ice = short_of_funds(30)
    assert promises.of_project(ice).made_up == promises.MadeUp(n=1, count=1, amount=1_000, owed=1_000)
    fund(ice, 500)
    payments.pay_all_dues()
    assert promises.of_lab(ice.lab).made_up == promises.MadeUp(n=1, count=1, amount=1_000, owed=0)
    kept = api_client_for(user("Ada"), ice.lab).get(f"/api/v1/projects/{ice.public_id}/promises/").json()
    assert kept["project"]["made_up"] == {"n": 1, "count": 1, "amount": 1_000, "owed": 0}


def test_ops_see_what_waits(client: Client) -> None:
    short_of_funds(30)
    page = sign_in(client, ops()).get(reverse("admin:payments_due_changelist")).text
    assert Due.objects.get().public_id in page


def test_the_api_names_the_least_to_both_sides() -> None:
    ice = floor_project(2)
    handed_in(ice)
    mina = api_client_for(user("Ada"), ice.lab)
    assert mina.get(f"/api/v1/projects/{ice.public_id}/").json()["min_hourly"] == LEAST
    assert api_client_for(user("Emil")).get(f"/api/v1/offers/{ice.public_id}/").json()["min_hourly"] == LEAST
    assert Seat.objects.filter(status="funded").count() == 1
