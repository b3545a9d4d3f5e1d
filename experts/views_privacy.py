"""An expert's view of their own privacy: who saw what, and what can go."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.web import signed_in, told
from experts import actions
from experts.models import Evidence, Expert
from experts.queries import openings


@login_required
@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    expert = Expert.objects.filter(user=signed_in(request)).first()
    if expert is None:
        return redirect("experts:profile")
    return render(request, "experts/privacy.html", openings(expert))


@login_required
@require_POST
def delete_document(request: HttpRequest, document_id: str) -> HttpResponse:
    mine = Evidence.objects.select_related("credential__expert__user")
    document = get_object_or_404(mine, public_id=document_id, credential__expert__user=signed_in(request))
    with told(request, f"{document.filename} is deleted. Its fingerprint and our answer stay."):
        actions.delete_document(evidence=document, by=signed_in(request))
    return redirect("experts:privacy")
