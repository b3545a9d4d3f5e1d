"""What happens by itself: opening on payment, matching, clocks, and what people who wait are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actions import confirm_lab
from accounts.models import Notice
from core.actors import SYSTEM
from core.events import drain, record
from core.models import Delivery, Event
from experts.actions import verify_credential
from experts.models import Credential
from projects import actions, jobs
from projects.models import Application, Invitation, Project
from tests.people import credential, expert, lab, ops, sign_in, user
from tests.projects.scene import draft, fresh, fund, opened

pytestmark = pytest.mark.django_db


def told(name: str) -> list[str]:
    drain()
    return list(Notice.objects.filter(user=user(name)).order_by("pk").values_list("title", flat=True))


def paid(project: Project) -> None:
    record("funding.paid", "fnd_aaaaaaaaaaaaaaaa", by=SYSTEM, data={"ref": project.public_id, "amount": 1})


def no_job_failed() -> bool:
    drain()
    return not Delivery.objects.exclude(last_error="").exists()


def asked_to_open(project: Project) -> Project:
    back = "https://quorum.example/"
    actions.fund_project(project=project, amount=100_000, success_url=back, cancel_url=back, by=user("Mina"))
    return project


# --- opening by itself ------------------------------------------------------------------------------------------------


def test_money_opens_a_project_invites_the_best_and_tells_the_lab() -> None:
    expert("Emil")
    project = asked_to_open(draft())
    fund(project, 100_000)
    paid(project)
    drain()
    assert fresh(project).status == "open"
    assert "Why ice floats is open" in told("Mina")
    assert Invitation.objects.get().expert == expert("Emil")
    assert told("Emil")[-1] == "You are invited to Why ice floats"
    assert no_job_failed()


def test_delivered_twice_is_done_once() -> None:
    expert("Emil")
    project = asked_to_open(draft())
    fund(project, 100_000)
    paid(project)
    drain()
    for event in Event.objects.filter(name__in=["funding.paid", "project.open", "invitation.sent"]):
        for job in (jobs.on_funding_paid, jobs.on_project_open, jobs.tell_project_open):
            if (job is jobs.on_funding_paid) == (event.name == "funding.paid") and event.name != "invitation.sent":
                job(event)
        if event.name == "invitation.sent":
            jobs.tell_invitation_sent(event)
    assert Invitation.objects.count() == 1
    assert len(told("Emil")) == len(set(told("Emil")))


def test_money_for_something_else_opens_nothing() -> None:
    record("funding.paid", "fnd_aaaaaaaaaaaaaaaa", by=SYSTEM, data={"ref": "prj_aaaaaaaaaaaaaaaa", "amount": 1})
    assert no_job_failed()


def test_what_keeps_a_paid_project_from_opening_is_told() -> None:
    project = asked_to_open(draft())
    actions.edit_project(project=project, by=user("Mina"), brief="")
    fund(project, 100_000)
    paid(project)
    assert "Why ice floats is paid for but cannot open yet" in told("Mina")
    assert fresh(project).status == "draft"
    assert no_job_failed()


def test_a_lab_confirmed_late_opens_what_was_paid_for() -> None:
    house = lab("Newcomer", confirmed=False)
    project = draft(lab=house)
    Project.objects.filter(pk=project.pk).update(open_when_funded=True)
    fund(project, 100_000)
    paid(project)
    drain()
    assert fresh(project).status == "draft"
    confirm_lab(lab=house, by=ops())
    drain()
    assert fresh(project).status == "open"


# --- matching and clocks ----------------------------------------------------------------------------------------------


def test_a_newly_verified_expert_is_invited() -> None:
    project = opened()
    drain()
    emil = expert("Emil", verified=False)
    claimed = credential(emil, status=Credential.Status.EVIDENCED)
    verify_credential(credential=claimed, by=ops())
    drain()
    assert Invitation.objects.get(project=project).expert == emil
    assert no_job_failed()


def test_every_night_each_open_project_looks_again() -> None:
    project = opened()
    expert("Emil")
    jobs.match_all()
    assert Invitation.objects.get().project == project
    jobs.match_all()
    assert Invitation.objects.count() == 1


def test_clocks_that_ran_out() -> None:
    project = opened()
    application = actions.apply(project=project, expert=expert("Emil"), by=user("Emil"))
    invitation = actions.invite(project=project, expert=expert("Lena"), by=user("Mina"))
    past = timezone.now() - timedelta(minutes=1)
    Application.objects.update(answer_by=past)
    Invitation.objects.update(expires_at=past)
    jobs.lapse_applications()
    jobs.expire_invitations()
    assert (fresh(application).status, fresh(invitation).status) == ("lapsed", "expired")
    assert "Why ice floats did not answer in time" in told("Emil")


# --- notices ----------------------------------------------------------------------------------------------------------


def test_the_lab_hears_of_applications_and_the_expert_of_answers() -> None:
    project = opened()
    emil = expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user, message="I know ice.")
    for name in ("Ada", "Mina"):
        assert "Emil Sørensen applied to Why ice floats" in told(name)
    assert not any("applied" in title for title in told("Rosa"))
    actions.shortlist_application(application=application, by=user("Mina"))
    actions.accept_application(application=application, by=user("Mina"), reason="Welcome.")
    titles = told("Emil")
    assert "You are on the shortlist of Why ice floats" in titles
    assert "You are taken on for Why ice floats" in titles
    assert Notice.objects.get(title__startswith="You are taken on").body.startswith("Welcome.")
    actions.withdraw_application(application=application, by=emil.user, note="Moving house.")
    assert "Emil Sørensen withdrew from Why ice floats" in told("Mina")
    assert no_job_failed()


def test_a_declined_expert_hears_the_reason() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    actions.decline_application(application=application, by=user("Mina"), reason="We need chemists.")
    assert "Why ice floats declined your application" in told("Emil")
    assert Notice.objects.get(title__contains="declined").body == "We need chemists."


def test_who_joins_by_invitation_is_not_told_what_they_did() -> None:
    project, emil = opened(), expert("Emil")
    invitation = actions.invite(project=project, expert=emil, by=user("Mina"))
    actions.accept_invitation(invitation=invitation, by=emil.user)
    assert not any("taken on" in title for title in told("Emil"))
    assert "Emil Sørensen joins Why ice floats" in told("Mina")


def test_the_team_hears_of_pauses_and_the_end() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    actions.accept_application(application=application, by=user("Mina"))
    actions.pause_project(project=project, by=user("Mina"))
    actions.resume_project(project=project, by=user("Mina"))
    actions.close_project(project=project, by=user("Mina"))
    titles = told("Emil")
    for words in ("is paused", "goes on", "is closed"):
        assert f"Why ice floats {words}" in titles
    assert "Why ice floats is open" not in titles
    assert no_job_failed()


def test_every_notice_leads_to_a_page_its_reader_may_see() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    actions.accept_application(application=application, by=user("Mina"))
    actions.invite(project=project, expert=expert("Lena"), by=user("Mina"))
    actions.pause_project(project=project, by=user("Mina"))
    drain()
    notices = Notice.objects.exclude(url="").select_related("user")
    assert {notice.user for notice in notices} >= {user("Mina"), user("Emil"), user("Lena")}
    for notice in notices:
        page = sign_in(Client(), notice.user).get(notice.url, follow=True)
        assert page.status_code == 200, notice.url
