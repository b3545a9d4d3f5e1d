"""An expert's roads to a proof beside the document."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.web import refusals_on, signed_in, told
from experts import actions
from experts.forms import CodeForm, MailboxForm
from experts.views import credential_page, own_credential


@login_required
@require_POST
def mailbox(request: HttpRequest, credential_id: str) -> HttpResponse:
    credential = own_credential(request, credential_id)
    form = MailboxForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            sent = actions.ask_mailbox(credential=credential, by=signed_in(request), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, f"A code is on its way to {sent.address}.")
            return redirect("experts:credential", credential_id)
    return credential_page(request, credential, mailbox_form=form)


@login_required
@require_POST
def mailbox_code(request: HttpRequest, credential_id: str) -> HttpResponse:
    credential = own_credential(request, credential_id)
    form = CodeForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            actions.confirm_mailbox(credential=credential, by=signed_in(request), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, "Your mailbox is confirmed.")
            return redirect("experts:credential", credential_id)
    return credential_page(request, credential, code_form=form)


@login_required
@require_POST
def register(request: HttpRequest, credential_id: str) -> HttpResponse:
    credential = own_credential(request, credential_id)
    with told(request, "We are asking the register. The answer appears here."):
        actions.ask_register(credential=credential, by=signed_in(request))
    return redirect("experts:credential", credential_id)
