"""Who is paid, what they earned, and the transfers that carry it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import User
from core.ids import PublicIdField
from payments.models.incoming import Funding
from payments.models.ledger import Entry
from payments.models.manual import BatchLine
from payments.models.once import Once


class Payee(Once):
    """How one person is paid: their country, and what Stripe says of their account (a mirror, refreshed by hints).

    Where Stripe does not pay, ops do by hand: then the person's bank details are kept here, sealed. Ops may move a
    person from one way to the other; an account at Stripe stays on record, and is not asked about meanwhile.
    """

    class Route(models.TextChoices):
        STRIPE = "stripe", "Through Stripe"
        MANUAL = "manual", "By bank transfer, by hand"

    class Status(models.TextChoices):
        NEW = "new", "Not started"
        PENDING = "pending", "Being checked by Stripe"
        READY = "ready", "Ready to be paid"
        RESTRICTED = "restricted", "Something is needed from you"
        UNSUPPORTED = "unsupported", "Not possible in this country"

    class TaxForm(models.TextChoices):
        NONE = "none", "Not on file"
        ASKED = "asked", "Asked for"
        ON_FILE = "on_file", "On file"

    NOUN = "payee"
    # Stripe decides, in any order; NEW again where ops move the person to the other way.
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.NEW: {Status.PENDING, Status.READY, Status.RESTRICTED, Status.UNSUPPORTED},
        Status.PENDING: {Status.NEW, Status.READY, Status.RESTRICTED, Status.UNSUPPORTED},
        Status.READY: {Status.NEW, Status.PENDING, Status.RESTRICTED, Status.UNSUPPORTED},
        Status.RESTRICTED: {Status.NEW, Status.PENDING, Status.READY, Status.UNSUPPORTED},
        Status.UNSUPPORTED: {Status.NEW, Status.PENDING, Status.READY, Status.RESTRICTED},
    }

    public_id = PublicIdField(prefix="pye")
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="payee")
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2, upper case; fixed once Stripe has the account
    route = models.CharField(max_length=6, choices=Route.choices, default=Route.STRIPE)
    stripe_account_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    bank_details = models.TextField(blank=True, editable=False)  # sealed (payments.sealing); empty on Stripe's route
    bank_hint = models.CharField(max_length=4, blank=True, editable=False)  # the account's last characters
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.NEW)
    requirements = models.JSONField(default=list)  # what is still needed, one sentence each
    tax_form = models.CharField(max_length=8, choices=TaxForm.choices, default=TaxForm.NONE)  # kept elsewhere, by ops
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(route="manual") | Q(bank_details=""), name="bank_details_are_for_pay_by_hand"
            ),
            models.CheckConstraint(
                condition=~Q(route="manual", status="ready") | ~Q(bank_details=""),
                name="manual_payee_is_ready_with_details",
            ),
        ]

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
        MINIMUM = "minimum", "Made up to the least an hour"

    DUES = (Kind.MINIMUM,)  # paid through a Due alone
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


class Due(models.Model):
    """What a project owes a person beyond any seat's reserve, for a period: its free funds pay it before anything else.

    One for each project, person, kind and period, paid whole by one earning; until funds reach, it is owed.
    """

    class Status(models.TextChoices):
        OWED = "owed"
        PAID = "paid"

    NOUN = "due"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {Status.OWED: {Status.PAID}, Status.PAID: set()}

    public_id = PublicIdField(prefix="due")
    payee = models.ForeignKey(User, on_delete=models.PROTECT, related_name="dues")
    ref = models.CharField(max_length=40)  # the project: prj_…
    source = models.CharField(max_length=40)  # what for: sub_…, the last of the period
    kind = models.CharField(max_length=16, choices=Earning.Kind.choices)
    since = models.DateField()  # the period's first day
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    memo = models.CharField(max_length=200)  # a line that both sides understand
    status = models.CharField(max_length=4, choices=Status.choices, default=Status.OWED)
    booked_at = models.DateTimeField(db_default=Now())
    earning = models.OneToOneField(Earning, null=True, on_delete=models.PROTECT, related_name="due")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ref", "payee", "kind", "since"], name="due_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="due_is_positive"),
            models.CheckConstraint(
                condition=Q(status="owed", earning=None) | Q(status="paid", earning__isnull=False),
                name="due_is_paid_by_an_earning",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["ref"], condition=Q(status="owed"), name="due_owed")]

    def __str__(self) -> str:
        return self.public_id


class PayoutQuerySet(models.QuerySet["Payout"]):
    def visible_to(self, user: User) -> PayoutQuerySet:
        return self.filter(payee=user) if user.token is None or user.token.lab_id is None else self.none()


class Payout(models.Model):
    """One transfer at Stripe: one person, one funding's charge, one run. PAID only when Stripe says so.

    Without a funding it pays top-ups, from the platform's own available balance. With a `line` it goes by hand, and
    stays PENDING until our bank has paid the line. `against` a take-back it goes nowhere: see Reversal.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        PAID = "paid"
        FAILED = "failed"  # Stripe refused the transfer, or the bank refused the money (then it waits at Stripe)
        CANCELLED = "cancelled"
        REVERSED = "reversed"  # all of the transfer came back, see Reversal

    NOUN = "payout"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.SENT, Status.FAILED, Status.CANCELLED},
        Status.SENT: {Status.PAID, Status.FAILED, Status.REVERSED},
        Status.PAID: {Status.FAILED, Status.REVERSED},  # banks return money days later
        Status.FAILED: {Status.PENDING, Status.PAID, Status.REVERSED},  # sent again, or paid to the mended bank account
        Status.CANCELLED: set(),
        Status.REVERSED: set(),
    }

    public_id = PublicIdField(prefix="pay")
    payee = models.ForeignKey(User, on_delete=models.PROTECT, related_name="payouts")
    funding = models.ForeignKey(Funding, null=True, on_delete=models.PROTECT, related_name="payouts")
    line = models.ForeignKey(BatchLine, null=True, on_delete=models.PROTECT, related_name="payouts")  # its newest
    against = models.ForeignKey("Reversal", null=True, on_delete=models.PROTECT, related_name="paid_by")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    transfer_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    destination_payment = models.CharField(max_length=255, unique=True, null=True, editable=False)  # at the payee's
    bank_payout_id = models.CharField(max_length=255, blank=True, editable=False)  # Stripe's po_…, our bank's reference
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
                condition=~Q(status__in=["sent", "paid"])
                | Q(transfer_id__isnull=False)
                | Q(line__isnull=False)
                | Q(against__isnull=False),
                name="sent_payout_has_a_transfer",
            ),
            models.CheckConstraint(
                condition=Q(transfer_id__isnull=True, line__isnull=True)
                | Q(transfer_id__isnull=True, against__isnull=True)
                | Q(line__isnull=True, against__isnull=True),
                name="payout_goes_one_way",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["payee", "-id"]), models.Index(fields=["status", "id"])]

    def __str__(self) -> str:
        return self.public_id


