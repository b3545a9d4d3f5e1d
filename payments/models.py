"""Money: the double-entry ledger, what labs pay in, what experts earned, and what goes to and from Stripe.

Every amount is an integer in minor units of its `currency` (ISO 4217, lower case). PostgreSQL triggers guard the ledger
(payments/migrations/0002): entries balance, never change, and move balances; docs/money.md explains the chart.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Lab, User
from core.ids import PublicIdField
from payments.models_ops import Adjustment, BalanceTransaction, EventSweep, Hold, Reconciliation

__all__ = [
    "Account",
    "AccountKind",
    "Adjustment",
    "Allocation",
    "BalanceTransaction",
    "Earning",
    "Entry",
    "EventSweep",
    "Funding",
    "Hold",
    "InboxEvent",
    "Outbox",
    "Payee",
    "Payout",
    "Posting",
    "Reconciliation",
]


class AccountKind(models.TextChoices):
    """The chart of accounts. `LIABILITIES` belong to someone: they keep a balance that can never fall below zero."""

    PROJECT_FUNDS = "project_funds"
    PROJECT_RESERVED = "project_reserved"
    EXPERT_PAYABLE = "expert_payable"
    PAYOUT_IN_FLIGHT = "payout_in_flight"
    REFUND_IN_FLIGHT = "refund_in_flight"
    STRIPE_CLEARING = "stripe_clearing"
    DISPUTE_RECEIVABLE = "dispute_receivable"
    PLATFORM_FEE = "platform_fee"
    DISPUTE_LOSS = "dispute_loss"
    GOODWILL = "goodwill"
    HOUSE = "house"  # the operator's own money: Stripe's bills, top-ups, what it takes to its bank


LIABILITIES = frozenset(
    {
        AccountKind.PROJECT_FUNDS,
        AccountKind.PROJECT_RESERVED,
        AccountKind.EXPERT_PAYABLE,
        AccountKind.PAYOUT_IN_FLIGHT,
        AccountKind.REFUND_IN_FLIGHT,
    }
)
CREDIT_SIDE = LIABILITIES | {AccountKind.PLATFORM_FEE}


class Account(models.Model):
    """One account of the ledger. Its balance moves through postings only; a tracked one stores it."""

    class Side(models.TextChoices):
        DEBIT = "debit"
        CREDIT = "credit"

    kind = models.CharField(max_length=20, choices=AccountKind.choices)
    ref = models.CharField(max_length=40, blank=True)  # whose: prj_… or usr_…; empty for the house's own
    currency = models.CharField(max_length=3)
    side = models.CharField(max_length=6, choices=Side.choices)  # the side on which it grows
    tracked = models.BooleanField()  # false: summed when asked, so that a busy account is no bottleneck
    floor0 = models.BooleanField()
    balance = models.BigIntegerField(default=0)  # positive on the account's own side; 0 while not tracked

    class Meta:
        db_table = "ledger_account"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "ref", "currency"], name="ledger_account_once"),
            models.CheckConstraint(condition=Q(floor0=False) | Q(balance__gte=0), name="ledger_floor"),
            models.CheckConstraint(condition=Q(tracked=True) | Q(floor0=False), name="ledger_floor_needs_tracking"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.ref}" if self.ref else self.kind


class Entry(models.Model):
    """One movement of money: a unique key and postings that sum to zero per currency. Never changed."""

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=30)
    digest = models.CharField(max_length=64)  # SHA-256 of kind and lines: a repeated key must say the same
    meta = models.JSONField(default=dict)
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversal")
    xid = models.BigIntegerField(db_default=0)  # the transaction that wrote it, set by the database
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "ledger_entry"
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return self.key


class Posting(models.Model):
    """One leg of an entry: positive amounts debit the account, negative ones credit it."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    amount = models.BigIntegerField()

    class Meta:
        db_table = "ledger_posting"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "account"], name="one_leg_per_account"),
            models.CheckConstraint(condition=~Q(amount=0), name="posting_moves_something"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount:+d}"


class FundingQuerySet(models.QuerySet["Funding"]):
    def visible_to(self, user: User) -> FundingQuerySet:
        return self.filter(lab__in=Lab.objects.visible_to(user))


