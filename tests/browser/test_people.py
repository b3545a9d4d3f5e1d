"""In Chromium: an expert claims a degree by keyboard, ops decide with single keys, and the pages hold up everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.actions import invite_member, notify
from core.models import Event
from experts.actions import add_evidence
from experts.jobs import on_evidence_added
from experts.models import Credential
from tests import people
from tests.browser.conftest import axe, picture, sideways, sign_in

DESK = "/admin/experts/credential/desk/"
LOOKS = ("desktop", "phone", "dark")


def handed_in(name: str, hours: int, **claim: str) -> Credential:
    then = timezone.now() - timedelta(hours=hours)
    owner = people.expert(name, verified=False)
    credential = people.credential(owner, evidenced_at=then, answer_by=then + timedelta(hours=24), **claim)
    add_evidence(credential=credential, upload=people.diploma(f"{name}: {credential.title}"), by=owner.user)
    for event in Event.objects.filter(name="evidence.added", data__credential=credential.public_id):
        on_evidence_added(event)
    return credential


@pytest.mark.django_db(transaction=True)
def test_emil_finds_his_field_and_hands_in_by_keyboard(watched: Page, live_server: LiveServer) -> None:
    emil = people.expert("Emil", verified=False)
    sign_in(watched, emil.user, live_server.url)
    watched.goto(f"{live_server.url}/expert/credentials/new/")
    watched.get_by_role("textbox", name="Degree").fill("PhD in Physics")
    watched.get_by_label("Level").select_option("8")
    watched.get_by_label("Search fields of study").focus()
    watched.keyboard.type("physics")
    expect(watched.locator("#field-choices label").first).to_contain_text("Physics 0533")
    watched.keyboard.press("Tab")
    watched.keyboard.press("Space")
    watched.get_by_label("Name of the institution").fill("University of Copenhagen")
    watched.get_by_label("Year of the degree").fill("2015")
    document = people.diploma()
    files = [{"name": "diploma.png", "mimeType": "image/png", "buffer": document.read()}]
    watched.locator("#id_upload").set_input_files(files)  # type: ignore[arg-type]
    watched.get_by_role("button", name="Claim", exact=True).click()
    expect(watched.get_by_text("We answer by")).to_be_visible()
    credential = Credential.objects.get(expert=emil)
    assert (credential.status, credential.field.code, credential.country) == ("evidenced", "0533", "DK")


@pytest.mark.django_db(transaction=True)
def test_olu_decides_a_clean_case_with_one_key_and_a_refusal_with_words(watched: Page, live_server: LiveServer) -> None:
    emil, farah, juan = handed_in("Emil", 30), handed_in("Farah", 5), handed_in("Juan", 1)
    sign_in(watched, people.ops(), live_server.url)
    watched.goto(f"{live_server.url}{DESK}")
    expect(watched.get_by_role("heading", name="Emil Sørensen")).to_be_visible()
    expect(watched.locator("[data-viewer] img").first).to_be_visible()
    watched.keyboard.press("r")
    expect(watched.locator("[data-viewer]").first).to_have_attribute("data-turn", "90")
    watched.keyboard.press("j")
    expect(watched.get_by_role("heading", name="Farah Siddiqui")).to_be_visible()
    watched.keyboard.press("k")
    expect(watched.get_by_role("heading", name="Emil Sørensen")).to_be_visible()
    watched.keyboard.press("o")
    expect(watched.locator(".viewer-pages").first).to_be_focused()
    watched.keyboard.press("a")
    expect(watched.get_by_role("heading", name="Farah Siddiqui")).to_be_visible()
    watched.keyboard.press("q")
    watched.get_by_label("What is missing").select_option(label="All pages")
    watched.get_by_role("button", name="Send", exact=True).click()
    expect(watched.get_by_role("heading", name="Juan Castillo")).to_be_visible()
    watched.keyboard.press("x")
    watched.get_by_label("Reason").select_option("altered")
    watched.get_by_role("dialog").get_by_label("Words to the expert").fill("The seal moved.")
    watched.get_by_role("button", name="Refuse", exact=True).click()
    expect(watched.get_by_text("The queue is empty")).to_be_visible()
    assert set(Credential.objects.values_list("status", flat=True)) == {"evidenced"}  # nobody heard of it yet
    people.a_minute_passes()
    found = dict(Credential.objects.values_list("pk", "status"))
    assert found == {emil.pk: "verified", farah.pk: "needs_more", juan.pk: "refused"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("look", LOOKS)
def test_pages_of_experts_and_ops_are_sound(look: str, open_page: Callable[..., Page], live_server: LiveServer) -> None:
    emil = handed_in("Emil", 30, name_on_document="Emil Q. Sørensen", institution_name="Copenhagen University")
    handed_in("Farah", 5)
    people.credential(emil.expert, status="refused", title="MSc in Physics", level=7)
    page = open_page(look)
    sign_in(page, emil.expert.user, live_server.url)
    for name, path in {
        "expert": "/expert/",
        "profile": "/expert/edit/",
        "claim": "/expert/credentials/new/",
        "credential": f"/expert/credentials/{emil.public_id}/",
    }.items():
        page.goto(f"{live_server.url}{path}")
        picture(page, f"people-{name}-{look}")
        assert axe(page) == [], path
        assert sideways(page) == 0, path
    sign_in(page, people.ops(), live_server.url)
    page.goto(f"{live_server.url}{DESK}")
    expect(page.locator("[data-viewer] img").first).to_be_visible()
    picture(page, f"people-desk-{look}")
    assert axe(page) == []
    assert sideways(page) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("look", LOOKS)
def test_pages_of_labs_and_accounts_are_sound(
    look: str, open_page: Callable[..., Page], live_server: LiveServer
) -> None:
    lab, ada = people.lab(confirmed=False), people.user("Ada")
    invite = invite_member(lab=lab, email="sam@people.example", role="manager", by=ada)
    notify(user=ada, title="Meridian AI is confirmed", body="You can open projects now.", url="/labs/")
    agreement = people.agreements()[0]
    page = open_page(look)
    page.goto(f"{live_server.url}/invites/{invite.public_id}/")
    assert axe(page) == []
    sign_in(page, ada, live_server.url)
    for name, path in {
        "lab": f"/labs/{lab.public_id}/",
        "lab-new": "/labs/new/",
        "lab-keys": f"/labs/{lab.public_id}/keys/",
        "notices": "/notices/",
        "settings": "/me/",
        "agreement": f"/agreements/{agreement.public_id}/",
    }.items():
        page.goto(f"{live_server.url}{path}")
        picture(page, f"people-{name}-{look}")
        assert axe(page) == [], path
        assert sideways(page) == 0, path


@pytest.mark.django_db(transaction=True)
def test_operations_pages_obey_the_policy(watched: Page, live_server: LiveServer) -> None:
    lab = people.lab(confirmed=False)
    sign_in(watched, people.ops(), live_server.url)
    for path in ("/admin/", "/admin/core/event/", f"/admin/accounts/lab/{lab.pk}/change/"):
        watched.goto(f"{live_server.url}{path}")
        picture(watched, f"people-admin{path.replace('/', '-')}desktop")
    watched.get_by_role("button", name="Confirm this lab").click()
    expect(watched.get_by_text("Confirm this lab: done.")).to_be_visible()
    assert Client().get("/admin/").status_code == 302
