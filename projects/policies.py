"""Rules of projects that a role table cannot say: who may apply, who may claim, when a project may open."""

from __future__ import annotations

from accounts.models import AgreementKind, Lab
from core.errors import Fault, Refused
from experts.models import Expert
from payments.money import show
from payments.queries import standing_disputes
from projects.matching.requirements import Unmet, failed, flags, in_words, unmet
from projects.models import Application, Project
from projects.pricing import hourly

__all__ = [
    "EDITABLE_WHEN_RUNNING",
    "NEEDED_AGREEMENTS",
    "Unmet",
    "check_can_apply",
    "check_can_open",
    "check_eligible",
    "check_finished",
    "check_undecided_project",
    "eligibility",
    "may_claim",
    "unfinished",
    "unmet",
]

# Agreements without which no work may be handed in: what people may do here, and to whom the work belongs.
NEEDED_AGREEMENTS = (AgreementKind.TERMS, AgreementKind.DATA_LICENCE)

# What may still change once experts rely on the project. Price, clock and agreements may not.
EDITABLE_WHEN_RUNNING = frozenset(
    {"title", "brief", "min_level", "fields", "countries", "languages", "planned_tasks", "claims_per_expert"}
)


MAX_WITHDRAWN = 3
"""Each application is a letter to every manager of the lab."""


def eligibility(project: Project, expert: Expert) -> list[Unmet]:
    """The requirements of the project that the expert does not meet, with what would meet them; empty: eligible."""
    return unmet(expert, [project])[project.pk]


def check_eligible(project: Project, expert: Expert) -> None:
    """Raises Refused (not_eligible), naming each rule."""
    _refuse(eligibility(project, expert))


def _refuse(broken: list[Unmet]) -> None:
    if broken:
        faults = tuple(Fault(f"{rule.message} {rule.remedy}", field=rule.rule) for rule in broken)
        raise Refused(" ".join(rule.message for rule in broken), code="not_eligible", faults=faults)


def may_claim(*, project: Project, expert: Expert) -> Application:
    """The accepted application that gives the right to claim work now. One statement.

    Raises Refused: project_not_open, not_accepted, not_eligible, agreements_missing.
    """
    if project.status != Project.Status.OPEN:
        raise Refused("This project is not open now.", code="project_not_open")
    accepted = Application.objects.filter(project=project, expert=expert, status=Application.Status.ACCEPTED)
    application = accepted.annotate(**flags(project, "expert__match__")).first()
    if application is None:
        raise Refused("Apply first: only accepted experts work on this project.", code="not_accepted")
    if broken := failed(application):
        _refuse(in_words({project: broken})[project.pk])
    if application.consent_id is None:
        raise Refused("Read and accept this project's agreements first.", code="agreements_missing")
    return application


def check_can_apply(project: Project, expert: Expert) -> None:
    """Raises Refused: project_not_open, already_applied, declined, withdrawn_often, not_eligible."""
    if project.status != Project.Status.OPEN:
        raise Refused("This project is not open for applications.", code="project_not_open")
    earlier = list(Application.objects.filter(project=project, expert=expert).values_list("status", flat=True))
    if set(earlier) & set(Application.LIVE):
        raise Refused("You have applied to this project.", code="already_applied")
    if Application.Status.DECLINED in earlier:
        raise Refused("The lab declined your application to this project.", code="declined")
    if earlier.count(Application.Status.WITHDRAWN) >= MAX_WITHDRAWN:
        raise Refused("You have withdrawn from this project too often to apply again.", code="withdrawn_often")
    check_eligible(project, expert)


def check_undecided_project(project: Project) -> None:
    """People may join a project that is open or paused. Raises Refused (project_over)."""
    if project.status not in (Project.Status.OPEN, Project.Status.PAUSED):
        raise Refused("This project takes nobody in now.", code="project_over")


def unfinished(project: Project) -> list[Fault]:
    """What a draft still needs before it can be funded, each with the wizard's field."""
    kinds = {agreement.kind for agreement in project.agreements.all()}
    wanting = {
        "text": ("Write the instructions.", not project.instructions.exists()),
        "brief": ("Write the brief.", not project.brief.strip()),
        "pay": ("Set the pay for a task.", project.pay <= 0),
        "min_hourly": (_pays_too_little(project), 0 < hourly(project.pay, project.minutes) < project.min_hourly),
        "planned_tasks": ("Say how many tasks you plan.", project.planned_tasks <= 0),
        "agreements": ("Experts must accept the terms and a data licence.", not kinds.issuperset(NEEDED_AGREEMENTS)),
        "lab": ("Quorum confirms who your lab is before it opens a project.", not _confirmed(project.lab)),
    }
    return [Fault(message, field=field) for field, (message, missing) in wanting.items() if missing]


def _pays_too_little(project: Project) -> str:
    pays, least = hourly(project.pay, project.minutes), project.min_hourly
    return f"The pay is {show(pays, project.currency)} an hour; the least here is {show(least, project.currency)}."


def _confirmed(lab: Lab) -> bool:
    return lab.status == Lab.Status.CONFIRMED


def check_finished(project: Project) -> None:
    """Raises Refused (unfinished) with a fault for each thing that a draft still needs."""
    if wanting := unfinished(project):
        raise Refused(" ".join(fault.message for fault in wanting), code="unfinished", faults=tuple(wanting))


def check_can_open(project: Project, free: int) -> None:
    """`free`: unspent, unreserved funds. Raises Refused: unfinished, disputed, not_funded."""
    check_finished(project)
    if standing_disputes(project.public_id):
        raise Refused("A payment for this project is disputed; it cannot open until that is settled.", code="disputed")
    if free < project.seat_cost:
        cost = show(project.seat_cost, project.currency)
        raise Refused(f"A project opens once at least one seat is paid for: {cost}.", code="not_funded")
