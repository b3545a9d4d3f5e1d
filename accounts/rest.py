"""The base of the REST door: keys, errors, pages and `Idempotency-Key`. Every app's api.py stands on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.http import Http404
from django.utils.datastructures import MultiValueDict
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, serializers, status
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.parsers import BaseParser, FormParser, JSONParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.views import exception_handler as framework_handler
from rest_framework.viewsets import GenericViewSet

from accounts.actions.tokens import digest
from accounts.models import ApiToken, IdempotentReply, User
from core.errors import Fault, Invalid, NotAllowed, Refused, speaks_of_null
from core.nesting import deeper_than
from core.prepared import Prepared

KEYWORD = "bearer"
KEY_HEADER = "Idempotency-Key"
KEY_LENGTH = 120
MAX_BODY = 16 * 1024 * 1024  # bytes of JSON; files come as uploads
MAX_DEPTH = 40  # levels of JSON; what we ask for has five
TOO_DEEP = f"The JSON is nested deeper than {MAX_DEPTH} levels."
NOT_VALID = "The input is not valid."
# "expert" is the one-to-one row that a higher app hangs on the person.
_KEY = Prepared(
    lambda digest: ApiToken.objects.select_related("user__expert", "lab").filter(
        digest=digest, revoked_at=None, user__is_active=True
    )
)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer qk_…`. One statement brings the key, its person, lab and expert."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = request.headers.get("Authorization", "").split()
        if not words or words[0].lower() != KEYWORD:
            return None
        if len(words) != 2:
            raise exceptions.AuthenticationFailed("Send the key as: Authorization: Bearer qk_…")
        token = _KEY.first(digest=digest(words[1]))
        if token is None:
            raise exceptions.AuthenticationFailed("This key is unknown or revoked.")
        token.user.token = token
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TokenAuthentication
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key from a lab's page or from your own."}


def _faults(detail: Any, field: str = "", row: int | None = None) -> Iterator[Fault]:
    """The framework's nested details as a flat list; rows count from 1."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            at = "" if name == "non_field_errors" else str(name)
            yield from _faults(inner, ".".join(filter(None, (field, at))), row)
    elif isinstance(detail, list):
        for number, inner in enumerate(detail, start=1):
            yield from _faults(inner, field, number if isinstance(inner, dict) else row)
    else:
        yield Fault(str(detail), field, row)


def _refusal(error: Exception) -> tuple[int, Refused] | None:
    """Status and refusal of what Django and we raise; None for what the framework or nobody knows."""
    if isinstance(error, Refused):
        kinds = ((NotAllowed, status.HTTP_403_FORBIDDEN), (Invalid, status.HTTP_400_BAD_REQUEST))
        return next((code for kind, code in kinds if isinstance(error, kind)), status.HTTP_409_CONFLICT), error
    if isinstance(error, DjangoValidationError):
        detail = error.message_dict if hasattr(error, "error_dict") else error.messages
        return status.HTTP_400_BAD_REQUEST, Invalid(NOT_VALID, faults=tuple(_faults(detail)))
    if speaks_of_null(error):
        return status.HTTP_400_BAD_REQUEST, Invalid("A text holds no null character.")
    if isinstance(error, Http404):
        return status.HTTP_404_NOT_FOUND, Refused("Not found.", code="not_found")
    if isinstance(error, PermissionDenied):
        return status.HTTP_403_FORBIDDEN, NotAllowed(str(error) or "Your role does not allow this.")
    return None


def _framework_refusal(error: Exception) -> tuple[int, Refused] | None:
    """The same for the framework's own exceptions; None for a fault of ours, which must stay a 500."""
    if isinstance(error, exceptions.ValidationError):
        return error.status_code, Invalid(NOT_VALID, faults=tuple(_faults(error.detail)))
    if isinstance(error, exceptions.PermissionDenied):
        return error.status_code, NotAllowed(str(error.detail))
    if isinstance(error, exceptions.APIException):
        return error.status_code, Refused(str(error.detail), code=error.default_code)
    return None


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """`{"code", "message", "errors": [{"row", "field", "message"}]}` with 400, 401, 403, 404, 409 or 429."""
    answer = _refusal(error) or _framework_refusal(error)
    if answer is None:
        return None
    code, refusal = answer
    response = framework_handler(error, context) or Response(status=code)  # its headers, such as WWW-Authenticate
    response.data = {
        "code": refusal.code,
        "message": refusal.message,
        "errors": [{"row": fault.row, "field": fault.field, "message": fault.message} for fault in refusal.faults],
    }
    response.status_code = code
    return response