class ReversalQuerySet(models.QuerySet["Reversal"]):
    def taken_back(self) -> ReversalQuerySet:
        """Pay that came back because ops asked: the person is not paid again."""
        return self.filter(status=Reversal.Status.DONE).exclude(proposed_by=None)


class Reversal(models.Model):
    """A part of one transfer, or all of it, that comes back from the person's account at Stripe.

    `by_hand`: of a bank transfer. No bank gives it back at our word, so it is kept from what the person earns next: by
    payouts `against` it, and in parts, each a row of its own, where that is not enough at once.

    Asked for by two of ops, with a reason: the pay goes back to whoever paid it. Found at Stripe, not asked for
    (`proposed_by` is empty): the person is still owed, and the next sweep pays them again.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed"
        PENDING = "pending"  # agreed on; the outbox has it, or the next pay
        DONE = "done"
        FAILED = "failed"  # Stripe refused: the money has left the account, as a rule
        REFUSED = "refused"  # by one of ops
        EXPIRED = "expired"

    NOUN = "reversal"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PROPOSED: {Status.PENDING, Status.REFUSED, Status.EXPIRED},
        Status.PENDING: {Status.DONE, Status.FAILED, Status.REFUSED},  # refused: by hand only, nothing is under way
        Status.DONE: set(),
        Status.FAILED: set(),
        Status.REFUSED: set(),
        Status.EXPIRED: set(),
    }
    HOLDING = (Status.PROPOSED, Status.PENDING, Status.DONE)  # no other reversal may take this part

    public_id = PublicIdField(prefix="rvl")
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="reversals")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.TextField(blank=True)  # for the person to read; empty where nobody asked
    by_hand = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROPOSED)
    reversal_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    failure = models.TextField(blank=True, editable=False)
    proposed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True, editable=False)

    objects = ReversalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="reversal_is_positive"),
            models.CheckConstraint(
                condition=Q(proposed_by=None, status__in=["pending", "done"]) | ~Q(proposed_by=None) & ~Q(reason=""),
                name="reversal_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by=None)
                | ~Q(status__in=["pending", "done", "failed"])
                | Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("proposed_by")),
                name="reversal_takes_two",
            ),
            models.CheckConstraint(
                condition=~Q(status="done")
                | Q(done_at__isnull=False) & (Q(reversal_id__isnull=False) | Q(by_hand=True)),
                name="done_reversal_names_its_object",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def asked(self) -> bool:
        """By ops, so that the person is not paid again; false where it was found at Stripe."""
        return self.proposed_by_id is not None


class Allocation(models.Model):
    """Which funding pays which part of an earning, and with which payout. Oldest funding first; none pays a top-up.

    It shrinks when a part of its payout comes back that nobody asked for: that part is owed again.
    """

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
