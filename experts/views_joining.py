"""The doors through which newcomers come: an expert's own link, and partners' pages."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.web import signed_in
from experts import actions
from experts.letters import digest_in
from experts.models import Arrival, Expert, Partner, Suppressed
from experts.queries_growing import brought


@login_required
@require_GET
def invite(request: HttpRequest) -> HttpResponse:
    """An expert's own link, and how many came through it."""
    expert = Expert.objects.filter(user=signed_in(request)).first()
    if expert is None:
        return redirect("experts:profile")
    link = settings.QUORUM_PUBLIC_URL + reverse("experts:join", args=[expert.join_code])
    context = {"link": link, "brought": brought(Arrival.objects.filter(referrer=expert))}
    return render(request, "experts/invite.html", context)


@require_safe
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Where such a link leads. It says nothing of whose it is."""
    if partner := Partner.objects.filter(public_id=code, status=Partner.Status.OPEN).first():
        return redirect("experts:partner", partner.slug)
    get_object_or_404(Expert, join_code=code, user__is_active=True)
    return render(request, "experts/join.html", {"code": code})


@require_safe
def partner(request: HttpRequest, slug: str) -> HttpResponse:
    of = get_object_or_404(Partner.objects.select_related("institution"), slug=slug, status=Partner.Status.OPEN)
    context = {"partner": of, "canonical": settings.QUORUM_PUBLIC_URL + request.path}
    return render(request, "experts/partner.html", context)


@require_safe
def partner_logo(request: HttpRequest, slug: str) -> HttpResponse:
    of = get_object_or_404(Partner.objects.exclude(logo=""), slug=slug, status=Partner.Status.OPEN)
    try:
        with of.logo.open("rb") as file:
            response = HttpResponse(file.read(), content_type="image/png")
    except FileNotFoundError:
        raise Http404("The picture is gone") from None
    response["Cache-Control"] = "public, max-age=3600"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@csrf_exempt  # a mail program presses the button without having seen the page (RFC 8058); the link itself is signed
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET only asks: whatever looks at links in mails must not say no for their reader."""
    digest = digest_in(token)
    if digest is None:
        raise Http404("This link is not whole.")
    if request.method == "POST":
        actions.unsubscribe(digest=digest)
    done = Suppressed.objects.filter(digest=digest).exists()
    return render(request, "experts/unsubscribe.html", {"done": done})
