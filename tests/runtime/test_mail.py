"""The demo's mail page: where a newcomer finds the letter that confirms an address."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.test import Client
from pytest_django import Settings

from marketplace.mail import sent_mails

pytestmark = pytest.mark.django_db


@pytest.fixture
def post_box(settings: Settings, tmp_path: Path) -> Path:
    settings.QUORUM_DEMO = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return tmp_path


def test_every_mail_is_shown_with_working_links(client: Client, post_box: Path) -> None:
    send_mail("Confirm your address", "Open http://localhost:8000/confirm/abc/ to confirm.", None, ["ada@example.org"])
    page = client.get("/mail/").content.decode()
    assert "Confirm your address" in page
    assert 'href="http://localhost:8000/confirm/abc/"' in page


def test_mails_come_newest_first_and_can_be_narrowed_to_one_person(client: Client, post_box: Path) -> None:
    for person in ("ada@example.org", "grace@example.org", "ada@example.org"):
        send_mail(f"To {person}", "Hello", None, [person])
    letters = sent_mails(post_box)
    assert len(letters) == 3
    assert letters == sorted(letters, key=lambda mail: mail.sent, reverse=True)
    page = client.get("/mail/", {"to": "grace"}).content.decode()
    assert "To grace@example.org" in page
    assert "To ada@example.org" not in page


def test_a_mail_is_text_never_markup(client: Client, post_box: Path) -> None:
    letter = EmailMultiAlternatives("Hi", "<script>alert(1)</script>", None, ["ada@example.org"])
    letter.attach_alternative("<b>html</b>", "text/html")
    letter.send()
    assert "<script>alert" not in client.get("/mail/").content.decode()


def test_letters_without_a_text_part_and_empty_boxes_do_no_harm(client: Client, post_box: Path) -> None:
    assert "No mail yet" in client.get("/mail/").content.decode()
    letter = EmailMultiAlternatives("Only markup", "", None, ["ada@example.org"])
    letter.content_subtype = "html"
    letter.send()
    assert [mail.body for mail in sent_mails(post_box)] == [""]


@pytest.mark.parametrize("demo", [True, False])
def test_outside_a_demo_there_is_no_such_page(client: Client, settings: Settings, demo: bool) -> None:
    settings.QUORUM_DEMO = demo
    if hasattr(settings, "EMAIL_FILE_PATH"):
        del settings.EMAIL_FILE_PATH
    assert client.get("/mail/").status_code == 404
