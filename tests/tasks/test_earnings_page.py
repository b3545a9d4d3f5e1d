"""Emil looks up what he will be paid: also for what nobody has decided yet."""

from __future__ import annotations

import pytest
from django.test import Client

from tasks.actions import accept
from tasks.templatetags import task_money
from tests.people import sign_in, user
from tests.tasks.scene import handed_in, project

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
