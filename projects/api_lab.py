"""The REST door for labs: projects, their life, and who works on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db import models
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.rest import Door, Pages
from core.errors import Fault, Invalid
from experts.models import Expert
from payments.api import FundingSerializer
from projects import actions, queries
from projects import api_shapes as shapes
from projects.models import Application, Project

M = TypeVar("M", bound=models.Model)
CURSOR = OpenApiParameter("cursor", description="As `next` and `previous` give it.")
STATUS = OpenApiParameter("status")


def user_of(request: Request) -> User:
    return cast(User, request.user)


def visible(request: Request, model: type[M], public_id: str) -> M:
    """The thing of this public id where the caller may see it. Raises Http404."""
    rows: Any = model._default_manager
    related = ("lab",) if model is Project else ("project__lab", "expert__user")
    found: M | None = rows.visible_to(user_of(request)).select_related(*related).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def checked(shape: type[serializers.Serializer[Any]], request: Request, **given: Any) -> dict[str, Any]:
    serializer = shape(data=request.data, **given)
    serializer.is_valid(raise_exception=True)
    return cast(dict[str, Any], serializer.validated_data)


def page_of(
    rows: Any, request: Request, view: Door, shape: type[serializers.BaseSerializer[Any]], **context: Any
) -> Response:
    pages = Pages()
    found: Any = pages.paginate_queryset(rows, request, view=view)
    return pages.get_paginated_response(shape(found, many=True, context=context).data)


class Projects(Door):
    @extend_schema(responses=shapes.ProjectShape(many=True), operation_id="list_projects", parameters=[STATUS, CURSOR])
    def get(self, request: Request) -> Response:
        """Your lab's projects, newest first."""
        rows = Project.objects.visible_to(user_of(request)).select_related("lab").prefetch_related("agreements")
        if wanted := request.query_params.get("status"):
            rows = rows.filter(status=wanted)
        return page_of(rows, request, self, shapes.ProjectShape)

    @extend_schema(request=shapes.ProjectShape, responses={201: shapes.ProjectShape}, operation_id="create_project")
    def post(self, request: Request) -> Response:
        """Draft a project."""
        given = checked(shapes.ProjectShape, request)
        if not type(given["lab"]).objects.visible_to(user_of(request)).filter(pk=given["lab"].pk).exists():
            raise Invalid("No such lab.", faults=(Fault("No such lab.", field="lab"),))
        project = actions.create_project(by=user_of(request), **given)
        return Response(shapes.ProjectShape(project).data, status=status.HTTP_201_CREATED)


class OneProject(Door):
    @extend_schema(responses=shapes.ProjectShape, operation_id="get_project")
    def get(self, request: Request, project: str) -> Response:
        return Response(shapes.ProjectShape(visible(request, Project, project)).data)

    @extend_schema(request=shapes.EditShape(partial=True), responses=shapes.ProjectShape, operation_id="edit_project")
    def patch(self, request: Request, project: str) -> Response:
        """Change what is given."""
        found = visible(request, Project, project)
        given = checked(shapes.EditShape, request, partial=True)
        return Response(shapes.ProjectShape(actions.edit_project(project=found, by=user_of(request), **given)).data)


class Instructions(Door):
    @extend_schema(responses=shapes.InstructionsShape(many=True), operation_id="list_instructions", parameters=[CURSOR])
    def get(self, request: Request, project: str) -> Response:
        """Every version, newest first."""
        rows = visible(request, Project, project).instructions.all()
        return page_of(rows, request, self, shapes.InstructionsShape)

    @extend_schema(
        request=shapes.InstructionsShape,
        responses={201: shapes.InstructionsShape},
        operation_id="publish_instructions",
    )
    def post(self, request: Request, project: str) -> Response:
        """A new version. Work already begun keeps the one it names."""
        found = visible(request, Project, project)
        given = checked(shapes.InstructionsShape, request)
        version = actions.publish_instructions(project=found, by=user_of(request), **given)
        return Response(shapes.InstructionsShape(version).data, status=status.HTTP_201_CREATED)


class Fundings(Door):
    @extend_schema(request=shapes.FundShape, responses={201: FundingSerializer}, operation_id="fund_project")
    def post(self, request: Request, project: str) -> Response:
        """Ask to pay; then POST to `fundings/<id>/checkout/` for Stripe's page.

        A draft opens by itself once Stripe says the money is there.
        """
        found = visible(request, Project, project)
        given = checked(shapes.FundShape, request)
        funding = actions.fund_project(project=found, by=user_of(request), **given)
        return Response(FundingSerializer(funding).data, status=status.HTTP_201_CREATED)


