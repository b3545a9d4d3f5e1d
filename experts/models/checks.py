"""What machines noticed about a credential. Derived: made anew whenever its claim or its proof changes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from experts.models.credentials import Credential


class Check(models.Model):
    class Outcome(models.TextChoices):
        PASSES = "passes", "Fits"
        ADVISES = "advises", "Look"
        UNKNOWN = "unknown", "Not known"

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="checks")
    name = models.CharField(max_length=12)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    compared = models.TextField()
    words = models.TextField()
    serious = models.BooleanField(default=False)  # then a second person of ops must agree
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["credential", "name"], name="check_once")]

    def __str__(self) -> str:
        return f"{self.name}: {self.words}"
