"""What ops keep watch with: Stripe's own lines beside ours, and sweeps of its events.

`payments.models` names these models too; import them from there.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.ids import PublicIdField


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
