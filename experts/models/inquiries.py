"""Questions to registers and to ORCID, and what the loaded registers know."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.ids import PublicIdField
from experts.models.credentials import Credential, Road
from experts.models.people import Expert


class Inquiry(models.Model):
    """One question that a worker asks until it is answered or given up. `problem`: what was wrong the last time."""

    public_id = PublicIdField(prefix="inq")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="inquiries")
    credential = models.ForeignKey(
        Credential, null=True, blank=True, on_delete=models.PROTECT, related_name="inquiries"
    )  # null: an ORCID record speaks of all of them
    road = models.CharField(max_length=8, choices=Road.choices)
    subject = models.CharField(max_length=40)  # the register's code, or the ORCID iD
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)  # when it is tried next
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)  # answered, or given up where `problem` still stands

    class Meta:
        verbose_name_plural = "inquiries"
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(closed_at__isnull=True), name="inquiry_due")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["expert", "credential", "road"],
                condition=models.Q(closed_at__isnull=True),
                nulls_distinct=False,
                name="inquiry_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_road_display()}: {self.subject}"


class RegisterEntry(models.Model):
    """One licence of a board's file. `number`: letters and digits alone, upper case."""

    profession = models.CharField(max_length=12, choices=Credential.Profession.choices)
    place = models.CharField(max_length=6)  # ISO 3166, "US-CA" or "DE"
    number = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    active = models.BooleanField(default=True)
    expires_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200)  # the file's name
    loaded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "register entries"
        constraints: ClassVar = [models.UniqueConstraint(fields=["profession", "place", "number"], name="licence_once")]

    def __str__(self) -> str:
        return f"{self.place} {self.number}"
