"""Where one can have studied."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class Institution(models.Model):
    """A university or similar, keyed by ROR id. `load_institutions` writes it; nobody edits it by hand."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "Closed"
        WITHDRAWN = "withdrawn", "Withdrawn by ROR"  # a mistake, or there twice

    ror_id = models.CharField(max_length=9, unique=True)
    name = models.CharField(max_length=300)
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2
    city = models.CharField(max_length=120, blank=True)
    countries = ArrayField(models.CharField(max_length=2), default=list)  # of all its seats; `country` is the first
    types = ArrayField(models.CharField(max_length=16), default=list)  # ROR's words: education, healthcare …
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.ACTIVE)
    established = models.PositiveSmallIntegerField(null=True, blank=True)  # year
    closed = models.PositiveSmallIntegerField(null=True, blank=True)  # year, where it is known; ROR does not say
    domains = ArrayField(models.CharField(max_length=120), default=list)
    website = models.CharField(max_length=120, blank=True)  # host alone, without "www."
    # ROR ids, because a small set may lack whom they name.
    parents = ArrayField(models.CharField(max_length=9), default=list)
    children = ArrayField(models.CharField(max_length=9), default=list)
    predecessors = ArrayField(models.CharField(max_length=9), default=list)
    successors = ArrayField(models.CharField(max_length=9), default=list)
    words = SearchVectorField(default="")  # folded words of all its names
    digest = models.CharField(max_length=32, default="")  # of all that was loaded: tells what changed since

    class Meta:
        ordering: ClassVar = ["name"]
        indexes: ClassVar = [
            GinIndex(fields=["words"], name="institution_words", fastupdate=False),
            GinIndex(fields=["domains"], name="institution_domains", fastupdate=False),
            models.Index(fields=["website"], name="institution_website"),
        ]

    def __str__(self) -> str:
        return self.name


class InstitutionName(models.Model):
    """One of its names, in any language. `folded` as in experts.spelling: what is typed is compared with it."""

    class Kind(models.TextChoices):
        NAME = "name", "Name"  # the one that ROR shows
        LABEL = "label", "Name in another language"
        ALIAS = "alias", "Other name"
        ACRONYM = "acronym", "Acronym"

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="names")
    value = models.CharField(max_length=300)
    kind = models.CharField(max_length=7, choices=Kind.choices)
    folded = models.CharField(max_length=300)

    class Meta:
        # The operator class serves "begins with" and "is exactly" alike.
        indexes: ClassVar = [
            models.Index(fields=["folded"], name="institution_folded", opclasses=["varchar_pattern_ops"])
        ]

    def __str__(self) -> str:
        return self.value


class MailDomain(models.Model):
    """A domain that lists beside ROR's know (`load_domains`): an institution's, or without one: proof of nothing."""

    domain = models.CharField(max_length=120, unique=True)
    institution = models.ForeignKey(Institution, null=True, on_delete=models.CASCADE, related_name="mail_domains")

    def __str__(self) -> str:
        return self.domain
