"""The figures that experts read before they apply: no fault for axe, none for the policy, none sideways."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test.testcases import LiveServerThread
from django.urls import reverse
from playwright.sync_api import Page

from tests.browser.conftest import axe, picture, sideways, sign_in
from tests.people import expert
from tests.promises.test_promises import decided
from tests.tasks.scene import project

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_figures_read_well_everywhere(live_server: LiveServerThread, open_page: Callable[..., Page]) -> None:
    empty, full = project(1), project(6)
    noor = expert("Noor", country="DE").user
    faults = []
    for state, ice in (("empty", empty), ("full", full)):
        if state == "full":
            decided(full)
        for look in ("desktop", "phone", "dark"):
            page = open_page(look)
            sign_in(page, noor, str(live_server))
            page.goto(str(live_server) + reverse("tasks:offer", args=[ice.public_id]))
            picture(page, f"promises-{state}-{look}")
            faults += [f"{state} {look}: {fault}" for fault in axe(page)]
            faults += [f"{state} {look} scrolls sideways"] if sideways(page) else []
    assert faults == []