class Pages(CursorPagination):
    """Newest first, stable while rows are added. `?limit=` up to 200; `next` and `previous` are addresses."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Raises NotFound for a position that is no key, which the database would only stumble over."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None and not str(cursor.position).isdecimal():
            raise exceptions.NotFound(self.invalid_cursor_message)
        return cursor


class Json(JSONParser):
    """JSON of at most MAX_BODY bytes and MAX_DEPTH levels: deeper, it could be taken in here and break its readers."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise exceptions.ParseError(f"The body has more than {MAX_BODY:,} bytes.")
        try:
            found = super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise exceptions.ParseError(TOO_DEEP) from None
        if deeper_than(found, MAX_DEPTH):
            raise exceptions.ParseError(TOO_DEEP)
        return found


class JsonField(serializers.JSONField):
    """JSON inside a body; from a form it comes as text, which no parser has measured yet."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            found = super().to_internal_value(data)
        except RecursionError:
            raise exceptions.ValidationError(TOO_DEEP) from None
        if deeper_than(found, MAX_DEPTH):
            raise exceptions.ValidationError(TOO_DEEP)
        return found


def _fingerprint(request: Request) -> str:
    """SHA-256 of key, method, path and content: a reply to one key is not for another one of the same person.

    The parts of an upload are hashed one by one, not kept in memory.
    """
    token = cast(User, request.user).token
    found = hashlib.sha256(f"{token and token.pk} {request.method} {request.get_full_path()}\n".encode())
    form = request.data if request.content_type.startswith("multipart/") else None
    if isinstance(form, MultiValueDict):
        for name, values in sorted(form.lists()):
            for value in values:
                found.update(f"{name}=".encode())
                for chunk in value.chunks() if hasattr(value, "chunks") else (str(value).encode(),):
                    found.update(chunk)
                if hasattr(value, "seek"):
                    value.seek(0)
    else:
        found.update(request.body)
    return found.hexdigest()


class IdempotentMixin(APIView):
    """Honours `Idempotency-Key` on POST: the reply is stored in the transaction of the effect.

    The same key with the same request answers the stored reply and does nothing; with another request it is 409
    `idempotency_mismatch`. A duplicate that comes while the first is at work waits for it. A refused request
    stores nothing, so it may be tried again.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = request.headers.get(KEY_HEADER, "")
        if request.method != "POST" or not key:
            return
        if len(key) > KEY_LENGTH:
            raise Invalid(f"{KEY_HEADER} has at most {KEY_LENGTH} characters.")
        handler: Callable[..., Response] = getattr(self, "post", self.http_method_not_allowed)
        setattr(self, "post", partial(self._once, handler, key))  # noqa: B010 - assigned, it would be typed

    def _once(
        self, handler: Callable[..., Response], key: str, request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        print_ = _fingerprint(request)
        user = cast(User, request.user)  # IsAuthenticated has asked
        with transaction.atomic():
            # A second request with this key waits here, on the unique constraint, until the first has committed.
            reply, mine = IdempotentReply.objects.get_or_create(user=user, key=key, defaults={"request_sha256": print_})
            if not mine:
                return self._again(reply, print_)
            response = handler(request, *args, **kwargs)
            reply.status = response.status_code
            reply.body = json.loads(JSONRenderer().render(response.data) or "null")
            reply.save(update_fields=["status", "body"])
        return response

    @staticmethod
    def _again(reply: IdempotentReply, print_: str) -> Response:
        if reply.request_sha256 != print_:
            raise Refused("This Idempotency-Key was used for another request.", code="idempotency_mismatch")
        return Response(reply.body, status=reply.status, headers={"Idempotent-Replayed": "true"})


class Door(IdempotentMixin):
    """What every API view is: keys or the browser's session, our errors, `Idempotency-Key` on POST."""

    authentication_classes = (TokenAuthentication, SessionAuthentication)
    permission_classes = (IsAuthenticated,)
    parser_classes: tuple[type[BaseParser], ...] = (Json, FormParser, MultiPartParser)

    def handle_exception(self, exc: Exception) -> Response:
        """Who is turned away at once would never be counted: the framework counts whoever it has let in."""
        if isinstance(exc, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
            try:
                self.check_throttles(self.request)
            except exceptions.Throttled as throttled:
                exc = throttled
        return super().handle_exception(exc)


class DoorSet(Door, GenericViewSet[Any]):
    """A Door for a kind of thing: give it `queryset`, `serializer_class` and methods; looked up by public id."""

    pagination_class = Pages
    lookup_field = "public_id"
    lookup_value_regex = "[a-z]{3}_[a-z2-7]{16}"
