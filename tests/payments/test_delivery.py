"""One payout, one transfer: whatever Stripe, the network or a kill does in between. Numbers are docs/money.md's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from queue import Empty
from typing import Any

import pytest
import stripe as sdk
from celery import current_app
from django.db import OperationalError, connection, connections
from django.utils import timezone
from kombu import Connection

from accounts.models import Notice
from core.actors import SYSTEM
from core.errors import WrongState
from core.events import drain
from payments import actions, gateway, jobs, ledger, queries
from payments.audit import ledger_check
from payments.errors import KeyReused
from payments.models import AccountKind, Entry, Funding, Outbox, Payee, Payout
from tests import people
from tests.killed import killed
from tests.payments.stories import earned, funded, payee
from tests.sandbox import LocalStripe
from tests.threads import at_once

pytestmark = pytest.mark.chaos
State = Outbox.State


@pytest.fixture
def waiting(db: None, stripe: LocalStripe) -> Iterator[Outbox]:
    """Emil's $40.00 wait in the outbox. However the test ends, the books must agree."""
    yield prepare(stripe)
    assert ledger_check() == []


def prepare(stripe: LocalStripe) -> Outbox:
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    return Outbox.objects.get()


def due_now(row: Outbox, **more: object) -> None:
    """Time passes: the pause after a failure, or a dead sender's lease, is over."""
    past = timezone.now() - timedelta(seconds=1)
    Outbox.objects.filter(pk=row.pk).update(due_at=past, lease_until=past, **more)


def settled(stripe: LocalStripe, row: Outbox) -> None:
    row.refresh_from_db()
    payout = Payout.objects.get()
    transfer = stripe.transfers()[0]
    assert len(stripe.transfers()) == 1
    assert (row.state, row.remote_id, payout.status) == (State.DONE, transfer["id"], Payout.Status.SENT)
    assert Entry.objects.filter(kind="transfer").count() == 1
    assert ledger.balance(AccountKind.STRIPE_CLEARING) == stripe.balance()


@pytest.mark.django_db(transaction=True)
def test_09_killed_before_anything_is_sent_the_next_sweep_pays(stripe: LocalStripe) -> None:
    funded(stripe)
    emil = earned(payee(stripe).user).payee
    killed("actions.make_payouts(); die()", stripe)
    row = Outbox.objects.get()
    assert (row.state, row.attempts, stripe.transfers()) == (State.PENDING, 0, [])
    assert ledger.balance(AccountKind.PAYOUT_IN_FLIGHT, emil.public_id) == 4_000  # booked; nobody has sent it

    assert actions.make_payouts() == 0
    assert [actions.dispatch(), actions.dispatch()] == [1, 0]
    settled(stripe, row)
    assert ledger_check() == []


# Where the dispatcher dies after Stripe has made the transfer.
AFTER_STRIPE = {
    "its answer is not read": """
send = gateway.send_transfer
gateway.send_transfer = lambda payload, key: (send(payload, key=key), die())
actions.dispatch()
""",
    "the row says done, its entry is not written, nothing is committed": """
post = ledger.post
ledger.post = lambda **given: die() if given["kind"] == "transfer" else post(**given)
actions.dispatch()
""",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", AFTER_STRIPE)
def test_10_killed_after_stripe_answered_the_transfer_is_adopted(stripe: LocalStripe, moment: str) -> None:
    """And 11: a row is done with its entry, or neither is there."""
    row = prepare(stripe)
    killed(AFTER_STRIPE[moment], stripe)
    row.refresh_from_db()
    assert (row.state, row.remote_id, len(stripe.transfers())) == (State.SENDING, None, 1)
    assert not Entry.objects.filter(kind="transfer").exists()
    assert actions.dispatch() == 0  # the lease still runs

    due_now(row)
    actions.dispatch()
    settled(stripe, row)
    assert ledger_check() == []


@pytest.mark.django_db(transaction=True)
def test_10_a_dispatcher_whose_database_goes_away_is_made_up_for(stripe: LocalStripe) -> None:
    row = prepare(stripe)
    victim = connection.connection.info.backend_pid

    def kill(request: object) -> None:
        """The dispatcher's database session dies while Stripe is answering it."""
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [victim])
        connections.close_all()

    stripe.server.api.after = kill
    with pytest.raises(OperationalError):
        actions.dispatch()
    connection.close()
    stripe.server.api.after = None
    due_now(row)
    actions.dispatch()
    settled(stripe, row)
    assert ledger_check() == []


