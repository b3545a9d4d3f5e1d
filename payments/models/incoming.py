"""What labs pay in, what goes back to them, and what their banks contest."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Lab, User
from core.ids import PublicIdField


class FundingQuerySet(models.QuerySet["Funding"]):
    def visible_to(self, user: User) -> FundingQuerySet:
        return self.filter(lab__in=Lab.objects.visible_to(user))


class Funding(models.Model):
    """One payment of a lab into one project's funds. It counts only when Stripe says paid."""

    class Status(models.TextChoices):
        PENDING = "pending"  # the lab has not paid yet
        PROCESSING = "processing", "Pending until the bank settles it"  # a debit or transfer was ordered
        PAID = "paid"
        FAILED = "failed"
        EXPIRED = "expired"
        CANCELLED = "cancelled"  # the lab does not want it any more

    class Method(models.TextChoices):
        CARD = "card", "Card"
        BANK = "bank", "Bank debit or transfer"

    NOUN = "funding"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.PROCESSING, Status.PAID, Status.FAILED, Status.EXPIRED, Status.CANCELLED},
        Status.PROCESSING: {Status.PAID, Status.FAILED},
        Status.PAID: set(),
        Status.FAILED: {Status.PAID},
        Status.EXPIRED: {Status.PAID},
        Status.CANCELLED: {Status.PAID},
    }
    OVER = (Status.FAILED, Status.EXPIRED, Status.CANCELLED)  # a payment that arrives all the same goes back

    public_id = PublicIdField(prefix="fnd")
    ref = models.CharField(max_length=40)  # what is funded: prj_…
    lab = models.ForeignKey(Lab, on_delete=models.PROTECT, related_name="fundings")
    title = models.CharField(max_length=200)  # what the lab reads at Stripe and on its receipt
    amount = models.BigIntegerField()  # gross, what the lab pays
    stripe_fee = models.BigIntegerField(default=0)  # known when paid; the project can spend amount - stripe_fee
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    method = models.CharField(max_length=4, choices=Method.choices, default=Method.CARD)
    failure = models.TextField(blank=True, editable=False)  # why it failed, in words
    success_url = models.CharField(max_length=500)
    cancel_url = models.CharField(max_length=500)
    checkout_session_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    checkout_url = models.CharField(max_length=2000, blank=True, editable=False)
    run = models.PositiveSmallIntegerField(default=1, editable=False)  # of the key under which Stripe is asked for it
    instructions_url = models.CharField(max_length=2000, blank=True, editable=False)  # where to send a bank transfer
    invoice_url = models.CharField(max_length=2000, blank=True, editable=False)  # Stripe's own pages, once paid
    receipt_url = models.CharField(max_length=2000, blank=True, editable=False)
    payment_intent_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    charge_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    paid_at = models.DateTimeField(null=True, editable=False)
    idle_warned_at = models.DateTimeField(null=True, editable=False)  # that what is unspent of it will go back

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


class RefundQuerySet(models.QuerySet["Refund"]):
    def visible_to(self, user: User) -> RefundQuerySet:
        return self.filter(funding__lab__in=Lab.objects.visible_to(user))


class Refund(models.Model):
    """A part of one funding that goes back to the lab. SETTLED when Stripe says so; it may still come back later."""

    class Status(models.TextChoices):
        PENDING = "pending", "Being sent"
        SENT = "sent", "On its way"
        SETTLED = "settled", "Done"
        FAILED = "failed", "Came back"  # refused, or sent back by the bank: the money is the project's again
        CANCELLED = "cancelled", "Cancelled"

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
    reason = models.CharField(max_length=500, blank=True)  # the lab's own words; empty where it was made at Stripe
    refund_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    failure = models.TextField(blank=True, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_is_positive")]

    def __str__(self) -> str:
        return self.public_id


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def visible_to(self, user: User) -> DisputeQuerySet:
        return self.filter(funding__lab__in=Lab.objects.visible_to(user))


class Dispute(models.Model):
    """The bank of a lab takes a payment back, or asks about it. A mirror of Stripe's dispute, refreshed by hints."""

    class Status(models.TextChoices):  # Stripe's own states
        NEEDS_RESPONSE = "needs_response", "We must answer the bank"
        UNDER_REVIEW = "under_review", "The bank is deciding"
        WON = "won", "Won"
        LOST = "lost", "Lost"
        WARNING_NEEDS_RESPONSE = "warning_needs_response", "The bank asks"  # an inquiry: no money has moved
        WARNING_UNDER_REVIEW = "warning_under_review", "The bank reads our answer"
        WARNING_CLOSED = "warning_closed", "The bank asked, and let it rest"
        APPEAL_NEEDS_RESPONSE = "appeal_needs_response", "Appealed: we must answer"
        APPEAL_UNDER_REVIEW = "appeal_under_review", "Appealed: the bank is deciding"
        PREVENTED = "prevented", "Settled before it began"

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
    borne = models.BigIntegerField(default=0)  # what the project's free funds have paid of a lost one
    evidence_due_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    objects = DisputeQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_is_positive")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def answer_due(self) -> datetime | None:
        """Until when the bank waits for our evidence; None once it has it, or has decided."""
        return self.evidence_due_at if self.status.endswith("needs_response") else None

    @property
    def tone(self) -> str:
        """The colour of its badge."""
        if self.status in self.SETTLED:
            return "success"
        return "danger" if self.status == self.Status.LOST or self.answer_due else "warning"
