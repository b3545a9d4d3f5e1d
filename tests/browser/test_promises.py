"""What people read of the promises: no fault for axe, none for the policy, none sideways."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test.testcases import LiveServerThread
from django.urls import reverse
from playwright.sync_api import Page

from core.actors import SYSTEM
from payments.actions import pay_all_dues
from tasks.actions import auto_accept_due, confirm_fraud, make_up_weeks, open_seats, report_fraud
from tests.browser.conftest import axe, picture, sideways, sign_in
from tests.people import expert, ops, user
from tests.promises.test_fraud import FOUND, SPAM
from tests.promises.test_minimum import short_of_funds, worked
from tests.promises.test_promises import decided
from tests.tasks.scene import FEE, PAY, add_tasks, fund, handed_in, pass_time, project

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


def test_what_is_reported_and_what_is_owed_read_well_everywhere(
    live_server: LiveServerThread, open_page: Callable[..., Page]
) -> None:
    ice = short_of_funds(30)
    add_tasks(ice, 5)
    fund(ice, 500 + 5 * (PAY + FEE) + 100)
    pay_all_dues()  # Emil was owed, and is paid first
    open_seats(project=ice, by=SYSTEM)
    worked(ice, 28, name="Farah")
    make_up_weeks()  # and now Farah is owed
    found, open_one = handed_in(ice), handed_in(ice)
    confirm_fraud(report=report_fraud(submission=found, words=SPAM, by=user("Rosa")), answer=FOUND, by=ops())
    pass_time(handed_in(ice, "Noor"), days=10)
    auto_accept_due()
    report = report_fraud(submission=open_one, words=SPAM, by=user("Rosa"))
    pages = {
        "offer": ("Emil", reverse("tasks:offer", args=[ice.public_id])),
        "owed": ("Farah", "/earnings/"),
        "made-up": ("Emil", "/earnings/?kind=minimum"),
        "fraud": ("Emil", reverse("tasks:bench", args=[found.public_id])),
        "reported": ("Rosa", reverse("tasks:submission", args=[open_one.public_id])),
        "spend": ("Mina", reverse("tasks:spend", args=[ice.public_id])),
        "desk": ("Olu", reverse("admin:tasks_report_change", args=[report.pk])),
    }
    faults = []
    for look in ("desktop", "phone", "dark"):
        for name, (who, address) in pages.items():
            page = open_page(look)
            sign_in(page, user(who), str(live_server))
            page.goto(str(live_server) + address)
            picture(page, f"promises-{name}-{look}")
            faults += [f"{name} {look}: {fault}" for fault in axe(page)] if name != "desk" else []
            faults += [f"{name} {look} scrolls sideways"] if sideways(page) and name != "desk" else []
    assert faults == []