def test_11_the_row_is_done_only_together_with_its_entry(stripe: LocalStripe, waiting: Outbox) -> None:
    """A planted entry under the same key makes booking fail: then nothing of it may stay."""
    emil = Payout.objects.get().payee.public_id
    payable, fee = (AccountKind.EXPERT_PAYABLE, emil), (AccountKind.PLATFORM_FEE, "")
    planted = ledger.post(
        key=waiting.key, kind="planted", lines=ledger.transfer(1, debit=fee, credit=payable), currency="usd"
    )
    with pytest.raises(KeyReused):
        actions.dispatch()
    waiting.refresh_from_db()
    assert (waiting.state, Payout.objects.get().status) == (State.SENDING, Payout.Status.PENDING)
    ledger.reverse(Entry.objects.get(pk=planted.entry_id), key="unplant")


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("500_before", State.UNKNOWN),  # 12
        ("500_after", State.UNKNOWN),  # 13
        ("500_saved", State.UNKNOWN),  # 14: the same key would answer 500 all day; only a look-up finds it
        ("drop_after", State.UNKNOWN),  # 15
        ("hang_after", State.UNKNOWN),  # 15
        ("429", State.PENDING),  # 16
        ("409", State.PENDING),
    ],
)
def test_12_to_16_a_fault_costs_time_and_never_money(
    stripe: LocalStripe, waiting: Outbox, settings: Any, fault: str, seen: str
) -> None:
    patience = settings.STRIPE_TIMEOUT
    stripe.fail(fault)
    if fault == "hang_after":
        settings.STRIPE_TIMEOUT = (5, 1)
    actions.dispatch()
    settings.STRIPE_TIMEOUT = patience
    waiting.refresh_from_db()
    assert waiting.state == seen
    assert waiting.last_error
    assert actions.dispatch() == 0  # a pause first
    due_now(waiting)
    actions.dispatch()
    settled(stripe, waiting)


@pytest.mark.parametrize("fault", ["500_before", "500_after", "drop_after"])
def test_the_sdks_own_retries_hide_a_short_fault(
    stripe: LocalStripe, waiting: Outbox, settings: Any, fault: str
) -> None:
    settings.STRIPE_NETWORK_RETRIES = 2  # as in production
    stripe.fail(fault)
    actions.dispatch()
    settled(stripe, waiting)


def a_day_later(row: Outbox, stripe: LocalStripe) -> None:
    """Stripe has forgotten the key."""
    stripe.days_pass(2)
    due_now(row, first_at=timezone.now() - timedelta(hours=25))


def test_17_after_a_day_nothing_is_sent_blindly(stripe: LocalStripe, waiting: Outbox) -> None:
    stripe.fail("500_before")
    actions.dispatch()
    a_day_later(waiting, stripe)
    actions.dispatch()
    waiting.refresh_from_db()
    assert (waiting.state, stripe.transfers()) == (State.NEEDS_OPS, [])

    fresh = actions.send_anew(row=waiting, by=people.ops(), note="Looked at the dashboard: no transfer")
    assert fresh.key != waiting.key
    actions.dispatch()
    settled(stripe, fresh)


def test_17_after_a_day_a_transfer_that_was_made_is_found(stripe: LocalStripe, waiting: Outbox) -> None:
    stripe.fail("500_saved")
    actions.dispatch()
    a_day_later(waiting, stripe)
    actions.dispatch()
    settled(stripe, waiting)


def test_only_our_own_transfer_is_taken_for_ours(stripe: LocalStripe, waiting: Outbox) -> None:
    """Somebody has sent Emil something else by hand, from the same project's money."""
    stripe.fail("500_saved")
    actions.dispatch()
    gateway.send_transfer({**waiting.payload, "amount": 1, "payout": "by hand"}, key="by hand")
    due_now(waiting)
    actions.dispatch()
    waiting.refresh_from_db()
    assert waiting.remote_id == stripe.transfers()[0]["id"]


def test_somebody_who_is_no_longer_ready_gets_no_payout(stripe: LocalStripe, waiting: Outbox) -> None:
    """Between the sweep's look and its lock."""
    row = Payee.objects.get()
    earned(row.user, source="sub_more")
    stripe.onboard(row.stripe_account_id or "", "checking")
    actions.refresh_payee(payee=row)
    assert actions.pay_out(payee=row) == []


