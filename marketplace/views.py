"""The roof's own pages: the front door, how pay works, status; and two small services that every page may use."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.models import Delivery
from core.render import markdown
from marketplace.front import open_work
from marketplace.shell import SIDE_COOKIE, SIDES, Shell

PREVIEW_LIMIT = 50_000  # characters
LATE = timedelta(minutes=2)  # background work owed for longer than this is said to be late


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Two doors for whoever has not begun; everyone else goes on to where their side of the market begins."""
    start = Shell(request).start
    if start and "welcome" not in request.GET:
        return redirect(start)
    context = {"fee_percent": settings.PLATFORM_FEE_BPS / 100, "fields": open_work()}
    return render(request, "marketplace/home.html", context)


@require_GET
def pay(request: HttpRequest) -> HttpResponse:
    return render(request, "marketplace/pay.html", {"fee_percent": settings.PLATFORM_FEE_BPS / 100})


@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """What works right now. That this page is shown says the rest: it needs the database."""
    oldest = Delivery.objects.filter(done_at=None, due_at__lte=timezone.now()).aggregate(at=Min("due_at"))["at"]
    late = oldest is not None and timezone.now() - oldest > LATE
    return render(request, "marketplace/status.html", {"oldest": oldest, "late": late, "now": timezone.now()})


@require_POST
def side(request: HttpRequest) -> HttpResponse:
    """Switch between lab, expert and operations; remembered in a cookie, it gives no right."""
    wanted = request.POST.get("side", "")
    if wanted not in {side.key for side in SIDES}:
        return HttpResponseBadRequest("No such side")
    response = redirect("home")
    response.set_cookie(SIDE_COOKIE, wanted, max_age=31_536_000, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response


@require_POST
@login_required
def preview(request: HttpRequest) -> HttpResponse:
    """Markdown as it will look; answers a fragment for static/js/preview.js."""
    return HttpResponse(markdown(request.POST.get("text", "")[:PREVIEW_LIMIT]))