class _Step(Door):
    """One step of a project's life."""

    act: Callable[..., Project]
    takes_note = False

    def step(self, request: Request, project: str) -> Response:
        found = visible(request, Project, project)
        words = checked(shapes.ProjectNoteShape, request) if self.takes_note else {}
        return Response(shapes.ProjectShape(type(self).act(project=found, by=user_of(request), **words)).data)


class Open(_Step):
    act = actions.open_project

    @extend_schema(request=None, responses=shapes.ProjectShape, operation_id="open_project")
    def post(self, request: Request, project: str) -> Response:
        """Open a draft that is paid for."""
        return self.step(request, project)


class Pause(_Step):
    act = actions.pause_project
    takes_note = True

    @extend_schema(request=shapes.ProjectNoteShape, responses=shapes.ProjectShape, operation_id="pause_project")
    def post(self, request: Request, project: str) -> Response:
        """No new claims until it is resumed."""
        return self.step(request, project)


class Resume(_Step):
    act = actions.resume_project

    @extend_schema(request=None, responses=shapes.ProjectShape, operation_id="resume_project")
    def post(self, request: Request, project: str) -> Response:
        return self.step(request, project)


class Close(_Step):
    act = actions.close_project
    takes_note = True

    @extend_schema(request=shapes.ProjectNoteShape, responses=shapes.ProjectShape, operation_id="close_project")
    def post(self, request: Request, project: str) -> Response:
        """For good. What is handed in is still decided and paid."""
        return self.step(request, project)


class Cancel(_Step):
    act = actions.cancel_project
    takes_note = True

    @extend_schema(request=shapes.ProjectNoteShape, responses=shapes.ProjectShape, operation_id="cancel_project")
    def post(self, request: Request, project: str) -> Response:
        """Drop a draft that holds no funds."""
        return self.step(request, project)


class ConfirmPilot(_Step):
    act = actions.confirm_pilot

    @extend_schema(request=None, responses=shapes.ProjectShape, operation_id="confirm_pilot")
    def post(self, request: Request, project: str) -> Response:
        """The pilot's answers are what was wanted: the other tasks open."""
        return self.step(request, project)


class Matches(Door):
    @extend_schema(responses=shapes.MatchesShape, operation_id="get_matches")
    def get(self, request: Request, project: str) -> Response:
        """How many experts fit now, and the last shortlist with the reasons for each."""
        found = visible(request, Project, project)
        shown = {"count": queries.match_count(found), "shortlist": queries.shortlist(found)}
        return Response(shapes.MatchesShape(shown).data)


class Invitations(Door):
    @extend_schema(
        responses=shapes.InvitationShape(many=True), operation_id="list_invitations", parameters=[STATUS, CURSOR]
    )
    def get(self, request: Request, project: str) -> Response:
        rows = visible(request, Project, project).invitations.select_related("project", "expert")
        if wanted := request.query_params.get("status"):
            rows = rows.filter(status=wanted)
        return page_of(rows, request, self, shapes.InvitationShape)

    @extend_schema(
        request=shapes.InviteExpertShape, responses={201: shapes.InvitationShape}, operation_id="invite_expert"
    )
    def post(self, request: Request, project: str) -> Response:
        """Ask one expert of the shortlist."""
        found = visible(request, Project, project)
        public_id = checked(shapes.InviteExpertShape, request)["expert"]
        listed = {each.expert.public_id: each.expert for each in queries.shortlist(found)}
        if public_id not in listed:
            raise Invalid("Not on the shortlist.", faults=(Fault("Not on the shortlist.", field="expert"),))
        expert: Expert = listed[public_id]
        invitation = actions.invite(project=found, expert=expert, by=user_of(request))
        return Response(shapes.InvitationShape(invitation).data, status=status.HTTP_201_CREATED)


class _Decision(Door):
    """One answer to an application; the expert reads the reason."""

    decision = ""

    def decide(self, request: Request, application: str) -> Response:
        found = visible(request, Application, application)
        given = checked(shapes.ReasonShape, request)
        [decided] = actions.decide_applications(
            applications=[found], decision=self.decision, by=user_of(request), **given
        )
        return Response(shapes.ApplicationShape(decided).data)


class Accept(_Decision):
    decision = "accept"

    @extend_schema(request=shapes.ReasonShape, responses=shapes.ApplicationShape, operation_id="accept_application")
    def post(self, request: Request, application: str) -> Response:
        return self.decide(request, application)


class Shortlist(_Decision):
    decision = "shortlist"

    @extend_schema(request=shapes.ReasonShape, responses=shapes.ApplicationShape, operation_id="shortlist_application")
    def post(self, request: Request, application: str) -> Response:
        return self.decide(request, application)


class Decline(_Decision):
    decision = "decline"

    @extend_schema(request=shapes.ReasonShape, responses=shapes.ApplicationShape, operation_id="decline_application")
    def post(self, request: Request, application: str) -> Response:
        return self.decide(request, application)
