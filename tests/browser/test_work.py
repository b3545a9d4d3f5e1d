"""Work and review in Chromium: by keyboard alone, never losing a word, and every page accessible in every look."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from core.actors import SYSTEM
from projects.kinds import kind
from projects.models import Project
from tasks.actions import (
    accept,
    check_import,
    open_seats,
    reject,
    request_export,
    return_for_rework,
    run_export,
    start_import,
)
from tasks.models import Export, Import, Submission
from tests.browser.conftest import Watch, axe, picture, sideways, sign_in
from tests.people import user
from tests.tasks.scene import EXAMPLE, accepted, add_tasks, claimed, fresh, fund, handed_in, project

pytestmark = [pytest.mark.django_db(transaction=True)]
Opener = Callable[..., Page]
REASON = "The first answer names the lattice; the second one turns the density around."

CHEMISTRY = {
    "prompt": "A gas-phase equilibrium $\\ce{N2 + 3 H2 <=> 2 NH3}$ has $K_p = 1.6 \\times 10^{-4}$ at 673 K.\n\n"
    "Calculate $\\Delta G^\\circ$ and state whether raising the pressure shifts the equilibrium:\n\n"
    "$$\\Delta G^\\circ = -RT \\ln K_p$$",
    "answers": [
        {
            "id": "a",
            "text": "1. Insert the numbers: $\\Delta G^\\circ = -(8.314)(673)\\ln(1.6\\times10^{-4})$\n"
            "2. $\\ln(1.6\\times10^{-4}) = -8.740$\n3. $\\Delta G^\\circ = +48.9\\,\\mathrm{kJ\\,mol^{-1}}$\n\n"
            "Four moles of gas become two, so **higher pressure favours ammonia**.\n\n"
            "```python\nfrom math import log\nR, T, K = 8.314, 673, 1.6e-4\nprint(-R * T * log(K) / 1000)\n```",
        },
        {
            "id": "b",
            "text": "1. Use $\\Delta G^\\circ = -RT\\log_{10} K_p$\n2. $\\log_{10}(1.6\\times10^{-4}) = -3.796$\n"
            "3. $\\Delta G^\\circ = +21.2\\,\\mathrm{kJ\\,mol^{-1}}$\n\n"
            "$\\Delta n = -2$, so pressure has **no effect** on $K_p$ and no effect on the position of equilibrium.",
        },
    ],
}


@dataclass
class World:
    """One project in full swing, one of the other kind, and Emil's work in each state."""

    pairs: Project
    steps: Project
    good: Submission
    back: Submission
    bad: Submission
    waiting: Submission
    draft: Submission
    chain: Submission
    upload: Import
    export: Export


@pytest.fixture
def world() -> World:
    with transaction.atomic():
        pairs = project(tasks=0, overlap=2, claims_per_expert=5, minutes=15, pay=3_800)
        Project.objects.filter(pk=pairs.pk).update(title="Thermodynamics errors in frontier chat models")
        add_tasks(pairs, 12, payload=CHEMISTRY)
        fund(pairs, 24 * pairs.seat_cost)
        open_seats(project=pairs, by=SYSTEM)
        steps = project(tasks=0, minutes=30, pay=6_000)
        Project.objects.filter(pk=steps.pk).update(title="Where does the proof break", kind="stepwise")
        steps.refresh_from_db()
        add_tasks(steps, 4, payload=kind("stepwise").EXAMPLE.payload)
        fund(steps, 4 * steps.seat_cost)
        open_seats(project=steps, by=SYSTEM)
        pairs.refresh_from_db()
        good, back, bad, waiting = (handed_in(pairs, "Emil") for _ in range(4))
        for strength in (-1, 2, -3):
            handed_in(pairs, "Farah", strength=strength)
        accept(submission=good, by=user("Rosa"), note="Well argued, and the step is named.")
        return_for_rework(submission=back, by=user("Rosa"), note="Name the step where the second answer goes wrong.")
        reject(submission=bad, by=user("Rosa"), reason="rationale", note="The reason speaks of colour, not of density.")
        draft = claimed(pairs, "Emil")
        accepted("Emil", steps)
        chain = claimed(steps, "Emil")
        rows = [json.dumps({"external_id": f"item-{number:03}", **EXAMPLE.payload}) for number in range(40)]
        rows[3], rows[7], rows[9] = "{", json.dumps({"prompt": "x", "answers": []}), rows[8]
        file = SimpleUploadedFile("pairs-2026.jsonl", "\n".join(rows).encode())
        upload = start_import(project=pairs, upload=file, by=user("Mina"))
        export = request_export(project=pairs, format="trl_preference", by=user("Mina"))
    check_import(upload=upload)
    run_export(export=export)
    return World(pairs, steps, good, back, bad, waiting, draft, chain, upload, export)


