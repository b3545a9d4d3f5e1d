"""The lab's pages: what they say in each state, who gets in, and that more rows cost no more statements."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, Role
from projects.actions import apply
from projects.models import Project
from tasks.actions import accept, reject, return_for_rework, withdraw_task
from tasks.models import Import, Submission, Task
from tests.people import expert, lab, sign_in, user
from tests.tasks.scene import (
    add_tasks,
    claimed,
    fresh,
    handed_in,
    owed,
    pass_time,
    project,
)

pytestmark = pytest.mark.django_db

TABS = ("project", "spend", "lines", "settings", "task_list", "review_queue", "imports", "exports")
BUDGET = 12  # statements of a list or dashboard, the header's own included (design: PERFORMANCE)


@pytest.fixture
def mina(client: Client) -> Client:
    return sign_in(client, user("Mina"))


def get(client: Client, name: str, *args: str, expect: int = 200, **query: str) -> str:
    page = client.get(reverse(f"tasks:{name}", args=args), query)
    assert page.status_code == expect
    return " ".join(page.text.split())


def statements(client: Client, url: str) -> int:
    """How many statements the page takes, the second time it is asked for; never more than the budget."""
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        client.get(url)
    assert len(seen) <= BUDGET, [query["sql"][:120] for query in seen.captured_queries]
    return len(seen)


# --- The dashboard ----------------------------------------------------------------------------------------------------


def test_somebody_without_a_lab_is_told_what_to_do(client: Client) -> None:
    page = get(sign_in(client, user("Sam")), "dashboard")
    assert "No lab yet" in page
    assert reverse("accounts:lab_new") in page


def test_a_lab_without_projects_is_shown_the_way(mina: Client) -> None:
    lab()
    page = get(mina, "dashboard")
    assert "No project yet" in page
    assert reverse("projects:new") in page


def test_the_dashboard_says_what_came_what_it_cost_and_what_waits(mina: Client) -> None:
    ice = project(tasks=2, overlap=2)
    good = handed_in(ice, "Emil")
    handed_in(ice, "Farah", strength=2)
    accept(submission=good, by=user("Rosa"))
    page = get(mina, "dashboard")
    assert "1 project, 1 answer accepted, <span" in page
    assert "1 of 4" in page  # accepted of wanted
    assert "Agreement" in page
    assert "0.00" in page  # one pair, opposed
    assert "1 answer to review" in page
    assert reverse("tasks:review_queue", args=[ice.public_id]) in page
    assert "decide by" in page


def test_each_thing_that_waits_is_named_once(mina: Client) -> None:
    dry = project(tasks=2, seats_for=0)
    pilot = project(tasks=3, pilot_tasks=1)
    Project.objects.filter(pk=pilot.pk).update(title="A pilot")
    accept(submission=handed_in(pilot), by=user("Rosa"))
    asked = expert("Lena", country="DE")
    apply(project=dry, expert=asked, by=asked.user)
    Import.objects.create(
        project=dry, filename="pairs.jsonl", format="jsonl", status="checked", good=3, uploaded_by=user("Mina")
    )
    page = get(mina, "dashboard")
    for words in ("1 application to answer", "1 import to confirm", "1 empty queue", "1 import checked, to confirm"):
        assert words in page
    assert "1 pilot to confirm" in page or "look at it and confirm" in page


def test_projects_are_found_by_title_and_state(mina: Client) -> None:
    project(tasks=1)
    paused = project(tasks=1)
    Project.objects.filter(pk=paused.pk).update(title="Retrosynthesis", status="paused")
    assert "Why ice floats" not in get(mina, "dashboard", q="retro")
    assert "Retrosynthesis" in get(mina, "dashboard", status="paused")
    assert "Retrosynthesis" not in get(mina, "dashboard", status="open")
    assert "No project like that" in get(mina, "dashboard", q="nothing of this name")
    assert "Retrosynthesis" in get(mina, "dashboard", status="no such state")


def test_the_week_is_compared_with_the_one_before(mina: Client) -> None:
    ice = project(tasks=4, claims_per_expert=4)
    works = [handed_in(ice) for _ in range(4)]
    for work in works:
        accept(submission=work, by=user("Rosa"))
    pass_time(works[0], days=9)
    assert "200 % more than the week before" in get(mina, "dashboard")
    for work in works[1:3]:
        pass_time(work, days=9)
    assert "-67 % on the week before" in get(mina, "dashboard")
    pass_time(works[3], days=30)
    assert "-100 %" in get(mina, "dashboard")


def test_more_projects_cost_no_more_statements(mina: Client) -> None:
    url = reverse("tasks:dashboard")
    for _ in range(2):
        handed_in(project(tasks=1, overlap=2))
    few = statements(mina, url)
    for _ in range(4):
        handed_in(project(tasks=1, overlap=2))
    assert statements(mina, url) == few


def test_nobody_sees_another_labs_projects(client: Client) -> None:
    ice = project(tasks=1)
    work = handed_in(ice)
    stranger = user("Zoe")
    other = lab("Otter Labs")
    Membership.objects.filter(lab=other).delete()
    Membership.objects.create(lab=other, user=stranger, role=Role.OWNER)
    sign_in(client, stranger)
    assert "Why ice floats" not in get(client, "dashboard")
    for tab in TABS:
        get(client, tab, ice.public_id, expect=404)
    get(client, "task", work.task.public_id, expect=404)
    get(client, "submission", work.public_id, expect=404)


def test_an_expert_sees_no_page_of_the_lab(client: Client) -> None:
    ice = project(tasks=1)
    work = handed_in(ice)
    sign_in(client, work.expert.user)
    for tab in TABS:
        get(client, tab, ice.public_id, expect=404)
    get(client, "task", work.task.public_id, expect=404)


# --- One project ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_opens_empty_and_full(mina: Client, tab: str) -> None:
    bare = project(tasks=0)
    full = project(tasks=2)
    handed_in(full)
    for one in (bare, full):
        assert "Why ice floats" in get(mina, tab, one.public_id)


@pytest.mark.parametrize("tab", TABS)
def test_more_rows_cost_no_more_statements(mina: Client, tab: str) -> None:
    ice = project(tasks=12, claims_per_expert=20)
    url = reverse(f"tasks:{tab}", args=[ice.public_id])
    for who in ("Emil", "Farah"):
        handed_in(ice, who)
    few = statements(mina, url)
    for who in ("Lena", "Kofi", "Yuki", "Emil", "Emil"):
        handed_in(ice, who)
    # Five rows more: a statement for each would show. One may come or go with what the cache still holds.
    assert abs(statements(mina, url) - few) <= 1


def test_the_overview_counts_every_answer_wanted_once(mina: Client) -> None:
    ice = project(tasks=5, seats_for=4, claims_per_expert=5)
    accept(submission=handed_in(ice), by=user("Rosa"))
    return_for_rework(submission=handed_in(ice), by=user("Rosa"), note="Say more.")
    handed_in(ice)
    claimed(ice)
    page = get(mina, "project", ice.public_id)
    assert "1 of 5 wanted" in page
    assert "Waiting for your decision</dt><dd>1</dd>" in page
    assert "Experts are working on</dt><dd>2</dd>" in page
    assert "Not funded yet</dt><dd>1</dd>" in page
    assert "Experts can begin 0 more answers; 1 planned answer is not paid for yet." in page


def test_the_overview_says_what_a_draft_needs(mina: Client) -> None:
    page = get(mina, "project", project(tasks=0, status="draft").public_id)
    assert "a draft without tasks" in page
    page = get(mina, "project", project(tasks=2, status="draft").public_id)
    assert "It opens to experts once its funding is paid" in page


def test_an_open_project_without_tasks_says_what_is_missing(mina: Client) -> None:
    ice = project(tasks=0)
    page = get(mina, "project", ice.public_id)
    assert "There are no tasks yet" in page
    assert reverse("tasks:imports", args=[ice.public_id]) in page


def test_a_pilot_is_confirmed_from_the_overview(mina: Client) -> None:
    ice = project(tasks=3, pilot_tasks=1)
    assert "Pilot of 1 task." in get(mina, "project", ice.public_id)
    page = mina.post(reverse("tasks:step", args=[ice.public_id, "confirm-pilot"]), follow=True)
    assert "Pilot confirmed" in page.text
    assert fresh(ice).pilot_confirmed_at is not None


def test_pause_resume_close(mina: Client) -> None:
    ice = project(tasks=2)
    work = claimed(ice)

    def press(verb: str) -> str:
        answer = mina.post(reverse("tasks:step", args=[ice.public_id, verb]), follow=True)
        assert answer.status_code == 200
        return answer.text

    assert "Paused: nobody can claim a task" in " ".join(press("pause").split())
    assert "Open again" in get(mina, "settings", ice.public_id)
    assert "it cannot become" in press("pause")  # a second click is refused in words
    press("resume")
    assert fresh(ice).status == "open"
    settings = get(mina, "settings", ice.public_id)
    assert "1 free seat is taken back" in settings
    assert "1 task experts hold can still be handed in" in settings
    press("close")
    assert fresh(ice).status == "closed"
    assert "Close for good" not in get(mina, "settings", ice.public_id)
    assert fresh(work).status == "draft"


def test_only_known_steps_and_only_for_managers(client: Client) -> None:
    ice = project(tasks=1)
    sign_in(client, user("Mina"))
    assert client.post(reverse("tasks:step", args=[ice.public_id, "explode"])).status_code == 404
    assert client.get(reverse("tasks:step", args=[ice.public_id, "pause"])).status_code == 405
    sign_in(client, user("Rosa"))
    assert client.post(reverse("tasks:step", args=[ice.public_id, "pause"])).status_code == 403
    assert "Close for good" not in get(client, "settings", ice.public_id)
    assert fresh(ice).status == "open"


@pytest.mark.parametrize(
    ("status", "words"), [("paused", "Paused: nobody"), ("frozen", "Frozen: a payment is disputed")]
)
def test_a_halt_says_why(mina: Client, status: str, words: str) -> None:
    ice = project(tasks=1)
    Project.objects.filter(pk=ice.pk).update(status=status)
    assert words in get(mina, "project", ice.public_id)


def test_spend_says_where_every_cent_is(mina: Client) -> None:
    ice = project(tasks=2)
    reject(submission=handed_in(ice), by=user("Rosa"), reason="incorrect", note="The lattice is the other way round.")
    page = get(mina, "spend", ice.public_id)
    assert 'Paid to experts</dt><dd><span class="num nowrap">$5.00</span>' in page
    assert "Not funded yet" in page  # no payment of the lab: the scene pays from nowhere
    assert "Emil Sørensen" not in page


# --- Tasks ------------------------------------------------------------------------------------------------------------


def test_tasks_are_found_by_either_id_and_by_state(mina: Client) -> None:
    ice = project(tasks=0)
    one, two = add_tasks(ice, 2)
    Task.objects.filter(pk=one.pk).update(external_id="item-001")
    withdraw_task(task=two, by=user("Mina"))
    assert "1 task found" in get(mina, "task_list", ice.public_id, q="ITEM")
    assert "1 task found" in get(mina, "task_list", ice.public_id, q=two.public_id)
    assert "item-001" not in get(mina, "task_list", ice.public_id, status="withdrawn")
    assert "No task like that" in get(mina, "task_list", ice.public_id, q="nothing")
    assert "No tasks yet" in get(mina, "task_list", project(tasks=0).public_id)


def test_a_task_shows_its_payload_answers_and_history_but_no_draft(mina: Client) -> None:
    ice = project(tasks=1, overlap=2)
    work = handed_in(ice, "Emil")
    secret = claimed(ice, "Farah")
    Submission.objects.filter(pk=secret.pk).update(draft={"rationale": "half a thought"})
    page = get(mina, "task", work.task.public_id)
    assert "Why does ice float on water?" in page
    assert "Emil Sørensen" in page
    assert "Answer handed in" in page
    assert "Farah" not in page
    assert "half a thought" not in page


def test_withdrawing_a_task_asks_why_and_pays_whoever_holds_it(mina: Client) -> None:
    ice = project(tasks=1)
    work = handed_in(ice)
    url = reverse("tasks:task_withdraw", args=[work.task.public_id])
    refused = mina.post(url, {"note": " "})
    assert refused.status_code == 422
    assert "Say why, for whoever holds it." in refused.text
    assert "data-open" in refused.text
    page = mina.post(url, {"note": "The prompt names a patient."}, follow=True)
    assert "Withdrawn" in page.text
    assert fresh(work.task).status == "withdrawn"
    assert owed(work.expert) == 1_000


def test_a_task_nobody_started_is_repaired_in_place(mina: Client) -> None:
    ice = project(tasks=1)
    task = Task.objects.get(project=ice)
    url = reverse("tasks:task_repair", args=[task.public_id])
    assert "This is not valid JSON." in mina.post(url, {"payload": "{"}).text
    wrong = mina.post(url, {"payload": '{"prompt": "x"}'})
    assert wrong.status_code == 422
    assert "This field is required." in wrong.text
    assert "{&quot;prompt&quot;: &quot;x&quot;}" in wrong.text  # what was typed is still there
    right = (
        '{"prompt": "Why does oil float?", "answers": [{"id": "a", "text": "Density"}, {"id": "b", "text": "Magic"}]}'
    )
    page = mina.post(url, {"payload": right}, follow=True)
    assert "Why does oil float?" in page.text
    assert Task.objects.filter(project=ice).count() == 1


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("[" * 200_000, "nested deeper than 32 levels"),
        ("[" * 40 + "]" * 40, "nested deeper than 32 levels"),
        ('{"prompt": ' + "9" * 5_000 + "}", "This is not valid JSON."),
        ("", "This field is required."),
    ],
)
def test_json_that_no_reader_can_take_is_an_error_of_its_field(mina: Client, payload: str, words: str) -> None:
    task = Task.objects.get(project=project(tasks=1))
    page = mina.post(reverse("tasks:task_repair", args=[task.public_id]), {"payload": payload})
    assert page.status_code == 422
    assert words in page.text


def test_a_reviewer_may_look_but_not_touch(client: Client) -> None:
    ice = project(tasks=1)
    task = Task.objects.get(project=ice)
    sign_in(client, user("Rosa"))
    assert "Withdraw" not in get(client, "task", task.public_id)
    assert client.post(reverse("tasks:task_withdraw", args=[task.public_id]), {"note": "x"}).status_code == 403
