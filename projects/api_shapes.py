"""The shapes of the REST door: how projects, applications and invitations are written as JSON.

Amounts are minor units of `currency`; ids are public ids.
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from accounts.models import Agreement, Consent, Lab
from payments.models import Funding
from projects.kinds import CHOICES
from projects.models import Application, InstructionVersion, Invitation, Project, Shortlisted

NEWEST_AGREEMENTS = "Public ids; without them the newest version of each kind."


class PromisesLink(serializers.CharField):
    """Where the figures stand: rooms above this one count them."""

    def to_representation(self, value: Any) -> str:
        return reverse("api-promises", args=[value])


class ProjectShape(serializers.ModelSerializer[Project]):
    """`fee` follows from `pay`. Once open, only who may work, title, brief and planned tasks can change."""

    id = serializers.CharField(source="public_id", read_only=True)
    lab = serializers.SlugRelatedField(slug_field="public_id", queryset=Lab.objects.all())
    kind = serializers.ChoiceField(choices=CHOICES)
    agreements = serializers.SlugRelatedField(
        slug_field="public_id",
        queryset=Agreement.objects.all(),
        many=True,
        required=False,
        help_text=NEWEST_AGREEMENTS,
    )
    promises: Any = PromisesLink(source="public_id", read_only=True)

    class Meta:
        model = Project
        fields = (
            "id", "lab", "title", "kind", "status", "brief", "min_level", "fields", "countries", "languages",
            "agreements", "currency", "pay", "fee", "minutes", "min_hourly", "overlap", "planned_tasks",
            "decision_days", "pilot_tasks", "pilot_confirmed_at", "lease_minutes", "claims_per_expert",
            "partial_pay_percent", "open_when_funded", "created_at", "opened_at", "closed_at", "promises",
        )  # fmt: skip
        read_only_fields = (
            "status", "currency", "fee", "pilot_confirmed_at", "open_when_funded", "created_at", "opened_at",
            "closed_at",
        )  # fmt: skip


class EditShape(ProjectShape):
    """A PATCH: whatever is given changes."""

    lab = serializers.SlugRelatedField(slug_field="public_id", read_only=True)


class InstructionsShape(serializers.ModelSerializer[InstructionVersion]):
    class Meta:
        model = InstructionVersion
        fields = ("number", "text", "published_at")
        read_only_fields = ("number", "published_at")


class FundShape(serializers.Serializer[Any]):
    amount = serializers.IntegerField(min_value=1, help_text="What the lab pays, in minor units.")
    method = serializers.ChoiceField(
        Funding.Method.choices,
        default=Funding.Method.CARD,
        help_text="By bank the money counts once the bank has settled it.",
    )
    success_url = serializers.URLField(
        max_length=500, help_text="Where Stripe sends the person; `{FUNDING}` becomes the id."
    )
    cancel_url = serializers.URLField(max_length=500)


class ProjectNoteShape(serializers.Serializer[Any]):
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=5_000)


class PartShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    weight = serializers.FloatField()
    value = serializers.FloatField()
    why = serializers.CharField()


class UnmetShape(serializers.Serializer[Any]):
    """A requirement that does not hold: what is asked, and what would meet it."""

    rule = serializers.CharField()
    message = serializers.CharField()
    remedy = serializers.CharField()


class ShortlistedShape(serializers.ModelSerializer[Shortlisted]):
    expert = serializers.CharField(source="expert.public_id")
    name = serializers.CharField(source="expert.user.name")
    parts = PartShape(many=True)

    class Meta:
        model = Shortlisted
        fields = ("rank", "expert", "name", "score", "parts")


class MatchesShape(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Verified experts who fit and want such work now.")
    shortlist = ShortlistedShape(many=True, help_text="The best who are not contacted yet.")


class ApplicationShape(serializers.ModelSerializer[Application]):
    id = serializers.CharField(source="public_id", read_only=True)
    project = serializers.CharField(source="project.public_id", read_only=True)
    expert = serializers.CharField(source="expert.public_id", read_only=True)
    name = serializers.CharField(source="expert.user.name", read_only=True)
    parts = PartShape(many=True, read_only=True)
    consent = serializers.CharField(source="consent.public_id", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Application
        fields = (
            "id", "project", "expert", "name", "status", "message", "score", "parts", "answer_by", "reason", "consent",
            "created_at", "decided_at",
        )  # fmt: skip
        read_only_fields = ("status", "score", "answer_by", "reason", "created_at", "decided_at")


class ReasonShape(serializers.Serializer[Any]):
    reason = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=1_000, help_text="The expert reads it."
    )


class InvitationShape(serializers.ModelSerializer[Invitation]):
    id = serializers.CharField(source="public_id", read_only=True)
    project = serializers.CharField(source="project.public_id", read_only=True)
    expert = serializers.CharField(source="expert.public_id", read_only=True)
    parts = PartShape(many=True, read_only=True)

    class Meta:
        model = Invitation
        fields = ("id", "project", "expert", "status", "score", "parts", "sent_at", "expires_at")
        read_only_fields = fields


class InviteExpertShape(serializers.Serializer[Any]):
    expert = serializers.CharField(help_text="Public id, as on the shortlist.")


class OfferShape(serializers.Serializer[Project]):
    """An open project as an expert sees it; `unmet` is empty where they may apply."""

    id = serializers.CharField(source="public_id")
    title = serializers.CharField()
    lab = serializers.CharField(source="lab.name")
    kind = serializers.ChoiceField(choices=CHOICES)
    brief = serializers.CharField()
    pay = serializers.IntegerField()
    currency = serializers.CharField()
    minutes = serializers.IntegerField()
    min_hourly = serializers.IntegerField(
        help_text="Least pay an hour of measured time, minor units; 0: none promised."
    )
    decision_days = serializers.IntegerField()
    min_level = serializers.IntegerField()
    fields_of_study = serializers.ListField(child=serializers.CharField(), source="fields")
    countries = serializers.ListField(child=serializers.CharField())
    languages = serializers.ListField(child=serializers.CharField())
    opened_at = serializers.DateTimeField()
    promises = PromisesLink(source="public_id")
    unmet = serializers.SerializerMethodField()

    def get_unmet(self, project: Project) -> list[dict[str, str]]:
        return list(UnmetShape(self.context["unmet"][project.pk], many=True).data)


class AgreementTextShape(serializers.ModelSerializer[Agreement]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Agreement
        fields = ("id", "kind", "version", "title", "text")


class ConsentShape(serializers.ModelSerializer[Consent]):
    id = serializers.CharField(source="public_id")
    agreements: Any = serializers.SlugRelatedField(slug_field="public_id", many=True, read_only=True)

    class Meta:
        model = Consent
        fields = ("id", "scope", "agreements", "at")