def address(name: str, *args: str) -> str:
    return reverse(f"tasks:{name}", args=args)


def go(page: Page, server: LiveServer, path: str) -> Page:
    page.goto(server.url + path)
    expect(page.locator("html[data-ready]")).to_be_attached()  # keys pressed before would go nowhere
    return page


def lab_pages(world: World) -> dict[str, str]:
    prj = world.pairs.public_id
    tabs = ("project", "spend", "lines", "settings", "task_list", "review_queue", "imports", "exports")
    return {
        "dashboard": address("dashboard"),
        **{tab: address(tab, prj) for tab in tabs},
        "task": address("task", world.good.task.public_id),
        "import": address("import", world.upload.public_id),
        "submission": address("submission", world.waiting.public_id),
        "submission_rejected": address("submission", world.bad.public_id),
    }


def expert_pages(world: World) -> dict[str, str]:
    return {
        **{name: address(name) for name in ("work", "my_work", "browse")},
        "offer": address("offer", world.steps.public_id),
        "bench": address("bench", world.draft.public_id),
        "bench_steps": address("bench", world.chain.public_id),
        "bench_returned": address("bench", world.back.public_id),
        "feedback_waiting": address("bench", world.waiting.public_id),
        "feedback_accepted": address("bench", world.good.public_id),
        "feedback_rejected": address("bench", world.bad.public_id),
    }


@pytest.mark.parametrize("look", ["desktop", "phone", "dark"])
@pytest.mark.parametrize("who", ["Mina", "Emil"])
def test_every_page_is_accessible_and_fits(
    open_page: Opener, live_server: LiveServer, world: World, who: str, look: str
) -> None:
    page = open_page(look)
    sign_in(page, user(who), live_server.url)
    faults = {}
    for name, path in (lab_pages(world) if who == "Mina" else expert_pages(world)).items():
        go(page, live_server, path)
        picture(page, f"work-{name}-{look}")
        faults[name] = [*axe(page), *(["scrolls sideways"] if sideways(page) else [])]
    assert {name: found for name, found in faults.items() if found} == {}


def test_a_comparison_by_keyboard_from_claim_to_next(watched: Page, live_server: LiveServer, world: World) -> None:
    sign_in(watched, user("Emil"), live_server.url)
    go(watched, live_server, address("bench", world.draft.public_id))
    keys = watched.keyboard
    keys.press("i")
    expect(watched.get_by_role("heading", name="Instructions", exact=True)).to_be_visible()
    keys.press("Escape")
    keys.press("?")
    expect(watched.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    keys.press("Escape")
    keys.press("2")
    keys.press("n")
    keys.type(REASON)
    expect(watched.locator('[data-draft-status][data-state="saved"]')).to_contain_text("Saved")
    assert fresh(world.draft).draft["rationale"] == REASON
    keys.press("Control+Enter")
    expect(watched.get_by_role("heading", name="Handed in", exact=True)).to_be_visible()
    expect(watched.get_by_text("Meridian AI decides by")).to_be_visible()
    work = fresh(world.draft)
    assert (work.status, work.response["rationale"]) == ("submitted", REASON)
    first_shown = world.draft.draft["order"][0]
    assert work.response["strength"] == (-2 if first_shown == "a" else 2)
    keys.press("n")  # the next task is one key away
    expect(watched.get_by_role("heading", name="Compare answers", exact=True)).to_be_visible()


def test_steps_by_keyboard(watched: Page, live_server: LiveServer, world: World) -> None:
    sign_in(watched, user("Emil"), live_server.url)
    go(watched, live_server, address("bench", world.chain.public_id))
    keys = watched.keyboard
    for key in ("g", "b"):  # a rated step leads to the next
        keys.press(key)
    watched.get_by_label("Write the first bad step as it should have been").fill("10 % of 3.60 is 0.36")
    expect(watched.locator('[data-draft-status][data-state="saved"]')).to_be_visible()
    keys.press("Control+Enter")
    expect(watched.get_by_role("heading", name="Handed in", exact=True)).to_be_visible()
    response = fresh(world.chain).response
    assert response["ratings"][:2] == [1, -1]
    assert (response["first_wrong"], response["correction"]) == (1, "10 % of 3.60 is 0.36")


def test_what_is_missing_is_said_and_focused(
    watched: Page, watch: Watch, live_server: LiveServer, world: World
) -> None:
    watch.expect("422")
    sign_in(watched, user("Emil"), live_server.url)
    go(watched, live_server, address("bench", world.draft.public_id))
    watched.keyboard.press("Control+Enter")
    summary = watched.get_by_role("alert").filter(has_text="Not handed in yet")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="Say why").click()
    expect(watched.locator("#rationale")).to_be_in_viewport()
    assert axe(watched) == []
    assert fresh(world.draft).status == "draft"


