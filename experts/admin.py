"""The ops door to experts: lists, and the desk on which credentials are decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.models import User
from accounts.roles import Permission, may
from core.actors import Actor
from core.admin import Button, OpsAdmin
from experts import actions
from experts.desk import acts, bulk, page
from experts.desk.audiences import AudienceAdmin, ProspectAdmin, SuppressedAdmin
from experts.desk.growing import ArrivalAdmin, PartnerAdmin
from experts.desk.issuers import TrustedIssuerAdmin
from experts.models import (
    Arrival,
    Audience,
    Credential,
    CredentialAppeal,
    Diploma,
    Evidence,
    Expert,
    ExpertMatch,
    Field,
    Institution,
    IssuerKey,
    Narrowing,
    Partner,
    Prospect,
    ReasonTemplate,
    Record,
    Suppressed,
    TrustedIssuer,
    Verdict,
)


@admin.register(Expert)
class ExpertAdmin(OpsAdmin[Expert]):
    list_display = ("user", "country", "headline", "available", "created_at", "public_id")
    list_filter = ("available",)
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email", "=public_id")
    ordering = ("-pk",)


def foretold(credential: Credential, by: Actor) -> list[str]:
    """What a withdrawal does, as lines for whoever is about to do it."""
    would = actions.foretell_revocation(credential=credential, by=by)
    stops = [f"New claims stop in {project}." for project in would.stops] or ["No project closes to them by it."]
    return [*stops, *(f"{line}. It may be finished, is reviewed and paid." for line in would.goes_on)]


@admin.register(Credential)
class CredentialAdmin(OpsAdmin[Credential]):
    list_display = ("title", "expert", "institution_name", "status", "answer_by", "decided_by", "public_id")
    list_filter = ("status", "level")
    list_select_related = ("expert__user", "decided_by")
    search_fields = ("title", "institution_name", "expert__user__name", "expert__user__email", "=public_id")
    ordering = ("-pk",)
    buttons = (
        Button(
            "revoke",
            "Withdraw the verification",
            lambda credential, by, words: actions.revoke_credential(credential=credential, message=words, by=by),
            when=lambda credential: credential.status == Credential.Status.VERIFIED,
            asks="Why, in words the expert reads",
            tone="danger",
            foretells=foretold,
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        inside = self.admin_site.admin_view

        def shown(draw: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
                return draw(request, self.admin_site.each_context(request), **kwargs)

            return inside(view)

        return [
            path("desk/", shown(page.page), name="desk"),
            path("desk/bulk/", shown(bulk.bulk), name="desk_bulk"),
            path("desk/people/", shown(bulk.people), name="desk_people"),
            path("desk/undo/<str:verdict_id>/", inside(acts.undo), name="desk_undo"),
            path("desk/<str:credential_id>/", shown(page.page), name="desk_credential"),
            path("desk/<str:credential_id>/flag/", inside(acts.flag), name="desk_flag"),
            path("desk/<str:credential_id>/institution/", inside(acts.institution), name="desk_institution"),
            path("desk/<str:credential_id>/narrow/", inside(acts.narrow), name="desk_narrow"),
            path("desk/<str:credential_id>/recheck/", inside(acts.recheck), name="desk_recheck"),
            *super().get_urls(),
        ]


@admin.register(Verdict)
class VerdictAdmin(OpsAdmin[Verdict]):
    list_display = ("credential", "decision", "status", "by", "confirmed_by", "in_bulk", "made_at", "due_at")
    list_filter = ("decision", "status", "in_bulk")
    list_select_related = ("credential", "by", "confirmed_by")
    search_fields = ("=credential__public_id", "=public_id")
    ordering = ("-pk",)


@admin.register(CredentialAppeal)
class CredentialAppealAdmin(OpsAdmin[CredentialAppeal]):
    list_display = ("credential", "status", "refused_by", "decided_by", "opened_at")
    list_filter = ("status",)
    list_select_related = ("credential", "refused_by", "decided_by")
    search_fields = ("=credential__public_id", "=public_id")
    ordering = ("-pk",)


@admin.register(ReasonTemplate)
class ReasonTemplateAdmin(OpsAdmin[ReasonTemplate]):
    """What the desk offers to say. Ops keep the list; a template that is not used any more is switched off."""

    list_display = ("label", "decision", "text", "in_use")
    list_filter = ("decision", "in_use")
    fields = ("decision", "label", "text", "in_use")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(cast(User, request.user), Permission.CREDENTIAL_REVIEW)

    def has_change_permission(self, request: HttpRequest, obj: ReasonTemplate | None = None) -> bool:
        return self.has_add_permission(request)

    def save_model(
        self, request: HttpRequest, obj: ReasonTemplate, form: ModelForm[ReasonTemplate], change: bool
    ) -> None:
        given = {name: form.cleaned_data[name] for name in self.fields}
        actions.save_template(template=obj, by=cast(User, request.user), **given)


@admin.register(Narrowing)
class NarrowingAdmin(OpsAdmin[Narrowing]):
    list_display = ("credential", "field", "level", "status", "proposed_by", "answer_by")
    list_filter = ("status",)
    list_select_related = ("credential", "field", "proposed_by")
    search_fields = ("=credential__public_id", "=public_id")
    ordering = ("-pk",)


@admin.register(Evidence)
class EvidenceAdmin(OpsAdmin[Evidence]):
    list_display = ("filename", "credential", "content_type", "size", "uploaded_at", "rendered_at", "render_error")
    list_select_related = ("credential",)
    search_fields = ("=sha256", "=public_id", "=credential__public_id")
    # Never the file itself: documents are looked at as page images, on the desk.
    fields = (
        "public_id", "credential", "filename", "content_type", "size", "sha256", "uploaded_at", "rendered_at",
        "render_error",
    )  # fmt: skip


admin.site.register(Audience, AudienceAdmin)
admin.site.register(Prospect, ProspectAdmin)
admin.site.register(Suppressed, SuppressedAdmin)
admin.site.register(Partner, PartnerAdmin)
admin.site.register(Arrival, ArrivalAdmin)
admin.site.register(TrustedIssuer, TrustedIssuerAdmin)


@admin.register(Diploma)
class DiplomaAdmin(OpsAdmin[Diploma]):
    list_display = ("filename", "credential", "assertion", "said", "size", "added_at")
    list_select_related = ("credential", "assertion")
    search_fields = ("=sha256", "=public_id", "=credential__public_id", "assertion__source")
    ordering = ("-pk",)
    fields = ("public_id", "credential", "assertion", "said", "filename", "size", "sha256", "added_at")
    buttons = (
        Button(
            "again",
            "Verify once more",
            lambda diploma, by, words: actions.verify_diploma_again(diploma=diploma, by=by),
        ),
    )

    @admin.display(description="Verdict")
    def said(self, diploma: Diploma) -> str:
        return diploma.assertion.get_verdict_display()


@admin.register(Record)
class RecordAdmin(OpsAdmin[Record]):
    list_display = ("public_id", "expert", "issued_at", "withdrawn_at", "why", "key")
    list_select_related = ("expert__user", "key")
    search_fields = ("=public_id", "expert__user__name", "expert__user__email")
    ordering = ("-pk",)
    buttons = (
        Button(
            "withdraw",
            "Withdraw the record",
            lambda record, by, words: actions.withdraw_record(record=record, why=words, by=by),
            when=lambda record: record.withdrawn_at is None,
            asks="Why, in words the expert reads",
            tone="danger",
        ),
    )


@admin.register(IssuerKey)
class IssuerKeyAdmin(OpsAdmin[IssuerKey]):
    list_display = ("multikey", "made_at", "retired_at")
    ordering = ("-pk",)
    fields = ("public_id", "multikey", "made_at", "retired_at")  # never the sealed half


@admin.register(ExpertMatch)
class ExpertMatchAdmin(OpsAdmin[ExpertMatch]):
    list_display = ("expert", "verified", "available", "level", "country", "refreshed_at")
    list_filter = ("verified", "available")
    list_select_related = ("expert__user",)
    search_fields = ("expert__user__name", "=expert__public_id")


@admin.register(Field)
class FieldAdmin(OpsAdmin[Field]):
    list_display = ("code", "label", "parent")
    list_select_related = ("parent",)
    search_fields = ("code", "label")


@admin.register(Institution)
class InstitutionAdmin(OpsAdmin[Institution]):
    list_display = ("name", "country", "ror_id", "domains")
    search_fields = ("name", "=ror_id")
