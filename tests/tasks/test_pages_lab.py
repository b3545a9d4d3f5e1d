"""The lab's pages: what they say in each state, who gets in, and that more rows cost no more statements."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.people import lab, sign_in, user
from tests.tasks.scene import handed_in, project

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["project", "spend", "settings", "task_list", "review_queue", "imports", "exports"])
def test_each_tab_opens(client: Client, name: str) -> None:
    ice = project()
    handed_in(ice)
    page = sign_in(client, user("Mina")).get(reverse(f"tasks:{name}", args=[ice.public_id]))
    assert page.status_code == 200
    assert "Why ice floats" in page.text


def test_dashboard(client: Client) -> None:
    ice = project()
    handed_in(ice)
    page = sign_in(client, user("Mina")).get(reverse("tasks:dashboard"))
    assert page.status_code == 200
