"""An expert's own pages: profile, credentials, documents."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import country_name
from accounts.web import refusals_on, signed_in, told
from experts import actions
from experts.degrees import match
from experts.fields import below, search
from experts.forms import (
    ClaimForm,
    CodeForm,
    EvidenceForm,
    LicenceForm,
    MailboxForm,
    NewClaimForm,
    ProfileForm,
    RenewalForm,
)
from experts.models import Credential, EvidencePage, Expert, Narrowing, Road
from experts.policies import EDITABLE, LANGUAGE
from experts.queries import appealable, credential_history, documents
from experts.registry import institutions_matching, story
from experts.roads import assertions, open_inquiry, waiting_code, ways
from payments.queries import route_to


def _expert(request: HttpRequest) -> Expert | None:
    return Expert.objects.filter(user=signed_in(request)).select_related("user").first()


def own_credential(request: HttpRequest, credential_id: str) -> Credential:
    mine = Credential.objects.select_related("expert__user", "field", "institution")
    return get_object_or_404(mine, public_id=credential_id, expert__user=signed_in(request))


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """The profile with its credentials, or the form that makes one."""
    user, expert = signed_in(request), _expert(request)
    if expert is not None:
        mine = expert.credentials.select_related("field", "institution").order_by("-pk")
        languages = [LANGUAGE.get(code, code) for code in expert.languages]
        context = {"expert": expert, "credentials": list(mine), "country": country_name(expert.country)}
        context["route"] = route_to(expert.country)
        context["orcid_offered"] = bool(settings.ORCID_CLIENT_ID)
        return render(request, "experts/profile.html", {**context, "languages": languages})
    form = ProfileForm(request.POST or None, initial={"languages": ["en"]})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            actions.become_expert(user=user, by=user, **form.cleaned_data)
        if form.is_valid():
            return redirect("experts:claim")
    return render(request, "experts/profile_form.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def profile_edit(request: HttpRequest) -> HttpResponse:
    expert = _expert(request)
    if expert is None:
        return redirect("experts:profile")
    form = ProfileForm(request.POST or None, initial=ProfileForm.values_of(expert))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            actions.edit_profile(expert=expert, by=signed_in(request), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, "Saved.")
            return redirect("experts:profile")
    context = {"form": form, "expert": expert}
    return render(request, "experts/profile_form.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def claim(request: HttpRequest) -> HttpResponse:
    expert = _expert(request)
    if expert is None:
        return redirect("experts:profile")
    if request.GET.get("kind") == Credential.Kind.LICENCE:
        return claim_licence(request, expert)
    start = {"name_on_document": expert.user.name, "country": expert.country}
    form = NewClaimForm(request.POST or None, request.FILES or None, initial=start)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            credential = actions.claim_credential(expert=expert, by=expert.user, **form.cleaned_data)
        if form.is_valid():
            return redirect("experts:credential", credential.public_id)
    return _claim_page(request, form)


def claim_licence(request: HttpRequest, expert: Expert, credential: Credential | None = None) -> HttpResponse:
    """A licence is claimed, or corrected (`credential`), without its proof: the page that follows lists the roads."""
    start = LicenceForm.values_of(credential) if credential else {"name_on_document": expert.user.name}
    form = LicenceForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            credential = _licence(expert, credential, form)
        if form.is_valid() and credential is not None:
            return redirect("experts:credential", credential.public_id)
    context = {"form": form, "credential": credential}
    return render(request, "experts/claim_licence.html", context, status=422 if form.errors else 200)


def _licence(expert: Expert, credential: Credential | None, form: LicenceForm) -> Credential:
    if credential is not None:
        return actions.edit_claim(credential=credential, by=expert.user, **form.cleaned_data)
    kind = Credential.Kind.LICENCE
    return actions.claim_credential(expert=expert, by=expert.user, kind=kind, **form.cleaned_data)


def _claim_page(request: HttpRequest, form: ClaimForm, credential: Credential | None = None) -> HttpResponse:
    chosen = form["field"].value() or ""
    context = {
        "form": form,
        "credential": credential,
        "fields": search(form["field_search"].value() or chosen),
        "chosen": chosen,
        **_institution_choices(form["institution_name"].value() or ""),
        "chosen_institution": form["institution"].value() or "",
    }
    return render(request, "experts/claim.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def credential(request: HttpRequest, credential_id: str) -> HttpResponse:
    return credential_page(request, own_credential(request, credential_id))


def _proof_form(credential: Credential, *given: Any) -> EvidenceForm:
    if credential.status == Credential.Status.EXPIRED:
        return RenewalForm(*given, credential=credential)
    return EvidenceForm(*given)


def credential_page(request: HttpRequest, credential: Credential, **forms: Form) -> HttpResponse:
    """`forms`: the one that came back with faults, by its name in the template; the others stand there empty."""
    roads = {way.road: way for way in ways(credential)}

    def is_open(road: Road) -> bool:
        return road in roads and not roads[road].closed

    code = waiting_code(credential)
    context = {
        "narrowing": credential.narrowings.filter(status=Narrowing.Status.PROPOSED).select_related("field").first(),
        "credential": credential,
        "country": country_name(credential.country),
        "late": credential.answer_by is not None and credential.answer_by < timezone.now(),
        "history": credential_history(credential),
        "documents": documents(credential),
        "editable": credential.status in EDITABLE,
        "ways": roads.values(),
        "assertions": assertions(credential),
        "form": _proof_form(credential) if is_open(Road.DOCUMENT) else None,
        "mailbox_form": MailboxForm() if is_open(Road.MAILBOX) else None,
        "asks_orcid": is_open(Road.ORCID),
        "asks_register": is_open(Road.REGISTER),
        "inquiry": open_inquiry(credential),
        "waiting_code": code,
        "code_form": CodeForm() if code else None,
        "appealable": appealable(credential),
        "appealed": credential.appeals.order_by("pk").last(),
    }
    faulty = any(form.errors for form in forms.values())
    return render(request, "experts/credential.html", {**context, **forms}, status=422 if faulty else 200)


@login_required
@require_POST
def evidence(request: HttpRequest, credential_id: str) -> HttpResponse:
    credential = own_credential(request, credential_id)
    form = _proof_form(credential, request.POST, request.FILES)
    if form.is_valid():
        with refusals_on(form):
            actions.renew_credential(credential=credential, by=signed_in(request), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, "Document received.")
            return redirect("experts:credential", credential_id)
    return credential_page(request, credential, form=form)


@login_required
@require_POST
def appeal(request: HttpRequest, credential_id: str) -> HttpResponse:
    """Somebody else looks at a refusal."""
    credential = own_credential(request, credential_id)
    with told(request, "Somebody else looks at it now."):
        actions.appeal_refusal(credential=credential, words=request.POST.get("words", ""), by=signed_in(request))
    return redirect("experts:credential", credential_id)


@login_required
@require_POST
def narrowing(request: HttpRequest, narrowing_id: str) -> HttpResponse:
    """The expert's word on what ops propose."""
    mine = Narrowing.objects.select_related("credential__expert__user", "field")
    proposed = get_object_or_404(mine, public_id=narrowing_id, credential__expert__user=signed_in(request))
    agrees = request.POST.get("answer") == "agree"
    with told(request, "Narrowed." if agrees else "It stays as it is."):
        actions.answer_narrowing(narrowing=proposed, agrees=agrees, by=signed_in(request))
    return redirect("experts:credential", proposed.credential.public_id)


