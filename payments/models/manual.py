"""Payouts by hand, where Stripe does not pay: a file of bank transfers, and what the bank made of each line."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User
from core.ids import PublicIdField


class Batch(models.Model):
    """One file of bank transfers that ops take to their bank. It never changes; how far it has come, its lines say."""

    public_id = PublicIdField(prefix="bat")
    currency = models.CharField(max_length=3)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return self.public_id


class BatchLine(models.Model):
    """One bank transfer: all that one person's payouts of this batch come to. PAID only when our bank says so."""

    class Status(models.TextChoices):
        PENDING = "pending"
        PAID = "paid"
        FAILED = "failed"

    NOUN = "batch_line"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.PAID, Status.FAILED},
        Status.PAID: {Status.FAILED},  # banks return money days later
        Status.FAILED: set(),  # what it carried goes into another batch
    }

    public_id = PublicIdField(prefix="lin")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="lines")
    payee = models.ForeignKey(User, on_delete=models.PROTECT, related_name="batch_lines")
    amount = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    bank_details = models.TextField(blank=True, editable=False)  # sealed; as they were; forgotten once the bank paid
    reference = models.CharField(max_length=140, blank=True)  # the bank's
    paid_on = models.DateField(null=True)  # as the bank gives it
    failure = models.CharField(max_length=300, blank=True)  # in words, for the expert
    told_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "payee"], name="one_line_per_batch_and_payee"),
            models.UniqueConstraint(
                fields=["payee"], condition=Q(status="pending"), name="one_open_batch_line_per_payee"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="batch_line_is_positive"),
            models.CheckConstraint(
                condition=~Q(status="paid") | ~Q(reference="") & Q(paid_on__isnull=False),
                name="paid_batch_line_has_the_banks_words",
            ),
            models.CheckConstraint(condition=~Q(status="failed") | ~Q(failure=""), name="failed_batch_line_says_why"),
        ]

    def __str__(self) -> str:
        return self.public_id