def test_17_sent_anew_too_hastily_the_first_transfer_is_adopted(stripe: LocalStripe, waiting: Outbox) -> None:
    stripe.fail("500_saved")
    actions.dispatch()
    Outbox.objects.filter(pk=waiting.pk).update(state=State.NEEDS_OPS)
    waiting.refresh_from_db()
    fresh = actions.send_anew(row=waiting, by=people.ops(), note="In a hurry")
    actions.dispatch()
    settled(stripe, fresh)


@pytest.mark.broker
@pytest.mark.django_db(transaction=True)
def test_18_a_flushed_broker_costs_seconds(stripe: LocalStripe, settings: Any) -> None:
    """Jobs are queued, the broker forgets them all; what beat sends within seconds drains the outbox."""
    with Connection(settings.CELERY_BROKER_URL) as broker:
        queue = broker.SimpleQueue(settings.CELERY_TASK_DEFAULT_QUEUE)
        queue.clear()
        row = prepare(stripe)
        assert queue.qsize() > 0
        channel: Any = broker.default_channel
        channel.client.flushall()
        with pytest.raises(Empty):
            queue.get(timeout=0.05)

        [sweep] = [
            each for each in settings.CELERY_BEAT_SCHEDULE.values() if each["task"] == "payments.dispatch_outbox"
        ]
        assert sweep["schedule"] <= timedelta(seconds=15)
        current_app.send_task(sweep["task"])
        message = queue.get(timeout=5)
        current_app.tasks[message.headers["task"]].apply(throw=True)
        message.ack()
        queue.close()
    settled(stripe, row)


@pytest.mark.django_db(transaction=True)
def test_19_the_same_job_delivered_many_times_at_once_sends_once(stripe: LocalStripe) -> None:
    row = prepare(stripe)
    tried = at_once(6, lambda _: actions.dispatch())
    assert sorted(tried, key=str) == [0, 0, 0, 0, 0, 1]
    settled(stripe, row)


def test_35_without_the_key_a_lost_answer_pays_twice(stripe: LocalStripe, waiting: Outbox) -> None:
    """The negative control of all the tests above: the sandbox can see the fault."""
    payload = waiting.payload
    for key in ("one", "two"):
        stripe.fail("drop_after")
        with pytest.raises(gateway.Unknown):
            gateway.send_transfer(payload, key=key)
    assert len(stripe.transfers()) == 2
    stripe.sandbox.store._things["transfer"].clear()  # the story goes on as if neither had happened


def test_the_answer_to_a_slow_sender_changes_nothing_once_another_has_taken_over(
    stripe: LocalStripe, waiting: Outbox
) -> None:
    """A sender hung so long that its lease ended; the row is done when its error comes home."""
    from payments.actions import outbox

    slow = outbox._claim()
    assert slow is not None
    due_now(waiting)
    actions.dispatch()
    outbox._put_back(slow, State.UNKNOWN, TimeoutError("late"))
    outbox._refused(slow, gateway.Rejected("late", "late"), SYSTEM)
    settled(stripe, waiting)
    again = gateway.transfer(stripe.transfers()[0]["id"])
    assert actions.complete(row=waiting, sent=again, by=SYSTEM).state == State.DONE


def test_a_refused_transfer_is_owed_again_and_goes_out_when_the_person_is_ready(
    stripe: LocalStripe, waiting: Outbox
) -> None:
    """27. Stripe takes the capability away between the sweep and the transfer."""
    row = Payee.objects.get()
    account = row.stripe_account_id or ""
    stripe.onboard(account, "needs_info")
    actions.dispatch()  # we still believe that Emil is ready
    waiting.refresh_from_db()
    payout = Payout.objects.get()
    assert (waiting.state, payout.status) == (State.FAILED, Payout.Status.FAILED)
    assert "capabilities" in payout.failure
    assert ledger.balance(AccountKind.EXPERT_PAYABLE, row.user.public_id) == 4_000

    actions.refresh_payee(payee=row)
    stripe.onboard(account, "verified")
    actions.refresh_payee(payee=row)
    actions.dispatch()
    settled(stripe, Outbox.objects.latest("pk"))
    assert Outbox.objects.latest("pk").run == 2


