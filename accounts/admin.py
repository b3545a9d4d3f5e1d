"""The ops door to people, labs, agreements and notices."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.auth.models import Group
from django.forms import ModelForm
from django.http import HttpRequest

from accounts import actions
from accounts.models import Agreement, ApiToken, Consent, Lab, MemberInvite, Membership, Notice, User
from core.admin import Button, OpsAdmin

# These register pages on which one could type over what actions keep, or read second factors.
for module, model in (
    ("allauth.account.admin", EmailAddress),
    ("allauth.mfa.admin", Authenticator),
    ("allauth.socialaccount.admin", SocialAccount),
    ("allauth.socialaccount.admin", SocialApp),
    ("allauth.socialaccount.admin", SocialToken),
    ("django.contrib.auth.admin", Group),
):
    import_module(module)
    admin.site.unregister(model)


def rights_in(words: str) -> list[str]:
    """ "none" is no right at all."""
    return [word for word in words.replace(",", " ").split() if word != "none"]


@admin.register(EmailAddress)
class EmailAddressAdmin(OpsAdmin[EmailAddress]):
    list_display = ("email", "user", "primary", "verified")
    list_select_related = ("user",)
    search_fields = ("email",)


@admin.register(User)
class UserAdmin(OpsAdmin[User]):
    list_display = ("email", "name", "public_id", "is_staff", "is_active", "date_joined", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name", "=public_id")
    ordering = ("-pk",)
    fields = (
        "public_id", "email", "name", "time_zone", "shortcuts", "is_active", "is_staff", "withheld", "date_joined",
        "last_login",
    )  # fmt: skip
    buttons = (
        Button(
            "rights",
            "Withhold rights",
            lambda user, by, words: actions.withhold_rights(user=user, rights=rights_in(words), by=by),
            when=lambda user: user.is_staff,
            asks="Rights of ops that this person shall not have, separated by spaces; “none” gives all back",
        ),
    )


class MembersInline(admin.TabularInline):  # type: ignore[type-arg]  # no parameter while running
    model = Membership
    extra = 0
    can_delete = False
    fields = readonly_fields = ("user", "role", "since")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Lab)
class LabAdmin(OpsAdmin[Lab]):
    list_display = ("name", "status", "website", "country", "created_at", "public_id")
    list_filter = ("status",)
    search_fields = ("name", "website", "=public_id")
    ordering = ("-pk",)
    inlines = (MembersInline,)
    fields = ("public_id", "name", "website", "country", "time_zone", "status", "created_at")
    buttons = (
        Button(
            "confirm",
            "Confirm this lab",
            lambda lab, by, words: actions.confirm_lab(lab=lab, by=by),
            when=lambda lab: Lab.Status.CONFIRMED in Lab.TRANSITIONS[lab.status],
            tone="primary",
        ),
        Button(
            "refuse",
            "Refuse this lab",
            lambda lab, by, words: actions.refuse_lab(lab=lab, note=words, by=by),
            when=lambda lab: Lab.Status.REFUSED in Lab.TRANSITIONS[lab.status],
            asks="Why, in words the owners read",
            tone="danger",
        ),
    )


@admin.register(Membership)
class MembershipAdmin(OpsAdmin[Membership]):
    list_display = ("lab", "user", "role", "since")
    list_filter = ("role",)
    list_select_related = ("lab", "user")
    search_fields = ("lab__name", "user__email", "user__name")


@admin.register(MemberInvite)
class MemberInviteAdmin(OpsAdmin[MemberInvite]):
    list_display = ("email", "lab", "role", "status", "invited_by", "expires_at")
    list_filter = ("status",)
    list_select_related = ("lab", "invited_by")
    search_fields = ("email", "lab__name")


@admin.register(ApiToken)
class ApiTokenAdmin(OpsAdmin[ApiToken]):
    list_display = ("name", "user", "lab", "created_at", "revoked_at")
    list_select_related = ("user", "lab")
    search_fields = ("user__email", "=public_id")
    fields = ("public_id", "name", "user", "lab", "created_at", "revoked_at")


@admin.register(Agreement)
class AgreementAdmin(OpsAdmin[Agreement]):
    """Published texts never change; a new version is added beside them."""

    list_display = ("title", "kind", "version", "published_at")
    list_filter = ("kind",)
    ordering = ("kind", "-version")
    fields = ("kind", "title", "text")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def save_model(self, request: HttpRequest, obj: Agreement, form: ModelForm[Agreement], change: bool) -> None:
        by = request.user
        published = actions.publish_agreement(kind=obj.kind, title=obj.title, text=obj.text, by=by)  # type: ignore[arg-type]
        obj.__dict__.update(published.__dict__)


@admin.register(Consent)
class ConsentAdmin(OpsAdmin[Consent]):
    list_display = ("user", "scope", "at", "public_id")
    list_select_related = ("user",)
    search_fields = ("user__email", "=scope", "=public_id")


@admin.register(Notice)
class NoticeAdmin(OpsAdmin[Notice]):
    list_display = ("user", "title", "created_at", "mailed_at", "read_at")
    list_filter = (("mailed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("user__email", "title")
    ordering = ("-pk",)
