"""The REST door to the person behind a key, their labs, notices and the agreements."""

from __future__ import annotations

from typing import cast

from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from accounts import actions
from accounts.models import Agreement, Lab, MemberInvite, Membership, Notice, Role, User
from accounts.rest import Door, DoorSet


class PersonShape(serializers.ModelSerializer[User]):
    id = serializers.CharField(source="public_id", read_only=True)
    key_of_lab = serializers.SerializerMethodField(help_text="The lab that this request's key is limited to, or null.")

    class Meta:
        model = User
        fields = ("id", "name", "email", "time_zone", "shortcuts", "key_of_lab")
        read_only_fields = ("email",)

    def get_key_of_lab(self, user: User) -> str | None:
        return user.token.lab.public_id if user.token is not None and user.token.lab is not None else None


class LabShape(serializers.ModelSerializer[Lab]):
    id = serializers.CharField(source="public_id", read_only=True)
    time_zone = serializers.CharField(default="UTC", max_length=40)

    class Meta:
        model = Lab
        fields = ("id", "name", "website", "country", "time_zone", "status", "created_at")
        read_only_fields = ("status", "created_at")


class MemberShape(serializers.ModelSerializer[Membership]):
    id = serializers.CharField(source="user.public_id")
    name = serializers.CharField(source="user.name")
    email = serializers.CharField(source="user.email")

    class Meta:
        model = Membership
        fields = ("id", "name", "email", "role", "since")


class InviteShape(serializers.ModelSerializer[MemberInvite]):
    id = serializers.CharField(source="public_id", read_only=True)
    role = serializers.ChoiceField(choices=Role.choices)

    class Meta:
        model = MemberInvite
        fields = ("id", "email", "role", "status", "expires_at")
        read_only_fields = ("status", "expires_at")


class NoticeShape(serializers.ModelSerializer[Notice]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Notice
        fields = ("id", "title", "body", "url", "created_at", "read_at")


class ReadShape(serializers.Serializer[dict[str, int]]):
    read = serializers.IntegerField(help_text="How many were new.")


class AgreementShape(serializers.ModelSerializer[Agreement]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Agreement
        fields = ("id", "kind", "version", "title", "text", "published_at")


class Me(Door):
    """The person behind the key."""

    @extend_schema(responses=PersonShape)
    def get(self, request: Request) -> Response:
        return Response(PersonShape(cast(User, request.user)).data)

    @extend_schema(request=PersonShape, responses=PersonShape)
    def patch(self, request: Request) -> Response:
        user = cast(User, request.user)
        shape = PersonShape(user, data=request.data, partial=True)
        shape.is_valid(raise_exception=True)
        told = {name: getattr(user, name) for name in ("name", "time_zone", "shortcuts")} | shape.validated_data
        return Response(PersonShape(actions.edit_person(user=user, by=user, **told)).data)


class Labs(mixins.ListModelMixin, mixins.RetrieveModelMixin, DoorSet):
    """Labs one belongs to. A key of a lab sees that lab only."""

    queryset = Lab.objects.none()
    serializer_class = LabShape

    def get_queryset(self) -> QuerySet[Lab]:
        return Lab.objects.visible_to(cast(User, self.request.user)).distinct()

    @extend_schema(request=LabShape, responses={201: LabShape})
    def create(self, request: Request) -> Response:
        shape = LabShape(data=request.data)
        shape.is_valid(raise_exception=True)
        lab = actions.create_lab(by=cast(User, request.user), **shape.validated_data)
        return Response(LabShape(lab).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=MemberShape(many=True))
    @action(detail=True, pagination_class=None)
    def members(self, request: Request, public_id: str) -> Response:
        members = self.get_object().memberships.select_related("user").order_by("pk")
        return Response(MemberShape(members, many=True).data)

    @extend_schema(request=InviteShape, responses={201: InviteShape})
    @action(detail=True, methods=["post"])
    def invites(self, request: Request, public_id: str) -> Response:
        shape = InviteShape(data=request.data)
        shape.is_valid(raise_exception=True)
        invite = actions.invite_member(lab=self.get_object(), by=cast(User, request.user), **shape.validated_data)
        return Response(InviteShape(invite).data, status=status.HTTP_201_CREATED)


class Notices(mixins.ListModelMixin, DoorSet):
    """What the person was told, newest first. A lab's key reads nothing: it is about the person."""

    queryset = Notice.objects.none()
    serializer_class = NoticeShape

    def get_queryset(self) -> QuerySet[Notice]:
        user = cast(User, self.request.user)
        mine = Notice.objects.filter(user=user)
        return mine if user.token is None or user.token.lab_id is None else mine.none()

    @extend_schema(request=None, responses=ReadShape)
    @action(detail=False, methods=["post"])
    def read(self, request: Request) -> Response:
        """Mark all read; says how many were new."""
        user = cast(User, request.user)
        return Response({"read": actions.mark_read(user=user, by=user)})


class Agreements(mixins.ListModelMixin, mixins.RetrieveModelMixin, DoorSet):
    """Every published version of every agreement."""

    queryset = Agreement.objects.all()
    serializer_class = AgreementShape


router = SimpleRouter()
router.register("labs", Labs, basename="api-lab")
router.register("notices", Notices, basename="api-notice")
router.register("agreements", Agreements, basename="api-agreement")

api_urls: list[URLPattern | URLResolver] = [path("me/", Me.as_view(), name="api-me"), *router.urls]
