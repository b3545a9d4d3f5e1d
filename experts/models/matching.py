"""What matching reads of an expert."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from experts.models.people import Expert


class ExpertMatch(models.Model):
    """What matching reads: one narrow row per expert, derived from profile and verified credentials, rebuildable."""

    expert = models.OneToOneField(Expert, on_delete=models.CASCADE, primary_key=True, related_name="match")
    verified = models.BooleanField(default=False)
    available = models.BooleanField(default=True)
    level = models.PositiveSmallIntegerField(default=0)  # highest verified ISCED level
    fields = ArrayField(models.CharField(max_length=4), default=list)  # verified fields with their ancestors
    # "8:0533": has this level or more in this field or one below it. Level and field must come from one degree.
    degrees = ArrayField(models.CharField(max_length=6), default=list)
    # "physician:US-CA" and "physician:US": a verified licence there that has not run out.
    licences = ArrayField(models.CharField(max_length=24), default=list)
    country = models.CharField(max_length=2)
    languages = ArrayField(models.CharField(max_length=2), default=list)
    min_rate = models.PositiveIntegerField(default=0)
    weekly_hours = models.PositiveSmallIntegerField(default=0)
    refreshed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "expert matches"
        indexes: ClassVar = [
            GinIndex(fields=["fields"], name="match_fields"),
            GinIndex(fields=["degrees"], name="match_degrees"),
            GinIndex(fields=["licences"], name="match_licences"),
            models.Index(fields=["level", "country"], condition=models.Q(verified=True), name="match_verified"),
        ]

    def __str__(self) -> str:
        return str(self.expert)
