"""The REST door for labs: tasks, imports, progress, decisions and exports."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models
from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Lab
from accounts.rest import Door, Pages
from accounts.roles import Permission, authorise
from payments.balances import balance_of
from projects.models import Project
from tasks import actions
from tasks import api_shapes as shapes
from tasks.api_work import checked, loaded, user_of
from tasks.models import Export, Import, Submission, Task
from tasks.queries_dashboard import agreement
from tasks.queries_pages import progress

M = TypeVar("M", bound=models.Model)
CURSOR = OpenApiParameter("cursor", description="As `next` and `previous` give it.")


def of_lab(request: Request, model: type[M], public_id: str) -> M:
    """The thing of this public id where the caller's labs own it. Raises Http404."""
    rows: Any = model._default_manager
    related = () if model is Project else ("project__lab",)
    found: M | None = rows.visible_to(user_of(request)).select_related(*related).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def page_of(rows: Any, request: Request, view: Door, shape: type[serializers.Serializer[Any]]) -> Response:
    pages = Pages()
    return pages.get_paginated_response(shape(pages.paginate_queryset(rows, request, view=view), many=True).data)


class Tasks(Door):
    @extend_schema(
        responses=shapes.TaskShape(many=True),
        operation_id="list_tasks",
        parameters=[OpenApiParameter("status"), OpenApiParameter("external_id"), CURSOR],
    )
    def get(self, request: Request, project: str) -> Response:
        """The project's tasks, newest first."""
        rows = Task.objects.filter(project=of_lab(request, Project, project))
        for name in ("status", "external_id"):
            if value := request.query_params.get(name):
                rows = rows.filter(**{name: value})
        return page_of(rows, request, self, shapes.TaskShape)

    @extend_schema(request=shapes.TaskShape, responses={201: shapes.TaskShape}, operation_id="add_task")
    def post(self, request: Request, project: str) -> Response:
        """Add one task. For many, upload a file to `imports`."""
        given = checked(shapes.TaskShape, request)
        task = actions.add_task(project=of_lab(request, Project, project), by=user_of(request), **given)
        return Response(shapes.TaskShape(task).data, status=status.HTTP_201_CREATED)


class OneTask(Door):
    @extend_schema(responses=shapes.TaskShape, operation_id="get_task")
    def get(self, request: Request, task: str) -> Response:
        return Response(shapes.TaskShape(of_lab(request, Task, task)).data)


class Withdraw(Door):
    @extend_schema(request=shapes.NoteShape, responses=shapes.TaskShape, operation_id="withdraw_task")
    def post(self, request: Request, task: str) -> Response:
        """Take the task back. Whoever holds it is paid: in full if handed in, by time if started."""
        given = checked(shapes.NoteShape, request)
        gone = actions.withdraw_task(task=of_lab(request, Task, task), by=user_of(request), **given)
        return Response(shapes.TaskShape(gone).data)


class Repair(Door):
    @extend_schema(request=shapes.RepairShape, responses=shapes.TaskShape, operation_id="repair_task")
    def post(self, request: Request, task: str) -> Response:
        """Correct a payload. The answer is the task that carries it: a new one where somebody had begun."""
        given = checked(shapes.RepairShape, request)
        mended = actions.repair_task(task=of_lab(request, Task, task), by=user_of(request), **given)
        return Response(shapes.TaskShape(mended).data)


class Imports(Door):
    parser_classes = (MultiPartParser,)

    @extend_schema(responses=shapes.ImportShape(many=True), operation_id="list_imports", parameters=[CURSOR])
    def get(self, request: Request, project: str) -> Response:
        rows = Import.objects.filter(project=of_lab(request, Project, project))
        return page_of(rows, request, self, shapes.ImportShape)

    @extend_schema(request=shapes.TaskFileShape, responses={202: shapes.ImportShape}, operation_id="upload_tasks")
    def post(self, request: Request, project: str) -> Response:
        """Upload a file of tasks. It is checked in the background; nothing is kept until it is confirmed."""
        given = checked(shapes.TaskFileShape, request)
        upload = actions.start_import(
            project=of_lab(request, Project, project),
            upload=given["file"],
            format=given["format"],
            by=user_of(request),
        )
        return Response(shapes.ImportShape(upload).data, status=status.HTTP_202_ACCEPTED)


class OneImport(Door):
    @extend_schema(responses=shapes.ImportShape, operation_id="get_import")
    def get(self, request: Request, upload: str) -> Response:
        """How far the check or the import has come."""
        return Response(shapes.ImportShape(of_lab(request, Import, upload)).data)


class Faults(Door):
    @extend_schema(responses=shapes.FaultShape(many=True), operation_id="list_import_faults", parameters=[CURSOR])
    def get(self, request: Request, upload: str) -> Response:
        """What is wrong, row by row; the first thousand."""
        rows = of_lab(request, Import, upload).faults.all()
        pages = Pages()
        pages.ordering = "id"
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(shapes.FaultShape(page, many=True).data)


class Confirm(Door):
    @extend_schema(request=None, responses={202: shapes.ImportShape}, operation_id="confirm_import")
    def post(self, request: Request, upload: str) -> Response:
        """Import the good rows: all of them or none."""
        confirmed = actions.confirm_import(upload=of_lab(request, Import, upload), by=user_of(request))
        return Response(shapes.ImportShape(confirmed).data, status=status.HTTP_202_ACCEPTED)