def test_work_typed_while_the_server_is_away_arrives_later(
    watched: Page, watch: Watch, live_server: LiveServer, world: World
) -> None:
    watch.expect("ERR_INTERNET_DISCONNECTED")
    sign_in(watched, user("Emil"), live_server.url)
    go(watched, live_server, address("bench", world.draft.public_id))
    watched.context.set_offline(True)
    watched.locator("#rationale").fill(REASON)
    expect(watched.locator('[data-draft-status][data-state="local"]')).to_contain_text("Kept on this device")
    assert "rationale" not in fresh(world.draft).draft
    watched.context.set_offline(False)
    expect(watched.locator('[data-draft-status][data-state="saved"]')).to_be_visible(timeout=15_000)
    assert fresh(world.draft).draft["rationale"] == REASON


def test_an_older_window_does_not_overwrite_a_newer_one(
    watched: Page, watch: Watch, live_server: LiveServer, world: World
) -> None:
    watch.expect("409")
    sign_in(watched, user("Emil"), live_server.url)
    path = address("bench", world.draft.public_id)
    older = go(watched, live_server, path)
    newer = go(watch.follow(watched.context.new_page()), live_server, path)
    newer.locator("#rationale").fill("Typed in the newer window, and saved there first.")
    expect(newer.locator('[data-draft-status][data-state="saved"]')).to_be_visible()
    older.locator("#rationale").fill("Typed in the older window.")
    expect(older.locator('[data-draft-status][data-state="conflict"]')).to_contain_text("A newer draft")
    assert fresh(world.draft).draft["rationale"] == "Typed in the newer window, and saved there first."


def test_more_time_and_giving_back(watched: Page, live_server: LiveServer, world: World) -> None:
    sign_in(watched, user("Emil"), live_server.url)
    go(watched, live_server, address("bench", world.draft.public_id))
    before = fresh(world.draft.seat).lease_until
    watched.get_by_role("button", name="Take more time").click()
    expect(watched.get_by_text("Take more time")).to_be_hidden()
    assert fresh(world.draft.seat).lease_until > before
    watched.keyboard.press("s")
    watched.get_by_label("It is outside my field").check()
    watched.get_by_role("button", name="Give it back").click()
    expect(watched.get_by_text("Given back.")).to_be_visible()
    assert fresh(world.draft).status == "released"


def test_reviewing_by_keyboard(watched: Page, live_server: LiveServer, world: World) -> None:
    sign_in(watched, user("Rosa"), live_server.url)
    go(watched, live_server, address("review_queue", world.pairs.public_id))
    watched.keyboard.press("r")
    expect(watched.get_by_role("heading", name="Your decision")).to_be_visible()
    watched.keyboard.press("a")
    expect(watched.get_by_text("Accepted. The pay is the expert's.")).to_be_visible()
    watched.keyboard.press("x")
    watched.get_by_label("Reason", exact=True).select_option("incorrect")
    watched.get_by_label("What is wrong, in words").fill("The logarithm is the natural one.")
    watched.keyboard.press("Control+Enter")
    expect(watched.get_by_text("Rejected. The expert has part of the pay")).to_be_visible()
    decided = Submission.objects.filter(project=world.pairs).exclude(pk__in=[world.good.pk, world.bad.pk])
    assert sorted(
        decided.filter(decided_at__isnull=False, status__in=["accepted", "rejected"]).values_list("status", flat=True)
    ) == ["accepted", "rejected"]


def test_an_upload_shows_its_progress_by_itself(watched: Page, live_server: LiveServer, world: World) -> None:
    sign_in(watched, user("Mina"), live_server.url)
    go(watched, live_server, address("imports", world.pairs.public_id))
    row = json.dumps({"external_id": "fresh-1", **EXAMPLE.payload}).encode()
    watched.locator("#id_upload").set_input_files({"name": "more.jsonl", "mimeType": "text/plain", "buffer": row})
    watched.get_by_role("button", name="Upload and check").click()
    expect(watched.get_by_text("Checking the rows.")).to_be_visible()
    check_import(upload=Import.objects.get(filename="more.jsonl"))  # the worker's part
    watched.get_by_role("button", name="Import 1 good row").click()
    expect(watched.get_by_text("Importing 1 rows.")).to_be_visible()
