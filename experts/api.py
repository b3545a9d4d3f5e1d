"""The REST door of experts: their profile, credentials and documents; fields and institutions to choose from."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from accounts.models import User
from accounts.rest import Door, DoorSet
from experts import actions
from experts.models import Assertion, Credential, DegreeLevel, Evidence, Expert, Field, Institution
from experts.queries import fields_matching
from experts.registry import institution_named, institutions_matching
from experts.roads import ways

SEARCH = OpenApiParameter("q", description="Words to search for.")


class ProfileShape(serializers.ModelSerializer[Expert]):
    id = serializers.CharField(source="public_id", read_only=True)
    languages = serializers.ListField(child=serializers.CharField(max_length=2), default=list, help_text="ISO 639-1.")
    min_rate = serializers.IntegerField(default=0, help_text="Minor units of USD an hour.")
    weekly_hours = serializers.IntegerField(default=10)

    class Meta:
        model = Expert
        fields = ("id", "country", "headline", "bio", "languages", "min_rate", "weekly_hours", "available")


class EvidenceShape(serializers.ModelSerializer[Evidence]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Evidence
        fields = ("id", "filename", "content_type", "size", "sha256", "uploaded_at", "rendered_at", "render_error")


class AssertionShape(serializers.ModelSerializer[Assertion]):
    """What somebody else than the expert says of a credential."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = Assertion
        fields = ("id", "road", "source", "verdict", "strength", "says", "reasons", "made_at")


class WayShape(serializers.Serializer[Any]):
    """A road to a proof."""

    road = serializers.CharField()
    worth = serializers.CharField(help_text="How strong such a proof is.")
    needs = serializers.CharField()
    closed = serializers.CharField(help_text="Why this road is closed for this credential; empty where it is open.")


class MailboxShape(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=254, help_text="At a domain of the credential's institution.")


class CodeShape(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=20, help_text="The six digits of the letter.")


class CredentialShape(serializers.ModelSerializer[Credential]):
    id = serializers.CharField(source="public_id", read_only=True)
    kind = serializers.ChoiceField(choices=Credential.Kind.choices, default=Credential.Kind.DEGREE)
    level = serializers.ChoiceField(
        choices=[(0, "None"), *DegreeLevel.choices], default=0, help_text="ISCED 2011, of a degree."
    )
    profession = serializers.ChoiceField(
        choices=Credential.Profession.choices, required=False, help_text="Of a licence, as the next three."
    )
    jurisdiction = serializers.CharField(max_length=6, required=False, help_text="ISO 3166: US-CA, DE.")
    number = serializers.CharField(max_length=40, required=False)
    expires_on = serializers.DateField(required=False, allow_null=True, help_text="The last day on which it holds.")
    field = serializers.SlugRelatedField(slug_field="code", queryset=Field.objects.all(), help_text="ISCED-F 2013.")
    institution = serializers.CharField(
        source="institution.ror_id", read_only=True, default=None, help_text="ROR id, where we know the name."
    )
    evidence = EvidenceShape(many=True, read_only=True)

    class Meta:
        model = Credential
        claimed = (
            "kind", "title", "level", "field", "institution_name", "country", "year", "name_on_document",
            "profession", "jurisdiction", "number", "expires_on",
        )  # fmt: skip
        answered = (
            "method",
            "strength",
            "recheck_on",
            "status",
            "evidenced_at",
            "answer_by",
            "decided_at",
            "reason",
            "message",
            "institution",
            "evidence",
        )
        fields = ("id", *claimed, *answered)
        read_only_fields = answered


class UploadShape(serializers.Serializer[Any]):
    upload = serializers.FileField(help_text="PDF, JPEG or PNG, at most 10 MB and 20 pages.")


class FieldShape(serializers.ModelSerializer[Field]):
    within = serializers.CharField(source="parent.code", default=None, help_text="The wider field's code, or null.")

    class Meta:
        model = Field
        fields = ("code", "label", "within")


class InstitutionShape(serializers.ModelSerializer[Institution]):
    class Meta:
        model = Institution
        fields = ("ror_id", "name", "country", "city", "status", "established", "closed", "successors", "domains")


def _expert(request: Request) -> Expert:
    """The person's own row. A lab's key has no expert behind it."""
    user = cast(User, request.user)
    if user.token is not None and user.token.lab_id is not None:
        raise Http404
    expert: Expert | None = getattr(user, "expert", None)
    if expert is None:
        raise Http404
    return expert


