"""What ops do at the desk beside deciding: each is one POST, one action, and back to the credential."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.web import signed_in, told
from experts import actions
from experts.forms import NarrowingForm, RecheckForm, faults_of
from experts.models import Credential, Institution, Verdict


def _credential(credential_id: str) -> Credential:
    return get_object_or_404(Credential.objects.select_related("expert__user"), public_id=credential_id)


@require_POST
def narrow(request: HttpRequest, credential_id: str) -> HttpResponse:
    credential = _credential(credential_id)
    form = NarrowingForm(request.POST)
    with told(request, "Proposed. You hear what the expert says."):
        faults_of(form)
        actions.propose_narrowing(credential=credential, by=signed_in(request), **form.cleaned_data)
    return redirect("admin:desk_credential", credential_id)


@require_POST
def recheck(request: HttpRequest, credential_id: str) -> HttpResponse:
    credential = _credential(credential_id)
    form = RecheckForm(request.POST)
    with told(request, "Saved."):
        faults_of(form)
        actions.plan_recheck(credential=credential, on=form.cleaned_data["recheck_on"], by=signed_in(request))
    return redirect("admin:desk_credential", credential_id)


@require_POST
def undo(request: HttpRequest, verdict_id: str) -> HttpResponse:
    verdict = get_object_or_404(Verdict.objects.select_related("credential"), public_id=verdict_id)
    with told(request, "Taken back. The expert heard nothing."):
        actions.undo_verdict(verdict=verdict, by=signed_in(request))
    return redirect("admin:desk_credential", verdict.credential.public_id)


@require_POST
def flag(request: HttpRequest, credential_id: str) -> HttpResponse:
    credential = _credential(credential_id)
    with told(request, "A second person will look at this one."):
        actions.flag_credential(credential=credential, words=request.POST.get("words", ""), by=signed_in(request))
    return redirect("admin:desk_credential", credential_id)


@require_POST
def institution(request: HttpRequest, credential_id: str) -> HttpResponse:
    credential = _credential(credential_id)
    meant = get_object_or_404(Institution, ror_id=request.POST.get("ror_id", ""))
    with told(request, f"Named: {meant}."):
        actions.name_institution(credential=credential, institution=meant, by=signed_in(request))
    return redirect("admin:desk_credential", credential_id)
