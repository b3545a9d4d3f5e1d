"""Three people in Chromium, from sign-up to money in the bank: nothing is clicked that a person could not click.

A worker runs beside the server; mail is read from Django's outbox, and the sandbox's webhooks come over HTTP.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Lab
from experts.models import Credential, Verdict
from marketplace.celery import app
from payments.models import Payee, Payout
from projects.kinds import kind
from projects.models import Project
from tasks.models import Import, Submission
from tests import people
from tests.browser.conftest import Watch, axe, picture, sideways, sign_in
from tests.sandbox import LocalStripe
from tests.sandbox import stripe as _stripe

pytestmark = pytest.mark.django_db(transaction=True)
stripe = _stripe
PASSWORD = "a long way to the bank"
REASON = "The first names the lower density of the lattice; the second gets convection backwards."
PATIENCE = 60.0


class World:
    """The running product: its address, its sandbox, and a way to let the background work.

    `done`: the worker's finished jobs, by id.
    """

    def __init__(self, url: str, stripe: LocalStripe, done: SimpleQueue[str]) -> None:
        self.url, self.stripe, self.done = url, stripe, done

    def until(self, happened: Callable[[], bool], *jobs: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < deadline, jobs
            self.run("core.drain", *jobs)
            self.stripe.deliver_over_http(self.url)

    def run(self, *jobs: str) -> None:
        """Send the jobs and wait until the worker has done the last of them."""
        waiting = {str(app.send_task(job).id) for job in jobs}
        while waiting:
            waiting.discard(self.done.get(timeout=PATIENCE))


@pytest.fixture
def world(live_server: LiveServer, stripe: LocalStripe, settings: Any) -> Iterator[World]:
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**policy, "form-action": [*policy["form-action"], stripe.url]}}
    settings.QUORUM_PUBLIC_URL = live_server.url
    settings.STRIPE_TIMEOUT = (5, 20)
    people.agreements()
    app.control.purge()
    done = SimpleQueue[str]()

    def note(task_id: str, **about: Any) -> None:
        done.put(task_id)

    task_postrun.connect(note)
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30, loglevel="WARNING"):
        yield World(live_server.url, stripe, done)
    task_postrun.disconnect(note)


class Person:
    """Somebody at a browser of their own. `seen`: the pages they came through, for a second look."""

    def __init__(self, page: Page, world: World) -> None:
        self.page, self.world, self.seen = page, world, list[str]()

    def go(self, path: str) -> None:
        self.page.goto(self.world.url + path)
        self.look(path)

    def look(self, path: str) -> None:
        self.seen.append(path)
        assert axe(self.page) == [], path
        assert sideways(self.page) == 0, path

    def put(self, **values: str | list[str]) -> None:
        """Fill the fields of these names, whatever they are."""
        for name, value in values.items():
            field = self.page.locator(f'main [name="{name}"]')
            shape = field.first.evaluate("element => element.type || element.tagName")
            if shape in ("radio", "checkbox"):
                self.page.locator(f'main [name="{name}"][value="{value}"]').check(force=True)
            elif shape.startswith("select"):
                field.select_option(value, force=True)
            else:
                assert isinstance(value, str)
                field.fill(value)

    def press(self, label: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=label).first.click()

    def sign_up(self, name: str, email: str) -> None:
        self.go("/accounts/signup/")
        self.put(name=name, email=email, password1=PASSWORD)
        self.press("Sign up")
        expect(self.page.get_by_role("heading", name="Look into your mail")).to_be_visible()
        link = re.search(r"/accounts/confirm-email/\S+/", str(mail.outbox[-1].body))
        assert link is not None
        self.go(link.group())
        self.press("Yes, confirm it")
        self.page.wait_for_load_state()
        if self.page.locator('[name="password"]').count():
            self.put(login=email, password=PASSWORD)
            self.press("Sign in")
            self.page.wait_for_load_state()


def found_a_lab(nora: Person, olu: Person) -> None:
    nora.go("/labs/new/")
    nora.put(name="Polaris Labs", website="https://polaris.example", country="US", time_zone="America/New_York")
    nora.press("Make the lab")
    expect(nora.page.get_by_role("heading", name="Polaris Labs").first).to_be_visible()
    lab = Lab.objects.get(name="Polaris Labs")
    olu.page.goto(f"{nora.world.url}/admin/accounts/lab/{lab.pk}/change/")
    olu.press("Confirm this lab")
    expect(olu.page.get_by_text("Confirm this lab: done.")).to_be_visible()


def become_an_expert(elena: Person, olu: Person) -> None:
    world = elena.world
    elena.go("/expert/edit/")
    elena.put(country="US", headline="Ice, water and steam", languages=["en"], min_rate="20", weekly_hours="10")
    elena.press("Go on to your degree")
    elena.look("/expert/credentials/new/")
    elena.put(title="PhD in Physics", level="8", field_search="physics")
    elena.page.locator("#field-choices label").filter(has_text="0533").click()
    elena.put(institution_name="University of Utah", year="2015")
    document = people.diploma()
    files: Any = [{"name": "diploma.png", "mimeType": "image/png", "buffer": document.read()}]
    elena.page.locator("#id_upload").set_input_files(files)
    elena.press("Claim")
    expect(elena.page.get_by_text("We answer by")).to_be_visible()
    credential = Credential.objects.get(expert__user__name="Elena Petrova")
    world.until(lambda: credential.evidence.filter(rendered_at__isnull=False).exists())
    olu.page.goto(f"{world.url}/admin/experts/credential/desk/")
    expect(olu.page.locator("[data-viewer] img").first).to_be_visible()
    olu.page.keyboard.press("a")
    expect(olu.page.get_by_text("The queue is empty")).to_be_visible()
    Verdict.objects.update(due_at=timezone.now())  # the minute in which it can be taken back is over
    world.until(
        lambda: Credential.objects.filter(pk=credential.pk, status="verified").exists(), "experts.deliver_verdicts"
    )


def say_where_the_money_goes(elena: Person) -> None:
    elena.go("/payouts/setup/")
    elena.put(country="US")
    elena.press("Continue")
    elena.press("Everything is verified")
    elena.page.wait_for_url(f"{elena.world.url}/**")
    elena.world.until(
        lambda: Payee.objects.filter(status="ready").exists(), "payments.process_inbox", "payments.refresh_waiting"
    )


def post_a_project(nora: Person) -> Project:
    world = nora.world
    nora.go("/projects/new/")
    nora.put(title="Why does ice float?", kind="preference")
    nora.page.locator("main form button.primary").first.click()
    nora.put(brief="Two answers about **ice**.", text="Choose the one that is right, and say why.")
    nora.page.locator("main form button.primary").first.click()
    nora.put(min_level="8", isced=["0533"], languages=["en"])
    nora.page.locator("main form button.primary").first.click()
    nora.put(pay="12.50", minutes="15", planned_tasks="2", overlap="1", pilot_tasks="0", decision_days="2")
    nora.page.locator("main form button.primary").first.click()
    expect(nora.page.locator('main [name="agreements"]').first).to_be_attached()
    nora.page.locator("main form button.primary").first.click()
    project = Project.objects.get(title="Why does ice float?")
    nora.go(f"/projects/{project.public_id}/imports/")
    rows = [json.dumps({"external_id": f"ice-{number}", **kind("preference").EXAMPLE.payload}) for number in (1, 2)]
    rows.append(json.dumps({"external_id": "broken", "prompt": "No answers"}))
    files: Any = [{"name": "ice.jsonl", "mimeType": "application/jsonl", "buffer": "\n".join(rows).encode()}]
    nora.page.locator('main [name="upload"]').set_input_files(files)
    nora.press("Upload and check")
    world.until(lambda: Import.objects.filter(status="checked", good=2, bad=1).exists(), "tasks.write_files")
    nora.go(f"/imports/{Import.objects.get().public_id}/")
    nora.page.locator('form[action$="/confirm/"] button').click()
    world.until(lambda: project.tasks.count() == 2, "tasks.write_files")
    return project


def pay_for_it(nora: Person, project: Project) -> None:
    nora.go(f"/projects/{project.public_id}/edit/review/")
    nora.press("Pay and open")
    nora.press(re.compile(r"^Pay \$.* by card$"))
    nora.page.wait_for_url(f"{nora.world.url}/**")
    nora.world.until(
        lambda: Project.objects.filter(pk=project.pk, status="open", seats__status="funded").exists(),
        "payments.process_inbox",
    )


def join_and_work(elena: Person, nora: Person, project: Project) -> Submission:
    elena.go(f"/browse/{project.public_id}/")
    if elena.page.locator('form[action$="/apply/"]').count():
        elena.press("Apply")
        elena.page.wait_for_load_state()
        nora.go(f"/projects/{project.public_id}/applicants/")
        nora.page.locator('main input[type="checkbox"]').first.check()
        nora.press("Accept")
    else:  # the product had invited her
        elena.page.locator('form[action$="/accept/"] button').first.click()
    elena.page.wait_for_load_state()
    application = project.applications.get(status="accepted")
    elena.go(f"/applications/{application.public_id}/agreements/")
    for box in elena.page.locator('main input[type="checkbox"]').all():
        box.check()
    elena.press("Accept and go on")
    elena.go(f"/browse/{project.public_id}/")
    elena.press(re.compile("Start the next task"))
    elena.page.wait_for_url("**/work/sub_*/")
    work = Submission.objects.get()
    elena.look(f"/work/{work.public_id}/")
    elena.page.keyboard.press("2")
    elena.page.locator("#rationale").fill(REASON)
    expect(elena.page.locator('[data-draft-status][data-state="saved"]')).to_be_visible()
    elena.page.keyboard.press("Control+Enter")
    expect(elena.page.get_by_role("heading", name="Handed in", exact=True)).to_be_visible()
    return work


def test_from_sign_up_to_money_in_the_bank(open_page: Callable[..., Page], watch: Watch, world: World) -> None:
    watch.expect("favicon")  # the sandbox has none
    nora, elena, olu = (Person(open_page(), world) for _ in range(3))
    sign_in(olu.page, people.ops(), world.url)
    nora.sign_up("Nora Lind", "nora@polaris.example")
    found_a_lab(nora, olu)
    elena.sign_up("Elena Petrova", "elena@people.example")
    become_an_expert(elena, olu)
    say_where_the_money_goes(elena)
    project = post_a_project(nora)
    pay_for_it(nora, project)
    work = join_and_work(elena, nora, project)
    nora.go(f"/submissions/{work.public_id}/")
    nora.press(re.compile("^Accept, pay"))
    nora.page.wait_for_load_state()
    world.until(
        lambda: Payout.objects.filter(status__in=["sent", "paid"]).exists(),
        "payments.make_payouts",
        "payments.dispatch_outbox",
    )
    world.stripe.days_pass(7)
    world.until(lambda: Payout.objects.filter(status="paid").exists(), "payments.process_inbox")
    elena.go("/earnings/")
    expect(elena.page.get_by_text("$12.50").first).to_be_visible()
    for look in ("phone", "dark"):
        again(nora, open_page(look), look)
        again(elena, open_page(look), look)


def again(person: Person, page: Page, look: str) -> None:
    """The pages that this person came through, in another look."""
    page.context.add_cookies(person.page.context.cookies())  # type: ignore[arg-type]
    for path in dict.fromkeys(person.seen):
        if path.startswith("/accounts/"):
            continue
        page.goto(person.world.url + path)
        picture(page, f"journey-{look}{path.replace('/', '-')}")
        assert axe(page) == [], (look, path)
        assert sideways(page) == 0, (look, path)
