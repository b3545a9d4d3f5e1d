"""A refusal that no page words becomes a page of its own."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from accounts.models import User
from core.errors import Fault, NotAllowed, Refused
from marketplace.middleware import Refusals
from tests.people import user

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of_ada(rf: RequestFactory) -> HttpRequest:
    request = rf.get("/")
    ada: User = user("Ada")
    request.user = ada
    request.session = {}  # type: ignore[assignment]
    return request


def worded(request: HttpRequest, exception: Exception) -> tuple[int, str] | None:
    response = Refusals(lambda _: None).process_exception(request, exception)  # type: ignore[arg-type,return-value]
    return (response.status_code, response.content.decode()) if response else None


def test_what_a_role_does_not_allow_is_403(request_of_ada: HttpRequest) -> None:
    answer = worded(request_of_ada, NotAllowed("Your role does not allow this."))
    assert answer is not None
    assert answer[0] == 403


def test_what_a_rule_refuses_is_409_in_its_words(request_of_ada: HttpRequest) -> None:
    refusal = Refused("The seat is taken.", faults=(Fault("Ask for another one", "seat", 3),))
    answer = worded(request_of_ada, refusal)
    assert answer is not None
    assert answer[0] == 409
    assert "The seat is taken." in answer[1]
    assert "Row 3. Ask for another one" in answer[1]


def test_a_fault_stays_a_fault(request_of_ada: HttpRequest) -> None:
    assert worded(request_of_ada, ValueError("a bug")) is None
