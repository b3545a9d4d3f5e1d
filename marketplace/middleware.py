"""What every page shares: headers, and how a rule that says no becomes a page."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import bad_request, permission_denied

from core.errors import NotAllowed, Refused, speaks_of_null

PERMISSIONS = "display-capture=(self), microphone=(self), camera=(), geolocation=(), payment=(), usb=()"
Answer = Callable[[HttpRequest], HttpResponse]


def permissions_policy(get_response: Answer) -> Answer:
    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response

    return answer


class Refusals:
    """Most pages word a refusal beside the form it speaks of; what is left becomes a page of its own, never a fault."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotAllowed):
            return permission_denied(request, exception)
        if isinstance(exception, Refused):
            return render(request, "409.html", {"refusal": exception}, status=409)
        if speaks_of_null(exception):
            return bad_request(request, exception)
        return None
