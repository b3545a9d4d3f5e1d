"""Projects of Meridian AI at each stage, made by Mina."""

from __future__ import annotations

from typing import Any

from core.actors import SYSTEM
from core.ids import new_id
from payments import ledger
from payments.models import AccountKind
from projects.actions import create_project, open_project, publish_instructions
from projects.models import Application, Invitation, Project
from tests.people import lab, user

PLAN: dict[str, Any] = {
    "brief": "Compare two answers about **ice**.",
    "min_level": 6,
    "pay": 1_000,
    "minutes": 10,
    "overlap": 2,
    "planned_tasks": 20,
}


def draft(**fields: Any) -> Project:
    """A finished draft: nothing is missing but the money."""
    house = fields.pop("lab", None) or lab()
    plan = {**PLAN, **fields}
    title = plan.pop("title", "Why ice floats")
    made = create_project(lab=house, title=title, kind=plan.pop("kind", "preference"), by=user("Mina"), **plan)
    publish_instructions(project=made, text="Read both answers to their end.", by=user("Mina"))
    return made


def fund(project: Project, amount: int) -> None:
    lines = ledger.transfer(
        amount, debit=(AccountKind.STRIPE_CLEARING, ""), credit=(AccountKind.PROJECT_FUNDS, project.public_id)
    )
    ledger.post(key=f"fund:{new_id('fnd')}", kind="fund", lines=lines, currency="usd")


def opened(**fields: Any) -> Project:
    """Open, with money for every planned seat."""
    made = draft(**fields)
    fund(made, made.planned_tasks * made.overlap * made.seat_cost)
    return open_project(project=made, by=SYSTEM)


def fresh(thing: Any) -> Any:
    """The row as the database has it now."""
    assert isinstance(thing, (Project, Application, Invitation))
    return type(thing)._base_manager.get(pk=thing.pk)