class Discard(Door):
    @extend_schema(request=None, responses=shapes.ImportShape, operation_id="discard_import")
    def post(self, request: Request, upload: str) -> Response:
        discarded = actions.discard_import(upload=of_lab(request, Import, upload), by=user_of(request))
        return Response(shapes.ImportShape(discarded).data)


class Progress(Door):
    @extend_schema(responses=shapes.ProgressShape, operation_id="get_progress")
    def get(self, request: Request, project: str) -> Response:
        """Tasks, seats and answers by status, agreement, and where the money is."""
        found = of_lab(request, Project, project)
        counts, agree, money = progress(found), agreement(found), balance_of(found.public_id, found.currency)
        return Response(
            {
                "tasks": counts.tasks,
                "seats": counts.seats,
                "answers": counts.answers,
                "wanted": counts.wanted,
                "agreement": agree.value,
                "agreement_pairs": agree.pairs,
                "money": shapes.BalanceShape(money).data,
                "currency": found.currency,
            }
        )


class Submissions(Door):
    @extend_schema(
        responses=shapes.WorkShape(many=True),
        operation_id="list_submissions",
        parameters=[OpenApiParameter("status"), CURSOR],
    )
    def get(self, request: Request, project: str) -> Response:
        """What experts handed in, newest first."""
        rows = loaded().filter(project=of_lab(request, Project, project), submitted_at__isnull=False)
        if value := request.query_params.get("status"):
            rows = rows.filter(status=value)
        pages = Pages()
        page: list[Submission] = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([handed_in(one) for one in page])


class OneSubmission(Door):
    @extend_schema(responses=shapes.WorkShape, operation_id="get_submission")
    def get(self, request: Request, submission: str) -> Response:
        return Response(handed_in(submission_of(request, submission)))


class Reviews(Door):
    @extend_schema(request=shapes.ReviewShape, responses={201: shapes.WorkShape}, operation_id="review_submission")
    def post(self, request: Request, submission: str) -> Response:
        """Accept, return (with a note) or reject (with a reason of the published list and a note)."""
        given = checked(shapes.ReviewShape, request)
        found, by = submission_of(request, submission), user_of(request)
        if given["verdict"] == "accept":
            decided = actions.accept(submission=found, note=given["note"], by=by)
        elif given["verdict"] == "return":
            decided = actions.return_for_rework(submission=found, note=given["note"], by=by)
        else:
            decided = actions.reject(submission=found, reason=given["reason"], note=given["note"], by=by)
        return Response(handed_in(decided), status=status.HTTP_201_CREATED)


class Reports(Door):
    @extend_schema(request=shapes.ReportShape, responses={201: shapes.ReportShape}, operation_id="report_submission")
    def post(self, request: Request, submission: str) -> Response:
        """Report spam or fraud. Only Quorum can decide that nothing is paid; the decision clock goes on meanwhile."""
        given = checked(shapes.ReportShape, request)
        report = actions.report_fraud(submission=submission_of(request, submission), by=user_of(request), **given)
        return Response(shapes.ReportShape(report).data, status=status.HTTP_201_CREATED)


class Exports(Door):
    @extend_schema(responses=shapes.ExportShape(many=True), operation_id="list_exports", parameters=[CURSOR])
    def get(self, request: Request, project: str) -> Response:
        rows = Export.objects.filter(project=of_lab(request, Project, project))
        return page_of(rows, request, self, shapes.ExportShape)

    @extend_schema(request=shapes.ExportShape, responses={202: shapes.ExportShape}, operation_id="request_export")
    def post(self, request: Request, project: str) -> Response:
        """Ask for a file; it is written in the background."""
        given = checked(shapes.ExportShape, request)
        export = actions.request_export(project=of_lab(request, Project, project), by=user_of(request), **given)
        return Response(shapes.ExportShape(export).data, status=status.HTTP_202_ACCEPTED)


class OneExport(Door):
    @extend_schema(responses=shapes.ExportShape, operation_id="get_export")
    def get(self, request: Request, export: str) -> Response:
        return Response(shapes.ExportShape(of_lab(request, Export, export)).data)


class Download(Door):
    @extend_schema(
        responses={(200, "application/jsonl"): OpenApiResponse(OpenApiTypes.BINARY)}, operation_id="download_export"
    )
    def get(self, request: Request, export: str) -> FileResponse:
        """The file, as JSON Lines. 404 until it is written."""
        found = of_lab(request, Export, export)
        authorise(user_of(request), Permission.DATA_EXPORT, lab=found.project.lab)
        if found.status != Export.Status.DONE:
            raise Http404
        name = f"{found.project.public_id}-{found.format}.jsonl"
        return FileResponse(found.file.open("rb"), as_attachment=True, filename=name, content_type="application/jsonl")


def submission_of(request: Request, public_id: str) -> Submission:
    """Handed-in work that the caller's labs may see. Raises Http404."""
    rows = loaded().select_related("project__lab", "expert__user").filter(submitted_at__isnull=False)
    # Not `visible_to`: it shows experts their own work, and this door shows the lab's own fields of the task.
    theirs = rows.filter(project__lab__in=Lab.objects.visible_to(user_of(request)))
    found: Submission | None = theirs.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def handed_in(submission: Submission) -> dict[str, Any]:
    """As its lab sees it: with the whole payload, without the expert's drafts."""
    body = shapes.work(submission)
    body["task"]["payload"] = submission.task.payload
    return {name: value for name, value in body.items() if name not in ("draft", "draft_version", "lease_until")}
