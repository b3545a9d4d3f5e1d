"""How often one may knock in a minute: counted in the cache, by key, by person, or else by address."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar, cast

from django.conf import settings
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:  # the framework's views load this module
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)


class PerMinute(SimpleRateThrottle):
    """As many as the setting says; 0 is no limit. Without the cache nobody is counted, and the door stays open."""

    setting: ClassVar[str]

    def get_rate(self) -> str | None:
        allowed: int = getattr(settings, self.setting)
        return f"{allowed}/min" if allowed > 0 else None

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return super().allow_request(request, view)
        except RedisError:
            logger.warning("The cache is away: requests to the API are not counted.", exc_info=True)
            return True


class PerKey(PerMinute):
    """Each key by itself, so that one script does not shut out another; in a browser, the person."""

    scope = "key"
    setting = "QUORUM_API_PER_MINUTE"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        if not request.user.is_authenticated:
            return None
        token = getattr(request.user, "token", None)
        ident = f"k{token.pk}" if token else f"p{request.user.pk}"
        return self.cache_format % {"scope": self.scope, "ident": ident}


class PerAddress(PerMinute):
    """Who has no key or a wrong one. Whoever has a good one is not held to what a neighbour behind the address does."""

    scope = "address"
    setting = "QUORUM_API_PER_MINUTE_ANONYMOUS"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        if request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class PerVisitor(PerAddress):
    """Of pages that cost us work and ask for no account."""

    scope = "visitor"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


def too_many(request: HttpRequest) -> bool:
    """Whether this address has asked such a page too often in this minute. Counts the request."""
    return not PerVisitor().allow_request(cast(Request, request), cast("APIView", None))