class Funding(models.Model):
    """One payment of a lab into one project's funds. It counts only when Stripe says paid."""

    class Status(models.TextChoices):
        PENDING = "pending"  # the lab has not paid yet
        PROCESSING = "processing"  # ordered (bank debit, transfer), the money has not arrived
        PAID = "paid"
        FAILED = "failed"
        EXPIRED = "expired"

    NOUN = "funding"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.PROCESSING, Status.PAID, Status.FAILED, Status.EXPIRED},
        Status.PROCESSING: {Status.PAID, Status.FAILED},
        Status.PAID: set(),
        Status.FAILED: set(),
        Status.EXPIRED: set(),
    }

    public_id = PublicIdField(prefix="fnd")
    ref = models.CharField(max_length=40)  # what is funded: prj_…
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="fundings")
    title = models.CharField(max_length=200)  # what the lab reads at Stripe and on its receipt
    amount = models.BigIntegerField()  # gross, what the lab pays
    stripe_fee = models.BigIntegerField(default=0)  # known when paid; the project can spend amount - stripe_fee
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    success_url = models.CharField(max_length=500)
    cancel_url = models.CharField(max_length=500)
    checkout_session_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    checkout_url = models.CharField(max_length=2000, blank=True, editable=False)
    payment_intent_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    charge_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    paid_at = models.DateTimeField(null=True, editable=False)

    objects = FundingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="funding_is_positive"),
            models.CheckConstraint(
                condition=Q(stripe_fee__gte=0) & Q(stripe_fee__lt=F("amount")), name="funding_exceeds_its_fee"
            ),
            models.CheckConstraint(
                condition=~Q(status="paid") | Q(charge_id__isnull=False, paid_at__isnull=False),
                name="paid_funding_has_a_charge",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["ref", "id"]), models.Index(fields=["lab", "-id"])]

    def __str__(self) -> str:
        return self.public_id


class Dispute(models.Model):
    """The bank of a lab takes a payment back, or asks about it. A mirror of Stripe's dispute, refreshed by hints."""

    class Status(models.TextChoices):  # Stripe's own words
        NEEDS_RESPONSE = "needs_response"
        UNDER_REVIEW = "under_review"
        WON = "won"
        LOST = "lost"
        WARNING_NEEDS_RESPONSE = "warning_needs_response"  # an inquiry: no money has moved
        WARNING_UNDER_REVIEW = "warning_under_review"
        WARNING_CLOSED = "warning_closed"
        APPEAL_NEEDS_RESPONSE = "appeal_needs_response"
        APPEAL_UNDER_REVIEW = "appeal_under_review"
        PREVENTED = "prevented"

    SETTLED = (Status.WON, Status.WARNING_CLOSED, Status.PREVENTED)  # in our favour: nothing stands against the project
    _APPEALED = frozenset({Status.APPEAL_NEEDS_RESPONSE, Status.APPEAL_UNDER_REVIEW})
    _DECIDED = frozenset({Status.WON, Status.LOST, Status.PREVENTED})
    _ASKED = frozenset({Status.WARNING_UNDER_REVIEW, Status.WARNING_CLOSED})
    _FORMAL = frozenset({Status.NEEDS_RESPONSE, Status.UNDER_REVIEW})

    NOUN = "dispute"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {  # the bank decides; what was missed may be skipped
        Status.NEEDS_RESPONSE: {Status.UNDER_REVIEW, Status.WARNING_NEEDS_RESPONSE, *_ASKED, *_DECIDED, *_APPEALED},
        Status.UNDER_REVIEW: {Status.NEEDS_RESPONSE, *_DECIDED, *_APPEALED},
        Status.WARNING_NEEDS_RESPONSE: {*_ASKED, *_FORMAL, *_DECIDED, *_APPEALED},
        Status.WARNING_UNDER_REVIEW: {Status.WARNING_NEEDS_RESPONSE, Status.WARNING_CLOSED, *_FORMAL, *_DECIDED},
        Status.WARNING_CLOSED: {*_FORMAL, *_DECIDED},
        Status.APPEAL_NEEDS_RESPONSE: {Status.APPEAL_UNDER_REVIEW, *_DECIDED},
        Status.APPEAL_UNDER_REVIEW: {Status.APPEAL_NEEDS_RESPONSE, *_DECIDED},
        Status.WON: set(_APPEALED),
        Status.LOST: {Status.WON, *_APPEALED},
        Status.PREVENTED: set(),
    }

    public_id = PublicIdField(prefix="dsp")
    funding = models.ForeignKey(Funding, on_delete=models.PROTECT, related_name="disputes")
    stripe_id = models.CharField(max_length=255, unique=True, editable=False)
    amount = models.BigIntegerField()  # what is disputed
    withdrawn = models.BigIntegerField(default=0)  # what Stripe has taken for it and not given back
    fee = models.BigIntegerField(default=0)  # what Stripe has charged for it
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60)  # Stripe's code
    status = models.CharField(max_length=30, choices=Status.choices, default=Status.NEEDS_RESPONSE)
    evidence_due_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_is_positive")]

    def __str__(self) -> str:
        return self.public_id