def test_27_whose_webhooks_are_lost_is_asked_about_until_they_are_paid(stripe: LocalStripe, waiting: Outbox) -> None:
    """The capability is lost and comes back, and no webhook says so. The money stays owed, and Emil is told."""
    row = Payee.objects.get()
    account = row.stripe_account_id or ""
    stripe.onboard(account, "needs_info")
    actions.dispatch()
    assert queries.earning_totals(row.user).approved == 4_000
    assert queries.waiting_payees() == [row]  # still READY here, but refused
    jobs.refresh_waiting()
    drain()
    row.refresh_from_db()
    assert row.status == Payee.Status.RESTRICTED
    told = Notice.objects.filter(user=row.user)
    assert "Your payout set-up says what Stripe needs" in told.get(title__contains="did not arrive").body
    assert told.filter(title="Stripe needs something from you before you can be paid").exists()
    assert queries.waiting_payees() == [row]
    stripe.onboard(account, "verified")
    jobs.refresh_waiting()
    jobs.dispatch_outbox()
    settled(stripe, Outbox.objects.latest("pk"))
    assert queries.waiting_payees() == []


def test_27_lost_and_back_before_anybody_looked_it_is_sent_again_after_an_hour(
    stripe: LocalStripe, waiting: Outbox
) -> None:
    account = Payee.objects.get().stripe_account_id or ""
    stripe.onboard(account, "needs_info")
    actions.dispatch()
    stripe.onboard(account, "verified")
    jobs.refresh_waiting()  # ready all the time, as far as we know
    assert Payout.objects.get().status == Payout.Status.FAILED
    hour_ago = timezone.now() - timedelta(hours=1, seconds=1)
    Outbox.objects.update(first_at=hour_ago)
    jobs.refresh_waiting()
    actions.dispatch()
    settled(stripe, Outbox.objects.latest("pk"))


def test_27_whoever_was_asked_about_longest_ago_comes_first(stripe: LocalStripe, waiting: Outbox) -> None:
    first, second = (payee(stripe, name, outcome="checking") for name in ("Farah", "Lena"))
    assert queries.waiting_payees() == [first, second]
    actions.refresh_payee(payee=first)  # nothing new
    assert queries.waiting_payees() == [second, first]


def test_13_nobody_is_paid_while_stripe_says_not_ready(stripe: LocalStripe, waiting: Outbox) -> None:
    """I13: the sender looks at the person again."""
    row = Payee.objects.get()
    stripe.onboard(row.stripe_account_id or "", "checking")
    actions.refresh_payee(payee=row)
    assert actions.dispatch() == 0
    assert stripe.transfers() == []


def test_our_own_mistake_waits_for_a_person(stripe: LocalStripe, waiting: Outbox) -> None:
    gateway.send_transfer({**waiting.payload, "amount": 1, "payout": "pay_x"}, key=waiting.key)  # the key is taken
    actions.dispatch()
    waiting.refresh_from_db()
    assert waiting.state == State.NEEDS_OPS
    assert "idempotent" in waiting.last_error
    stripe.sandbox.store._things["transfer"].clear()


def test_a_transfer_that_is_not_what_we_asked_for_is_not_booked(stripe: LocalStripe, waiting: Outbox) -> None:
    wrong = gateway.send_transfer({**waiting.payload, "amount": 1}, key="by hand")
    actions.adopt(row=waiting, remote_id=wrong.id, by=people.ops())
    waiting.refresh_from_db()
    assert (waiting.state, Payout.objects.get().status) == (State.NEEDS_OPS, Payout.Status.PENDING)
    assert wrong.id in waiting.last_error


def test_ops_adopt_the_transfer_they_found(stripe: LocalStripe, waiting: Outbox) -> None:
    stripe.fail("500_saved")
    actions.dispatch()
    transfer = stripe.transfers()[0]["id"]
    actions.adopt(row=waiting, remote_id=transfer, by=people.ops())
    settled(stripe, waiting)


def test_ops_cannot_adopt_what_belongs_to_another_payout(stripe: LocalStripe, waiting: Outbox) -> None:
    other = gateway.send_transfer({**waiting.payload, "payout": "pay_other"}, key="other")
    with pytest.raises(WrongState, match="another transfer"):
        actions.adopt(row=waiting, remote_id=other.id, by=people.ops())


def test_only_a_row_that_waits_for_a_person_is_sent_anew(stripe: LocalStripe, waiting: Outbox) -> None:
    with pytest.raises(WrongState):
        actions.send_anew(row=waiting, by=people.ops(), note="Why not")


