"""A person's account, keys, notices and consents."""

from __future__ import annotations

from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.utils import timezone
from kombu import Connection
from kombu.pools import producers

from accounts import actions, jobs
from accounts.actions.notices import GIVE_UP, _mail_one
from accounts.agreements import publish_shipped, shipped
from accounts.models import Agreement, AgreementKind, ApiToken, Consent, Lab, Notice, User
from accounts.queries import current_agreements, unread_notices
from accounts.roles import Permission, authorise, may
from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed
from core.events import record
from core.models import Event
from marketplace.celery import app
from tests import people


@pytest.mark.django_db
def test_the_product_makes_an_account_that_can_sign_in_at_once() -> None:
    user = actions.create_account(email="Zoe@People.example", name="Zoe", password="x", by=SYSTEM)
    assert user.email == "zoe@people.example"
    assert EmailAddress.objects.get(user=user).verified
    assert not user.is_staff
    with pytest.raises(NotAllowed):
        actions.create_account(email="y@people.example", name="Y", password="x", by=people.ops())
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="ZOE@people.example", name="Another Zoe")
    assert User.objects.get_by_natural_key("ZOE@PEOPLE.EXAMPLE") == user


@pytest.mark.django_db
def test_people_edit_themselves_and_nobody_else() -> None:
    sam = people.user("Sam")
    told: dict[str, Any] = {"name": " Sam Somebody ", "time_zone": "Asia/Tokyo", "shortcuts": False}
    actions.edit_person(user=sam, by=sam, **told)
    sam.refresh_from_db()
    assert (sam.name, sam.time_zone, sam.shortcuts) == ("Sam Somebody", "Asia/Tokyo", False)
    with pytest.raises(Invalid, match="your name"):
        actions.edit_person(user=sam, by=sam, **{**told, "name": " "})
    with pytest.raises(Invalid, match="Mars"):
        actions.edit_person(user=sam, by=sam, **{**told, "time_zone": "Mars"})
    for name in ("Emil", "Olu"):
        with pytest.raises(NotAllowed):
            actions.edit_person(user=sam, by=people.user(name), **told)


@pytest.mark.django_db
def test_a_superuser_of_the_command_line_is_staff() -> None:
    root = User.objects.create_superuser("root@people.example", "x", name="Root")
    assert (root.is_staff, root.is_superuser, str(root), str(User(email="a@b.example"))) == (
        True, True, "Root", "a@b.example",
    )  # fmt: skip


# --- keys


@pytest.mark.django_db
def test_a_keys_secret_is_told_once_and_only_its_digest_kept() -> None:
    lab, ada = people.lab(), people.user("Ada")
    _, secret = actions.create_token(name="nightly import", lab=lab, by=ada)
    assert secret.startswith("qk_")
    assert len(secret) > 40
    assert secret not in str(ApiToken.objects.values().get())
    assert actions.create_token(name=" ", by=ada)[0].name == "Key"
    with pytest.raises(NotAllowed):
        actions.create_token(name="mine", lab=lab, by=people.user("Mina"))


@pytest.mark.django_db
def test_a_key_cannot_make_keys_nor_leave_its_scope() -> None:
    lab, ada = people.lab(), people.user("Ada")
    other = people.lab("Another lab")
    token, _ = actions.create_token(name="import", lab=lab, by=ada)
    ada.token = token
    with pytest.raises(NotAllowed, match="A key cannot make keys"):
        actions.create_token(name="more", lab=lab, by=ada)
    assert may(ada, Permission.PROJECT_EDIT, lab=lab)
    assert not may(ada, Permission.PROJECT_EDIT, lab=other)
    assert not may(ada, Permission.TASK_WORK, owner=ada)
    assert list(Lab.objects.visible_to(ada)) == [lab]


@pytest.mark.django_db
def test_an_experts_key_is_for_their_own_work_only() -> None:
    lab, ada = people.lab(), people.user("Ada")
    token, _ = actions.create_token(name="mine", by=ada)
    ada.token = token
    assert may(ada, Permission.TASK_WORK, owner=ada)
    assert not may(ada, Permission.PROJECT_EDIT, lab=lab)
    assert not Lab.objects.visible_to(ada).exists()
    olu = people.ops()
    olu.token, _ = actions.create_token(name="ops", by=olu)
    assert not may(olu, Permission.LAB_CONFIRM)  # no key has the rights of ops


@pytest.mark.django_db
def test_a_key_is_revoked_by_its_maker_or_by_the_labs_owner_once() -> None:
    lab, ada, mina = people.lab(), people.user("Ada"), people.user("Mina")
    lab.memberships.filter(user=mina).update(role="owner")
    token, _ = actions.create_token(name="import", lab=lab, by=mina)
    lab.memberships.filter(user=mina).update(role="manager")
    with pytest.raises(NotAllowed):
        actions.revoke_token(token=token, by=people.user("Rosa"))
    first = actions.revoke_token(token=token, by=ada).revoked_at
    assert actions.revoke_token(token=token, by=mina).revoked_at == first
    assert Event.objects.filter(name="token.revoked").count() == 1
    mine, _ = actions.create_token(name="mine", by=mina)
    with pytest.raises(NotAllowed):
        actions.revoke_token(token=mine, by=ada)
    assert str(mine) == "mine"


# --- notices