class Payee(models.Model):
    """How one person is paid: their country and what Stripe says of their account. A mirror, refreshed by hints."""

    class Status(models.TextChoices):
        NEW = "new", "Not started"
        PENDING = "pending", "Being checked by Stripe"
        READY = "ready", "Ready to be paid"
        RESTRICTED = "restricted", "Stripe needs something from you"
        UNSUPPORTED = "unsupported", "Not possible in this country"

    NOUN = "payee"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {  # Stripe decides, in any order
        Status.NEW: {Status.PENDING, Status.READY, Status.RESTRICTED, Status.UNSUPPORTED},
        Status.PENDING: {Status.READY, Status.RESTRICTED, Status.UNSUPPORTED},
        Status.READY: {Status.PENDING, Status.RESTRICTED, Status.UNSUPPORTED},
        Status.RESTRICTED: {Status.PENDING, Status.READY, Status.UNSUPPORTED},
        Status.UNSUPPORTED: {Status.PENDING, Status.READY, Status.RESTRICTED},
    }

    public_id = PublicIdField(prefix="pye")
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="payee")
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2, upper case; fixed once Stripe has the account
    stripe_account_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.NEW)
    requirements = models.JSONField(default=list)  # what Stripe still needs, one sentence each
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.user} ({self.country})"


class EarningQuerySet(models.QuerySet["Earning"]):
    def visible_to(self, user: User) -> EarningQuerySet:
        return self.filter(payee=user) if user.token is None or user.token.lab_id is None else self.none()


class Earning(models.Model):
    """Pay that a person has earned. Whether it is on its way follows from its allocations' payouts."""

    class Kind(models.TextChoices):
        TASK = "task", "Accepted work"
        PARTIAL = "partial", "Part pay for rejected work"
        WITHDRAWN = "withdrawn", "Task withdrawn"
        APPEAL = "appeal", "Appeal won"
        REWORK = "rework", "Accepted after rework"
        QUALIFICATION = "qualification", "Qualification"
        ONBOARDING = "onboarding", "Onboarding"
        TOP_UP = "top_up", "Top-up from the platform"

    HOUSE_PAID = (Kind.TOP_UP,)  # from the platform's own money; every other kind is drawn on the project's fundings

    public_id = PublicIdField(prefix="ern")
    payee = models.ForeignKey(User, on_delete=models.PROTECT, related_name="earnings")
    ref = models.CharField(max_length=40)  # the project: prj_…; it pays, unless the kind is HOUSE_PAID
    source = models.CharField(max_length=40)  # what for: sub_…
    kind = models.CharField(max_length=16, choices=Kind.choices)
    pay = models.BigIntegerField()
    fee = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    memo = models.CharField(max_length=200)  # a line the expert understands
    booked_at = models.DateTimeField(db_default=Now())
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="earning")

    objects = EarningQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "kind"], name="earned_once"),
            models.CheckConstraint(condition=Q(pay__gt=0) & Q(fee__gte=0), name="earning_is_positive"),
        ]
        indexes: ClassVar = [models.Index(fields=["payee", "-id"]), models.Index(fields=["ref", "id"])]

    def __str__(self) -> str:
        return self.public_id


class PayoutQuerySet(models.QuerySet["Payout"]):
    def visible_to(self, user: User) -> PayoutQuerySet:
        return self.filter(payee=user) if user.token is None or user.token.lab_id is None else self.none()


