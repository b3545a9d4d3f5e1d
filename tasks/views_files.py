"""Files in and out: an import from upload to done, and exports with their progress and checksum."""

from __future__ import annotations

import json

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from accounts.roles import Permission, may
from accounts.web import refusals_on, signed_in, told
from projects.kinds import kind
from projects.models import Project
from tasks import actions, forms
from tasks.models import Export, Import
from tasks.views import abilities, lab_page, paged
from tasks.views_lab import tabbed

FAULTS_PER_PAGE = 50


@lab_page
@require_http_methods(["GET", "POST"])
def imports(request: HttpRequest, project: Project) -> HttpResponse:
    sent = request.method == "POST"
    form = forms.UploadForm(request.POST, request.FILES) if sent else forms.UploadForm()
    if sent and form.is_valid():
        with refusals_on(form):
            file = form.cleaned_data["upload"]
            upload = actions.start_import(project=project, upload=file, by=signed_in(request))
            return redirect("tasks:import", upload.public_id)
    rows = Import.objects.filter(project=project).select_related("uploaded_by").order_by("-pk")
    known = kind(project.kind)
    return tabbed(
        request,
        project,
        "imports",
        form=form,
        page=paged(request, rows, 20),
        columns=f"In CSV: {known.COLUMNS}. If you like, also `external_id` and `priority`.",
        example=json.dumps({"external_id": "item-001", **known.EXAMPLE.payload}, indent=2, ensure_ascii=False),
        http_status=422 if form.is_bound else 200,
    )


def import_of(user: User, imp: str) -> Import:
    seen = Import.objects.visible_to(user).select_related("project__lab", "uploaded_by")
    upload: Import = get_object_or_404(seen, public_id=imp)
    return upload


@login_required
@require_GET
def import_page(request: HttpRequest, imp: str) -> HttpResponse:
    """The whole page, or, asked by htmx, the part that changes while a worker reads the file."""
    upload = import_of(signed_in(request), imp)
    faults = paged(request, upload.faults.all(), FAULTS_PER_PAGE)
    if request.headers.get("HX-Request"):
        return render(request, "tasks/_import.html", {"upload": upload, "page": faults, "project": upload.project})
    return tabbed(request, upload.project, "import", upload=upload, page=faults)


@login_required
@require_POST
def import_confirm(request: HttpRequest, imp: str) -> HttpResponse:
    upload = import_of(signed_in(request), imp)
    with told(request, "The good rows are being imported."):
        actions.confirm_import(upload=upload, by=signed_in(request))
    return redirect("tasks:import", imp)


@login_required
@require_POST
def import_discard(request: HttpRequest, imp: str) -> HttpResponse:
    upload = import_of(signed_in(request), imp)
    with told(request, "Discarded. No row of this file was kept."):
        actions.discard_import(upload=upload, by=signed_in(request))
    return redirect("tasks:imports", upload.project.public_id)


# --- Exports ----------------------------------------------------------------------------------------------------------


@lab_page
@require_http_methods(["GET", "POST"])
def exports(request: HttpRequest, project: Project) -> HttpResponse:
    formats = kind(project.kind).FORMATS
    sent = request.POST if request.method == "POST" else None
    form = forms.ExportForm(sent, choices=[(one.slug, one.label) for one in formats])
    if sent is not None and form.is_valid():
        with told(request, "The export is being written."):
            actions.request_export(project=project, format=form.cleaned_data["format"], by=signed_in(request))
        return redirect("tasks:exports", project.public_id)
    rows = Export.objects.filter(project=project).select_related("requested_by").order_by("-pk")
    page = paged(request, rows, 20)
    status = 422 if form.is_bound else 200
    return tabbed(request, project, "exports", form=form, formats=formats, page=page, http_status=status)


def export_of(user: User, out: str) -> Export:
    found: Export = get_object_or_404(Export.objects.visible_to(user).select_related("project__lab"), public_id=out)
    return found


@login_required
@require_GET
def export_row(request: HttpRequest, out: str) -> HttpResponse:
    """One row of the list, asked by htmx while a worker writes the file."""
    found = export_of(signed_in(request), out)
    formats = kind(found.project.kind).FORMATS
    can = abilities(signed_in(request), found.project.lab)
    context = {"export": found, "project": found.project, "formats": formats, "can": can}
    return render(request, "tasks/_export.html", context)


@login_required
@require_POST
def export_retry(request: HttpRequest, out: str) -> HttpResponse:
    found = export_of(signed_in(request), out)
    with told(request, "The file is being written again."):
        actions.retry_export(export=found, by=signed_in(request))
    return redirect("tasks:exports", found.project.public_id)


@login_required
@require_GET
def export_download(request: HttpRequest, out: str) -> HttpResponseBase:
    found = export_of(signed_in(request), out)
    if not may(signed_in(request), Permission.DATA_EXPORT, lab=found.project.lab):
        raise PermissionDenied("Your role does not allow this.")
    if found.status != Export.Status.DONE:
        raise Http404
    name = f"{found.project.public_id}-{found.format}-{found.finished_at:%Y%m%d-%H%M}.jsonl"
    response = FileResponse(found.file.open("rb"), as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox"
    return response
