"""The double-entry ledger: accounts, entries and postings. `payments.ledger` is the only writer."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.money import show


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
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings", db_index=False)
    amount = models.BigIntegerField()

    class Meta:
        db_table = "ledger_posting"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "account"], name="one_leg_per_account"),
            models.CheckConstraint(condition=~Q(amount=0), name="posting_moves_something"),
        ]
        indexes: ClassVar = [  # an account's movements in their order, summed without reading a row
            models.Index(fields=["account", "entry"], include=["amount"], name="ledger_posting_of_account")
        ]

    def __str__(self) -> str:
        return f"{self.account} {show(self.amount, self.account.currency)}"
