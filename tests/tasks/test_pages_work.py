"""The expert's pages: what to do next or why there is nothing, the workbench, and what became of the work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.actions import notify
from experts.models import Credential
from projects.actions import apply, invite, pause_project
from projects.models import Application, Project
from tasks.actions import (
    accept,
    decide_appeal,
    expire_claims,
    reject,
    return_for_rework,
    withdraw_task,
)
from tasks.models import Appeal, Submission, Task
from tests.people import credential, expert, ops, sign_in, user
from tests.tasks.scene import accepted, answer, claimed, fresh, handed_in, owed, pass_time, project

pytestmark = pytest.mark.django_db

BUDGET = 12
REASON = "The first answer names the lattice; the second has it backwards."


@pytest.fixture
def emil(client: Client) -> Client:
    return sign_in(client, expert("Emil", country="DE").user)


def text(page: Any) -> str:
    return " ".join(page.text.split())


def get(client: Client, name: str, *args: str, expect: int = 200, **query: str) -> str:
    page = client.get(reverse(f"tasks:{name}", args=args), query)
    assert page.status_code == expect
    return text(page)


def post(client: Client, name: str, *args: str, **data: Any) -> Any:
    return client.post(reverse(f"tasks:{name}", args=args), data, follow=True)


def statements(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        client.get(url)
    assert len(seen) <= BUDGET, [query["sql"][:120] for query in seen.captured_queries]
    return len(seen)


# --- Home -------------------------------------------------------------------------------------------------------------


def test_somebody_who_is_no_expert_is_led_to_become_one(client: Client) -> None:
    sign_in(client, user("Sam"))
    page = client.get(reverse("tasks:work"))
    assert page.status_code == 302
    assert page["Location"] == reverse("experts:profile")


def test_the_next_best_task_says_what_it_pays(emil: Client) -> None:
    ice = project(tasks=3, pay=3_000, minutes=30)
    accepted("Emil", ice)
    page = get(emil, "work")
    assert "Work is waiting for you" in page
    assert "$30.00" in page
    assert "usually 30 min" in page
    assert "$60.00</span> an hour" in page
    assert "3 tasks free for you" in page
    assert reverse("tasks:claim", args=[ice.public_id]) in page


def test_returned_work_comes_first_then_the_shortest_lease(emil: Client) -> None:
    ice = project(tasks=3, claims_per_expert=4)
    back = handed_in(ice)
    return_for_rework(submission=back, by=user("Rosa"), note="Name the step.")
    late, soon = claimed(ice), claimed(ice)
    pass_time(soon, minutes=30)
    page = get(emil, "work")
    assert "You hold 3 tasks" in page
    places = [page.index(reverse("tasks:bench", args=[work.public_id])) for work in (back, soon, late)]
    assert places == sorted(places)
    assert "Returned to you" in page


def test_home_says_what_is_owed_and_what_waits(emil: Client) -> None:
    ice = project(tasks=2)
    accept(submission=handed_in(ice), by=user("Rosa"))
    handed_in(ice)
    notify(user=user("Emil"), title="Your degree is verified", body="Work is open to you.", url="/browse/")
    page = get(emil, "work")
    assert '1 answer worth <span class="num nowrap">$10.00</span> waits for a decision' in page
    assert 'Approved, not sent yet</dt><dd><span class="num nowrap">$10.00' in page
    assert "Your degree is verified" in page
    assert "Latest decisions" in page


EMPTY: list[tuple[str, str]] = [
    ("", "Projects need a verified degree"),
    (Credential.Status.EVIDENCED, "Your credential is being checked"),
    (Credential.Status.NEEDS_MORE, "asked for more"),
    (Credential.Status.REFUSED, "Your credential was refused"),
]


@pytest.mark.parametrize(("status", "words"), EMPTY)
def test_without_a_verified_degree_home_says_where_it_stands(client: Client, status: str, words: str) -> None:
    noor = expert("Noor", verified=False)
    if status:
        credential(noor, status=status)
    page = get(sign_in(client, noor.user), "work")
    assert words in page
    assert reverse("experts:profile") in page
    assert ("You have an answer by" in page) == (status == Credential.Status.EVIDENCED)


def test_an_empty_queue_names_the_reason_the_date_and_one_thing_to_do(emil: Client) -> None:
    assert "You have not joined a project yet." in get(emil, "work")
    ice = project(tasks=1)
    apply(project=ice, expert=expert("Emil"), by=user("Emil"))
    page = get(emil, "work")
    assert "have not answered your applications yet" in page
    assert "You have an answer by" in page


def test_an_open_invitation_is_the_thing_to_do(emil: Client) -> None:
    invite(project=project(tasks=1), expert=expert("Emil"), by=user("Mina"))
    page = get(emil, "work")
    assert "An invitation waits for your answer." in page
    assert reverse("projects:mine") in page


def test_all_claimed_says_when_a_task_may_come_back(emil: Client) -> None:
    ice = project(tasks=1)
    accepted("Emil", ice)
    claimed(ice, "Farah")
    page = get(emil, "work")
    assert "Every funded task of your projects is claimed by somebody." in page
    assert "The next may come back by" in page


def test_all_done_paused_full_hands_and_unsigned_are_told_apart(emil: Client) -> None:
    ice = project(tasks=3, seats_for=2, claims_per_expert=1)
    accepted("Emil", ice, signed=False)
    assert "Accept its agreements first" in get(emil, "work")
    Application.objects.filter(project=ice).delete()
    accepted("Emil", ice)
    claimed(ice)
    assert "Hand one in first." in get(emil, "work")
    pause_project(project=ice, by=user("Mina"))
    page = get(emil, "work")
    assert "Your projects are paused by their labs." in page
    assert "Paused by the lab" in page
    done = project(tasks=0)
    Application.objects.filter(project=ice).delete()
    accepted("Emil", done)
    assert "done or claimed by somebody" in get(emil, "work")


def test_more_work_costs_no_more_statements(emil: Client) -> None:
    ice = project(tasks=12, claims_per_expert=20)
    work = handed_in(ice)
    accept(submission=work, by=user("Rosa"))
    claimed(ice)
    urls = [reverse(f"tasks:{name}") for name in ("work", "my_work", "browse")]
    few = [statements(emil, url) for url in urls]
    for _ in range(3):
        accept(submission=handed_in(ice), by=user("Rosa"))
        claimed(ice)
        handed_in(ice)
        accepted("Emil", project(tasks=1))
    assert [statements(emil, url) for url in urls] == few


# --- Browsing ---------------------------------------------------------------------------------------------------------


def test_a_card_says_pay_time_seats_reserve_and_fit(emil: Client) -> None:
    ice = project(tasks=3, pay=3_000, minutes=20, fields=["0533"], languages=["en"], countries=["DE", "US"])
    page = get(emil, "browse")
    for words in (
        "1 open project",
        "$30.00",
        "usually 20 min",
        "$90.00</span> an hour",
        "3, with",
        "$90.00</span> reserved",
    ):
        assert words in page
    for want in ("Bachelor&#x27;s or higher", "Physics", "English", "Germany or United States"):
        assert want in page
    assert "You meet every requirement." in page
    assert reverse("tasks:offer", args=[ice.public_id]) in page


def test_what_is_not_met_is_said_with_what_would_meet_it(emil: Client) -> None:
    ice = project(tasks=1, languages=["ja"])
    page = get(emil, "browse")
    assert "Not open to you" in page
    assert "Asks for Japanese." in page
    page = get(emil, "offer", ice.public_id)
    assert "Add the languages you work in to your profile." in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "ice"}, True),
        ({"q": "meridian"}, True),
        ({"q": "retrosynthesis"}, False),
        ({"kind": "preference"}, True),
        ({"kind": "stepwise"}, False),
        ({"kind": "nonsense"}, True),
        ({"field": "05"}, True),
        ({"field": "0533"}, True),
        ({"field": "04"}, False),
        ({"rate": "2500"}, True),
        ({"rate": "5000"}, False),
        ({"rate": "many"}, True),
        ({"rate": "²"}, True),
    ],
)
def test_filters(emil: Client, query: dict[str, Any], found: bool) -> None:
    project(tasks=1, fields=["0533"], pay=1_000, minutes=15)  # $40 an hour
    page = get(emil, "browse", **query)
    assert ("Why ice floats" in page) == found
    assert ("No open project like that" in page) == (not found)


def test_nothing_on_offer_explains_itself(emil: Client) -> None:
    assert "No project is open right now" in get(emil, "browse")


def test_an_offer_starts_no_task_for_full_hands(emil: Client) -> None:
    ice = project(tasks=2, claims_per_expert=1)
    accepted("Emil", ice)
    assert "Start the next task" in get(emil, "offer", ice.public_id)
    claimed(ice)
    page = get(emil, "offer", ice.public_id)
    assert "Start the next task" not in page
    assert "You hold the most tasks it allows" in page


def test_an_offer_is_seen_while_open_or_joined_never_as_a_draft(emil: Client) -> None:
    ice = project(tasks=1)
    page = get(emil, "offer", ice.public_id)
    for words in ("Compare two answers.", "Read both answers to their end.", "$5.00</span> at once", "3 business days"):
        assert words in page
    Project.objects.filter(pk=ice.pk).update(status="paused")
    get(emil, "offer", ice.public_id, expect=404)
    Project.objects.filter(pk=ice.pk).update(status="open")
    accepted("Emil", ice)
    assert "Start the next task" in get(emil, "offer", ice.public_id)
    Project.objects.filter(pk=ice.pk).update(status="paused")
    assert "Start the next task" not in get(emil, "offer", ice.public_id)
    Project.objects.filter(pk=ice.pk).update(status="draft")
    get(emil, "offer", ice.public_id, expect=404)


# --- The workbench ----------------------------------------------------------------------------------------------------


def test_a_claim_leads_to_the_workbench(emil: Client) -> None:
    ice = project(tasks=1)
    accepted("Emil", ice)
    page = post(emil, "claim", ice.public_id)
    work = Submission.objects.get()
    assert page.redirect_chain == [(reverse("tasks:bench", args=[work.public_id]), 302)]
    for words in ("Why does ice float on water?", "Your first task here.", "Read both answers to their end.", "$10.00"):
        assert words in page.text
    assert f'data-draft="/work/{work.public_id}/draft/" data-draft-version="0"' in page.text
    assert f'data-lease-extend="/work/{work.public_id}/extend/"' in page.text


def test_a_claim_that_is_refused_says_why(emil: Client) -> None:
    ice = project(tasks=0)
    assert post(emil, "claim", ice.public_id).status_code == 404  # not on this project
    accepted("Emil", ice)
    page = post(emil, "claim", ice.public_id)
    assert "No task of this project is waiting for you at the moment." in page.text


def test_a_draft_is_saved_and_a_stale_one_refused(emil: Client) -> None:
    work = claimed(project(tasks=1))
    saved = post(emil, "draft", work.public_id, rationale="half", version="0")
    assert saved.json()["version"] == 1
    assert fresh(work).draft == {"rationale": "half", "order": work.draft["order"]}
    stale = post(emil, "draft", work.public_id, rationale="older", version="0")
    assert stale.status_code == 409
    assert stale.json()["code"] == "stale_draft"
    for nonsense in ("x", "²", "9" * 5000):
        assert post(emil, "draft", work.public_id, version=nonsense).status_code == 409
    page = get(emil, "bench", work.public_id)
    assert "half</textarea>" in page
    assert 'data-draft-version="1"' in page
    assert "Saved " in page


def test_the_time_somebody_was_at_it_adds_up(emil: Client) -> None:
    work = pass_time(claimed(project(tasks=1)), hours=3)
    post(emil, "draft", work.public_id, rationale="half", version="0", seconds="40")
    post(emil, "draft", work.public_id, rationale="more", version="1", seconds="nonsense")
    Submission.objects.update(saved_at=timezone.now() - timedelta(hours=2))
    post(emil, "submit", work.public_id, strength="-2", rationale=answer()["rationale"], seconds="99999")
    handed = fresh(work)
    assert handed.active_seconds == 40 + 3600  # no page is open for longer between two saves
    assert "seconds" not in handed.response


def test_faults_come_back_with_the_answer_still_there(emil: Client) -> None:
    work = claimed(project(tasks=1))
    page = post(emil, "submit", work.public_id, strength="-2", rationale="Too short.")
    assert page.status_code == 422
    assert "Not handed in yet: 1 thing to mend" in text(page)
    assert '<a href="#rationale">Say why, in at least 40 characters.</a>' in page.text
    assert "Too short.</textarea>" in page.text
    assert 'value="-2" aria-label' in page.text
    page = post(emil, "submit", work.public_id)
    assert '<a href="#strength-error">' in page.text
    assert fresh(work).status == "draft"


def test_a_faulty_step_is_linked(emil: Client) -> None:
    chain = project(tasks=0)
    Project.objects.filter(pk=chain.pk).update(kind="stepwise")
    work = _stepwise(chain)
    page = post(emil, "submit", work.public_id, **{"ratings[0]": "1"})
    assert page.status_code == 422
    assert '<a href="#step-2-error">Rate step 2' in page.text


def _stepwise(chain: Project) -> Submission:
    from core.actors import SYSTEM
    from projects.kinds import kind
    from tasks.actions import open_seats
    from tests.tasks.scene import add_tasks, fund

    chain.refresh_from_db()
    add_tasks(chain, 1, payload=kind("stepwise").EXAMPLE.payload)
    fund(chain, chain.seat_cost)
    open_seats(project=chain, by=SYSTEM)
    return claimed(chain)


def test_handing_in_says_what_was_promised_and_what_is_next(emil: Client) -> None:
    ice = project(tasks=2)
    work = claimed(ice)
    page = post(emil, "submit", work.public_id, strength="-2", rationale=REASON)
    assert fresh(work).status == "submitted"
    words = text(page)
    assert "Meridian AI decides by" in words
    assert "If nobody has decided by then, it is accepted" in words
    assert "Next task" in words
    assert "the second has it backwards" in words
    again = post(emil, "submit", work.public_id, strength="3", rationale=REASON)
    assert "handed in before, with another answer" in again.text


def test_more_time_once_for_the_clock_and_without_script(emil: Client) -> None:
    ice = project(tasks=2)
    work, other = claimed(ice), claimed(ice)
    url = reverse("tasks:extend", args=[work.public_id])
    until = emil.post(url, headers={"Accept": "application/json"})
    assert until.json()["until"].endswith("Z")
    refused = emil.post(url, headers={"Accept": "application/json"})
    assert refused.status_code == 409
    assert "extended once already" in refused.json()["message"]
    assert "data-lease-extend" not in get(emil, "bench", work.public_id)
    assert "You have more time." in post(emil, "extend", other.public_id).text
    assert "extended once already" in post(emil, "extend", other.public_id).text


def test_giving_back_asks_why(emil: Client) -> None:
    work = claimed(project(tasks=1))
    page = post(emil, "release", work.public_id)
    assert page.status_code == 422
    assert '<dialog id="skip" aria-labelledby="h-skip" data-open>' in page.text
    page = post(emil, "release", work.public_id, why="field", more="This is medicine.")
    assert "Given back. Somebody else can take it now." in page.text
    assert fresh(work).status == "released"
    assert "It is outside my field. This is medicine." in get(emil, "bench", work.public_id)


def test_returned_work_shows_what_is_asked(emil: Client) -> None:
    work = handed_in(project(tasks=1))
    return_for_rework(submission=work, by=user("Rosa"), note="Name the step.")
    page = get(emil, "bench", work.public_id)
    assert "Returned to you" in page
    assert "Name the step." in page
    assert "Hand in again" in page
    assert f"{REASON}</textarea>" in page


def test_nobody_else_gets_at_the_work(client: Client) -> None:
    work = claimed(project(tasks=1))
    for stranger in (expert("Farah").user, user("Mina"), user("Sam")):
        sign_in(client, stranger)
        get(client, "bench", work.public_id, expect=404)
        for name in ("draft", "submit", "extend", "release", "appeal"):
            assert post(client, name, work.public_id).status_code == 404


# --- What became of it ------------------------------------------------------------------------------------------------


def test_accepted_work_shows_the_words_and_the_money(emil: Client) -> None:
    work = handed_in(project(tasks=1))
    accept(submission=work, by=user("Rosa"), note="Well argued.")
    page = get(emil, "bench", work.public_id)
    assert 'Accepted, <span class="num nowrap">$10.00</span> earned' in page
    assert "Well argued." in page
    assert "Rosa Marin" in page


def test_rejected_work_shows_the_reason_the_part_pay_and_the_way_to_appeal(emil: Client) -> None:
    work = handed_in(project(tasks=1))
    reject(submission=work, by=user("Rosa"), reason="incorrect", note="Ice is less dense.")
    page = get(emil, "bench", work.public_id)
    for words in ("Factually or technically wrong", "Ice is less dense.", "$5.00", "Send the appeal"):
        assert words in page
    assert post(emil, "appeal", work.public_id, words=" ").status_code == 422
    page = text(post(emil, "appeal", work.public_id, words="The lattice is in my answer."))
    assert "You have an answer by" in page
    assert "The lattice is in my answer." in page
    assert "appealed before" in post(emil, "appeal", work.public_id, words="Again.").text
    decide_appeal(appeal=Appeal.objects.get(), overturn=True, answer="It is there indeed.", by=ops())
    page = get(emil, "bench", work.public_id)
    assert "Decided for you" in page
    assert "It is there indeed." in page
    assert owed(work.expert) == 1_000


def test_the_time_to_appeal_ends(emil: Client) -> None:
    work = handed_in(project(tasks=1))
    reject(submission=work, by=user("Rosa"), reason="incorrect", note="No.")
    pass_time(work, days=8)
    page = get(emil, "bench", work.public_id)
    assert "The time to appeal ended" in page
    assert "Send the appeal" not in page


def test_a_withdrawn_task_says_so_and_pays(emil: Client) -> None:
    ice = project(tasks=2)
    full, part = handed_in(ice), claimed(ice)
    pass_time(part, minutes=10)
    for work in (full, part):
        withdraw_task(task=Task.objects.get(pk=work.task_id), by=user("Mina"), note="It names a patient.")
    assert "withdrawn by the lab, and what you had handed in is paid in full" in get(emil, "bench", full.public_id)
    page = get(emil, "bench", part.public_id)
    assert "It names a patient." in page
    assert "You earned" in page


def test_a_lease_that_ran_out_says_so(emil: Client) -> None:
    work = claimed(project(tasks=1))
    pass_time(work, hours=2)
    expire_claims()
    assert "The time for this task ran out." in get(emil, "bench", work.public_id)


def test_my_answers_are_found_by_state_and_project(emil: Client) -> None:
    assert "No work yet" in get(emil, "my_work")
    ice = project(tasks=4, claims_per_expert=4)
    reject(submission=handed_in(ice), by=user("Rosa"), reason="incorrect", note="No.")
    accept(submission=handed_in(ice), by=user("Rosa"))
    handed_in(ice)
    claimed(ice)
    page = get(emil, "my_work")
    for words in ("4 answers", "Decision by", "You may appeal until", "Yours until", "50 % of it earned", "In review"):
        assert words in page
    assert "1 answer found" in get(emil, "my_work", status="accepted")
    assert "4 answers found" in get(emil, "my_work", project=ice.public_id)
    assert "None like that" in get(emil, "my_work", project="prj_nowhere")
    assert "4 answers" in get(emil, "my_work", status="no such state")
