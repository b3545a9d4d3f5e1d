"""A project of Meridian AI that runs: paid for, with tasks, and with experts who may work on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.actors import SYSTEM
from core.ids import new_id
from experts.models import Expert
from payments import ledger
from payments.models import AccountKind
from payments.money import fee_on
from projects.actions import accept_application, accept_project_agreements, apply, publish_instructions
from projects.kinds import kind
from projects.models import Application, Project
from tasks.actions import claim_next, open_seats, submit
from tasks.models import Seat, Submission, Task
from tasks.rows import sha256_of
from tests.people import agreements, expert, lab, user

EXAMPLE = kind("preference").EXAMPLE
PAY, FEE = 1_000, 200


def project(tasks: int = 3, *, seats_for: int | None = None, status: str = "open", **fields: Any) -> Project:
    """`tasks` A/B comparisons at $10.00 + $2.00, funded and opened for `seats_for` seats (default: all)."""
    house = fields.pop("lab", None) or lab()
    given = {"pay": PAY, "fee": fee_on(fields.get("pay", PAY), 2_000), "overlap": 1, "min_level": 6, **fields}
    made = Project.objects.create(
        lab=house,
        title="Why ice floats",
        kind="preference",
        brief="Compare two answers.",
        status=status,
        planned_tasks=tasks,
        opened_at=timezone.now(),
        created_by=user("Mina"),
        **given,
    )
    made.agreements.set(agreements())
    publish_instructions(project=made, text="Read both answers to their end.", by=user("Mina"))
    add_tasks(made, tasks)
    fund(made, (tasks * made.overlap if seats_for is None else seats_for) * made.seat_cost)
    open_seats(project=made, by=SYSTEM)
    return made


def add_tasks(made: Project, count: int, **fields: Any) -> list[Task]:
    payload = EXAMPLE.payload
    given = {"overlap": made.overlap, "payload": payload, "payload_sha256": sha256_of(payload), **fields}
    return Task.objects.bulk_create(Task(project=made, **given) for _ in range(count))


@transaction.atomic
def fund(made: Project, amount: int) -> None:
    if amount:
        lines = ledger.transfer(
            amount, debit=(AccountKind.STRIPE_CLEARING, ""), credit=(AccountKind.PROJECT_FUNDS, made.public_id)
        )
        ledger.post(key=f"fund:{new_id('fnd')}", kind="fund", lines=lines, currency="usd")


def accepted(name: str, on: Project, *, signed: bool = True) -> Expert:
    """The expert of this first name, taken on by Mina, with the agreements signed."""
    who = expert(name, country="DE")
    application = apply(project=on, expert=who, by=who.user)
    accept_application(application=application, by=user("Mina"))
    if signed:
        accept_project_agreements(application=Application.objects.get(pk=application.pk), by=who.user)
    return who


def answer(**changed: Any) -> dict[str, Any]:
    return {"strength": -2, "rationale": "The first answer names the lattice; the second has it backwards.", **changed}


def claimed(on: Project, name: str = "Emil") -> Submission:
    who = Expert.objects.filter(user=user(name), applications__project=on).first() or accepted(name, on)
    return claim_next(project=on, expert=who, by=who.user)


def handed_in(on: Project, name: str = "Emil", **changed: Any) -> Submission:
    work = claimed(on, name)
    return submit(submission=work, response=answer(**changed), by=work.expert.user)


def fresh(thing: Any) -> Any:
    return type(thing)._base_manager.get(pk=thing.pk)


def pass_time(work: Submission, **by: float) -> Submission:
    """Let every clock of this work run on, by moving what it remembers into the past."""
    past = timedelta(**by)
    Submission.objects.filter(pk=work.pk).update(
        started_at=F("started_at") - past,
        submitted_at=F("submitted_at") - past,
        decide_by=F("decide_by") - past,
        appeal_by=F("appeal_by") - past,
        decided_at=F("decided_at") - past,
    )
    Seat.objects.filter(pk=work.seat_id).update(lease_until=F("lease_until") - past)
    found: Submission = fresh(work)
    return found


def money(of: Project) -> tuple[int, int]:
    """(free, reserved) in minor units."""
    held = ledger.balances(of.public_id)
    return held.get("project_funds", 0), held.get("project_reserved", 0)


def owed(who: Expert) -> int:
    return ledger.balance(AccountKind.EXPERT_PAYABLE, who.user.public_id)
