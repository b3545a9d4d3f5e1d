"""8. Whatever the order of acts, the books agree after each of them.

`MONEY_WALKS=100 MONEY_STEPS=60 make test ARGS=tests/journey/test_any_order.py` walks further.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connection, transaction
from django.db.models import F, Sum
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.actors import SYSTEM
from core.errors import Refused
from payments import actions as payments
from payments import ledger
from payments.models import (
    AccountKind,
    Adjustment,
    BatchLine,
    Dispute,
    Earning,
    Funding,
    Hold,
    InboxEvent,
    Outbox,
    Payee,
    Payout,
    Refund,
    Reversal,
)
from payments.sandbox import disputes, reversals
from payments.sandbox.engine import Refusal
from projects import actions as projects
from projects.models import Project
from tasks import actions as work
from tasks.audit import audit
from tasks.models import Appeal, Seat, Submission
from tests import people
from tests.payments import by_hand
from tests.payments.stories import BACK, payee
from tests.sandbox import LocalStripe
from tests.tasks.scene import accepted, answer, fresh, project

WALKS, STEPS = int(os.environ.get("MONEY_WALKS", "3")), int(os.environ.get("MONEY_STEPS", "25"))
AT_STRIPE = ("Emil", "Farah", "Noor")
NAMES = (*AT_STRIPE, "Juan")  # whom Stripe cannot pay
MX = {"QUORUM_MANUAL_COUNTRIES": ["MX"], "QUORUM_BANK_KEYS": [Fernet.generate_key().decode()]}
Status = Submission.Status
pytestmark = pytest.mark.django_db


class AnyOrder(RuleBasedStateMachine):
    """One project of Meridian AI, four experts, one of them paid by hand, two of ops, Stripe with its faults and banks
    that contest and bounce. Ops move people from Stripe to bank transfers and back.

    I1 to I17 are asked after each step, by the audit; each walk is undone at its end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stripe = LocalStripe()  # its own: the next walk's database knows nothing of this one's Stripe
        self.settings = override_settings(STRIPE_API_BASE=self.stripe.url, STRIPE_NETWORK_RETRIES=0, **MX)
        self.settings.enable()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        self.settings.disable()
        self.stripe.stop()
        assert self.stripe.server.api.violations == []

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        """Money is out already, in all ways, when hypothesis takes over."""
        self.ice: Project = project(tasks=12, seats_for=0)
        for name in NAMES:
            accepted(name, self.ice)
        for name in AT_STRIPE:
            payee(self.stripe, name)
        by_hand.juan()
        self.pay(12_000, "card")
        self.beat()
        self.a_busy_day(seed)

    @rule()
    def beat(self) -> None:
        """All that runs by itself within a minute: by chance alone, its parts hardly ever follow one another."""
        self.news_comes()
        self.seats_open()
        self.payouts_are_made()
        self.sent("")
        self.news_comes()

    @rule(name=st.sampled_from(NAMES), paid=st.booleans())
    def a_task_is_done_and_accepted(self, name: str, paid: bool) -> None:
        """Perhaps paid at once, so that money is often out already when something happens to it."""
        who = people.expert(name)
        if self.perhaps(work.claim_next, project=fresh(self.ice), expert=who, by=who.user):
            mine = self.works(Status.DRAFT)[-1]
            work.submit(submission=mine, response=answer(), by=mine.expert.user)
            work.accept(submission=fresh(mine), by=people.user("Rosa"))
        if paid:
            self.beat()
            self.a_batch_is_made()
            self.our_bank_answers("paid")

    @rule(seed=st.integers(0, 2**32 - 1))
    def a_busy_day(self, seed: int) -> None:
        """Acts by chance alone: hypothesis leaves most rules out of a walk, and goes few ways to their end."""
        chance = random.Random(seed)
        for act in chance.choices(DAY, k=15):
            act(self, chance)
            self.the_books_agree()
            self.nobody_gets_more_than_they_earned()

    # --- money in

    @rule(amount=st.integers(100, 9_000), method=st.sampled_from(["card", "card", "bank"]))
    def pay(self, amount: int, method: str) -> None:
        mina = people.user("Mina")
        funding = payments.open_funding(
            ref=self.ice.public_id,
            lab=self.ice.lab,
            amount=amount,
            currency="usd",
            title="Ice",
            success_url=BACK,
            cancel_url=BACK,
            method=method,
            by=mina,
        )
        payments.start_checkout(funding=funding, by=mina)
        page = Funding.objects.get(pk=funding.pk).checkout_session_id or ""
        self.stripe.pay(page, "card" if method == "card" else "us_bank_account")

    @rule(arrives=st.booleans())
    def a_debit_settles(self, arrives: bool) -> None:
        for session in self.stripe.sandbox.store.all("session"):
            if "_settles_at" in session:
                self.stripe.sandbox.settle(session["id"], arrives=arrives)

    @rule()
    def news_comes(self) -> None:
        self.stripe.deliver()
        payments.process()

    @rule()
    def seats_open(self) -> None:
        work.open_seats(project=fresh(self.ice), by=people.user("Mina"))

    @rule(act=st.sampled_from(["pause", "resume", "resume", "close"]), really=st.integers(0, 3))
    def the_project_stops_or_goes_on(self, act: str, really: int) -> None:
        """It closes for good only now and then: little happens afterwards."""
        acts = {"pause": projects.pause_project, "resume": projects.resume_project, "close": projects.close_project}
        if act != "close" or really == 3:
            self.perhaps(acts[act], project=fresh(self.ice), by=people.user("Mina"))

    # --- money that goes back

    @rule(amount=st.integers(1, 9_000))
    def refund(self, amount: int) -> None:
        given = {"ref": self.ice.public_id, "lab": self.ice.lab, "amount": amount, "currency": "usd"}
        self.perhaps(payments.refund_funds, **given, by=people.user("Ada"))

    @rule()
    def the_lab_keeps_it_after_all(self) -> None:
        for each in Refund.objects.filter(status=Refund.Status.PENDING):
            self.perhaps(payments.cancel_refund, refund=each, by=people.user("Ada"))

    @rule()
    def a_refund_comes_back(self) -> None:
        """The bank of the customer does not know them any more."""
        arrived = [each for each in self.stripe.sandbox.store.all("refund") if each["status"] == "succeeded"]
        for each in arrived[-1:]:
            self.stripe.sandbox.fail_refund(each["id"])

    @rule(amount=st.integers(1, 1_000))
    def two_people_take_pay_back(self, amount: int) -> None:
        paid = Payout.objects.exclude(transfer_id=None, line=None).order_by("pk")
        for each in [*paid.exclude(transfer_id=None)[:1], *paid.exclude(line=None)[:1]]:
            given = {"payout": each, "amount": amount, "reason": "Paid twice."}
            if self.perhaps(payments.propose_reversal, **given, by=people.ops("Olu")):
                asked = Reversal.objects.latest("pk")
                self.perhaps(payments.agree_reversal, reversal=asked, by=people.ops("Petra"))

    @rule()
    def ops_think_better_of_it(self) -> None:
        for each in Reversal.objects.filter(status=Reversal.Status.PENDING)[:1]:
            self.perhaps(payments.refuse_reversal, reversal=each, by=people.ops("Olu"), note="It was right.")

    @rule(amount=st.integers(1, 1_000))
    def stripe_reverses_what_nobody_asked_for(self, amount: int) -> None:
        for each in self.stripe.transfers()[-1:]:
            with suppress(Refusal):  # the person's balance has gone to their bank
                reversals.reverse(self.stripe.sandbox, each["id"], {"amount": amount})

    @rule(inquiry=st.booleans())
    def a_payment_is_disputed(self, inquiry: bool) -> None:
        charges = self.stripe.sandbox.store.all("charge")
        for each in [each for each in charges if each["status"] == "succeeded" and not each["disputed"]][:1]:
            disputes.dispute(self.stripe.sandbox, each["id"], inquiry=inquiry)

    @rule(outcome=st.sampled_from(["won", "lost", "lost"]))
    def the_bank_decides(self, outcome: str) -> None:
        for each in Dispute.objects.exclude(status__in=disputes.OUTCOMES).order_by("pk")[:1]:
            if self.stripe.sandbox.find("dispute", each.stripe_id)["status"] not in disputes.OUTCOMES:
                disputes.close(self.stripe.sandbox, each.stripe_id, outcome)

    # --- work

    @rule(name=st.sampled_from(NAMES))
    def claim(self, name: str) -> None:
        who = people.expert(name)
        self.perhaps(work.claim_next, project=fresh(self.ice), expert=who, by=who.user)

    @rule()
    def submit(self) -> None:
        for each in self.works(Status.DRAFT, Status.RETURNED):
            work.submit(submission=each, response=answer(), by=each.expert.user)

    @rule(fate=st.sampled_from(["accept", "return", "reject", "spam"]))
    def decide(self, fate: str) -> None:
        rosa = people.user("Rosa")
        for each in self.works(Status.SUBMITTED)[:1]:
            if fate == "accept":
                work.accept(submission=each, by=rosa)
            elif fate == "return":
                self.perhaps(work.return_for_rework, submission=each, note="Name it.", by=rosa)
            else:
                reason = "incorrect" if fate == "reject" else "spam"
                self.perhaps(work.reject, submission=each, reason=reason, note="No lattice.", by=rosa)

    @rule(overturn=st.booleans())
    def appeal(self, overturn: bool) -> None:
        for each in self.works(Status.REJECTED)[:1]:
            if self.perhaps(work.appeal, submission=each, words="It is named.", by=each.expert.user):
                case = Appeal.objects.get(submission=each)
                work.decide_appeal(appeal=case, overturn=overturn, answer="I looked.", by=people.ops())

    @rule()
    def give_back(self) -> None:
        for each in self.works(Status.DRAFT, Status.RETURNED)[:1]:
            work.release(submission=each, by=each.expert.user)

    @rule()
    def leases_end(self) -> None:
        Seat.objects.exclude(lease_until=None).update(lease_until=timezone.now() - timedelta(seconds=1))
        work.expire_claims()

    @rule()
    def weeks_pass(self) -> None:
        Submission.objects.update(
            decide_by=F("decide_by") - timedelta(days=30), appeal_by=F("appeal_by") - timedelta(days=30)
        )
        work.auto_accept_due()
        work.settle_rejections_due()

    @rule()
    def withdraw(self) -> None:
        task = self.ice.tasks.filter(status="open").last()
        if task:
            self.perhaps(work.withdraw_task, task=task, by=people.user("Mina"))

    # --- money out

    @rule()
    def payouts_are_made(self) -> None:
        payments.net_take_backs()
        payments.make_payouts()

    @rule()
    def a_batch_is_made(self) -> None:
        self.perhaps(payments.make_batch, by=people.ops())

    @rule(result=st.sampled_from(["paid", "paid", "failed"]))
    def our_bank_answers(self, result: str) -> None:
        for each in BatchLine.objects.filter(status=BatchLine.Status.PENDING).order_by("pk")[:1]:
            assert by_hand.confirm(each, result) == 1

    @rule()
    def a_paid_transfer_comes_back(self) -> None:
        for each in BatchLine.objects.filter(status=BatchLine.Status.PAID).order_by("pk")[:1]:
            self.perhaps(by_hand.confirm, line=each, result="failed")

    @rule()
    def bank_details_are_given(self) -> None:
        for each in Payee.objects.filter(route=Payee.Route.MANUAL).exclude(status=Payee.Status.READY):
            payments.give_bank_details(payee=each, details=by_hand.DETAILS, by=each.user)

    @rule(name=st.sampled_from(AT_STRIPE), route=st.sampled_from(Payee.Route.values))
    def ops_move_somebody(self, name: str, route: str) -> None:
        given = {"payee": Payee.objects.get(user=people.user(name)), "route": route, "reason": "The account closed."}
        self.perhaps(payments.change_route, **given, by=people.ops())

    @rule()
    def ops_give_up_what_is_stuck(self) -> None:
        for each in Outbox.objects.filter(op=Outbox.Op.TRANSFER).exclude(state__in=["done", "failed"])[:1]:
            self.perhaps(payments.give_up, row=each, by=people.ops(), note="Nobody goes on with it.")

    @rule(fault=st.sampled_from(["", "500_before", "500_after", "500_saved", "429", "drop_after"]))
    def sent(self, fault: str) -> None:
        if fault:
            self.stripe.fail(fault)
        Outbox.objects.filter(state__in=["pending", "unknown"]).update(due_at=timezone.now() - timedelta(seconds=1))
        payments.dispatch()

    @rule(outcome=st.sampled_from(["verified", "checking", "needs_info"]), name=st.sampled_from(AT_STRIPE))
    def stripe_looks_again(self, outcome: str, name: str) -> None:
        row = Payee.objects.get(user=people.user(name))
        self.stripe.onboard(row.stripe_account_id or "", outcome)
        payments.refresh_payee(payee=row)

    @rule()
    def ops_send_again_what_was_refused(self) -> None:
        for each in Payout.objects.filter(status=Payout.Status.FAILED):
            self.perhaps(payments.retry_payout, payout=each, by=people.ops())

    @rule()
    def ops_take_a_payout_back(self) -> None:
        for each in Payout.objects.filter(status=Payout.Status.PENDING)[:1]:
            self.perhaps(payments.cancel_payout, payout=each, note="Wrong project", by=people.ops())

    @rule(name=st.sampled_from(NAMES), ends=st.booleans())
    def payouts_are_held(self, name: str, ends: bool) -> None:
        if ends:
            for each in Hold.objects.active():
                payments.release_hold(hold=each, note="It was them.", by=people.ops())
        else:
            until, someone = timezone.now() + timedelta(days=2), people.user(name)
            self.perhaps(payments.hold_payouts, payee=someone, reason="A new bank.", until=until, by=people.ops())

    @rule(amount=st.integers(1, 900))
    def the_platform_tops_work_up(self, amount: int) -> None:
        topped_up = Earning.objects.filter(kind=Earning.Kind.TOP_UP).values_list("source", flat=True)
        for each in [each for each in self.works(Status.ACCEPTED) if each.public_id not in topped_up][:1]:
            given = {"ref": self.ice.public_id, "source": each.public_id, "amount": amount, "currency": "usd"}
            self.perhaps(payments.top_up, payee=each.expert.user, **given, memo="Late pay", by=SYSTEM)

    @rule(
        side=st.sampled_from(["project_funds", "goodwill", "expert_payable"]),
        amount=st.integers(1, 2_000),
        agreed=st.booleans(),
        name=st.sampled_from(NAMES),
    )
    def two_people_adjust(self, side: str, amount: int, agreed: bool, name: str) -> None:
        """What a project or a person had too much, and what one pocket of the house owes the other."""
        whose = {"project_funds": self.ice.public_id, "expert_payable": people.user(name).public_id}.get(side, "")
        asked: Adjustment = payments.propose_adjustment(
            debit=side, debit_ref=whose, credit="house", amount=amount, reason="Counted twice.", by=people.ops("Olu")
        )
        petra = people.ops("Petra")
        if agreed:
            self.perhaps(payments.post_adjustment, adjustment=asked, by=petra)
        else:
            payments.refuse_adjustment(adjustment=asked, note="No, once.", by=petra)

    @rule(days=st.integers(1, 3), bank=st.sampled_from(["ok", "account_closed"]), name=st.sampled_from(AT_STRIPE))
    def banks_are_paid(self, days: int, bank: str, name: str) -> None:
        self.stripe.sandbox.set_bank(Payee.objects.get(user=people.user(name)).stripe_account_id or "", bank)
        self.stripe.days_pass(days)

    @rule()
    def the_books_are_compared(self) -> None:
        """I12. Whatever is under way: the equation of ours and theirs holds."""
        payments.reconcile()

    @rule()
    def all_is_told(self) -> None:
        """I12. With nothing under way, our ledger and Stripe's balance are one figure."""
        self.stripe.server.api.faults.clear()
        self.sent("")
        self.news_comes()
        under_way = Outbox.objects.filter(state__in=["pending", "sending", "unknown", "needs_ops"])
        if not under_way.exists() and not InboxEvent.objects.filter(processed_at=None).exists():
            assert ledger.balance(AccountKind.STRIPE_CLEARING) == self.stripe.balance()

    # --- what must hold

    @invariant()
    def the_books_agree(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        assert audit() == []

    @invariant()
    def nobody_is_paid_or_paid_back_twice(self) -> None:
        store = self.stripe.sandbox.store
        for kind, ours in (("transfer", "payout"), ("refund", "refund"), ("reversal", "reversal")):
            sent = [each["metadata"][ours] for each in store.all(kind) if ours in each["metadata"]]
            assert len(sent) == len(set(sent))

    @invariant()
    def nobody_gets_more_than_they_earned(self) -> None:
        """Through Stripe and by hand together: what Stripe itself shows, and what our bank has paid."""
        for row in Payee.objects.select_related("user"):
            sent = [each for each in self.stripe.transfers() if each["destination"] == row.stripe_account_id]
            gone = sum(each["amount"] - each["amount_reversed"] for each in sent)
            for paid in BatchLine.objects.filter(payee=row.user, status=BatchLine.Status.PAID):
                gone += paid.amount
            assert gone <= (Earning.objects.filter(payee=row.user).aggregate(sum=Sum("pay"))["sum"] or 0)

    def works(self, *statuses: str) -> list[Submission]:
        found = Submission.objects.filter(project=self.ice, status__in=statuses).select_related("expert__user")
        return [fresh(each) for each in found.order_by("pk")]

    @staticmethod
    def perhaps(act: Callable[..., object], **given: object) -> bool:
        """What may be refused, in words, without a trace."""
        try:
            with transaction.atomic():
                act(**given)
        except Refused:
            return False
        return True


Act = Callable[[AnyOrder, random.Random], None]
DAY: list[Act] = [
    lambda walk, _: walk.beat(),
    lambda walk, _: walk.a_batch_is_made(),
    lambda walk, _: walk.bank_details_are_given(),
    lambda walk, _: walk.a_paid_transfer_comes_back(),
    lambda walk, _: walk.ops_think_better_of_it(),
    lambda walk, _: walk.ops_give_up_what_is_stuck(),
    lambda walk, chance: walk.pay(chance.randint(2_000, 9_000), "card"),
    lambda walk, chance: walk.a_task_is_done_and_accepted(chance.choice(NAMES), chance.random() < 0.5),
    lambda walk, chance: walk.a_task_is_done_and_accepted("Juan", chance.random() < 0.5),
    lambda walk, chance: walk.our_bank_answers(chance.choice(["paid", "paid", "failed"])),
    lambda walk, chance: walk.ops_move_somebody(chance.choice(AT_STRIPE), chance.choice(Payee.Route.values)),
    lambda walk, chance: walk.two_people_take_pay_back(chance.randint(1, 1_000)),
    lambda walk, chance: walk.two_people_adjust("expert_payable", chance.randint(1, 900), True, chance.choice(NAMES)),
    lambda walk, chance: walk.the_platform_tops_work_up(chance.randint(1, 900)),
    lambda walk, chance: walk.stripe_reverses_what_nobody_asked_for(chance.randint(1, 1_000)),
    lambda walk, chance: walk.stripe_looks_again(chance.choice(["verified", "needs_info"]), chance.choice(AT_STRIPE)),
    lambda walk, chance: walk.sent(chance.choice(["", "500_before", "500_after", "429"])),
    lambda walk, chance: walk.banks_are_paid(2, chance.choice(["ok", "account_closed"]), chance.choice(AT_STRIPE)),
]


def test_money_survives_any_order_of_acts() -> None:
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    few = settings(
        max_examples=WALKS,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=checks,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a walk of seconds is read sooner than it is shrunk
    )
    run_state_machine_as_test(AnyOrder, settings=few)
