"""What one can have studied, and how far: the standard classifications of UNESCO."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class DegreeLevel(models.IntegerChoices):
    """ISCED 2011 levels of tertiary education."""

    BACHELOR = 6, "Bachelor's or equivalent"
    MASTER = 7, "Master's or equivalent"
    DOCTORATE = 8, "Doctorate or equivalent"


class Field(models.Model):
    """A field of education of ISCED-F 2013: broad (2 digits), narrow (3), detailed (4)."""

    code = models.CharField(max_length=4, unique=True)
    label = models.CharField(max_length=120)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")

    class Meta:
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.label

    @property
    def ancestry(self) -> list[str]:
        """Own code and those above it: "0533" → ["0533", "053", "05"]."""
        return [self.code[:length] for length in range(len(self.code), 1, -1)]
