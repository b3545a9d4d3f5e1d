"""The desks of what does not come through by itself: seen at a glance, pressed once, and never paid twice."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import Invalid, WrongState
from core.models import Event
from payments import actions, ledger
from payments.actions.inbox import keep
from payments.facts import Hint
from payments.models import AccountKind, BalanceTransaction, Entry, Funding, InboxEvent, Outbox, Payout
from tests import people
from tests.payments.stories import earned, funded, payee
from tests.sandbox import LocalStripe
from tests.threads import at_once

pytestmark = pytest.mark.django_db
State = Outbox.State
CANNOT = "500_before"  # Stripe breaks before anything happens
UNSEEN = "drop_after"  # it happens, and the answer is lost


def lost(stripe: LocalStripe, fault: str) -> Outbox:
    """Emil's pay has been tried once, and Stripe did not answer."""
    funded(stripe)
    earned(payee(stripe).user)
    stripe.fail(fault)
    actions.make_payouts()
    actions.dispatch()
    return Outbox.objects.get()


def stuck(stripe: LocalStripe, fault: str = CANNOT) -> Outbox:
    """A day later: too late for the key. What a look would have found is hidden from the sweep."""
    row = lost(stripe, fault)
    Outbox.objects.update(state=State.NEEDS_OPS, first_at=timezone.now() - timedelta(days=1))
    row.refresh_from_db()
    return row


def poison() -> InboxEvent:
    """News of a transfer that nobody knows."""
    hint = Hint("evt_poison", "transfer.created", "", "tr_gone", False)
    keep(hint=hint, endpoint="platform", raw="{}", by=SYSTEM)
    actions.process()
    return InboxEvent.objects.get(event_id="evt_poison")


def owed() -> int:
    return ledger.balance(AccountKind.EXPERT_PAYABLE, people.user("Emil").public_id)


def told(name: str) -> list[Event]:
    return list(Event.objects.filter(name=name))


# --- The outbox -------------------------------------------------------------------------------------------------------


def test_what_waits_for_its_next_try_is_tried_now_and_once(stripe: LocalStripe) -> None:
    row = lost(stripe, UNSEEN)
    assert (row.state, actions.dispatch()) == (State.UNKNOWN, 0)
    actions.retry_now(row=row, by=people.ops())
    actions.retry_now(row=row, by=people.ops())  # a double click
    assert actions.dispatch() == 1
    row.refresh_from_db()
    assert (row.state, len(stripe.transfers())) == (State.DONE, 1)
    assert [event.actor for event in told("outbox.hurried")] == [people.ops()] * 2
    with pytest.raises(WrongState, match="next try"):
        actions.retry_now(row=row, by=people.ops())


def test_what_stripe_has_is_adopted_once_however_often_one_clicks(stripe: LocalStripe) -> None:
    row = stuck(stripe, UNSEEN)
    [made] = stripe.transfers()
    for _ in range(2):
        assert actions.adopt(row=row, remote_id=made["id"], by=people.ops()).state == State.DONE
    assert Entry.objects.filter(kind="transfer").count() == 1
    [event] = told("outbox.adopted")
    assert (event.actor, event.data["remote_id"]) == (people.ops(), made["id"])


def test_giving_up_takes_a_reason_and_gives_the_money_back(stripe: LocalStripe) -> None:
    row = stuck(stripe)
    with pytest.raises(Invalid, match="Say why"):
        actions.give_up(row=row, by=people.ops(), note="  ")
    assert owed() == 0
    actions.give_up(row=row, by=people.ops(), note="The bank is closed for good.")
    payout = Payout.objects.get()
    assert (payout.status, owed()) == (Payout.Status.FAILED, 4_000)
    assert payout.failure == "Our staff took it back before it was sent."
    [event] = told("outbox.given_up")
    assert (event.actor, event.note, event.data["key"]) == (people.ops(), "The bank is closed for good.", row.key)
    with pytest.raises(WrongState, match="waits for a person"):
        actions.give_up(row=Outbox.objects.get(), by=people.ops(), note="Again.")
    with pytest.raises(WrongState, match="given up"):
        actions.adopt(row=row, remote_id=_foreign(stripe, payout), by=people.ops())


