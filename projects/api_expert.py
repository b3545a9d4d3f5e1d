"""The REST door for experts: what is on offer, applications, invitations, agreements."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import Door, Pages
from core.errors import NotAllowed, Refused
from experts.models import Expert
from projects import actions, queries
from projects import api_shapes as shapes
from projects.api_lab import CURSOR, STATUS, checked, page_of, user_of, visible
from projects.models import Application, Invitation, Project
from projects.policies import unmet


def expert_of(request: Request) -> Expert:
    """The caller as an expert. Raises NotAllowed for a lab's key, Refused (no_expert_profile)."""
    token = user_of(request).token
    if token is not None and token.lab_id is not None:
        raise NotAllowed("This is for experts, with a key of their own.")
    expert = Expert.objects.visible_to(user_of(request)).select_related("user").filter(user=user_of(request)).first()
    if expert is None:
        raise Refused("Fill in your expert profile first.", code="no_expert_profile")
    return expert


class Offers(Door):
    @extend_schema(responses=shapes.OfferShape(many=True), operation_id="list_offers", parameters=[CURSOR])
    def get(self, request: Request) -> Response:
        """Open projects, newest first, each with what keeps you from it."""
        expert = expert_of(request)
        pages = Pages()
        found: Any = pages.paginate_queryset(queries.offers(expert).order_by("-pk"), request, view=self)
        shown = shapes.OfferShape(found, many=True, context={"unmet": unmet(expert, found)})
        return pages.get_paginated_response(shown.data)


class OneOffer(Door):
    @extend_schema(responses=shapes.OfferShape, operation_id="get_offer")
    def get(self, request: Request, project: str) -> Response:
        expert = expert_of(request)
        found = get_object_or_404(queries.offers(expert), public_id=project)
        return Response(shapes.OfferShape(found, context={"unmet": unmet(expert, [found])}).data)


class Applications(Door):
    """Of one project: the lab reads them, an expert adds theirs."""

    @extend_schema(
        responses=shapes.ApplicationShape(many=True), operation_id="list_applications", parameters=[STATUS, CURSOR]
    )
    def get(self, request: Request, project: str) -> Response:
        """Newest first; `score` and `parts` say how well each fits and why."""
        rows = _of_project(request, project).select_related("project", "expert__user", "consent")
        if wanted := request.query_params.get("status"):
            rows = rows.filter(status=wanted)
        return page_of(rows, request, self, shapes.ApplicationShape)

    @extend_schema(request=shapes.ApplicationShape, responses={201: shapes.ApplicationShape}, operation_id="apply")
    def post(self, request: Request, project: str) -> Response:
        """Ask to work on an open project."""
        expert = expert_of(request)
        found = get_object_or_404(queries.offers(expert), public_id=project)
        given = checked(shapes.ApplicationShape, request)
        application = actions.apply(project=found, expert=expert, by=user_of(request), **given)
        return Response(shapes.ApplicationShape(application).data, status=status.HTTP_201_CREATED)


def _of_project(request: Request, public_id: str) -> QuerySet[Application]:
    return visible(request, Project, public_id).applications.all()


class MyApplications(Door):
    @extend_schema(
        responses=shapes.ApplicationShape(many=True), operation_id="list_my_applications", parameters=[STATUS, CURSOR]
    )
    def get(self, request: Request) -> Response:
        rows = expert_of(request).applications.select_related("project", "expert__user", "consent")
        if wanted := request.query_params.get("status"):
            rows = rows.filter(status=wanted)
        return page_of(rows, request, self, shapes.ApplicationShape)


class OneApplication(Door):
    @extend_schema(responses=shapes.ApplicationShape, operation_id="get_application")
    def get(self, request: Request, application: str) -> Response:
        return Response(shapes.ApplicationShape(visible(request, Application, application)).data)


class Withdraw(Door):
    @extend_schema(
        request=shapes.ProjectNoteShape, responses=shapes.ApplicationShape, operation_id="withdraw_application"
    )
    def post(self, request: Request, application: str) -> Response:
        """Take it back, or leave the project."""
        found = visible(request, Application, application)
        given = checked(shapes.ProjectNoteShape, request)
        gone = actions.withdraw_application(application=found, by=user_of(request), **given)
        return Response(shapes.ApplicationShape(gone).data)


class Agreements(Door):
    @extend_schema(responses=shapes.AgreementTextShape(many=True), operation_id="get_agreements")
    def get(self, request: Request, application: str) -> Response:
        """The texts that bind whoever works on this project."""
        texts = visible(request, Application, application).project.agreements.order_by("kind")
        return Response(shapes.AgreementTextShape(texts, many=True).data)

    @extend_schema(request=None, responses=shapes.ConsentShape, operation_id="accept_agreements")
    def post(self, request: Request, application: str) -> Response:
        """Accept them all. Needed once, before the first claim."""
        found = visible(request, Application, application)
        consent = actions.accept_project_agreements(application=found, by=user_of(request))
        return Response(shapes.ConsentShape(consent).data)


class MyInvitations(Door):
    @extend_schema(
        responses=shapes.InvitationShape(many=True), operation_id="list_my_invitations", parameters=[STATUS, CURSOR]
    )
    def get(self, request: Request) -> Response:
        wanted = request.query_params.get("status")
        rows = expert_of(request).invitations.filter(Q(status=wanted) if wanted else Q())
        return page_of(rows.select_related("project", "expert"), request, self, shapes.InvitationShape)


class AcceptInvitation(Door):
    @extend_schema(request=None, responses=shapes.ApplicationShape, operation_id="accept_invitation")
    def post(self, request: Request, invitation: str) -> Response:
        """Join. The answer is your application, accepted."""
        found = visible(request, Invitation, invitation)
        application = actions.accept_invitation(invitation=found, by=user_of(request))
        return Response(shapes.ApplicationShape(application).data)


class DeclineInvitation(Door):
    @extend_schema(request=shapes.ProjectNoteShape, responses=shapes.InvitationShape, operation_id="decline_invitation")
    def post(self, request: Request, invitation: str) -> Response:
        found = visible(request, Invitation, invitation)
        given = checked(shapes.ProjectNoteShape, request)
        declined = actions.decline_invitation(invitation=found, by=user_of(request), **given)
        return Response(shapes.InvitationShape(declined).data)
