"""What search engines read: which addresses are for them, and a list of those."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from experts.models import Partner
from marketplace.fields import field_url, labels

CLOSED: Final = ("/accounts/", "/admin/", "/api/", "/side/", "/join/", "/unsubscribe/", "/preview/")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED), f"Sitemap: {_site(reverse('sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every public page that stands for longer than a day."""
    paths = [reverse(name) for name in ("home", "pay", "fields")]
    paths += [field_url(code) for code in labels()]
    open_partners = Partner.objects.filter(status=Partner.Status.OPEN).order_by("slug")
    paths += [reverse("experts:partner", args=[slug]) for slug in open_partners.values_list("slug", flat=True)]
    context = {"addresses": [_site(path) for path in paths]}
    return render(request, "marketplace/sitemap.xml", context, content_type="application/xml; charset=utf-8")


def _site(path: str) -> str:
    return str(settings.QUORUM_PUBLIC_URL) + path
