"""A project's life: drafted, priced, opened, paused, closed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import Lab, User
from accounts.queries import current_agreements
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor, System
from core.errors import Fault, Invalid, Refused, WrongState
from core.events import history, record
from core.transitions import lock, move, step
from experts.models import Field
from payments import actions as payments
from payments import queries as money
from payments.models import Funding
from payments.money import fee_on, show
from projects.kinds import CHOICES
from projects.models import InstructionVersion, Project
from projects.policies import EDITABLE_WHEN_RUNNING, check_can_open, check_finished
from projects.pricing import usual_lease

Status = Project.Status

LONGEST_LEASE = 30 * 24 * 60  # minutes
EDITABLE = EDITABLE_WHEN_RUNNING | {
    "kind",
    "pay",
    "minutes",
    "min_hourly",
    "overlap",
    "decision_days",
    "pilot_tasks",
    "lease_minutes",
    "partial_pay_percent",
    "agreements",
}


@transaction.atomic
def create_project(*, lab: Lab, title: str, kind: str, by: User, **fields: Any) -> Project:
    """A draft with today's platform fee and the newest agreements. `fields`: see `edit_project`. Raises Invalid."""
    authorise(by, Permission.PROJECT_EDIT, lab=lab)
    project = Project(lab=lab, title=title, kind=kind, created_by=by, fee_bps=settings.PLATFORM_FEE_BPS)
    project.min_hourly = settings.QUORUM_MIN_HOURLY
    project.lease_minutes = usual_lease(project.minutes)
    _fill(project, {key: value for key, value in fields.items() if key != "agreements"})
    project.save()
    project.agreements.set(fields.get("agreements", current_agreements()))
    record("project.created", project.public_id, by=by)
    return project


@transaction.atomic
def edit_project(*, project: Project, by: Actor, **fields: Any) -> Project:
    """Change some of EDITABLE; once it has opened, of EDITABLE_WHEN_RUNNING. Amounts are minor units per seat.

    The fee follows the pay, the lease follows the minutes unless given. Raises Invalid, WrongState.
    """
    authorise(by, Permission.PROJECT_EDIT, lab=project.lab)
    project = lock(project)
    if project.status in (Status.CLOSED, Status.CANCELLED):
        raise WrongState(f"This project is {project.status}; it cannot be changed.")
    fixed = set(fields) - (EDITABLE if project.status == Status.DRAFT else EDITABLE_WHEN_RUNNING)
    if fixed:
        words = "This cannot change now: people work under it."
        raise Invalid(words, faults=tuple(Fault(words, field=name) for name in sorted(fixed)))
    agreements = fields.pop("agreements", None)
    _fill(project, fields)
    project.save()
    if agreements is not None:
        project.agreements.set(agreements)
    record("project.edited", project.public_id, by=by, data={"fields": sorted(fields)})
    return project