class Profile(Door):
    """One's own expert profile."""

    @extend_schema(responses=ProfileShape)
    def get(self, request: Request) -> Response:
        return Response(ProfileShape(_expert(request)).data)

    @extend_schema(request=ProfileShape, responses={201: ProfileShape})
    def post(self, request: Request) -> Response:
        shape = ProfileShape(data=request.data)
        shape.is_valid(raise_exception=True)
        user = cast(User, request.user)
        expert = actions.become_expert(user=user, by=user, **shape.validated_data)
        return Response(ProfileShape(expert).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ProfileShape, responses=ProfileShape)
    def patch(self, request: Request) -> Response:
        expert = _expert(request)
        shape = ProfileShape(expert, data=request.data, partial=True)
        shape.is_valid(raise_exception=True)
        edited = actions.edit_profile(expert=expert, by=expert.user, **shape.validated_data)
        return Response(ProfileShape(edited).data)


class Credentials(mixins.ListModelMixin, mixins.RetrieveModelMixin, DoorSet):
    """One's own credentials."""

    queryset = Credential.objects.none()
    serializer_class = CredentialShape

    def get_queryset(self) -> QuerySet[Credential]:
        mine = Credential.objects.filter(expert=_expert(self.request))
        return mine.select_related("expert__user", "field", "institution").prefetch_related("evidence")

    @extend_schema(request=CredentialShape, responses={201: CredentialShape})
    def create(self, request: Request) -> Response:
        expert = _expert(request)
        shape = CredentialShape(data=request.data)
        shape.is_valid(raise_exception=True)
        claim = shape.validated_data
        known = institution_named(claim["institution_name"], claim["country"])
        credential = actions.claim_credential(
            expert=expert, institution=known, by=cast(User, request.user), **shape.validated_data
        )
        return Response(CredentialShape(credential).data, status=status.HTTP_201_CREATED)

    @extend_schema(request={"multipart/form-data": UploadShape}, responses={201: EvidenceShape})
    @action(detail=True, methods=["post"])
    def evidence(self, request: Request, public_id: str) -> Response:
        """Hand in a document. The review starts, and is answered within the promised hours."""
        credential = self.get_object()
        shape = UploadShape(data=request.data)
        shape.is_valid(raise_exception=True)
        evidence = actions.add_evidence(credential=credential, by=cast(User, request.user), **shape.validated_data)
        return Response(EvidenceShape(evidence).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=WayShape(many=True))
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def roads(self, request: Request, public_id: str) -> Response:
        """The roads to a proof of this credential, and which of them are open."""
        return Response(WayShape(ways(self.get_object()), many=True).data)

    @extend_schema(request=MailboxShape, responses={202: None})
    @action(detail=True, methods=["post"])
    def mailbox(self, request: Request, public_id: str) -> Response:
        """Send a code to an address of the institution. It holds for 15 minutes."""
        shape = MailboxShape(data=request.data)
        shape.is_valid(raise_exception=True)
        actions.ask_mailbox(credential=self.get_object(), by=cast(User, request.user), **shape.validated_data)
        return Response(status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: None})
    @action(detail=True, methods=["post"])
    def register(self, request: Request, public_id: str) -> Response:
        """Have the register of this licence asked. What it says becomes a proof, or a refusal with its reasons."""
        actions.ask_register(credential=self.get_object(), by=cast(User, request.user))
        return Response(status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=CodeShape, responses={201: AssertionShape})
    @action(detail=True, methods=["post"], url_path="mailbox/code", url_name="mailbox-code")
    def mailbox_code(self, request: Request, public_id: str) -> Response:
        """Hand in the code that came to the mailbox. The review starts."""
        shape = CodeShape(data=request.data)
        shape.is_valid(raise_exception=True)
        credential = self.get_object()
        said = actions.confirm_mailbox(credential=credential, by=cast(User, request.user), **shape.validated_data)
        return Response(AssertionShape(said).data, status=status.HTTP_201_CREATED)


class Fields(Door):
    """Fields of education (ISCED-F 2013) whose label holds the words, the closest first."""

    @extend_schema(parameters=[SEARCH], responses=FieldShape(many=True))
    def get(self, request: Request) -> Response:
        found = fields_matching(request.query_params.get("q", ""), limit=50)
        return Response(FieldShape(found, many=True).data)


class Institutions(Door):
    """Institutions one of whose names holds the words, the closest first; the last word may be half typed."""

    @extend_schema(parameters=[SEARCH], responses=InstitutionShape(many=True))
    def get(self, request: Request) -> Response:
        found = institutions_matching(request.query_params.get("q", ""), limit=50)
        return Response(InstitutionShape(found, many=True).data)


router = SimpleRouter()
router.register("credentials", Credentials, basename="api-credential")

api_urls: list[URLPattern | URLResolver] = [
    path("expert/", Profile.as_view(), name="api-expert"),
    path("fields/", Fields.as_view(), name="api-fields"),
    path("institutions/", Institutions.as_view(), name="api-institutions"),
    *router.urls,
]
