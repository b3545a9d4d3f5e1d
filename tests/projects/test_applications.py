"""Experts ask, the lab answers in time and with reasons; the accepted sign the agreements and may claim."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Membership, Role
from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.events import history
from experts.actions import edit_profile
from experts.models import Expert
from projects import actions, policies
from projects.models import Application, Project
from projects.queries import applicants, latest_applications, unmet_by
from tests.people import expert, user
from tests.projects.scene import draft, fresh, opened

pytestmark = pytest.mark.django_db


def code(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


def test_who_has_withdrawn_three_times_does_not_write_to_the_lab_again() -> None:
    project, emil = opened(), expert("Emil")
    for _ in range(3):
        application = actions.apply(project=project, expert=emil, by=emil.user)
        actions.withdraw_application(application=application, by=emil.user)
    with pytest.raises(Refused) as refused:
        actions.apply(project=project, expert=emil, by=emil.user)
    assert code(refused) == "withdrawn_often"


def test_emil_applies_and_sees_by_when_he_is_answered() -> None:
    project, emil = opened(fields=["053"], min_level=7), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user, message="  Ice is my field. ")
    assert (application.status, application.message) == ("submitted", "Ice is my field.")
    assert application.answer_by is not None
    assert timedelta(days=4) < application.answer_by - timezone.now() < timedelta(days=12)
    assert application.score is not None
    assert 0 < application.score <= 1
    assert {part["name"] for part in application.parts} == {"field", "level", "price", "hours", "idle"}
    assert all(part["why"] for part in application.parts)
    assert [event.name for event in history(application.public_id)] == ["application.submitted"]
    assert str(application) == "Emil Sørensen for Why ice floats"


def test_nobody_applies_for_somebody_else() -> None:
    with pytest.raises(NotAllowed):
        actions.apply(project=opened(), expert=expert("Emil"), by=user("Mina"))


def test_one_application_at_a_time() -> None:
    project, emil = opened(), expert("Emil")
    first = actions.apply(project=project, expert=emil, by=emil.user)
    with pytest.raises(Refused) as refused:
        actions.apply(project=project, expert=emil, by=emil.user)
    assert code(refused) == "already_applied"
    actions.withdraw_application(application=first, by=emil.user)
    second = actions.apply(project=project, expert=emil, by=emil.user)
    assert latest_applications(emil, [project]) == {project.pk: second}


def test_the_database_refuses_a_second_live_application() -> None:
    project, emil = opened(), expert("Emil")
    actions.apply(project=project, expert=emil, by=emil.user)
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.create(project=project, expert=emil, answer_by=timezone.now())


def test_only_open_projects_take_applications() -> None:
    emil = expert("Emil")
    for project in (draft(), actions.pause_project(project=opened(), by=user("Mina"))):
        with pytest.raises(Refused) as refused:
            actions.apply(project=project, expert=emil, by=emil.user)
        assert code(refused) == "project_not_open"


def test_who_does_not_qualify_reads_which_rule_and_what_would_meet_it() -> None:
    noor = expert("Noor")
    with pytest.raises(Refused) as refused:
        actions.apply(project=opened(fields=["053"], min_level=8), expert=noor, by=noor.user)
    assert code(refused) == "not_eligible"
    assert [fault.field for fault in refused.value.faults] == ["level", "fields"]
    assert "doctorate" in refused.value.faults[0].message


def test_a_declined_expert_reads_why_and_does_not_ask_again() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    with pytest.raises(Invalid):
        actions.decline_application(application=application, by=user("Mina"), reason="  ")
    declined = actions.decline_application(application=application, by=user("Mina"), reason=" We need chemists. ")
    assert (declined.status, declined.reason) == ("declined", "We need chemists.")
    with pytest.raises(Refused) as refused:
        actions.apply(project=project, expert=emil, by=emil.user)
    assert code(refused) == "declined"


def test_only_managers_decide() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    for person in (user("Rosa"), user("Sam"), emil.user):
        with pytest.raises(NotAllowed):
            actions.accept_application(application=application, by=person)
        with pytest.raises(NotAllowed):
            actions.decline_application(application=application, by=person, reason="No")
        with pytest.raises(NotAllowed):
            actions.shortlist_application(application=application, by=person)
    with pytest.raises(NotAllowed):
        actions.withdraw_application(application=application, by=user("Mina"))


def test_a_shortlisted_application_waits_longer() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    Application.objects.filter(pk=application.pk).update(answer_by=timezone.now())
    kept = actions.shortlist_application(application=application, by=user("Mina"))
    assert kept.status == "shortlisted"
    assert kept.answer_by is not None
    assert kept.answer_by > timezone.now() + timedelta(days=4)


def test_several_are_decided_together_or_not_at_all() -> None:
    project = opened()
    waiting = [actions.apply(project=project, expert=e, by=e.user) for e in (expert("Emil"), expert("Lena"))]
    actions.withdraw_application(application=waiting[1], by=waiting[1].expert.user)
    with pytest.raises(WrongState):
        actions.decide_applications(applications=waiting, decision="accept", by=user("Mina"))
    assert fresh(waiting[0]).status == "submitted"
    third = actions.apply(project=project, expert=expert("Kofi"), by=user("Kofi"))
    decided = actions.decide_applications(applications=[waiting[0], third], decision="shortlist", by=user("Mina"))
    assert [each.status for each in decided] == ["shortlisted", "shortlisted"]
    decided = actions.decide_applications(applications=decided, decision="accept", by=user("Mina"), reason=" Good. ")
    assert [(each.status, each.reason) for each in decided] == [("accepted", "Good.")] * 2
    fourth = actions.apply(project=project, expert=expert("Juan"), by=user("Juan"))
    with pytest.raises(Invalid):
        actions.decide_applications(applications=[fourth], decision="frame", by=user("Mina"))
    [declined] = actions.decide_applications(
        applications=[fourth], decision="decline", by=user("Mina"), reason="Enough people."
    )
    assert declined.status == "declined"


def test_accepting_asks_again_whether_the_expert_qualifies() -> None:
    project, emil = opened(countries=["DK"]), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    edit_profile(expert=emil, by=emil.user, country="SE")
    with pytest.raises(Refused) as refused:
        actions.accept_application(application=application, by=user("Mina"))
    assert code(refused) == "not_eligible"


def test_a_closed_project_takes_nobody_in() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    actions.close_project(project=project, by=user("Mina"))
    with pytest.raises(Refused) as refused:
        actions.accept_application(application=application, by=user("Mina"))
    assert code(refused) == "project_over"


def test_unanswered_applications_lapse_and_may_be_made_again() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    assert actions.lapse_applications() == 0
    Application.objects.filter(pk=application.pk).update(answer_by=timezone.now() - timedelta(minutes=1))
    assert actions.lapse_applications() == 1
    assert actions.lapse_applications() == 0
    assert fresh(application).status == "lapsed"
    assert actions.apply(project=project, expert=emil, by=emil.user).status == "submitted"


# --- the right to claim -----------------------------------------------------------------------------------------------


def test_the_accepted_sign_once_and_may_claim() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    with pytest.raises(WrongState):
        actions.accept_project_agreements(application=application, by=emil.user)
    actions.accept_application(application=application, by=user("Mina"))
    with pytest.raises(NotAllowed):
        actions.accept_project_agreements(application=application, by=user("Mina"))
    consent = actions.accept_project_agreements(application=application, by=emil.user)
    assert consent.scope == project.public_id
    assert set(consent.agreements.all()) == set(project.agreements.all())
    assert actions.accept_project_agreements(application=application, by=emil.user) == consent
    assert policies.may_claim(project=project, expert=emil).consent_id == consent.pk


def test_may_claim_is_one_statement(django_assert_num_queries: Any) -> None:
    project, emil = accepted()
    with django_assert_num_queries(1):
        policies.may_claim(project=project, expert=emil)


def accepted() -> tuple[Project, Expert]:
    project, emil = opened(fields=["0533"], countries=["DK"], languages=["en"]), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    actions.accept_application(application=application, by=user("Mina"))
    actions.accept_project_agreements(application=application, by=emil.user)
    return project, emil


def test_each_reason_not_to_claim_has_its_code() -> None:
    project, emil = opened(countries=["DK"]), expert("Emil")
    with pytest.raises(Refused) as refused:
        policies.may_claim(project=project, expert=emil)
    assert code(refused) == "not_accepted"
    application = actions.apply(project=project, expert=emil, by=emil.user)
    actions.accept_application(application=application, by=user("Mina"))
    with pytest.raises(Refused) as refused:
        policies.may_claim(project=project, expert=emil)
    assert code(refused) == "agreements_missing"
    actions.accept_project_agreements(application=application, by=emil.user)
    edit_profile(expert=emil, by=emil.user, country="SE")
    with pytest.raises(Refused) as refused:
        policies.may_claim(project=project, expert=emil)
    assert code(refused) == "not_eligible"
    assert "Denmark" in refused.value.message
    paused = actions.pause_project(project=project, by=user("Mina"))
    with pytest.raises(Refused) as refused:
        policies.may_claim(project=paused, expert=emil)
    assert code(refused) == "project_not_open"


def test_who_joins_the_lab_works_no_more_for_it() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    actions.accept_application(application=application, by=user("Mina"))
    actions.accept_project_agreements(application=application, by=emil.user)
    Membership.objects.create(lab=project.lab, user=emil.user, role=Role.REVIEWER)
    with pytest.raises(Refused) as refused:
        policies.may_claim(project=project, expert=emil)
    assert [fault.field for fault in refused.value.faults] == ["own_lab"]


# --- what the lab sees ------------------------------------------------------------------------------------------------


def test_applicants_come_waiting_first_and_best_first_with_their_degrees() -> None:
    project = opened(fields=["0533", "0531"])
    for name in ("Emil", "Lena"):
        who = expert(name)
        actions.apply(project=project, expert=who, by=who.user)
    emil = Application.objects.get(expert=expert("Emil"))
    actions.decline_application(application=emil, by=user("Mina"), reason="Full.")
    rows = list(applicants(project))
    assert [row.expert.user.name for row in rows] == ["Lena Fischer", "Emil Sørensen"]
    assert [degree.title for degree in rows[0].expert.degrees] == ["Dr. rer. nat."]  # type: ignore[attr-defined]


def test_applicants_cost_the_same_however_many(django_assert_max_num_queries: Any) -> None:
    project = opened(countries=["DK", "AT", "GH", "DE"])
    for name in ("Emil", "Lena", "Kofi", "Noor"):
        who = expert(name)
        actions.apply(project=project, expert=who, by=who.user)
    edit_profile(expert=expert("Noor"), by=user("Noor"), country="FR")
    project.fields = ["0533"]
    with django_assert_max_num_queries(4):
        rows = list(applicants(project))
        unmet = unmet_by(project, rows)
    by_name = {row.expert.user.name: [rule.rule for rule in unmet[row.pk]] for row in rows}
    assert by_name["Emil Sørensen"] == []
    assert by_name["Noor Haddad"] == ["fields", "countries"]


def test_applications_are_seen_by_the_lab_the_expert_and_ops() -> None:
    project, emil = opened(), expert("Emil")
    application = actions.apply(project=project, expert=emil, by=emil.user)
    for person in (user("Mina"), user("Rosa"), emil.user, user("Olu")):
        assert application in Application.objects.visible_to(person)
    assert application not in Application.objects.visible_to(expert("Lena").user)
    assert application not in Application.objects.visible_to(user("Sam"))


def test_the_sweep_is_the_products_own() -> None:
    with pytest.raises(NotAllowed):
        actions.lapse_applications(by=user("Mina"))  # type: ignore[arg-type]
    assert actions.lapse_applications(by=SYSTEM) == 0
