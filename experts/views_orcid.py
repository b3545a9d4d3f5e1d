"""An expert's ORCID record: connect, read, and take its lines as claims or proofs."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.web import signed_in, told
from core.errors import Refused
from experts import actions
from experts.actions.orcid import orcid_of
from experts.models import Credential, Expert, OrcidItem
from experts.orcid.offers import offers


def _expert(request: HttpRequest) -> Expert:
    return get_object_or_404(Expert.objects.select_related("user"), user=signed_in(request))


@login_required
@require_GET
def orcid(request: HttpRequest) -> HttpResponse:
    expert = _expert(request)
    works = expert.orcid_items.filter(kind=OrcidItem.Kind.WORK)
    context = {
        "orcid": orcid_of(expert.user),
        "offered": bool(settings.ORCID_CLIENT_ID),
        "domain": settings.ORCID_DOMAIN,
        "inquiry": expert.inquiries.filter(credential=None, closed_at=None).first(),
        "last": expert.inquiries.filter(credential=None).order_by("-pk").first(),
        "offers": offers(expert),
        "works": works.count(),
        "titles": [work.title for work in works[:5]],
    }
    return render(request, "experts/orcid.html", context)


@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    expert = _expert(request)
    with told(request, "We are reading your record. It appears here within minutes."):
        actions.ask_orcid(expert=expert, by=signed_in(request))
    return redirect("experts:orcid")


@login_required
@require_POST
def disconnect(request: HttpRequest) -> HttpResponse:
    expert = _expert(request)
    with told(request, "Your ORCID iD is disconnected."):
        actions.disconnect_orcid(expert=expert, by=signed_in(request))
    return redirect("experts:orcid")


@login_required
@require_POST
def claim(request: HttpRequest, item_id: str) -> HttpResponse:
    """One click: the line becomes a claim with the line as its proof."""
    item = get_object_or_404(OrcidItem, public_id=item_id, expert__user=signed_in(request))
    try:
        claimed = actions.claim_orcid_item(item=item, by=signed_in(request))
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("experts:orcid")
    messages.success(request, "Claimed, with your ORCID record as proof.")
    return redirect("experts:credential", claimed.public_id)


@login_required
@require_POST
def use(request: HttpRequest, item_id: str, credential_id: str) -> HttpResponse:
    item = get_object_or_404(OrcidItem, public_id=item_id, expert__user=signed_in(request))
    credential = get_object_or_404(Credential, public_id=credential_id, expert__user=signed_in(request))
    with told(request, "Taken as proof."):
        actions.use_orcid_item(item=item, credential=credential, by=signed_in(request))
    return redirect("experts:credential", credential_id)
