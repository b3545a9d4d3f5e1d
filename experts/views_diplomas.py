"""Handing in a signed diploma, and reading at once what came of it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.web import refusals_on, signed_in
from experts import actions
from experts.forms import DiplomaForm
from experts.models import Assertion, Diploma
from experts.policies import OPEN_TO_EVIDENCE
from experts.views import own_credential

SAYS = {
    Assertion.Verdict.HOLDS: (
        messages.SUCCESS,
        "The signature is the institution's. A person confirms it within a day.",
    ),
    Assertion.Verdict.UNVERIFIABLE: (
        messages.WARNING,
        "We could not check it fully. A person looks at it within a day.",
    ),
    Assertion.Verdict.REFUSED: (messages.ERROR, "This diploma does not hold. The reasons stand below."),
}


@login_required
@require_http_methods(["GET", "POST"])
def diploma(request: HttpRequest, credential_id: str) -> HttpResponse:
    credential = own_credential(request, credential_id)
    sent = request.method == "POST"
    form = DiplomaForm(request.POST if sent else None, request.FILES if sent else None)
    if sent and form.is_valid():
        with refusals_on(form):
            said = actions.add_diploma(credential=credential, by=signed_in(request), **form.cleaned_data)
        if form.is_valid():
            level, sentence = SAYS[Assertion.Verdict(said.verdict)]
            messages.add_message(request, level, sentence)
            return redirect("experts:diploma", credential_id)
    handed_in = Diploma.objects.filter(credential=credential).select_related("assertion").order_by("-pk")
    context = {"credential": credential, "form": form, "diplomas": list(handed_in)}
    context["open"] = credential.status in OPEN_TO_EVIDENCE
    return render(request, "experts/diploma.html", context, status=422 if form.errors else 200)
