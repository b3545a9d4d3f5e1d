"""What every page takes part in: how forms are drawn, the theme, the viewer's zone, and the words of the demo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

THEMES = ("light", "dark")
THEME_COOKIE = "theme"


class FormRenderer(TemplatesSetting):
    """`{{ form }}` draws our fields: label above, hint and error below, tied together for screen readers."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


def page(request: HttpRequest) -> dict[str, Any]:
    """Context of every template: `theme` ("", light or dark), `sandbox` (the money is not real), `demo`."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "theme": theme if theme in THEMES else "",
        "sandbox": bool(settings.STRIPE_API_BASE),
        "demo": settings.QUORUM_DEMO,
        "support_email": settings.QUORUM_SUPPORT_EMAIL,
    }


def viewer_zone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: times are shown in the zone of whoever looks (UTC until they sign in)."""

    def answer(request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "") or "UTC"
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            zone = ZoneInfo("UTC")
        with timezone.override(zone):
            return get_response(request)

    return answer