def _foreign(stripe: LocalStripe, payout: Payout) -> str:
    """Somebody makes the very transfer in the dashboard, after we gave it up."""
    row = Outbox.objects.get(subject=payout.public_id)
    terms = {name: row.payload[name] for name in ("amount", "currency", "destination", "source_transaction")}
    made = stripe.sandbox.create_transfer({**terms, "metadata": {"payout": payout.public_id}})
    return str(made["id"])


def test_what_was_given_up_goes_out_again_at_ops_word_and_arrives_once(stripe: LocalStripe) -> None:
    actions.give_up(row=stuck(stripe), by=people.ops(), note="Stripe was down for a day.")
    actions.retry_payout(payout=Payout.objects.get(), by=people.ops())
    actions.dispatch()
    assert (len(stripe.transfers()), owed()) == (1, 0)


def test_what_stripe_has_is_never_given_up(stripe: LocalStripe) -> None:
    row = stuck(stripe, UNSEEN)
    [made] = stripe.transfers()
    with pytest.raises(WrongState, match=made["id"]):
        actions.give_up(row=row, by=people.ops(), note="I think it failed.")
    row.refresh_from_db()
    assert (row.state, owed()) == (State.NEEDS_OPS, 0)


def test_sending_anew_takes_a_reason(stripe: LocalStripe) -> None:
    row = stuck(stripe)
    with pytest.raises(Invalid, match="Say why"):
        actions.send_anew(row=row, by=people.ops(), note="")


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_two_who_give_up_at_once_give_back_once(stripe: LocalStripe) -> None:
    row, olu = stuck(stripe), people.ops()
    ended = at_once(4, lambda _: actions.give_up(row=row, by=olu, note="Down for a day."))
    assert sum(isinstance(end, WrongState) for end in ended) == 3
    assert (owed(), len(told("outbox.given_up"))) == (4_000, 1)


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_without_the_second_look_all_four_would_give_it_back(stripe: LocalStripe) -> None:
    """The negative control: what each of them saw before the lock was a row that needs a person."""
    row = stuck(stripe)
    assert at_once(4, lambda _: Outbox.objects.get(pk=row.pk).state).count(State.NEEDS_OPS) == 4


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_given_up_or_sent_anew_but_never_both(stripe: LocalStripe) -> None:
    row, olu = stuck(stripe), people.ops()

    def press(number: int) -> object:
        act = actions.give_up if number % 2 else actions.send_anew
        return act(row=row, by=olu, note="Nothing at Stripe.")

    ended = at_once(2, press)
    assert sum(isinstance(end, WrongState) for end in ended) == 1
    actions.dispatch()
    assert len(stripe.transfers()) * 4_000 + owed() == 4_000


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_four_who_adopt_at_once_book_once(stripe: LocalStripe) -> None:
    row, olu = stuck(stripe, UNSEEN), people.ops()
    [made] = stripe.transfers()
    ended = at_once(4, lambda _: actions.adopt(row=row, remote_id=made["id"], by=olu).state)
    assert ended == [State.DONE] * 4
    assert (Entry.objects.filter(kind="transfer").count(), len(told("outbox.adopted"))) == (1, 1)


# --- The inbox --------------------------------------------------------------------------------------------------------


def test_a_poison_event_is_retried_or_closed_with_a_reason(stripe: LocalStripe) -> None:
    event = poison()
    assert "No such transfer" in event.error
    actions.try_again(event=event, by=people.ops())
    assert actions.process() == 1
    with pytest.raises(Invalid, match="Say why"):
        actions.close_event(event=event, by=people.ops(), note=" ")
    closed = actions.close_event(event=event, by=people.ops(), note="A test of Stripe's; nothing moved.")
    assert (closed.error != "", actions.process()) == (True, 0)
    [record] = told("inbox_event.closed")
    assert (record.actor, record.note) == (people.ops(), "A test of Stripe's; nothing moved.")
    assert record.data == {"event": "evt_poison"}
    for act in (actions.try_again, lambda **words: actions.close_event(note="Twice.", **words)):
        with pytest.raises(WrongState, match="closed"):
            act(event=event, by=people.ops())


