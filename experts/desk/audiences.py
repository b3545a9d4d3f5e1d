"""The ops desk of invitations by mail: a file is checked, confirmed, sent; and who is never written to."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from accounts.roles import Permission, authorise, may
from accounts.web import signed_in
from core.admin import Button, OpsAdmin
from core.errors import Fault, Refused
from core.templatetags.ui import progress
from experts import actions
from experts.audience import COLUMNS, MAX_BYTES, MAX_ROWS, Unfit, address
from experts.models import Audience, Prospect, Suppressed

Status = Audience.Status


class AudienceForm(forms.Form):
    file = forms.FileField(label="File", widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}))


class SuppressForm(forms.ModelForm[Suppressed]):
    email = forms.CharField(label="E-mail address", max_length=254, help_text="Only a fingerprint of it is kept.")

    class Meta:
        model = Suppressed
        fields = ()

    def clean_email(self) -> str:
        try:
            return address(self.cleaned_data["email"])
        except Unfit as problem:
            raise forms.ValidationError(str(problem)) from None


class GrowAdmin(OpsAdmin[Any]):
    """Personal data of people who are not here yet: for whoever holds `network_grow`."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request) and may(signed_in(request), Permission.NETWORK_GROW)


class AudienceAdmin(GrowAdmin):
    list_display = ("filename", "status", "sent", "states", "uploaded_by", "created_at", "public_id")
    list_select_related = ("uploaded_by",)
    list_filter = ("status",)
    search_fields = ("filename", "=public_id")
    ordering = ("-pk",)
    fields = ("public_id", "filename", "status", "sent", "states", "left_out", "people", "uploaded_by", "created_at")
    readonly_fields = fields
    change_list_template = "admin/experts/audiences.html"
    buttons = (
        Button(
            "confirm",
            "Send the invitations",
            lambda audience, by, words: actions.confirm_audience(audience=audience, by=by),
            when=lambda audience: audience.status == Status.CHECKED,
            tone="primary",
            warns="Each person of this file who is not left out gets one letter. A letter cannot be called back.",
        ),
        Button(
            "discard",
            "Discard",
            lambda audience, by, words: actions.discard_audience(audience=audience, by=by),
            when=lambda audience: audience.status in (Status.CHECKED, Status.SENDING),
            tone="danger",
            warns="Whoever was not written to yet is forgotten.",
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        take = self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.take))
        return [path("take/", take, name="experts_audience_take"), *super().get_urls()]

    def take(self, request: HttpRequest) -> HttpResponse:
        """A file is read: all of it is kept to be confirmed, or each fault is told."""
        authorise(signed_in(request), Permission.NETWORK_GROW)
        form = AudienceForm(request.POST, request.FILES) if request.method == "POST" else AudienceForm()
        faults: tuple[Fault, ...] = ()
        if request.method == "POST" and form.is_valid():
            upload = form.cleaned_data["file"]
            content = upload.read(MAX_BYTES + 1)
            try:
                made = actions.take_audience(content=content, filename=upload.name, by=signed_in(request))
            except Refused as refusal:
                faults = refusal.faults or (Fault(refusal.message),)
            else:
                return redirect("admin:experts_audience_change", made.pk)
        context = {**self.admin_site.each_context(request), "title": "Invite people by mail", "opts": self.opts}
        context |= {"form": form, "faults": faults, "columns": COLUMNS, "most": MAX_ROWS}
        wrong = bool(faults or form.errors)
        return render(request, "admin/experts/audience_take.html", context, status=422 if wrong else 200)

    def sent(self, audience: Audience) -> SafeString:
        counts = _states(audience)
        left = counts["waiting"]
        return progress(
            sum(counts.values()) - left - counts["skipped"], sum(counts.values()) - counts["skipped"], "Sent"
        )

    def states(self, audience: Audience) -> str:
        counts = _states(audience)
        return ", ".join(f"{counts[each]} {each.label.lower()}" for each in Prospect.Status if counts[each]) or "–"

    def left_out(self, audience: Audience) -> str:
        """Why, in numbers; nobody is named."""
        skips = Counter(audience.prospects.exclude(skip="").values_list("skip", flat=True))
        return ", ".join(f"{skips[each]}: {each.label.lower()}" for each in Prospect.Skip if skips[each]) or "Nobody"

    def people(self, audience: Audience) -> SafeString:
        url = reverse("admin:experts_prospect_changelist")
        return format_html('<a href="{}?audience__id__exact={}">Row by row</a>', url, audience.pk)


def _states(audience: Audience) -> Counter[str]:
    """Counted once for a row of the list, whichever column asks first."""
    if "_states" not in audience.__dict__:
        audience.__dict__["_states"] = Counter(audience.prospects.values_list("status", flat=True))
    kept: Counter[str] = audience.__dict__["_states"]
    return kept


class ProspectAdmin(GrowAdmin):
    list_display = ("row", "audience", "name", "email", "field", "status", "skip", "consent", "consent_on", "source")
    list_select_related = ("audience", "field")
    list_filter = ("status", "audience")
    ordering = ("audience", "row")


class SuppressedAdmin(GrowAdmin):
    """Nobody is taken off this list again."""

    form = SuppressForm
    list_display = ("__str__", "at", "by")
    list_select_related = ("by",)
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_fields(self, request: HttpRequest, obj: Suppressed | None = None) -> Any:
        return ("digest", "at", "by") if obj else ("email",)

    def save_model(self, request: HttpRequest, obj: Suppressed, form: Any, change: bool) -> None:
        kept = actions.suppress(email=form.cleaned_data["email"], by=signed_in(request))
        obj.__dict__.update(kept.__dict__)
