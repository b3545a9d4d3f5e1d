"""A lab as Stripe knows it."""

from __future__ import annotations

from django.db import models

from accounts.models import Lab
from payments.models.once import Once


class Customer(Once):
    """The one Stripe Customer of a lab, made when it first pays, and whether its limit for cards is lifted."""

    lab = models.OneToOneField(Lab, on_delete=models.PROTECT, related_name="customer")
    name = models.CharField(max_length=120)  # as when Stripe was first asked: a retry asks for the same
    stripe_customer_id = models.CharField(max_length=255, unique=True, null=True, editable=False)
    card_limit_lifted_at = models.DateTimeField(null=True, editable=False)  # by ops

    def __str__(self) -> str:
        return str(self.lab)
