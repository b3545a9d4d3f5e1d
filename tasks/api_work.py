"""The REST door for experts: claim, draft, hand in, give back, appeal. Claim and hand-in are the hot path."""

from __future__ import annotations

from typing import Any, cast

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.rest import Door, Pages
from core.errors import NotAllowed
from core.prepared import Prepared
from experts.models import Expert
from projects.models import Project
from tasks import actions
from tasks import api_shapes as shapes
from tasks.models import Submission

_OWN = Prepared(
    lambda public_id, expert: Submission.objects.filter(public_id=public_id, expert=expert).only("pk", "expert_id")
)
_PROJECT = Prepared(lambda public_id: Project.objects.exclude(status=Project.Status.DRAFT).filter(public_id=public_id))


def user_of(request: Request) -> User:
    return cast(User, request.user)


def expert_of(request: Request) -> Expert:
    """The caller as an expert; the key's own statement brought it. Raises NotAllowed."""
    expert: Expert | None = getattr(request.user, "expert", None)
    token = user_of(request).token
    if expert is None or (token is not None and token.lab_id is not None):
        raise NotAllowed("This is for experts, with a key of their own.")
    return expert


def own(request: Request, public_id: str) -> Submission:
    """The caller's own submission, barely loaded: actions read it anew under their lock. Raises Http404."""
    expert = expert_of(request)
    found = _OWN.first(public_id=public_id, expert=expert.pk)
    if found is None:
        raise Http404
    found.expert = expert
    return found


def checked(shape: Any, request: Request) -> dict[str, Any]:
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    return cast(dict[str, Any], serializer.validated_data)


class Claims(Door):
    @extend_schema(request=None, responses={201: shapes.WorkShape}, operation_id="claim_next_task")
    def post(self, request: Request, project: str) -> Response:
        """Claim the next task of a project. 409 `no_task` while none waits, `claims_full` while you hold enough."""
        found = _PROJECT.first(public_id=project)
        if found is None:
            raise Http404
        work = actions.claim_next(project=found, expert=expert_of(request), by=user_of(request))
        return Response(shapes.work(work), status=status.HTTP_201_CREATED)


class MyWork(Door):
    @extend_schema(
        responses=shapes.WorkShape(many=True),
        operation_id="list_my_work",
        parameters=[OpenApiParameter("status"), OpenApiParameter("project"), OpenApiParameter("cursor")],
    )
    def get(self, request: Request) -> Response:
        """What you claimed and handed in, newest first."""
        rows = loaded().filter(expert=expert_of(request))
        for name, path in (("status", "status"), ("project", "project__public_id")):
            if value := request.query_params.get(name):
                rows = rows.filter(**{path: value})
        pages = Pages()
        page: list[Submission] = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([shapes.work(one) for one in page])


class Work(Door):
    @extend_schema(responses=shapes.WorkShape, operation_id="get_my_work")
    def get(self, request: Request, submission: str) -> Response:
        """One piece of your own work."""
        found = loaded().filter(public_id=submission, expert=expert_of(request)).first()
        if found is None:
            raise Http404
        return Response(shapes.work(found))


class Draft(Door):
    @extend_schema(request=shapes.DraftShape, responses=shapes.SavedShape, operation_id="save_draft")
    def put(self, request: Request, submission: str) -> Response:
        """Keep an unfinished answer. 409 `stale_draft` brings the newer one in `draft` and `draft_version`."""
        given = checked(shapes.DraftShape, request)
        try:
            saved = actions.save_draft(submission=own(request, submission), by=user_of(request), **given)
        except actions.StaleDraft as stale:
            body: dict[str, Any] = {"code": stale.code, "message": stale.message, "errors": []}
            body |= {"draft": stale.draft, "draft_version": stale.version}
            return Response(body, status=status.HTTP_409_CONFLICT)
        return Response({"draft_version": saved.draft_version, "saved_at": shapes.when(saved.saved_at)})


class Submit(Door):
    @extend_schema(request=shapes.SubmitShape, responses=shapes.ReceiptShape, operation_id="submit_work")
    def post(self, request: Request, submission: str) -> Response:
        """Hand the answer in. The same answer again gets the same receipt."""
        given = checked(shapes.SubmitShape, request)
        done = actions.submit(submission=own(request, submission), by=user_of(request), **given)
        return Response(shapes.receipt(done))


class Release(Door):
    @extend_schema(request=shapes.NoteShape, responses=shapes.ReceiptShape, operation_id="release_work")
    def post(self, request: Request, submission: str) -> Response:
        """Give the task back."""
        given = checked(shapes.NoteShape, request)
        released = actions.release(submission=own(request, submission), by=user_of(request), **given)
        return Response(shapes.receipt(released))


class Extend(Door):
    @extend_schema(request=None, responses={200: shapes.WorkShape}, operation_id="extend_lease")
    def post(self, request: Request, submission: str) -> Response:
        """Ask for one more lease."""
        longer = actions.extend_lease(submission=own(request, submission), by=user_of(request))
        return Response(shapes.work(longer))


class Appeals(Door):
    @extend_schema(request=shapes.AppealShape, responses={201: shapes.AppealShape}, operation_id="appeal_rejection")
    def post(self, request: Request, submission: str) -> Response:
        """Ask somebody else to look at a rejection again."""
        given = checked(shapes.AppealShape, request)
        opened = actions.appeal(submission=own(request, submission), by=user_of(request), **given)
        body = {"id": opened.public_id, "status": opened.status, "words": opened.words}
        return Response(body | {"answer_by": shapes.when(opened.answer_by)}, status=status.HTTP_201_CREATED)


def loaded() -> Any:
    return Submission.objects.select_related("seat", "task", "project", "instructions")