def test_stripes_news_of_a_transfer_closes_a_row_whose_answer_was_lost(stripe: LocalStripe, waiting: Outbox) -> None:
    stripe.fail("drop_after")
    actions.dispatch()
    stripe.deliver()
    actions.process()
    settled(stripe, waiting)


def test_a_transfer_made_by_hand_is_none_of_ours(stripe: LocalStripe, waiting: Outbox) -> None:
    foreign = gateway.send_transfer({**waiting.payload, "amount": 1, "payout": "other"}, key="foreign")
    assert actions.confirm_transfer(transfer_id=foreign.id) is None


def test_a_payout_is_cancelled_only_before_it_was_tried(stripe: LocalStripe, waiting: Outbox) -> None:
    payout = actions.cancel_payout(payout=Payout.objects.get(), by=people.ops(), note="Wrong project")
    assert payout.status == Payout.Status.CANCELLED
    assert ledger.balance(AccountKind.EXPERT_PAYABLE, payout.payee.public_id) == 4_000
    assert actions.make_payouts() == 1  # the earning waits for the next run
    actions.dispatch()
    with pytest.raises(WrongState, match="may already have"):
        actions.cancel_payout(payout=Payout.objects.latest("pk"), by=people.ops(), note="Too late")


@pytest.mark.django_db
def test_of_an_earning_in_two_payouts_the_cancelled_part_is_owed_again(stripe: LocalStripe) -> None:
    emil, farah = payee(stripe), payee(stripe, "Farah")
    first, _second, _third = (funded(stripe, 10_000) for _ in range(3))
    room = first.amount - first.stripe_fee
    earned(emil.user, room + 500, 0, source="sub_two")
    assert actions.make_payouts() == 2
    cancelled = Payout.objects.get(funding=first)
    actions.cancel_payout(payout=cancelled, by=people.ops(), note="Wrong day")
    actions.dispatch()
    earned(people.user("Farah"), room, 0, source="sub_farah")
    actions.pay_out(payee=farah)  # takes the funding that the cancelled payout had drawn on
    actions.make_payouts()
    assert ledger.balance(AccountKind.EXPERT_PAYABLE, emil.user.public_id) == 0
    assert sum(each.amount for each in Payout.objects.filter(payee=emil.user).exclude(pk=cancelled.pk)) == room + 500
    assert actions.make_payouts() == 0
    assert not ledger_check()


def test_a_payout_that_is_at_stripe_is_not_sent_twice_by_ops(stripe: LocalStripe, waiting: Outbox) -> None:
    actions.dispatch()
    with pytest.raises(WrongState, match="The money is at Stripe"):
        actions.retry_payout(payout=Payout.objects.get(), by=people.ops())


def test_26_pending_funds_go_out_with_their_source_and_not_without(stripe: LocalStripe, waiting: Outbox) -> None:
    terms = waiting.payload
    without = {"amount": terms["amount"], "currency": "usd", "destination": terms["destination"]}
    with pytest.raises(sdk.InvalidRequestError, match="insufficient available funds"):
        gateway.client().v1.transfers.create(without)  # type: ignore[arg-type]
    actions.dispatch()
    settled(stripe, waiting)


def test_stripe_itself_refuses_more_than_the_charge(stripe: LocalStripe, waiting: Outbox) -> None:
    with pytest.raises(gateway.Rejected, match="must not exceed"):
        gateway.send_transfer({**waiting.payload, "amount": 100_001}, key="too much")


@pytest.mark.django_db
def test_one_persons_trouble_does_not_hold_up_the_others(stripe: LocalStripe) -> None:
    prepare(stripe)
    actions.dispatch()
    farah = payee(stripe, "Farah").user
    earned(farah, source="sub_farah")
    other = "prj_bbbbbbbbbbbbbbbb"
    funded(stripe, ref=other)
    earned(payee(stripe, "Noor").user, source="sub_noor", ref=other)
    Funding.objects.filter(ref=other).update(stripe_fee=99_999)  # it carries a cent, and Noor is owed more
    with pytest.raises(ExceptionGroup) as caught:
        actions.make_payouts()
    assert [str(error).split()[0] for error in caught.value.exceptions] == ["Earning"]
    assert Payout.objects.filter(payee=farah).count() == 1
