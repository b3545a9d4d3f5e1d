"""Where one can have studied."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Institution(models.Model):
    """A university or similar, keyed by ROR id."""

    ror_id = models.CharField(max_length=9, unique=True)
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2
    domains = ArrayField(models.CharField(max_length=120), default=list)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
