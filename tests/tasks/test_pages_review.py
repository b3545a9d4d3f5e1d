"""Reviewing in the browser: what waits, oldest clock first; one answer beside its task; three verdicts."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tasks.actions import appeal, decide_appeal, reject
from tasks.models import Submission
from tests.people import ops, sign_in, user
from tests.tasks.scene import claimed, fresh, handed_in, owed, pass_time, project

pytestmark = pytest.mark.django_db

WHY = {"reject-reason": "incorrect", "reject-note": "Ice is less dense, not colder."}


@pytest.fixture
def rosa(client: Client) -> Client:
    return sign_in(client, user("Rosa"))


def text(page: Any) -> str:
    return " ".join(page.text.split())


def look(client: Client, work: Submission, expect: int = 200) -> str:
    page = client.get(reverse("tasks:submission", args=[work.public_id]))
    assert page.status_code == expect
    return text(page)


def decide(client: Client, work: Submission, verdict: str, **words: str) -> Any:
    return client.post(reverse("tasks:decide", args=[work.public_id]), {"verdict": verdict, **words}, follow=True)


def test_the_queue_begins_with_the_nearest_clock(rosa: Client) -> None:
    ice = project(tasks=2)
    first, urgent = handed_in(ice, "Emil"), handed_in(ice, "Farah")
    pass_time(urgent, hours=20)
    page = text(rosa.get(reverse("tasks:review_queue", args=[ice.public_id])))
    assert "2 wait for your decision" in page
    assert page.index(urgent.task.public_id) < page.index(first.task.public_id)
    assert f'href="/submissions/{urgent.public_id}/" data-key="r"' in page


def test_what_was_decided_is_listed_by_state(rosa: Client) -> None:
    ice = project(tasks=1)
    work = handed_in(ice)
    url = reverse("tasks:review_queue", args=[ice.public_id])
    assert "None in this state" in rosa.get(url, {"status": "accepted"}).text
    reject(submission=work, by=user("Rosa"), reason="incorrect", note="No.")
    page = text(rosa.get(url, {"status": "rejected"}))
    assert "Factually or technically wrong" in page
    assert "Rejected (1)" in page
    assert "Nothing to review" in rosa.get(url, {"status": "nonsense"}).text


def test_an_answer_is_shown_beside_its_task_and_what_else_is_known(rosa: Client) -> None:
    ice = project(tasks=1, overlap=2)
    work, other = handed_in(ice, "Emil"), handed_in(ice, "Farah")
    page = look(rosa, work)
    for words in ("Why does ice float on water?", "the second has it backwards", "Version 1", "0 accepted, 0 returned"):
        assert words in page
    assert "Show 1 other answer" in page
    assert "Agreement with this one 1.00" in page
    assert f"/submissions/{other.public_id}/" in page


def test_accepting_pays_and_leads_to_the_next(rosa: Client) -> None:
    ice = project(tasks=2)
    work, waiting = handed_in(ice, "Emil"), handed_in(ice, "Farah")
    page = decide(rosa, work, "accept", **{"accept-note": "Well argued."})
    assert "Accepted. The pay is the expert&#x27;s." in page.text
    assert f"/submissions/{waiting.public_id}/decide/" in page.text
    assert owed(work.expert) == 1_000
    page = decide(rosa, waiting, "accept")
    assert "Nothing to review" in page.text


def test_returning_needs_words(rosa: Client) -> None:
    work = handed_in(project(tasks=1))
    page = decide(rosa, work, "return")
    assert page.status_code == 422
    assert "Say what should change." in page.text
    assert '<dialog id="return" aria-labelledby="h-return" data-open>' in page.text
    decide(rosa, work, "return", **{"return-note": "Name the step."})
    assert fresh(work).status == "returned"
    assert "The expert can hand it in again." in look(rosa, work)


def test_rejecting_needs_a_reason_of_the_list_and_words(rosa: Client) -> None:
    work = handed_in(project(tasks=1))
    assert "$5.00</span> at once" in look(rosa, work)
    page = decide(rosa, work, "reject", **{"reject-reason": "colour", "reject-note": "No."})
    assert page.status_code == 422
    assert "Select a valid choice" in page.text
    decide(rosa, work, "reject", **WHY)
    assert (fresh(work).status, fresh(work).reason) == ("rejected", "incorrect")
    seen = look(rosa, work)
    assert "may appeal until" in seen
    assert "Ice is less dense, not colder." in seen


def test_a_decision_that_comes_too_late_says_so_and_goes_on(rosa: Client) -> None:
    work = handed_in(project(tasks=1))
    decide(rosa, work, "reject", **WHY)
    page = decide(rosa, work, "accept")
    assert "it cannot become accepted" in page.text
    assert fresh(work).status == "rejected"


def test_a_third_return_is_refused_on_the_page(rosa: Client) -> None:
    work = handed_in(project(tasks=1))
    for _ in range(2):
        work.reviews.create(verdict="return", reviewer=user("Rosa"), note="Again.")
    page = decide(rosa, work, "return", **{"return-note": "Once more."})
    assert "returned twice already" in page.text
    assert f"/submissions/{work.public_id}/decide/" in page.text


def test_a_verdict_that_does_not_exist_changes_nothing(rosa: Client) -> None:
    work = handed_in(project(tasks=1))
    assert decide(rosa, work, "applaud").status_code == 422
    assert fresh(work).status == "submitted"


def test_a_draft_is_the_experts_alone(rosa: Client) -> None:
    work = claimed(project(tasks=1))
    look(rosa, work, expect=404)
    assert decide(rosa, work, "accept").status_code == 404


def test_nobody_reviews_their_own_work(client: Client) -> None:
    work = handed_in(project(tasks=1))
    sign_in(client, work.expert.user)
    look(client, work, expect=404)


def test_ops_look_without_deciding(client: Client) -> None:
    work = handed_in(project(tasks=1))
    sign_in(client, ops())
    assert "Your decision" not in look(client, work)
    assert decide(client, work, "accept").status_code == 403


def test_an_appeal_is_shown_with_its_answer(rosa: Client) -> None:
    work = handed_in(project(tasks=1))
    decide(rosa, work, "reject", **WHY)
    opened = appeal(submission=work, words="The lattice is in the answer.", by=work.expert.user)
    page = look(rosa, work)
    assert "The lattice is in the answer." in page
    assert "Somebody outside the lab answers by" in page
    decide_appeal(appeal=opened, overturn=False, answer="The reviewer is right.", by=ops())
    assert "The reviewer is right." in look(rosa, work)