def _fill(project: Project, fields: dict[str, Any]) -> None:
    if unknown := set(fields) - EDITABLE - {"agreements"}:
        raise TypeError(f"Not a field that people fill in: {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        setattr(project, name, value)
    if project.min_hourly < settings.QUORUM_MIN_HOURLY and "min_hourly" in fields:
        words = f"The least that a project promises is {show(settings.QUORUM_MIN_HOURLY, project.currency)} an hour."
        raise Invalid(words, faults=(Fault(words, field="min_hourly"),))
    if "minutes" in fields and "lease_minutes" not in fields:
        project.lease_minutes = usual_lease(project.minutes)
    project.title = project.title.strip()
    _check(project)
    project.fee = fee_on(project.pay, project.fee_bps)


def _check(project: Project) -> None:
    faults = []
    try:
        project.full_clean(exclude=["lab", "created_by"])
    except ValidationError as error:
        faults += [Fault(message, field=name) for name, found in error.message_dict.items() for message in found]
    if project.kind not in dict(CHOICES):
        faults.append(Fault("Choose a kind of task.", field="kind"))
    if project.lease_minutes > LONGEST_LEASE:
        faults.append(Fault("A task is held for 30 days at most.", field="lease_minutes"))
    if project.minutes < 1:
        faults.append(Fault("Say how many minutes a task usually takes.", field="minutes"))
    known = (
        set(Field.objects.filter(code__in=project.fields).values_list("code", flat=True)) if project.fields else set()
    )
    if unknown := set(project.fields) - known:
        faults.append(Fault(f"Unknown field of study: {', '.join(sorted(unknown))}.", field="fields"))
    if faults:
        raise Invalid("Some of this is not right yet.", faults=tuple(faults))


@transaction.atomic
def publish_instructions(*, project: Project, text: str, by: User) -> InstructionVersion:
    """The next version; work already begun keeps the one it names. The same text again is the same version."""
    authorise(by, Permission.PROJECT_EDIT, lab=project.lab)
    project = lock(project)
    if not text.strip():
        raise Invalid("Write the instructions.", faults=(Fault("Write the instructions.", field="text"),))
    latest = project.instructions.order_by("-number").first()
    if latest is not None and latest.text == text:
        return latest
    number = latest.number + 1 if latest else 1
    version = InstructionVersion.objects.create(project=project, number=number, text=text, written_by=by)
    record("project.instructions", project.public_id, by=by, data={"version": number})
    return version


@transaction.atomic
def fund_project(
    *, project: Project, amount: int, success_url: str, cancel_url: str, by: Actor, method: str = Funding.Method.CARD
) -> Funding:
    """Ask for `amount` (what the lab pays, minor units); a draft opens by itself once Stripe says paid.

    Send the person on with `payments.actions.start_checkout(funding=…)`, after this transaction.
    A closed project takes funds while it owes people something.
    Raises Refused (unfinished), Invalid (the amount, or a new lab's limit for cards), WrongState.
    """
    authorise(by, Permission.PROJECT_FUND, lab=project.lab)
    project = lock(project)
    owes = project.status == Status.CLOSED and money.owed_first(project.public_id)
    if project.status not in (Status.DRAFT, Status.OPEN, Status.PAUSED) and not owes:
        raise WrongState(f"This project is {project.status}; it takes no more funds.")
    if project.status == Status.DRAFT:
        check_finished(project)
        project.open_when_funded = True
        project.save(update_fields=["open_when_funded"])
    return payments.open_funding(
        ref=project.public_id,
        lab=project.lab,
        amount=amount,
        currency=project.currency,
        title=project.title,
        method=method,
        success_url=success_url,
        cancel_url=cancel_url,
        by=by,
    )


@transaction.atomic
def open_project(*, project: Project, by: Actor) -> Project:
    """Experts see it from now on. Raises Refused (unfinished, not_funded), WrongState."""
    authorise(by, Permission.PROJECT_EDIT, lab=project.lab)
    project = lock(project)
    if project.status != Status.DRAFT:
        raise WrongState(f"This project is {project.status}; only a draft is opened.")
    check_can_open(project, money.free_funds(project.public_id))
    return step(project, Status.OPEN, by=by, opened_at=timezone.now(), open_when_funded=False)


@transaction.atomic
def open_if_funded(*, project: Project, by: System = SYSTEM) -> Project:
    """A draft that was to open once paid for opens, if it is; any other stays as it is.

    Raises Refused (unfinished) where the draft was changed since, or its lab is not confirmed yet.
    """
    authorise(by, Permission.PROJECT_EDIT, lab=project.lab)
    project = lock(project)
    if project.status != Status.DRAFT or not project.open_when_funded:
        return project
    if money.free_funds(project.public_id) < project.seat_cost:
        return project
    return open_project(project=project, by=by)


@transaction.atomic
def pause_project(*, project: Project, by: Actor, note: str = "") -> Project:
    """No new claims; whoever holds work finishes it."""
    authorise(by, Permission.PROJECT_EDIT, lab=project.lab)
    return move(project, Status.PAUSED, by=by, note=note)


@transaction.atomic
def resume_project(*, project: Project, by: Actor) -> Project:
    authorise(by, Permission.PROJECT_EDIT, lab=project.lab)
    project = lock(project)
    if project.status != Status.PAUSED:
        raise WrongState(f"This project is {project.status}; only a paused one is resumed.")
    return step(project, Status.OPEN, by=by)


@transaction.atomic
def close_project(*, project: Project, by: Actor, note: str = "") -> Project:
    """For good: no new claims, no more funds; what is handed in is still decided and paid."""
    authorise(by, Permission.PROJECT_EDIT, lab=project.lab)
    project = move(project, Status.CLOSED, by=by, note=note, closed_at=timezone.now())
    payments.cancel_fundings(ref=project.public_id, lab=project.lab, by=by)
    return project


@transaction.atomic
def cancel_project(*, project: Project, by: Actor, note: str = "") -> Project:
    """Drop a draft, and its payment pages. Raises Refused (has_funds) once it holds money, or money is on its way."""
    authorise(by, Permission.PROJECT_EDIT, lab=project.lab)
    project = lock(project)
    payments.cancel_fundings(ref=project.public_id, lab=project.lab, by=by)
    if money.free_funds(project.public_id):
        raise Refused("This draft holds funds; open it, or ask us to send them back.", code="has_funds")
    if Funding.objects.filter(ref=project.public_id, status=Funding.Status.PROCESSING).exists():
        raise Refused("A payment for this draft is on its way; wait until it has arrived.", code="has_funds")
    return step(project, Status.CANCELLED, by=by, note=note, closed_at=timezone.now(), open_when_funded=False)


@transaction.atomic
def freeze_project(*, project: Project, by: Actor, note: str = "") -> Project:
    """A payment is disputed: no new claims, no seats, no refunds. What is held goes on and is paid.

    A draft stays one and cannot open; what is over stays over.
    """
    authorise(by, Permission.MONEY_OPERATE)
    project = lock(project)
    if project.status not in (Status.OPEN, Status.PAUSED):
        return project
    return step(project, Status.FROZEN, by=by, note=note)


@transaction.atomic
def unfreeze_project(*, project: Project, by: Actor, note: str = "") -> Project:
    """Back to what it was when it froze. Raises Invalid (a person gives no reason), WrongState."""
    authorise(by, Permission.MONEY_OPERATE)
    if not isinstance(by, System) and not note.strip():
        raise Invalid("Say why, for the record.")
    project = lock(project)
    if project.status != Status.FROZEN:
        raise WrongState(f"This project is {project.status}; only a frozen one is unfrozen.")
    frozen = [event for event in history(project.public_id) if event.name == "project.frozen"]
    return step(project, frozen[-1].before, by=by, note=note)


@transaction.atomic
def confirm_pilot(*, project: Project, by: Actor) -> Project:
    """The pilot's answers are what was wanted: the other tasks may open. Raises WrongState without a running pilot."""
    authorise(by, Permission.PROJECT_EDIT, lab=project.lab)
    project = lock(project)
    if not project.in_pilot or project.status not in (Status.OPEN, Status.PAUSED):
        raise WrongState("There is no pilot to confirm.")
    project.pilot_confirmed_at = timezone.now()
    project.save(update_fields=["pilot_confirmed_at"])
    record("project.pilot_confirmed", project.public_id, by=by)
    return project
