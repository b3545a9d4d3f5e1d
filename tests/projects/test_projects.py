"""A project's life: drafted, priced, opened by money, paused, closed."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Agreement, AgreementKind
from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.events import history
from payments.models import Funding
from projects import actions
from projects.kinds import CHOICES
from projects.models import Project
from projects.policies import unfinished
from tests.people import expert, lab, user
from tests.projects.scene import draft, fresh, fund, opened

pytestmark = pytest.mark.django_db


BACK = {"success_url": "https://quorum.example/{FUNDING}", "cancel_url": "https://quorum.example/"}


def names(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [fault.field for fault in refused.value.faults]


def events(project: Project) -> list[str]:
    return [event.name for event in history(project.public_id)]


# --- drafting ---------------------------------------------------------------------------------------------------------


def test_a_draft_starts_with_todays_fee_and_the_newest_agreements(settings: Any) -> None:
    settings.PLATFORM_FEE_BPS = 1_500
    made = actions.create_project(lab=lab(), title="  Ice ", kind="preference", by=user("Mina"), pay=1_001)
    assert (made.title, made.status, made.fee_bps) == ("Ice", "draft", 1_500)
    assert made.fee == 150  # rounded down
    assert {agreement.kind for agreement in made.agreements.all()} == set(AgreementKind.values)
    assert events(made) == ["project.created"]


def test_the_lab_may_choose_the_agreements() -> None:
    terms = Agreement.objects.filter(kind=AgreementKind.TERMS)
    made = actions.create_project(lab=lab(), title="Ice", kind="preference", by=user("Mina"), agreements=terms)
    assert list(made.agreements.all()) == list(terms)
    actions.edit_project(project=made, by=user("Mina"), agreements=[])
    assert [fault.field for fault in unfinished(made)] == ["text", "brief", "pay", "planned_tasks", "agreements"]


def test_the_lease_follows_the_usual_minutes_unless_given() -> None:
    made = draft()
    assert made.lease_minutes == 60
    assert actions.edit_project(project=made, by=user("Mina"), minutes=45).lease_minutes == 180
    assert actions.edit_project(project=made, by=user("Mina"), minutes=20, lease_minutes=500).lease_minutes == 500
    assert actions.edit_project(project=made, by=user("Mina"), title="New").lease_minutes == 500


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "poetry"}, "kind"),
        ({"title": "  "}, "title"),
        ({"decision_days": 8}, "decision_days"),
        ({"overlap": 0}, "overlap"),
        ({"min_level": 5}, "min_level"),
        ({"partial_pay_percent": 49}, "partial_pay_percent"),
        ({"minutes": 0}, "minutes"),
        ({"fields": ["0533", "7777"]}, "fields"),
        ({"pay": -1}, "pay"),
    ],
)
def test_what_is_not_right_is_named_and_nothing_is_kept(fields: dict[str, Any], field: str) -> None:
    made = draft()
    with pytest.raises(Invalid) as refused:
        actions.edit_project(project=made, by=user("Mina"), **fields)
    assert field in names(refused)
    assert getattr(fresh(made), field) == getattr(made, field)


def test_a_field_that_people_do_not_fill_in_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="status"):
        actions.create_project(lab=lab(), title="Ice", kind="preference", by=user("Mina"), status="open")


def test_only_those_who_write_projects_write_them() -> None:
    made = draft()
    for name in ("Rosa", "Sam", "Olu"):
        with pytest.raises(NotAllowed):
            actions.create_project(lab=lab(), title="Ice", kind="preference", by=user(name))
        with pytest.raises(NotAllowed):
            actions.edit_project(project=made, by=user(name), title="Mine")
        with pytest.raises(NotAllowed):
            actions.publish_instructions(project=made, text="x", by=user(name))
        for act in (actions.open_project, actions.pause_project, actions.close_project, actions.cancel_project):
            with pytest.raises(NotAllowed):
                act(project=made, by=user(name))
        for act in (actions.resume_project, actions.confirm_pilot):
            with pytest.raises(NotAllowed):
                act(project=made, by=user(name))
        with pytest.raises(NotAllowed):
            actions.fund_project(project=made, amount=5_000, **BACK, by=user(name))


def test_once_open_the_price_stands_but_the_brief_may_change() -> None:
    project = opened()
    changed = actions.edit_project(project=project, by=user("Mina"), brief="Better.", languages=["de"])
    assert (changed.brief, changed.languages) == ("Better.", ["de"])
    with pytest.raises(Invalid) as refused:
        actions.edit_project(project=project, by=user("Mina"), pay=1, overlap=1, title="x")
    assert names(refused) == ["overlap", "pay"]
    actions.close_project(project=project, by=user("Mina"))
    with pytest.raises(WrongState):
        actions.edit_project(project=project, by=user("Mina"), title="x")


# --- instructions -----------------------------------------------------------------------------------------------------


def test_instructions_are_versions_and_the_same_text_is_the_same_version() -> None:
    made = draft()
    second = actions.publish_instructions(project=made, text="Second.", by=user("Mina"))
    assert second.number == 2
    assert actions.publish_instructions(project=made, text="Second.", by=user("Mina")) == second
    assert [str(version) for version in made.instructions.all()] == [
        "Why ice floats, version 2",
        "Why ice floats, version 1",
    ]
    with pytest.raises(Invalid) as refused:
        actions.publish_instructions(project=made, text=" \n", by=user("Mina"))
    assert names(refused) == ["text"]


# --- money opens ------------------------------------------------------------------------------------------------------


def test_a_project_opens_only_with_funds_for_a_seat() -> None:
    made = draft()
    with pytest.raises(Refused) as refused:
        actions.open_project(project=made, by=user("Mina"))
    assert refused.value.code == "not_funded"
    fund(made, made.seat_cost - 1)
    with pytest.raises(Refused):
        actions.open_project(project=made, by=user("Mina"))
    fund(made, 1)
    project = actions.open_project(project=made, by=user("Mina"))
    assert project.status == "open"
    assert project.opened_at is not None


def test_an_unfinished_draft_names_what_is_missing() -> None:
    made = actions.create_project(lab=lab(), title="Ice", kind="preference", by=user("Mina"))
    fund(made, 100_000)
    with pytest.raises(Refused) as refused:
        actions.open_project(project=made, by=user("Mina"))
    assert refused.value.code == "unfinished"
    assert names(refused) == ["text", "brief", "pay", "planned_tasks"]


def test_a_lab_nobody_has_confirmed_opens_nothing_and_pays_nothing() -> None:
    made = draft(lab=lab("Newcomer", confirmed=False))
    with pytest.raises(Refused) as refused:
        actions.fund_project(project=made, amount=5_000, **BACK, by=user("Ada"))
    assert names(refused) == ["lab"]


def test_funding_a_draft_lets_it_open_by_itself() -> None:
    made = draft()
    funding = actions.fund_project(project=made, amount=60_000, **BACK, by=user("Mina"))
    assert (funding.ref, funding.amount, funding.title) == (made.public_id, 60_000, made.title)
    assert fresh(made).open_when_funded
    assert actions.open_if_funded(project=made).status == "draft"  # Stripe has said nothing yet
    fund(made, 50_000)
    assert actions.open_if_funded(project=made).status == "open"
    assert actions.open_if_funded(project=made).status == "open"  # again: nothing more


def test_a_draft_that_nobody_asked_to_open_stays_a_draft() -> None:
    made = draft()
    fund(made, 50_000)
    assert actions.open_if_funded(project=made).status == "draft"


def test_a_running_project_takes_more_funds_and_a_closed_one_none() -> None:
    project = opened()
    funding = actions.fund_project(project=project, amount=5_000, **BACK, by=user("Mina"))
    assert funding.status == "pending"
    assert not fresh(project).open_when_funded
    actions.close_project(project=project, by=user("Mina"))
    with pytest.raises(WrongState):
        actions.fund_project(project=project, amount=5_000, **BACK, by=user("Mina"))


# --- running ----------------------------------------------------------------------------------------------------------


def test_pause_resume_close() -> None:
    project = opened()
    assert actions.pause_project(project=project, by=user("Mina"), note="Rethinking").status == "paused"
    with pytest.raises(WrongState):
        actions.open_project(project=project, by=user("Mina"))
    assert actions.resume_project(project=project, by=user("Mina")).status == "open"
    with pytest.raises(WrongState):
        actions.resume_project(project=project, by=user("Mina"))
    closed = actions.close_project(project=project, by=user("Mina"))
    assert closed.closed_at is not None
    assert events(project)[-4:] == ["project.open", "project.paused", "project.open", "project.closed"]


def test_a_draft_without_money_may_be_dropped() -> None:
    made = draft()
    assert actions.cancel_project(project=made, by=user("Mina")).status == "cancelled"
    rich = draft()
    fund(rich, 100)
    with pytest.raises(Refused) as refused:
        actions.cancel_project(project=rich, by=user("Mina"))
    assert refused.value.code == "has_funds"
    paying = draft()
    funding = actions.fund_project(project=paying, amount=5_000, **BACK, by=user("Mina"))
    Funding.objects.filter(pk=funding.pk).update(status="processing")  # a bank debit takes days
    with pytest.raises(Refused) as refused:
        actions.cancel_project(project=paying, by=user("Mina"))
    assert refused.value.code == "has_funds"


def test_a_pilot_is_confirmed_once() -> None:
    project = opened(pilot_tasks=5)
    assert project.in_pilot
    confirmed = actions.confirm_pilot(project=project, by=user("Mina"))
    assert not confirmed.in_pilot
    assert events(project)[-1] == "project.pilot_confirmed"
    with pytest.raises(WrongState):
        actions.confirm_pilot(project=project, by=user("Mina"))
    with pytest.raises(WrongState):
        actions.confirm_pilot(project=draft(pilot_tasks=5), by=user("Mina"))


def test_the_database_refuses_an_open_project_without_pay() -> None:
    made = draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.filter(pk=made.pk).update(status="open", pay=0)


# --- who sees it ------------------------------------------------------------------------------------------------------


def test_projects_are_seen_by_their_lab_and_by_ops() -> None:
    made = draft()
    assert str(made) == "Why ice floats"
    for name in ("Ada", "Mina", "Rosa", "Olu"):
        assert made in Project.objects.visible_to(user(name))
    assert made not in Project.objects.visible_to(user("Sam"))
    assert made not in Project.objects.visible_to(expert("Emil").user)


def test_every_kind_may_be_chosen() -> None:
    for slug, _ in CHOICES:
        assert actions.create_project(lab=lab(), title=slug, kind=slug, by=user("Mina")).kind == slug


def test_the_product_itself_may_do_everything() -> None:
    assert actions.pause_project(project=opened(), by=SYSTEM).status == "paused"
