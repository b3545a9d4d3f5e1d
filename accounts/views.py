"""A person's own pages: settings, keys, notices, and the texts they agree to."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actions
from accounts.forms import KeyForm, PersonForm
from accounts.models import Agreement, ApiToken, Lab
from accounts.queries import tokens_visible_to
from accounts.web import refusals_on, signed_in, told


@login_required
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    start = {"name": user.name, "time_zone": user.time_zone, "shortcuts": user.shortcuts}
    form = PersonForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        actions.edit_person(user=user, by=user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("accounts:settings")
    return render(request, "accounts/settings.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The person's own keys, for expert work."""
    return key_page(request, None, reverse("accounts:tokens"))


def key_page(request: HttpRequest, lab: Lab | None, url: str) -> HttpResponse:
    """Keys of the person or of a lab; a new one is shown once, in the answer to the POST that made it."""
    user = signed_in(request)
    form = KeyForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "lab": lab, "url": url}
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            context["token"], context["secret"] = actions.create_token(by=user, lab=lab, **form.cleaned_data)
            context["form"] = KeyForm()
    context["tokens"] = tokens_visible_to(user, lab)
    response = render(request, "accounts/keys.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def token_revoke(request: HttpRequest, token_id: str) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.visible_to(signed_in(request)), public_id=token_id)
    with told(request, f"The key “{token.name}” no longer works."):
        actions.revoke_token(token=token, by=signed_in(request))
    return redirect("accounts:lab_keys", token.lab.public_id) if token.lab else redirect("accounts:tokens")


@login_required
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    told_so_far = signed_in(request).notices.order_by("-pk")
    page = Paginator(told_so_far, 30).get_page(request.GET.get("page"))
    return render(request, "accounts/notices.html", {"page_obj": page})


@login_required
@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    with told(request, "All read."):
        actions.mark_read(user=signed_in(request), by=signed_in(request))
    return redirect("accounts:notices")


@require_GET
def agreement(request: HttpRequest, agreement_id: str) -> HttpResponse:
    """One version of an agreement: public, so that it can be read before signing up and long afterwards."""
    text = get_object_or_404(Agreement, public_id=agreement_id)
    return render(request, "accounts/agreement.html", {"agreement": text})
