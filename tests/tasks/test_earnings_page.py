"""Emil looks up what he will be paid: also for what nobody has decided yet."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from core.actors import SYSTEM
from payments.actions import top_up
from payments.models import Earning
from tasks.actions import (
    accept,
    auto_accept_due,
    reject,
    withdraw_task,
)
from tasks.actions.appeals import appeal, decide_appeal
from tasks.templatetags import task_money
from tests.people import ops, sign_in, user
from tests.tasks.scene import handed_in, pass_time, project

pytestmark = pytest.mark.django_db


def test_work_that_waits_stands_on_the_timeline_until_it_is_accepted(client: Client) -> None:
    work = handed_in(project(), "Emil")
    sign_in(client, user("Emil"))
    page = client.get("/earnings/").content.decode()
    assert "Pending" in page
    assert "$10.00" in page
    assert work.public_id in page
    accept(submission=work, by=user("Rosa"))
    assert "Pending" not in client.get("/earnings/").content.decode()


def test_nobody_sees_what_others_wait_for(client: Client) -> None:
    work = handed_in(project(), "Emil")
    sign_in(client, user("Sam"))
    assert work.public_id not in client.get("/earnings/").content.decode()


def test_the_rest_of_a_long_list_is_a_link(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_money, "SHOWN", 1)
    running = project(3)
    handed_in(running, "Emil")
    handed_in(running, "Emil")
    sign_in(client, user("Emil"))
    page = client.get("/earnings/").content.decode()
    assert page.count("<b>Pending</b>") == 1
    assert "All answers that wait" in page


def test_each_line_links_to_its_work_and_says_who_decided(client: Client) -> None:
    ice = project(7)
    by_hand = accept(submission=handed_in(ice), by=user("Rosa"))
    sign_in(client, user("Emil"))

    def page() -> str:
        return client.get("/earnings/?kind=" + Earning.objects.latest("pk").kind).content.decode()

    assert f'href="{reverse("tasks:bench", args=[by_hand.public_id])}"' in page()
    assert "Decided by a reviewer of Meridian AI" in page()
    top_up(
        payee=user("Emil"), ref=ice.public_id, source=by_hand.public_id, amount=100, currency="usd", memo="x", by=SYSTEM
    )
    assert "A promise of the platform" in page()
    late = pass_time(handed_in(ice), days=30)
    auto_accept_due()
    assert (
        "By rule: nobody decided in the promised time" in client.get(f"/earnings/?q={late.public_id}").content.decode()
    )
    won = reject(submission=handed_in(ice), by=user("Rosa"), reason="incorrect", note="Wrong.")
    decide_appeal(
        appeal=appeal(submission=won, words="It is right.", by=user("Emil")), overturn=True, answer="Yes.", by=ops()
    )
    assert "Decided on appeal" in page()
    withdraw_task(task=handed_in(ice).task, by=user("Mina"))
    assert "Meridian AI withdrew the task" in page()


def test_the_statement_is_narrowed_to_a_project(client: Client) -> None:
    ice = project(1)
    accept(submission=handed_in(ice), by=user("Rosa"))
    sign_in(client, user("Emil"))
    assert f'value="{ice.public_id}" selected' in client.get(f"/earnings/?ref={ice.public_id}").content.decode()
