"""Records that experts own: their own page, and what anybody may ask to verify one."""

from __future__ import annotations

import json
from typing import Any

import qrcode
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from qrcode.image.svg import SvgPathImage

from accounts.throttles import too_many
from accounts.web import signed_in, told
from experts import actions, records
from experts.forms import DiplomaForm
from experts.models import Expert, Record

LIST_AGE = 300  # seconds that others may keep a list of status


def _expert(request: HttpRequest) -> Expert:
    return get_object_or_404(Expert.objects.select_related("user"), user=signed_in(request))


def _held(expert: Expert) -> Record | None:
    return expert.records.filter(withdrawn_at=None).first()


@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    expert = _expert(request)
    held = _held(expert)
    context = {"record": held, "verified": bool(records.shown(expert)), **(_facts(held) if held else {})}
    return render(request, "experts/record_mine.html", context)


@login_required
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    with told(request, "Your record is signed."):
        actions.issue_record(expert=_expert(request), by=signed_in(request))
    return redirect("experts:record_mine")


@login_required
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    held = _held(_expert(request))
    if held is None:
        messages.error(request, "You have no record that holds.")
    else:
        with told(request, "Withdrawn. Whoever verifies it from now on reads so."):
            actions.withdraw_record(record=held, why="Its owner withdrew it.", by=signed_in(request))
    return redirect("experts:record_mine")


def _public(document: dict[str, Any] | None, kind: str) -> JsonResponse:
    """Anybody may read it, from any site."""
    if document is None:
        raise Http404
    response = JsonResponse(document, content_type=kind)
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = f"public, max-age={LIST_AGE}"
    return response


@require_GET
def did_document(request: HttpRequest) -> JsonResponse:
    return _public(records.did_document(), "application/did+json")


@require_GET
def status_list(request: HttpRequest, list_number: int) -> JsonResponse:
    return _public(records.status_list(min(list_number, 10_000), timezone.now()), "application/vc")


def _record(record_id: str) -> Record:
    return get_object_or_404(Record.objects.select_related("expert__user"), public_id=record_id)


def _facts(held: Record) -> dict[str, Any]:
    """What stands in a record, as its page shows it."""
    subject = held.document["credentialSubject"]
    names = [each["name"] for each in subject["achievement"].get("resultDescription", ())]
    figures = zip(names, (each["value"] for each in subject.get("result", ())), strict=True)
    return {"degrees": held.document["evidence"], "figures": list(figures), "name": subject["name"]}


@require_GET
def record(request: HttpRequest, record_id: str) -> HttpResponse:
    """The link behind the code: what we signed, and whether it holds at this moment."""
    held = _record(record_id)
    verdict = records.judge(json.dumps(held.document).encode(), timezone.now())
    context = {"record": held, "verdict": verdict, "verify_form": DiplomaForm(), **_facts(held)}
    response = render(request, "experts/record.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


@require_GET
def record_file(request: HttpRequest, record_id: str) -> HttpResponse:
    held = _record(record_id)
    if held.withdrawn_at is not None:
        raise Http404("It was withdrawn.")
    response = HttpResponse(json.dumps(held.document, indent=2, ensure_ascii=False), content_type="application/vc")
    response["Content-Disposition"] = f'attachment; filename="{held.public_id}.json"'
    return response


@require_GET
def record_qr(request: HttpRequest, record_id: str) -> HttpResponse:
    link = f"{records.site().url}/records/{_record(record_id).public_id}/"
    drawn = qrcode.make(link, image_factory=SvgPathImage, border=2)
    return HttpResponse(drawn.to_string(), content_type="image/svg+xml")


@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Paste or upload a record. Of others' credentials we say what can be said without asking anybody."""
    sent = request.method == "POST"
    form = DiplomaForm(request.POST if sent else None, request.FILES if sent else None)
    verdict = None
    busy = sent and too_many(request)
    if busy:
        form.add_error(None, "That was a lot for one minute. Try again in the next.")
    elif sent and form.is_valid():
        verdict = records.judge(form.cleaned_data["raw"], timezone.now())
    context = {"form": form, "verdict": verdict, "ours": verdict and verdict.issuer.id == records.site().did}
    status = 429 if busy else 422 if form.errors else 200
    return render(request, "experts/record_verify.html", context, status=status)
