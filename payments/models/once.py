"""What stands at Stripe once for each row of ours."""

from __future__ import annotations

from django.db import models


class Once(models.Model):
    """A row that has one object at Stripe, made when it is first needed: how far the asking for it has come."""

    asked_at = models.DateTimeField(null=True, editable=False)  # when Stripe was first asked to make it
    run = models.PositiveSmallIntegerField(default=1, editable=False)  # counts the keys under which it was asked

    class Meta:
        abstract = True
