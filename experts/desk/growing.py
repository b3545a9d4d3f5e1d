"""The ops desk of the network's growth: partners with their pages, and who came through which link."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.roles import Permission, may
from accounts.web import signed_in
from core.admin import Button, OpsAdmin
from core.errors import Invalid
from experts import actions
from experts.models import Arrival, Partner
from experts.policies import content_type
from experts.queries_growing import Brought, brought
from experts.rendering import FORMATS, Unreadable, logo

LARGEST_LOGO = 2 * 1024 * 1024  # bytes


class PartnerForm(forms.ModelForm[Partner]):
    upload = forms.FileField(
        label="Logo",
        required=False,
        help_text="PNG or JPEG, at most 2 MB. It is drawn anew; the file itself is not kept.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )

    class Meta:
        model = Partner
        fields = ("name", "slug", "institution", "blurb")
        help_texts: ClassVar = {"slug": "The end of its address: /partners/SLUG/", "blurb": "Markdown."}

    def clean_upload(self) -> bytes:
        """The logo as a PNG of our own making, or nothing."""
        given = self.cleaned_data["upload"]
        if given is None:
            return b""
        document = given.read(LARGEST_LOGO + 1)
        try:
            kind = content_type(document[:16])
            if kind not in FORMATS or len(document) > LARGEST_LOGO:
                raise forms.ValidationError("A logo is a PNG or JPEG of at most 2 MB.")
            return logo(document, kind)
        except (Invalid, Unreadable) as problem:
            raise forms.ValidationError(f"We cannot use this file: {problem}") from None


class PartnerAdmin(OpsAdmin[Partner]):
    """Whoever holds `network_grow` adds and edits; the status changes by its buttons."""

    form = PartnerForm
    list_display = ("name", "status", "page", "joined", "verified", "worked", "created_at", "public_id")
    list_filter = ("status",)
    search_fields = ("name", "slug", "=public_id")
    ordering = ("name",)
    fields = ("name", "slug", "institution", "blurb")
    raw_id_fields = ("institution",)
    buttons = (
        Button(
            "close",
            "Close this partner",
            lambda partner, by, words: actions.close_partner(partner=partner, by=by),
            when=lambda partner: partner.status == Partner.Status.OPEN,
            tone="danger",
            warns="Its page is gone at once and its link brings nobody any more. Who came stays counted.",
        ),
        Button(
            "reopen",
            "Open it again",
            lambda partner, by, words: actions.reopen_partner(partner=partner, by=by),
            when=lambda partner: partner.status == Partner.Status.CLOSED,
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(signed_in(request), Permission.NETWORK_GROW)

    def has_change_permission(self, request: HttpRequest, obj: Partner | None = None) -> bool:
        return self.has_add_permission(request)

    def get_fields(self, request: HttpRequest, obj: Partner | None = None) -> Any:
        shown = list(super().get_fields(request, obj))
        return [*shown, "upload"] if self.has_add_permission(request) else shown

    def save_model(self, request: HttpRequest, obj: Partner, form: Any, change: bool) -> None:
        given = {name: form.cleaned_data[name] for name in ("name", "slug", "institution", "blurb")}
        given |= {"logo": form.cleaned_data["upload"], "by": signed_in(request)}
        done = actions.edit_partner(partner=obj, **given) if change else actions.make_partner(**given)
        obj.__dict__.update(done.__dict__)

    def page(self, partner: Partner) -> SafeString:
        return format_html('<a href="/partners/{}/">/partners/{}/</a>', partner.slug, partner.slug)

    def joined(self, partner: Partner) -> int:
        return _came(partner).joined

    def verified(self, partner: Partner) -> int:
        return _came(partner).verified

    def worked(self, partner: Partner) -> int:
        return _came(partner).worked


def _came(partner: Partner) -> Brought:
    """Counted once for a row of the list, whichever column asks first."""
    kept: Brought | None = partner.__dict__.get("_came")
    if kept is None:
        kept = partner.__dict__["_came"] = brought(Arrival.objects.filter(partner=partner))
    return kept


class ArrivalAdmin(OpsAdmin[Arrival]):
    list_display = ("user", "partner", "referrer", "at", "public_id")
    list_select_related = ("user", "partner", "referrer__user")
    list_filter = ("partner",)
    search_fields = ("user__email", "=public_id", "=partner__public_id")
    ordering = ("-pk",)
