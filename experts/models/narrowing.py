"""What ops would rather see verified, until the expert agrees or not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import User
from core.ids import PublicIdField
from experts.models.credentials import Credential
from experts.models.fields import DegreeLevel, Field

ANSWERED_WITHIN = timedelta(days=7)  # else nothing changes


def answer_by() -> datetime:
    return timezone.now() + ANSWERED_WITHIN


class Narrowing(models.Model):
    """A proposal of ops: this credential in a narrower field or at a lower level. It takes the expert's consent."""

    class Status(models.TextChoices):
        PROPOSED = "proposed"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        LAPSED = "lapsed"

    NOUN = "narrowing"
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.PROPOSED: {Status.ACCEPTED, Status.DECLINED, Status.LAPSED},
        Status.ACCEPTED: set(),
        Status.DECLINED: set(),
        Status.LAPSED: set(),
    }

    public_id = PublicIdField(prefix="nrw")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="narrowings")
    field = models.ForeignKey(Field, on_delete=models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField(choices=DegreeLevel.choices)  # as in Credential: 0 for a licence
    words = models.TextField()  # why, to the expert
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROPOSED)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    answer_by = models.DateTimeField(default=answer_by)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["credential"], condition=models.Q(status="proposed"), name="one_open_narrowing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.credential}, narrowed to {self.field}"
