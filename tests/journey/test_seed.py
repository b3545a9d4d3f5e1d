"""The demo fills itself once, through the actions of the site, and tells nobody outside a demo how to sign in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from cryptography.fernet import Fernet
from django.core.management import call_command

from accounts.models import Lab, User
from experts.models import Credential
from marketplace.celery import app
from marketplace.demo.documents import certificate
from marketplace.demo.people import EXPERTS, demo_accounts
from payments.models import BatchLine, Payout
from projects.models import Application, Invitation, Project
from tasks.audit import audit
from tasks.models import Export, Submission
from tests.people import agreements, sign_in
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker() -> Iterator[None]:
    app.control.purge()
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30, loglevel="WARNING"):
        yield


def numbers() -> dict[str, int]:
    rows = (User, Lab, Credential, Project, Application, Submission, Payout, Export)
    return {model.__name__: model._default_manager.count() for model in rows}


def test_the_demo_is_made_once_and_shows_every_state(
    settings: Any, stripe: LocalStripe, worker: None, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.QUORUM_DEMO = True
    settings.STRIPE_TIMEOUT = (5, 20)
    settings.QUORUM_MANUAL_COUNTRIES = ["IN", "KE"]
    settings.QUORUM_BANK_KEYS = [Fernet.generate_key().decode()]
    agreements()
    call_command("seed_demo")
    made = numbers()
    call_command("seed_demo")
    assert numbers() == made
    assert set(Lab.objects.values_list("status", flat=True)) == {"confirmed", "pending"}
    assert set(Project.objects.values_list("status", flat=True)) == {"open", "draft", "closed"}
    assert set(Credential.objects.values_list("status", flat=True)) == {
        "verified",
        "evidenced",
        "needs_more",
        "refused",
    }
    states = set(Submission.objects.values_list("status", flat=True))
    assert states == {"draft", "submitted", "accepted", "returned", "rejected"}
    for work in Submission.objects.exclude(submitted_at=None):  # an answer of no time at all would look made up
        assert work.submitted_at is not None
        assert work.submitted_at - work.started_at > timedelta(seconds=work.active_seconds) > timedelta(minutes=10)
    assert Invitation.objects.filter(expert__user__email="tomas@experts.example", status="sent").exists()
    assert Payout.objects.filter(status__in=["sent", "paid"]).exists()
    assert set(BatchLine.objects.values_list("payee__email", "status")) == {
        ("fatima@experts.example", "paid"),
        ("priya@experts.example", "pending"),
    }
    assert audit() == []
    assert "grace@meridian.example" in capsys.readouterr().out


def test_without_a_sandbox_people_are_made_and_no_money_moves(settings: Any) -> None:
    settings.QUORUM_DEMO = True
    settings.STRIPE_API_BASE = ""
    agreements()
    call_command("seed_demo")
    assert User.objects.filter(expert__isnull=False).count() == len(EXPERTS)
    assert not Project.objects.exists()


def test_outside_a_demo_nothing_is_made_or_told(settings: Any) -> None:
    settings.QUORUM_DEMO = False
    assert demo_accounts() == []
    with pytest.raises(SystemExit, match="QUORUM_DEMO"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_whoever_is_named_can_sign_in(settings: Any, client: Any) -> None:
    settings.QUORUM_DEMO, settings.STRIPE_API_BASE = True, ""
    agreements()
    call_command("seed_demo")
    for email, password, _ in demo_accounts():
        user = User.objects.get(email=email)
        assert user.check_password(password)
        assert sign_in(client, user).get("/").status_code in (200, 302)


@pytest.mark.parametrize(("format", "head"), [("PDF", b"%PDF"), ("PNG", b"\x89PNG")])
def test_certificates_are_documents(format: str, head: bytes) -> None:
    page = certificate(
        name="Tomás Ünal-Łukasiewicz of a very long name indeed, and longer still than that",
        title="PhD",
        institution="University",
        year=2020,
        format=format,
    )
    assert page.startswith(head)
