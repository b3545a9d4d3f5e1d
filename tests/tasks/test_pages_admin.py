"""The ops lists of work: everything can be read but drafts, nothing typed over, and appeals are decided there."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tasks.actions import appeal, reject
from tasks.models import Appeal, Export, Import, Review, Seat, Submission, Task
from tests.people import ops, sign_in, user
from tests.tasks.scene import claimed, fresh, handed_in, owed, project

pytestmark = pytest.mark.django_db
LISTS = (Task, Seat, Submission, Review, Appeal, Import, Export)


@pytest.fixture
def olu(client: Client) -> Client:
    return sign_in(client, ops())


def address(thing: Any, page: str = "change") -> str:
    return reverse(f"admin:tasks_{thing._meta.model_name}_{page}", args=[thing.pk] if page == "change" else [])


def appealed() -> Appeal:
    work = handed_in(project(tasks=1))
    reject(submission=work, by=user("Rosa"), reason="incorrect", note="The lattice is the other way round.")
    return appeal(submission=work, words="It is not.", by=work.expert.user)


@pytest.mark.parametrize("model", LISTS)
def test_every_list_opens_and_takes_nothing(olu: Client, model: Any) -> None:
    appealed()
    page = olu.get(address(model, "changelist"))
    assert page.status_code == 200
    shown = admin.site._registry[model]
    request = page.wsgi_request
    assert not shown.has_add_permission(request)
    assert not shown.has_change_permission(request)
    assert not shown.has_delete_permission(request)
    first = model.objects.first()
    if first is not None:
        assert olu.get(address(first)).status_code == 200


def test_nobody_but_staff_gets_in(client: Client) -> None:
    sign_in(client, user("Ada"))
    assert client.get(address(Appeal, "changelist")).status_code == 302


def test_a_draft_shows_in_no_list(olu: Client) -> None:
    work = claimed(project(tasks=1))
    Submission.objects.filter(pk=work.pk).update(draft={"rationale": "half a thought"})
    page = olu.get(address(work))
    assert "Not handed in" in page.text
    assert "half a thought" not in page.text


def test_an_appeal_is_decided_for_the_expert(olu: Client) -> None:
    opened = appealed()
    page = olu.get(address(opened))
    assert "Factually or technically wrong: The lattice is the other way round." in page.text
    assert reverse("tasks:submission", args=[opened.submission.public_id]) in page.text
    press = reverse("admin:tasks_appeal_do", args=[opened.pk, "overturn"])
    refused = olu.post(press, {"words": ""}, follow=True)
    assert "the expert reads it" in refused.text
    assert fresh(opened).status == "open"
    olu.post(press, {"words": "The lattice is right."})
    assert fresh(opened).status == "overturned"
    assert owed(opened.submission.expert) == 1_000
    olu.get(address(opened))  # says that it is done
    assert "Decide for the expert" not in olu.get(address(opened)).text


def test_an_appeal_is_upheld_with_words(olu: Client) -> None:
    opened = appealed()
    olu.post(reverse("admin:tasks_appeal_do", args=[opened.pk, "uphold"]), {"words": "The reviewer is right."})
    assert fresh(opened).status == "upheld"
    assert owed(opened.submission.expert) == 500