def test_what_has_not_failed_is_not_closed(stripe: LocalStripe) -> None:
    keep(hint=Hint("evt_1", "transfer.created", "", "tr_x", False), endpoint="platform", raw="{}", by=SYSTEM)
    with pytest.raises(WrongState, match="has not failed"):
        actions.close_event(event=InboxEvent.objects.get(), by=people.ops(), note="In a hurry.")


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_two_who_close_an_event_at_once_close_it_once(stripe: LocalStripe) -> None:
    event, olu = poison(), people.ops()
    ended = at_once(4, lambda _: actions.close_event(event=event, by=olu, note="Nothing to do."))
    assert sum(isinstance(end, WrongState) for end in ended) == 3
    assert len(told("inbox_event.closed")) == 1


# --- Through the admin ------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(people.ops())
    return client


def read(desk: Client, name: str, *args: object, query: str = "") -> str:
    answer = desk.get(reverse(f"admin:payments_{name}", args=args) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_outbox_shows_what_needs_a_person_and_asks_once_more(stripe: LocalStripe, desk: Client) -> None:
    row = stuck(stripe)
    page = read(desk, "outbox_changelist", query="?state__exact=needs_ops")
    assert "Needs a person</a><strong>1</strong>" in page
    ask = reverse("admin:payments_outbox_do", args=[row.pk, "dead"])
    assert ask in page
    assert ask in read(desk, "outbox_change", row.pk)
    assert "Stripe is looked at first" in read(desk, "outbox_do", row.pk, "dead")
    assert Outbox.objects.get().state == State.NEEDS_OPS  # asking is not pressing
    assert "Say why" in desk.post(ask, {"words": ""}, follow=True).content.decode()
    assert "done." in desk.post(ask, {"words": "Down for a day."}, follow=True).content.decode()
    assert "cannot be done any more" in read(desk, "outbox_do", row.pk, "dead")
    assert "waits for a person" in desk.post(ask, {"words": "Twice."}, follow=True).content.decode()


def test_something_else_is_not_adopted_through_the_desk(stripe: LocalStripe, desk: Client) -> None:
    row = stuck(stripe)
    made = stripe.sandbox.create_transfer(
        {**{k: row.payload[k] for k in ("currency", "destination", "source_transaction")}, "amount": 1,
         "metadata": {"payout": row.subject}}
    )  # fmt: skip
    ask = reverse("admin:payments_outbox_do", args=[row.pk, "adopt"])
    assert "is not the transfer we asked for" in desk.post(ask, {"words": made["id"]}, follow=True).content.decode()


def test_a_quiet_outbox_says_so(desk: Client) -> None:
    assert "Oldest open</span><strong>None</strong>" in read(desk, "outbox_changelist")
    assert "Oldest waiting</span><strong>None</strong>" in read(desk, "inboxevent_changelist")


def test_a_retry_from_the_desk(stripe: LocalStripe, desk: Client) -> None:
    row = lost(stripe, CANNOT)
    page = read(desk, "outbox_changelist")
    assert "Unknown</a><strong>1</strong>" in page
    ask = reverse("admin:payments_outbox_do", args=[row.pk, "retry"])
    assert "done." in desk.post(ask, follow=True).content.decode()
    assert actions.dispatch() == 1


def test_the_inbox_shows_the_poison_with_its_error(stripe: LocalStripe, desk: Client) -> None:
    event = poison()
    keep(hint=Hint("evt_new", "transfer.created", "", "tr_x", False), endpoint="platform", raw="{}", by=SYSTEM)
    page = read(desk, "inboxevent_changelist", query="?came=failed")
    assert "Of them failed</a><strong>1</strong>" in page
    assert "No such transfer" in page
    assert "evt_new" not in page
    assert "evt_new" in read(desk, "inboxevent_changelist", query="?came=waiting")
    for name, words in (("again", ""), ("close", "Stripe's own test.")):
        ask = reverse("admin:payments_inboxevent_do", args=[event.pk, name])
        assert "done." in desk.post(ask, {"words": words}, follow=True).content.decode()
    assert "closed by hand" in read(desk, "inboxevent_changelist", query="?came=closed")
    InboxEvent.objects.filter(event_id="evt_new").update(processed_at=timezone.now())
    done = read(desk, "inboxevent_changelist", query="?came=done")
    assert ("evt_new" in done, "evt_poison" in done) == (True, False)


# --- One day of Stripe's account beside ours --------------------------------------------------------------------------


@pytest.mark.broken_books("a line of Stripe's is taken away")
def test_the_days_page_and_file_say_what_each_line_is(stripe: LocalStripe, desk: Client) -> None:
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    actions.dispatch()
    bill = {"currency": "usd", "fee": 0, "available_on": 0}
    for amount, kind, source in ((9, "moon_fee", "mf_1"), (5, "payout", "po_1"), (-7, "reserve_hold", "rs_1")):
        stripe.sandbox._transaction(amount=amount, type=kind, source=source, **bill)
    [payout] = Payout.objects.all()
    gone = next(line for line in stripe.sandbox.store.all("txn") if line["source"] == payout.transfer_id)
    del stripe.sandbox.store._things["txn"][gone["id"]]
    Payout.objects.update(sent_at=timezone.now() - timedelta(hours=2))
    run = actions.reconcile()
    today = run.started_at.date().isoformat()

    page = read(desk, "reconciliation_day", today)
    for words in ("ours, not theirs", "theirs, not ours", "unknown type", "moon_fee", payout.public_id, "-$40.00"):
        assert words in page
    answer = desk.get(reverse("admin:payments_reconciliation_csv", args=[today]))
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [row["line"] == "" for row in rows] == [False] * 4 + [True]  # what Stripe does not show comes last
    assert sorted((row["type"], row["net"], row["found"]) for row in rows) == [
        ("charge", "970.70", "matched"),
        ("moon_fee", "0.09", "unknown type"),
        ("payout", "-40.00", "ours, not theirs"),
        ("payout", "0.05", "theirs, not ours"),
        ("reserve_hold", "-0.07", "inside Stripe"),
    ]
    [charge] = [row for row in rows if row["type"] == "charge"]
    assert (charge["is"], charge["fee"]) == (Funding.objects.get().public_id, "29.30")
    assert today in read(desk, "reconciliation_changelist")


def test_a_day_without_lines_and_no_day_at_all(desk: Client) -> None:
    page = read(desk, "reconciliation_day", "2020-02-29")
    assert "Nothing was compared" in page
    assert "has no line of this day" in page
    answer = desk.get(reverse("admin:payments_reconciliation_csv", args=["2020-02-29"]))
    assert b"".join(answer).count(b"\n") == 1
    for name in ("day", "csv"):
        assert desk.get(reverse(f"admin:payments_reconciliation_{name}", args=["yesterday"])).status_code == 404


def test_a_day_that_agrees_says_so(stripe: LocalStripe, desk: Client) -> None:
    funded(stripe)
    run = actions.reconcile()
    assert "found that the books agree" in read(desk, "reconciliation_day", run.started_at.date().isoformat())
    assert BalanceTransaction.objects.count() == 1


@pytest.mark.parametrize("name", ["Ada", "Emil"])
def test_the_day_is_for_ops(client: Client, name: str) -> None:
    people.lab()
    client.force_login(people.user(name))
    for kind in ("day", "csv"):
        assert client.get(reverse(f"admin:payments_reconciliation_{kind}", args=["2020-02-29"])).status_code == 302
