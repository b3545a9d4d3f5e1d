"""The experts themselves."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.models import User
from core.ids import PublicIdField


class ExpertQuerySet(models.QuerySet["Expert"]):
    def visible_to(self, user: User) -> ExpertQuerySet:
        return self if user.is_staff and user.token is None else self.filter(user=user)


class Expert(models.Model):
    public_id = PublicIdField(prefix="exp")
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="expert")
    join_code = PublicIdField(prefix="ref")  # in the link that an expert hands on; says nothing of whose it is
    country = models.CharField(max_length=2)  # of residence, ISO 3166-1 alpha-2; asked before any work (payouts)
    headline = models.CharField(max_length=120, blank=True)
    bio = models.TextField(blank=True)
    former_names = ArrayField(models.CharField(max_length=120), default=list, blank=True)  # documents may bear them
    languages = ArrayField(models.CharField(max_length=2), default=list)  # ISO 639-1
    min_rate = models.PositiveIntegerField(default=0)  # minor units of USD an hour
    weekly_hours = models.PositiveSmallIntegerField(default=10)
    available = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ExpertQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.user)
