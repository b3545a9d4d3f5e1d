"""What ops keep watch with: Stripe's own lines beside ours, sweeps, adjustments by two, holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from core.ids import PublicIdField

LONGEST_HOLD = timedelta(days=7)
ADJUSTABLE = ("stripe_clearing", "house", "platform_fee", "goodwill", "dispute_receivable", "dispute_loss")
ADJUSTABLE_OF_OTHERS = ("project_funds", "expert_payable")  # somebody's: an adjustment may touch one of them


class BalanceTransaction(models.Model):
    """One line of Stripe's account of the platform's balance, stored once and as it came, and what of ours it is."""

    txn_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=60)
    source = models.CharField(max_length=255, blank=True)  # what moved the money: ch_…, tr_…, re_…
    amount = models.BigIntegerField()
    fee = models.BigIntegerField()
    net = models.BigIntegerField()  # amount - fee: how the balance moved
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()  # Stripe's
    matched = models.CharField(max_length=40, blank=True)  # fnd_…, pay_…, an entry; empty: nothing of ours (yet)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["type"], condition=Q(matched=""), name="txn_unmatched"),
            models.Index(fields=["source"], name="txn_source"),
            models.Index(fields=["created_at"], name="txn_created"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(net=F("amount") - F("fee")), name="txn_net_is_amount_less_fee")
        ]

    def __str__(self) -> str:
        return f"{self.txn_id} ({self.type})"


class Reconciliation(models.Model):
    """One comparison of our books with Stripe's, in one currency. Amounts in minor units; `findings` say what is odd.

    The equation: ledger - ours_unseen + theirs_unbooked = stripe.
    """

    public_id = PublicIdField(prefix="rec")
    currency = models.CharField(max_length=3)
    full = models.BooleanField()  # the whole history was read, not the last two days only
    read = models.PositiveIntegerField()  # lines of Stripe's that this run met for the first time
    matched = models.PositiveIntegerField()  # of all stored lines, those that are something of ours
    adopted = models.PositiveIntegerField()  # found at Stripe first, then booked
    ledger = models.BigIntegerField()  # stripe_clearing
    stripe = models.BigIntegerField()  # available + pending + connect_reserved
    ours_unseen = models.BigIntegerField()  # booked, no line of Stripe's yet
    theirs_unbooked = models.BigIntegerField()  # lines of Stripe's that nothing of ours explains
    findings = models.JSONField(default=list)  # [{"what", "ref", "type", "net", "at"}]: empty is green
    entries = models.BigIntegerField()  # how many the ledger had, up to `last_entry`: they may never grow fewer
    last_entry = models.BigIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_default=Now())

    class Meta:
        get_latest_by = "pk"

    def __str__(self) -> str:
        return self.public_id

    @property
    def difference(self) -> int:
        return self.ledger - self.ours_unseen + self.theirs_unbooked - self.stripe

    @property
    def green(self) -> bool:
        return not self.findings


class EventSweep(models.Model):
    """One reading of Stripe's list of events: how far it came, and how many no webhook had brought."""

    started_at = models.DateTimeField()  # the next sweep begins a little before this
    seen = models.PositiveIntegerField()
    missed = models.PositiveIntegerField()

    class Meta:
        get_latest_by = "started_at"

    def __str__(self) -> str:
        return f"{self.started_at:%d %b %Y %H:%M}"


class Adjustment(models.Model):
    """One ledger entry by hand. One person proposes it with a reason, another one posts or refuses it."""

    class Status(models.TextChoices):
        PROPOSED = "proposed"
        POSTED = "posted"
        REFUSED = "refused"
        EXPIRED = "expired"

    NOUN = "adjustment"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PROPOSED: {Status.POSTED, Status.REFUSED, Status.EXPIRED},
        Status.POSTED: set(),
        Status.REFUSED: set(),
        Status.EXPIRED: set(),
    }

    public_id = PublicIdField(prefix="adj")
    debit = models.CharField(max_length=20)  # kinds of account; the ref says whose
    debit_ref = models.CharField(max_length=40, blank=True)
    credit = models.CharField(max_length=20)
    credit_ref = models.CharField(max_length=40, blank=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="usd")
    reason = models.TextField()
    explains = models.OneToOneField(  # the line of Stripe's that this books, where there is one
        BalanceTransaction, null=True, blank=True, on_delete=models.PROTECT, related_name="adjustment"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROPOSED)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="adjustment_is_positive"),
            models.CheckConstraint(condition=~Q(reason=""), name="adjustment_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(status="posted")
                | Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("proposed_by")),
                name="adjustment_takes_two",
            ),
            models.CheckConstraint(
                condition=Q(debit__in=ADJUSTABLE + ADJUSTABLE_OF_OTHERS)
                & Q(credit__in=ADJUSTABLE + ADJUSTABLE_OF_OTHERS)
                & (Q(debit__in=ADJUSTABLE) | Q(credit__in=ADJUSTABLE)),
                name="adjustment_of_allowed_accounts",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class HoldQuerySet(models.QuerySet["Hold"]):
    def active(self, at: datetime | None = None) -> HoldQuerySet:
        return self.filter(released_at=None, ends_at__gt=at or timezone.now())


class Hold(models.Model):
    """Somebody's payouts wait, for a reason that they read, until a moment that they read. It ends by itself."""

    public_id = PublicIdField(prefix="hld")
    payee = models.ForeignKey(User, on_delete=models.PROTECT, related_name="holds")
    reason = models.TextField()
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    renews = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="renewal")
    first_by = models.ForeignKey(  # who placed the one it renews
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True, blank=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(reason=""), name="hold_has_a_reason"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("placed_at"), ends_at__lte=F("placed_at") + LONGEST_HOLD),
                name="hold_of_a_week_at_most",
            ),
            models.CheckConstraint(
                condition=Q(renews=None, first_by=None)
                | Q(renews__isnull=False, first_by__isnull=False) & ~Q(first_by=F("placed_by")),
                name="hold_renewed_by_another",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["payee", "-ends_at"])]

    def __str__(self) -> str:
        return self.public_id
