"""What views that call actions share: a refusal becomes words on the page, never a fault page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest

from accounts.actions import once
from accounts.models import User
from core.errors import NotAllowed, Refused


def signed_in(request: HttpRequest) -> User:
    """The person behind a request that `login_required` let through."""
    return cast(User, request.user)


def done_once(request: HttpRequest, act: Callable[[], str]) -> str:
    """What `act` made, as its public id; for a form that is posted again, what it made the first time.

    A form is known by its `{% ticket %}`, on its own page only.
    """
    ticket = request.POST.get("ticket", "")
    key = sha256(f"{request.path}\0{ticket}".encode()).hexdigest()
    return once(user=signed_in(request), key=f"form:{key}", act=act) if ticket else act()


@contextmanager
def refusals_on(form: BaseForm) -> Iterator[None]:
    """Put what an action refuses beside the field it speaks of. Ask `form.is_valid()` afterwards.

    A missing permission is no matter of the form: it answers 403.
    """
    try:
        yield
    except NotAllowed as refusal:
        raise PermissionDenied(refusal.message) from refusal
    except Refused as refusal:
        for fault in refusal.faults:
            form.add_error(fault.field if fault.field in form.fields else None, fault.message)
        if not refusal.faults:
            form.add_error(None, refusal.message)


@contextmanager
def told(request: HttpRequest, success: str) -> Iterator[None]:
    """Say how a button's action went, as a message on the next page."""
    try:
        yield
    except NotAllowed as refusal:
        raise PermissionDenied(refusal.message) from refusal
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, success)
