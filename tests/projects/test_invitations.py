"""The product invites the best, a manager invites by hand; accepting is joining."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Notice
from core.errors import NotAllowed, Refused, WrongState
from core.events import drain, history
from experts.actions import edit_profile
from projects import actions
from projects.models import Application, Invitation, Project
from projects.queries import (
    contacted,
    experts_wanted,
    invitations_to_send,
    open_invitations,
    open_to,
    sent_invitations,
    shortlist,
)
from tests.people import expert, user
from tests.projects.scene import fresh, opened
from tests.threads import at_once

pytestmark = pytest.mark.django_db

CROWD = ("Emil", "Farah", "Juan", "Noor", "Kofi", "Lena", "Tariq", "Yuki")


def code(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


def invited(project: Project) -> list[str]:
    return [invitation.expert.user.name for invitation in sent_invitations(project)]


# --- the best, by the product -----------------------------------------------------------------------------------------


def test_twice_the_people_wanted_are_invited_and_not_more() -> None:
    for name in CROWD:
        expert(name)
    project = opened(planned_tasks=10, overlap=2)  # 20 seats: two people, four invitations
    assert experts_wanted(project) == 2
    assert len(actions.invite_best(project=project)) == 4
    assert invitations_to_send(project) == 0
    assert actions.invite_best(project=project) == []  # twice is once
    assert len(invited(project)) == 4


def test_people_are_wanted_for_each_ten_seats_and_never_fewer_than_the_overlap() -> None:
    project = opened(planned_tasks=100, overlap=3, pilot_tasks=2)
    assert experts_wanted(project) == 3  # six seats of the pilot, three different people for each task
    assert experts_wanted(actions.confirm_pilot(project=project, by=user("Mina"))) == 30


def test_only_those_who_fit_and_want_such_work_are_invited() -> None:
    expert("Emil")  # physics, in Denmark
    expert("Lena", min_rate=100_000)  # chemistry, but asks more than it pays
    expert("Kofi", available=False)
    expert("Juan")  # law
    expert("Noor", verified=False)
    project = opened(fields=["05"])
    actions.invite_best(project=project)
    assert invited(project) == ["Emil Sørensen"]


def test_who_applied_or_was_asked_before_is_not_asked_again() -> None:
    project = opened()
    for name in ("Emil", "Lena", "Kofi"):
        expert(name)
    application = actions.apply(project=project, expert=expert("Emil"), by=user("Emil"))
    actions.withdraw_application(application=application, by=user("Emil"))
    lena = actions.invite(project=project, expert=expert("Lena"), by=user("Mina"))
    actions.decline_invitation(invitation=lena, by=user("Lena"), note="Too busy.")
    actions.invite_best(project=project)
    assert invited(project) == ["Kofi Mensah"]
    assert contacted(project) == {expert(name).pk for name in ("Emil", "Lena", "Kofi")}


def test_a_paused_project_invites_nobody() -> None:
    expert("Emil")
    project = actions.pause_project(project=opened(), by=user("Mina"))
    assert actions.invite_best(project=project) == []


def test_the_shortlist_says_why_and_keeps_how_it_was_made() -> None:
    for name in ("Emil", "Lena"):
        expert(name)
    project = opened(fields=["0533", "0531"])
    run = actions.run_shortlist(project=project, by=user("Mina"))
    assert (run.matched, run.engine) == (2, "parts-1")
    assert sum(run.weights.values()) == pytest.approx(1)
    listed = shortlist(project)
    assert [each.rank for each in listed] == [1, 2]
    assert listed[0].score >= listed[1].score
    assert all(part["why"] for each in listed for part in each.parts)
    assert str(listed[0]).startswith("1. ")
    assert str(run).startswith("Why ice floats, ")
    actions.invite(project=project, expert=listed[0].expert, by=user("Mina"))
    assert [each.pk for each in shortlist(project)] == [listed[1].pk]


def test_a_project_never_looked_at_has_no_shortlist_and_old_runs_go() -> None:
    project = opened()
    assert shortlist(project) == []
    for _ in range(7):
        actions.run_shortlist(project=project)
    assert project.match_runs.count() == 5
    with pytest.raises(NotAllowed):
        actions.run_shortlist(project=project, by=user("Rosa"))


def test_a_newly_verified_expert_is_matched_to_what_is_open() -> None:
    fitting, other, full = opened(fields=["0533"]), opened(fields=["0421"]), opened(planned_tasks=1, overlap=1)
    for name in ("Lena", "Kofi"):
        actions.invite(project=full, expert=expert(name), by=user("Mina"))
    emil = expert("Emil")
    assert {project.pk for project in actions.match_expert(expert=emil)} == {fitting.pk, full.pk}
    assert invited(fitting) == ["Emil Sørensen"]
    assert invited(other) == []
    assert len(invited(full)) == 2
    assert {project.pk for project in open_to(emil)} == {fitting.pk, full.pk}
    actions.match_expert(expert=emil)  # twice is once
    assert len(invited(fitting)) == 1


def test_an_expert_who_wants_no_such_work_is_matched_but_not_invited() -> None:
    project = opened()
    emil = expert("Emil", available=False)
    assert actions.match_expert(expert=emil) == [project]
    assert invited(project) == []


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_mina_invites_emil_who_joins() -> None:
    project, emil = opened(), expert("Emil")
    invitation = actions.invite(project=project, expert=emil, by=user("Mina"))
    assert str(invitation) == "Emil Sørensen to Why ice floats"
    assert invitation.parts
    assert list(open_invitations(emil)) == [invitation]
    application = actions.accept_invitation(invitation=invitation, by=emil.user)
    assert application.status == "accepted"
    assert application.score == invitation.score
    assert fresh(invitation).status == "accepted"
    assert list(open_invitations(emil)) == []
    with pytest.raises(WrongState):
        actions.accept_invitation(invitation=invitation, by=emil.user)


def test_who_is_taken_on_by_an_application_has_answered_the_invitation() -> None:
    project, emil = opened(), expert("Emil")
    invitation = actions.invite(project=project, expert=emil, by=user("Mina"))
    asked = invitations_to_send(project)
    application = actions.apply(project=project, expert=emil, by=emil.user)
    assert list(open_invitations(emil)) == [invitation]  # still the shorter way in
    actions.accept_application(application=application, by=user("Mina"))
    assert list(open_invitations(emil)) == []
    assert invited(project) == []
    assert invitations_to_send(project) == asked  # one person, counted once
    answered = history(invitation.public_id)[-1]
    assert (answered.name, answered.note) == ("invitation.accepted", "They had applied, and are taken on.")
    drain()
    assert not Notice.objects.filter(title__contains="joins").exists()  # Mina did it herself
    actions.withdraw_application(application=application, by=emil.user)
    assert list(open_invitations(emil)) == []
    assert actions.apply(project=project, expert=emil, by=emil.user).status == "submitted"


def test_a_declined_application_leaves_the_invitation_as_it_is() -> None:
    project, emil = opened(), expert("Emil")
    invitation = actions.invite(project=project, expert=emil, by=user("Mina"))
    waiting = actions.apply(project=project, expert=emil, by=emil.user)
    actions.decline_application(application=waiting, by=user("Mina"), reason="Enough chemists.")
    assert fresh(invitation).status == "sent"


def test_accepting_answers_the_application_that_waits() -> None:
    project, emil = opened(), expert("Emil")
    invitation = actions.invite(project=project, expert=emil, by=user("Mina"))
    waiting = actions.apply(project=project, expert=emil, by=emil.user)
    assert actions.accept_invitation(invitation=invitation, by=emil.user).pk == waiting.pk
    assert fresh(waiting).status == "accepted"


def test_accepting_when_already_taken_on_says_so_and_changes_nothing() -> None:
    project, emil = opened(), expert("Emil")
    invitation = actions.invite(project=project, expert=emil, by=user("Mina"))
    taken = actions.apply(project=project, expert=emil, by=emil.user)
    actions.accept_application(application=taken, by=user("Mina"))
    with pytest.raises(WrongState):
        actions.accept_invitation(invitation=invitation, by=emil.user)
    assert Application.objects.get() == taken


@pytest.mark.django_db(transaction=True)
def test_the_lab_accepts_while_the_expert_does_and_nobody_waits_for_the_other_for_ever() -> None:
    """Both lock the expert first; the other way round each would hold what the other waits for."""
    for name in ("Emil", "Lena", "Kofi", "Yuki"):
        with transaction.atomic():
            project, who = opened(), expert(name)
        invitation = actions.invite(project=project, expert=who, by=user("Mina"))
        waiting = actions.apply(project=project, expert=who, by=who.user)
        ways: list[Callable[[], Application]] = [
            partial(actions.accept_application, application=waiting, by=user("Mina")),
            partial(actions.accept_invitation, invitation=invitation, by=who.user),
        ]
        outcomes = at_once(2, lambda number: ways[number]())  # noqa: B023 - done before the next round
        assert {type(each) for each in outcomes} <= {Application, WrongState}
        assert (fresh(waiting).status, fresh(invitation).status) == ("accepted", "accepted")


def test_each_reason_not_to_invite_has_its_code() -> None:
    project, emil = opened(fields=["0533"]), expert("Emil")
    with pytest.raises(Refused) as refused:
        actions.invite(project=project, expert=expert("Juan"), by=user("Mina"))
    assert code(refused) == "not_eligible"
    application = actions.apply(project=project, expert=emil, by=emil.user)
    with pytest.raises(Refused) as refused:
        actions.invite(project=project, expert=emil, by=user("Mina"))
    assert code(refused) == "already_applied"
    actions.withdraw_application(application=application, by=emil.user)
    actions.invite(project=project, expert=emil, by=user("Mina"))
    with pytest.raises(Refused) as refused:
        actions.invite(project=project, expert=emil, by=user("Mina"))
    assert code(refused) == "already_invited"
    with pytest.raises(Refused) as refused:
        actions.invite(project=actions.pause_project(project=project, by=user("Mina")), expert=emil, by=user("Mina"))
    assert code(refused) == "project_not_open"
    with pytest.raises(NotAllowed):
        actions.invite(project=project, expert=emil, by=user("Rosa"))


def test_an_invitation_is_answered_by_its_expert_in_time() -> None:
    project, emil = opened(), expert("Emil")
    invitation = actions.invite(project=project, expert=emil, by=user("Mina"))
    with pytest.raises(NotAllowed):
        actions.accept_invitation(invitation=invitation, by=user("Mina"))
    with pytest.raises(NotAllowed):
        actions.decline_invitation(invitation=invitation, by=user("Mina"))
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    with pytest.raises(Refused) as refused:
        actions.accept_invitation(invitation=invitation, by=emil.user)
    assert code(refused) == "invitation_over"
    assert actions.expire_invitations() == 1
    assert actions.expire_invitations() == 0
    assert fresh(invitation).status == "expired"


def test_joining_asks_again_whether_the_expert_qualifies() -> None:
    project, emil = opened(countries=["DK"]), expert("Emil")
    invitation = actions.invite(project=project, expert=emil, by=user("Mina"))
    edit_profile(expert=emil, by=emil.user, country="SE")
    with pytest.raises(Refused) as refused:
        actions.accept_invitation(invitation=invitation, by=emil.user)
    assert code(refused) == "not_eligible"
    assert fresh(invitation).status == "sent"


def test_invitations_are_seen_by_the_lab_the_expert_and_ops() -> None:
    project, emil = opened(), expert("Emil")
    invitation = actions.invite(project=project, expert=emil, by=user("Mina"))
    for person in (user("Mina"), emil.user, user("Olu")):
        assert invitation in Invitation.objects.visible_to(person)
    assert invitation not in Invitation.objects.visible_to(expert("Lena").user)
