"""History that nobody rewrites, and its delivery: owed in the transaction, done once, tried again, never lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from kombu import Connection
from kombu.pools import producers

from accounts.models import Notice
from core import events, jobs
from core.actors import SYSTEM
from core.models import Delivery, Event
from marketplace.celery import app
from marketplace.wiring import WIRING
from tests import people

Wire = Callable[..., None]


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Wire jobs to `lab.confirmed` for one test; the product's own table comes back afterwards."""

    def subscribe(*jobs: events.Job) -> None:
        events.subscribe(tuple(("lab.confirmed", job) for job in jobs))

    yield subscribe
    events.subscribe(WIRING)


def fact(subject: str = "lab_x") -> Event:
    with transaction.atomic():
        return events.record("lab.confirmed", subject, by=SYSTEM, data={"n": 1})


def tell_sam(event: Event) -> None:
    Notice.objects.create(user=people.user("Sam"), title=event.subject)


def tell_ada(event: Event) -> None:
    Notice.objects.create(user=people.user("Ada"), title=event.subject)


def stumble(event: Event) -> None:
    Notice.objects.create(user=people.user("Sam"), title="half done")
    raise RuntimeError("stumbled over " + event.subject)


# --- the log


@pytest.mark.django_db
def test_history_cannot_be_rewritten(wire: Wire) -> None:
    wire()
    event = fact()
    for change in (
        lambda: Event.objects.filter(pk=event.pk).update(note="It was otherwise"),
        lambda: Event.objects.filter(pk=event.pk).delete(),
        event.save,
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    assert Event.objects.get().note == ""


@pytest.mark.django_db(transaction=True)
def test_history_cannot_be_emptied() -> None:
    fact()
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE core_event CASCADE")
    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_fact_is_recorded_in_the_transaction_of_its_change_or_not_at_all() -> None:
    with pytest.raises(RuntimeError, match="in the transaction of the change"):
        events.record("lab.confirmed", "lab_x", by=SYSTEM)
    with transaction.atomic():
        events.record("lab.confirmed", "lab_x", by=SYSTEM)
        transaction.set_rollback(True)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_the_actor_is_kept_and_the_product_is_nobody() -> None:
    with transaction.atomic():
        events.record("lab.confirmed", "lab_x", by=people.user("Ada"))
    fact()
    assert [event.actor for event in events.history("lab_x")] == [people.user("Ada"), None]
    assert str(SYSTEM) == "Quorum"


# --- delivery


@pytest.mark.django_db
def test_each_job_that_wants_an_event_is_owed_it_and_hears_it_once(wire: Wire) -> None:
    wire(tell_sam, tell_ada)
    fact()
    assert Delivery.objects.filter(done_at=None).count() == 2
    assert events.drain() == 2
    assert events.drain() == 0
    assert Notice.objects.count() == 2
    delivery = Delivery.objects.order_by("pk")[0]
    assert (delivery.tries, delivery.last_error) == (1, "")
    assert str(delivery) == "lab.confirmed lab_x → tests.core.test_events.tell_sam"
    assert events.deliver_one(delivery.pk)  # a message that came twice
    assert Notice.objects.count() == 2


@pytest.mark.django_db
def test_an_event_that_nobody_wants_owes_nothing(wire: Wire) -> None:
    wire()
    fact()
    assert not Delivery.objects.exists()


@pytest.mark.django_db
def test_a_job_that_fails_leaves_no_half_effect_and_is_tried_again_later_and_later(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    wire(stumble)
    fact()
    delivery = Delivery.objects.get()
    pauses = []
    for tries in range(1, 11):
        before = timezone.now()
        assert not events.deliver_one(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.tries, delivery.done_at) == (tries, None)
        pauses.append(round((delivery.due_at - before).total_seconds()))
    assert pauses[:4] == [10, 20, 40, 80]
    assert pauses[-1] == events.LAST_RETRY.total_seconds()
    assert not Notice.objects.exists()
    assert "stumbled over lab_x" in delivery.last_error
    assert "Delivery" in caplog.text
    assert events.drain() == 0  # not due yet
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert events.drain() == 1


@pytest.mark.django_db
def test_a_job_that_fails_for_days_still_holds_up_nobody(wire: Wire) -> None:
    wire(stumble)
    fact("lab_broken")
    Delivery.objects.update(tries=500)
    wire(stumble, tell_ada)
    fact()
    assert events.drain() == 3
    assert Notice.objects.get().user == people.user("Ada")
    assert Delivery.objects.order_by("pk")[0].tries == 501


@pytest.mark.django_db
def test_a_failing_job_does_not_hold_up_its_neighbour(wire: Wire) -> None:
    wire(stumble, tell_ada)
    fact()
    jobs.drain()
    assert [notice.user for notice in Notice.objects.all()] == [people.user("Ada")]
    assert Delivery.objects.filter(done_at=None).count() == 1


@pytest.mark.django_db
def test_a_job_taken_off_the_wiring_fails_aloud(wire: Wire) -> None:
    wire(tell_sam)
    fact()
    wire(tell_ada)
    assert not events.deliver_one(Delivery.objects.get().pk)
    assert "KeyError" in Delivery.objects.get().last_error


@pytest.mark.django_db
def test_the_worker_is_given_one_delivery_by_number(wire: Wire) -> None:
    wire(tell_sam)
    fact()
    jobs.deliver(Delivery.objects.get().pk)
    assert Notice.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_seconds_and_never_the_event(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wire(tell_sam, tell_ada)
    monkeypatch.setattr(app.amqp, "_producer_pool", producers[Connection("redis://127.0.0.1:1/0")])
    fact()
    assert caplog.text.count("waits for the sweep") == 1  # one warning, not one per job
    assert events.drain() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_delivery_deliver_it_once(wire: Wire) -> None:
    people.user("Sam")
    inside, leave = threading.Event(), threading.Event()

    def slow(event: Event) -> None:
        tell_sam(event)
        inside.set()
        leave.wait(timeout=10)

    wire(slow)
    fact()
    pk = Delivery.objects.get().pk

    def worker() -> None:
        events.deliver_one(pk)
        connection.close()

    first = threading.Thread(target=worker)
    first.start()
    assert inside.wait(timeout=10)
    assert events.deliver_one(pk)  # skips the row that the first holds
    leave.set()
    first.join()
    assert Notice.objects.count() == 1
    assert Delivery.objects.get().tries == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_in_the_middle_leaves_no_effect_and_the_sweep_does_it(wire: Wire) -> None:
    class Killed(BaseException):
        """Like SIGKILL: nothing of ours catches it."""

    def dies(event: Event) -> None:
        tell_sam(event)
        raise Killed

    events.subscribe((("lab.confirmed", dies),))
    fact()
    with pytest.raises(Killed):
        events.drain()
    assert not Notice.objects.exists()
    delivery = Delivery.objects.get()
    assert (delivery.done_at, delivery.tries) == (None, 0)


# --- operations


@pytest.mark.django_db
def test_olu_searches_the_log_and_delivers_what_is_stuck(client: Client, wire: Wire) -> None:
    wire(tell_sam)
    fact("lab_wanted")
    event = Event.objects.get()
    people.sign_in(client, people.ops())
    assert "lab_wanted" in client.get("/admin/core/event/", {"q": "lab_wanted"}).content.decode()
    assert "lab_wanted" not in client.get("/admin/core/event/", {"q": "lab_other"}).content.decode().replace(
        'value="lab_other"', ""
    )
    assert client.get(f"/admin/core/event/{event.pk}/change/").status_code == 200
    assert client.post(f"/admin/core/event/{event.pk}/delete/", {"post": "yes"}).status_code == 403
    url = f"/admin/core/delivery/{Delivery.objects.get().pk}/"
    assert "Deliver now" in client.get(f"{url}change/").content.decode()
    client.post(f"{url}do/deliver/")
    assert Notice.objects.get().title == "lab_wanted"
    assert "Deliver now" not in client.get(f"{url}change/").content.decode().replace("Deliver now: done.", "")
    assert "lab_wanted" in client.get("/admin/core/delivery/").content.decode()
    assert client.get("/admin/core/event/999999/change/").status_code == 302