class Payout(models.Model):
    """One transfer at Stripe: one person, one funding's charge, one run. PAID only when Stripe says so.

    Without a funding it pays top-ups, from the platform's own available balance.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        PAID = "paid"
        FAILED = "failed"  # Stripe refused the transfer, or the bank refused the money (then it waits at Stripe)
        CANCELLED = "cancelled"

    NOUN = "payout"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.SENT, Status.FAILED, Status.CANCELLED},
        Status.SENT: {Status.PAID, Status.FAILED},
        Status.PAID: {Status.FAILED},  # banks return money days later
        Status.FAILED: {Status.PENDING, Status.PAID},  # sent again, or Stripe paid again to the mended bank account
        Status.CANCELLED: set(),
    }

    public_id = PublicIdField(prefix="pay")
    payee = models.ForeignKey(User, on_delete=models.PROTECT, related_name="payouts")
    funding = models.ForeignKey(Funding, null=True, on_delete=models.PROTECT, related_name="payouts")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    transfer_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    destination_payment = models.CharField(max_length=255, unique=True, null=True, editable=False)  # at the payee's
    bank_payout_id = models.CharField(max_length=255, blank=True, editable=False)  # Stripe's po_…; may carry several
    arrives_on = models.DateField(null=True, editable=False)  # as Stripe gives it
    failure = models.TextField(blank=True, editable=False)  # in words, for the expert
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, editable=False)
    paid_at = models.DateTimeField(null=True, editable=False)

    objects = PayoutQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_is_positive"),
            models.CheckConstraint(
                condition=~Q(status__in=["sent", "paid"]) | Q(transfer_id__isnull=False),
                name="sent_payout_has_a_transfer",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["payee", "-id"]), models.Index(fields=["status", "id"])]

    def __str__(self) -> str:
        return self.public_id


class Allocation(models.Model):
    """Which funding pays which part of an earning, and with which payout. Oldest funding first; none pays a top-up."""

    earning = models.ForeignKey(Earning, on_delete=models.PROTECT, related_name="allocations")
    funding = models.ForeignKey(Funding, null=True, on_delete=models.PROTECT, related_name="allocations")
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="allocations")
    amount = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["earning", "payout"], name="one_allocation_per_payout"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.earning} from {self.funding or 'the platform'}"


class Refund(models.Model):
    """A part of one funding that goes back to the lab. SETTLED when Stripe says so; it may still come back later."""

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        SETTLED = "settled"
        FAILED = "failed"  # refused, or sent back by the bank: the money is the project's again
        CANCELLED = "cancelled"

    NOUN = "refund"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.SENT, Status.FAILED, Status.CANCELLED},
        Status.SENT: {Status.SETTLED, Status.FAILED},
        Status.SETTLED: {Status.FAILED},  # banks return money days later
        Status.FAILED: set(),
        Status.CANCELLED: set(),
    }
    HOLDING = (Status.PENDING, Status.SENT, Status.SETTLED)  # the funding cannot carry this amount any more

    public_id = PublicIdField(prefix="rfd")
    funding = models.ForeignKey(Funding, on_delete=models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    refund_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    failure = models.TextField(blank=True, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_is_positive")]

    def __str__(self) -> str:
        return self.public_id


class Outbox(models.Model):
    """One call that Stripe must get exactly once: delivery of its subject, not a second status of it."""

    class Op(models.TextChoices):
        TRANSFER = "transfer"  # of a payout
        REFUND = "refund"
        REVERSAL = "reversal"  # of a transfer

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"  # under a lease; a killed sender's row is taken over when it ends
        UNKNOWN = "unknown"  # Stripe may or may not have done it
        DONE = "done"
        FAILED = "failed"  # a definite no
        NEEDS_OPS = "needs_ops"

    key = models.CharField(max_length=120, unique=True)  # the idempotency key that Stripe sees
    op = models.CharField(max_length=20, choices=Op.choices)
    subject = models.CharField(max_length=40)  # what is delivered: pay_…, rfd_…
    run = models.PositiveIntegerField(default=1)  # grows when what was refused or never found is sent anew
    payee = models.ForeignKey(
        Payee, null=True, on_delete=models.PROTECT, related_name="+"
    )  # waits until they are ready
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    due_at = models.DateTimeField(db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True)
    first_at = models.DateTimeField(null=True, blank=True)  # Stripe forgets a key 24 h after this
    attempts = models.PositiveIntegerField(default=0)
    remote_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "outbox"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(remote_id__isnull=False), name="done_row_names_its_object"
            ),
            models.UniqueConstraint(
                fields=["subject"], condition=~Q(state="failed"), name="one_live_delivery_per_subject"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state__in=["pending", "sending", "unknown"]), name="outbox_due")
        ]

    def __str__(self) -> str:
        return self.key


class InboxEvent(models.Model):
    """One event that Stripe told us of, stored raw before anything is done about it."""

    class Endpoint(models.TextChoices):
        PLATFORM = "platform"
        CONNECT = "connect"
        THIN = "thin"

    event_id = models.CharField(max_length=255, unique=True)
    endpoint = models.CharField(max_length=10, choices=Endpoint.choices)
    account = models.CharField(max_length=255, blank=True)  # the connected account it speaks of
    object_id = models.CharField(max_length=255, blank=True)  # what changed: fetched again before anything is done
    type = models.CharField(max_length=120)
    livemode = models.BooleanField()
    raw = models.TextField()
    received_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["due_at"], condition=Q(processed_at=None), name="inbox_due")]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