@pytest.mark.django_db
def test_a_notice_comes_once_per_event_and_by_mail_once() -> None:
    sam = people.user("Sam")
    with transaction.atomic():
        event = record("lab.confirmed", "lab_x", by=SYSTEM)
    for _ in range(2):
        actions.notify(user=sam, title="Your lab is confirmed", body="You can start.", url="/labs/x/", event=event)
    actions.notify(user=sam, title="Something without an event " + "x" * 200)
    assert Notice.objects.filter(user=sam).count() == 2
    assert unread_notices(sam) == 2

    assert actions.mail_notices() == 2
    assert actions.mail_notices() == 0
    first, second = mail.outbox
    assert (first.subject, first.to) == ("Your lab is confirmed", ["sam@people.example"])
    assert "Hello Sam Nobody," in first.body
    assert "You can start." in first.body
    assert "http://localhost:8000/labs/x/" in first.body
    assert len(second.subject) == 160
    with pytest.raises(NotAllowed):
        actions.mark_read(user=sam, by=people.user("Ada"))
    assert actions.mark_read(user=sam, by=sam) == 2
    assert unread_notices(sam) == 0


class Choosy(EmailBackend):
    """A mail server that refuses one address, one letter and, when it is away, everybody."""

    away = False

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            if self.away:
                raise ConnectionRefusedError("nobody there")
            if message.to == ["gone@people.example"]:
                raise SMTPRecipientsRefused({"gone@people.example": (550, b"no such person")})
            if "spam" in message.subject:
                raise SMTPDataError(554, b"looks like spam")
        return super().send_messages(messages)


@pytest.mark.django_db
@override_settings(EMAIL_BACKEND="tests.accounts.test_people.Choosy")
def test_one_bad_address_holds_up_nobody_and_a_server_that_is_away_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actions.notify(user=people.user("Gone"), title="You will never read this")
    actions.notify(user=people.user("Sam"), title="spam")
    actions.notify(user=people.user("Ada"), title="News")
    monkeypatch.setattr(Choosy, "away", True)
    assert actions.mail_notices() == 0
    monkeypatch.setattr(Choosy, "away", False)
    assert actions.mail_notices() == 1
    assert [letter.to for letter in mail.outbox] == [["ada@people.example"]]
    assert Notice.objects.filter(mailed_at=None).count() == 2
    Notice.objects.update(created_at=timezone.now() - GIVE_UP)
    assert actions.mail_notices() == 0


@pytest.mark.django_db
def test_a_notice_that_another_worker_has_just_sent_is_not_sent_again() -> None:
    actions.notify(user=people.user("Sam"), title="News")
    notice = Notice.objects.get()
    Notice.objects.update(mailed_at=timezone.now())
    with mail.get_connection() as server:
        assert _mail_one(notice.pk, server) == 0
    assert mail.outbox == []


@pytest.mark.django_db
def test_the_jobs_call_the_sweeps() -> None:
    actions.notify(user=people.user("Sam"), title="News")
    jobs.send_notices()
    jobs.expire_invites()
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_does_not_stop_a_notice(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = producers[Connection("redis://127.0.0.1:1/0")]
    monkeypatch.setattr(app.amqp, "_producer_pool", away)
    actions.notify(user=people.user("Sam"), title="News")
    assert Notice.objects.count() == 1
    assert "notices wait for the sweep" in caplog.text


# --- agreements


@pytest.mark.django_db
def test_the_first_versions_ship_with_the_product_and_publishing_them_twice_changes_nothing() -> None:
    assert {agreement.kind for agreement in current_agreements()} == set(AgreementKind.values)
    publish_shipped(Agreement)
    assert Agreement.objects.count() == 3
    for row in shipped():
        assert row["title"]
        assert len(row["text"]) > 500
        assert not row["text"].startswith("#")


@pytest.mark.django_db
def test_a_published_text_cannot_change_and_a_new_version_stands_beside_it() -> None:
    nda = Agreement.objects.get(kind="nda")
    for change in (lambda: Agreement.objects.filter(pk=nda.pk).update(text="x"), nda.delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    with pytest.raises(NotAllowed):
        actions.publish_agreement(kind="nda", title="NDA", text="New words", by=people.user("Sam"))
    with pytest.raises(Invalid):
        actions.publish_agreement(kind="lease", title="NDA", text="New words", by=people.ops())
    with pytest.raises(Invalid):
        actions.publish_agreement(kind="nda", title="NDA", text=" ", by=people.ops())
    second = actions.publish_agreement(kind="nda", title="NDA", text="New words", by=people.ops())
    assert (second.version, str(second)) == (2, "NDA, version 2")
    assert second in current_agreements()
    assert nda not in current_agreements()


@pytest.mark.django_db
def test_accepting_the_same_texts_for_the_same_project_again_is_the_same_act() -> None:
    emil, texts = people.user("Emil"), people.agreements()
    first = actions.accept_agreements(user=emil, scope="prj_one", agreements=texts, by=emil)
    again = actions.accept_agreements(user=emil, scope="prj_one", agreements=reversed(texts), by=emil)
    fewer = actions.accept_agreements(user=emil, scope="prj_one", agreements=texts[:2], by=emil)
    other = actions.accept_agreements(user=emil, scope="prj_two", agreements=texts, by=emil)
    assert first == again
    assert len({first.pk, fewer.pk, other.pk}) == 3
    assert Event.objects.filter(name="consent.given").count() == Consent.objects.count() == 3
    with pytest.raises(NotAllowed):
        actions.accept_agreements(user=emil, scope="prj_one", agreements=texts, by=people.user("Ada"))


@pytest.mark.django_db
def test_authorise_says_no_in_words() -> None:
    with pytest.raises(NotAllowed, match="Your role does not allow this"):
        authorise(people.user("Sam"), Permission.LAB_CONFIRM)
    authorise(SYSTEM, Permission.LAB_CONFIRM)