@login_required
@require_http_methods(["GET", "POST"])
def claim_edit(request: HttpRequest, credential_id: str) -> HttpResponse:
    credential = own_credential(request, credential_id)
    if credential.kind == Credential.Kind.LICENCE:
        return claim_licence(request, credential.expert, credential)
    form = ClaimForm(request.POST or None, initial=ClaimForm.values_of(credential))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            actions.edit_claim(credential=credential, by=signed_in(request), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, "Saved.")
            return redirect("experts:credential", credential_id)
    return _claim_page(request, form, credential)


@login_required
@require_GET
def evidence_page(request: HttpRequest, evidence_id: str, number: int) -> HttpResponse:
    """One page as a picture we made ourselves. Never the document as it was handed in."""
    pages = EvidencePage.objects.filter(evidence__credential__in=Credential.objects.visible_to(signed_in(request)))
    page = get_object_or_404(pages, evidence__public_id=evidence_id, number=number)
    try:
        with page.image.open("rb") as file:
            picture = file.read()
    except FileNotFoundError:
        raise Http404("The picture is gone") from None
    actions.note_opening(page=page, by=signed_in(request))
    response = HttpResponse(picture, content_type="image/png")
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = "inline"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_GET
def fields(request: HttpRequest) -> HttpResponse:
    """The choices for what was typed, as part of a page."""
    text = request.GET.get("field_search", request.GET.get("q", ""))
    context = {"fields": search(text), "text": text}
    return render(request, "experts/_fields.html", context)


@require_GET
def institutions(request: HttpRequest) -> HttpResponse:
    """The choices for what was typed, as part of a page."""
    return render(request, "experts/_institutions.html", _institution_choices(request.GET.get("institution_name", "")))


def _institution_choices(text: str) -> dict[str, Any]:
    found = institutions_matching(text, limit=8)
    lines = [(each, ", ".join(filter(None, (each.city, country_name(each.country), story(each))))) for each in found]
    return {"institutions": lines, "institution_text": text}


@require_GET
def fields_json(request: HttpRequest) -> HttpResponse:
    """The same for a picker of several: `[{"value": "0912", "note": "orthopaedics · Health and welfare › …"}]`."""
    found = search(request.GET.get("q", ""), limit=30)
    notes = [" · ".join(filter(None, (field.synonym, field.path))) for field in found]
    return JsonResponse(
        [{"value": field.code, "note": note} for field, note in zip(found, notes, strict=True)], safe=False
    )


@require_GET
def degree(request: HttpRequest) -> HttpResponse:
    """What the typed title says, as part of a page. What the person chose stays; what we proposed before may change."""
    asked = request.GET
    found = match(asked.get("title", "").strip(), asked.get("country", ""))
    free = {name: asked.get(name, "") in ("", asked.get(f"proposed_{name}")) for name in ("level", "field")}
    level = found.level if free["level"] and not found.too_low else None
    untold = free["field"] and not asked.get("field_search") and not found.too_low
    fields = below(found.field) if found.field and untold else []
    context = {
        "degree": found,
        "level": level,
        "select": level and ClaimForm(initial={"level": level})["level"].as_widget(attrs={"hx-swap-oob": "true"}),
        "fields": fields[:12],
        "chosen": found.field,
    }
    return render(request, "experts/_degree.html", context)
