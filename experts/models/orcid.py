"""What an expert's ORCID record says, as it was read the last time."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.ids import PublicIdField
from experts.models.credentials import Credential
from experts.models.institutions import Institution
from experts.models.people import Expert


class OrcidItem(models.Model):
    """One line of the record. Dates are as far as they are known: "2015", "2015-02" or "2015-02-28"."""

    class Kind(models.TextChoices):
        EDUCATION = "education", "Education"
        QUALIFICATION = "qualification", "Qualification"
        EMPLOYMENT = "employment", "Employment"
        WORK = "work", "Work"

    public_id = PublicIdField(prefix="oit")
    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="orcid_items")
    kind = models.CharField(max_length=13, choices=Kind.choices)
    put_code = models.PositiveBigIntegerField()  # ORCID's own number of the line
    title = models.CharField(max_length=255, blank=True)
    department = models.CharField(max_length=255, blank=True)
    organisation = models.CharField(max_length=255, blank=True)
    country = models.CharField(max_length=2, blank=True)
    institution = models.ForeignKey(Institution, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    started = models.CharField(max_length=10, blank=True)
    ended = models.CharField(max_length=10, blank=True)
    asserted = models.BooleanField(default=False)  # by an organisation, in its own name
    source = models.CharField(max_length=255, blank=True)  # who put it there, by name
    source_id = models.CharField(max_length=40, blank=True)  # an ORCID client, or the person's own iD
    read_at = models.DateTimeField(default=timezone.now)
    credential = models.ForeignKey(
        Credential, null=True, blank=True, on_delete=models.SET_NULL, related_name="orcid_items"
    )  # the one it was taken as a proof of

    class Meta:
        ordering: ClassVar = ["kind", "-ended", "-started", "put_code"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["expert", "kind", "put_code"], name="orcid_item_once")]

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.title, self.organisation, self.ended[:4])))
