"""Whose signatures count: the list that ops keep, and who waits to be put on it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path

from accounts.web import refusals_on, signed_in
from core.admin import Button, OpsAdmin
from experts import actions
from experts.forms import IssuerForm
from experts.models import TrustedIssuer
from experts.trust import unknown_issuers


class TrustedIssuerAdmin(OpsAdmin[TrustedIssuer]):
    list_display = ("issuer", "institution", "since", "until", "added_by")
    list_select_related = ("institution", "added_by")
    search_fields = ("issuer", "institution__name", "=institution__ror_id", "=public_id")
    ordering = ("-pk",)
    change_list_template = "admin/experts/issuers.html"
    buttons = (
        Button(
            "distrust",
            "End this entry",
            lambda listed, by, words: actions.distrust_issuer(listed=listed, why=words, by=by),
            when=lambda listed: listed.until is None,
            asks="Why its signatures count no more",
            tone="danger",
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        add = self.admin_site.admin_view(self.trust)
        return [path("trust/", add, name="experts_trustedissuer_trust"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"unknown": unknown_issuers(), **(extra_context or {})})

    def trust(self, request: HttpRequest) -> HttpResponse:
        form = IssuerForm(request.POST or None, initial={"issuer": request.GET.get("issuer", "")})
        if request.method == "POST" and form.is_valid():
            said = {**form.cleaned_data}
            with refusals_on(form):
                actions.trust_issuer(institution=said.pop("ror_id"), by=signed_in(request), **said)
            if form.is_valid():
                return redirect("admin:experts_trustedissuer_changelist")
        context = {"title": "Trust an issuer", "opts": self.opts, "form": form}
        page = {**self.admin_site.each_context(request), **context}
        return render(request, "admin/experts/issuer_form.html", page, status=422 if form.errors else 200)
