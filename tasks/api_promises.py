"""The REST door to how promises were kept: for whoever may apply, and for the lab itself."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import Door
from projects.models import Project
from tasks import queries_promises as promises
from tasks.api_work import user_of


class SpreadShape(serializers.Serializer[promises.Spread]):
    n = serializers.IntegerField()
    median_seconds = serializers.IntegerField(allow_null=True)
    p95_seconds = serializers.IntegerField(allow_null=True)


class RateShape(serializers.Serializer[promises.Rate]):
    n = serializers.IntegerField()
    percent = serializers.IntegerField(allow_null=True)


class MadeUpShape(serializers.Serializer[promises.MadeUp]):
    n = serializers.IntegerField(help_text="Weeks of an expert with measured time.")
    count = serializers.IntegerField(help_text="Those that paid less than the least an hour.")
    amount = serializers.IntegerField(help_text="What makes them up, minor units.")
    owed = serializers.IntegerField(help_text="What of it waits for the project's funds.")


class MissShape(serializers.Serializer[promises.Miss]):
    what = serializers.ChoiceField(choices=["undecided", "late_pay", "late_by_hand", "unanswered"])
    at = serializers.DateTimeField(help_text="When it should have been.")


class MissedShape(serializers.Serializer[promises.Figures]):
    total = serializers.IntegerField(source="missed")
    undecided = serializers.IntegerField(help_text="Nobody decided in time.")
    late_pay = serializers.IntegerField(help_text="Sent more than an hour after approval, or still not sent.")
    late_by_hand = serializers.IntegerField(help_text="By bank transfer, later than such people are promised.")
    unanswered = serializers.IntegerField(help_text="Appeals that nobody answered in time.")
    latest = MissShape(many=True, source="misses")


class FiguresShape(serializers.Serializer[promises.Figures]):
    """A figure from fewer than five cases is null; `n` says from how many."""

    since = serializers.DateTimeField(allow_null=True, help_text="The first decision that is counted.")
    until = serializers.DateTimeField(allow_null=True, help_text="The last one.")
    decision = SpreadShape()
    by_clock = RateShape()
    rejected = RateShape()
    nothing = RateShape(help_text="Paid nothing: spam or fraud, as Quorum decided.")
    overturned = RateShape()
    pay = SpreadShape(help_text="From approval to Stripe.")
    by_hand = SpreadShape(help_text="From approval to our bank, where Stripe does not pay.")
    hourly = serializers.IntegerField(allow_null=True, help_text="Median measured pay an hour, minor units.")
    measured = serializers.IntegerField(help_text="Answers that `hourly` rests on.")
    made_up = MadeUpShape()
    missed = MissedShape(source="*")


class PromisesShape(serializers.Serializer[Any]):
    project = FiguresShape()
    lab = FiguresShape()


class Promises(Door):
    @extend_schema(responses=PromisesShape, operation_id="get_promises")
    def get(self, request: Request, project: str) -> Response:
        """How promises were kept on this project and by its lab."""
        user = user_of(request)
        seen = Q(pk__in=Project.objects.visible_to(user).values("pk")) | Q(status=Project.Status.OPEN)
        found = get_object_or_404(Project.objects.filter(seen).select_related("lab"), public_id=project)
        shown = {"project": promises.of_project(found), "lab": promises.of_lab(found.lab)}
        return Response(PromisesShape(shown).data)
