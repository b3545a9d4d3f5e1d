"""Questions about projects, and about who asks or is asked to work on them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import Lab, Role, User
from accounts.roles import LAB_ROLES, Permission
from experts.models import Credential, Expert, Field
from projects import words
from projects.matching.requirements import Unmet, failed, flags, in_words, matching, unmet
from projects.models import Application, InstructionVersion, Invitation, MatchRun, Project, Shortlisted

TASKS_PER_EXPERT = 10  # seats that one expert fills: a guess to size a team by
INVITED_PER_PLACE = 2  # about half of those invited answer


def current_instructions(project: Project) -> InstructionVersion | None:
    """The version that new work is made under."""
    return project.instructions.order_by("-number").first()


def match_count(project: Project) -> int:
    """Verified experts that the project wants and that want such work. Takes an unsaved project too."""
    return matching(project).count()


def managers(project: Project) -> QuerySet[User]:
    """Who decides for the lab: whoever may decide applications."""
    roles = [role for role in Role.values if Permission.APPLICATION_DECIDE in LAB_ROLES[role]]
    return User.objects.filter(memberships__lab=project.lab_id, memberships__role__in=roles, is_active=True)


def applicants(project: Project) -> QuerySet[Application]:
    """Applications with their experts and verified degrees; what waits first, best score first."""
    degrees = Credential.objects.filter(status=Credential.Status.VERIFIED).select_related("field").order_by("-level")
    waiting = Q(status__in=Application.OPEN)
    return (
        project.applications.select_related("expert__user")
        .prefetch_related(Prefetch("expert__credentials", queryset=degrees, to_attr="degrees"))
        .annotate(waiting=waiting, **flags(project, "expert__match__"))
        .order_by("-waiting", "-score", "pk")
    )


def works_in(expert: Expert) -> list[str]:
    """The open projects that accepted this expert and whose requirements they meet now."""
    accepted = Application.objects.filter(expert=expert, status=Application.Status.ACCEPTED)
    open_ = Project.objects.filter(status=Project.Status.OPEN, applications__in=accepted).select_related("lab")
    found = list(open_.order_by("pk"))
    broken = unmet(expert, found)
    return [f"{project.title} ({project.lab}, {project.public_id})" for project in found if not broken[project.pk]]


def unmet_by(project: Project, applications: Iterable[Application]) -> dict[int, list[Unmet]]:
    """Application key → requirements not met now, of rows from `applicants()`. At most one statement."""
    broken = {application.pk: failed(application) for application in applications}
    every = {rule for rules in broken.values() for rule in rules}
    worded = {unmet.rule: unmet for unmet in in_words({project: list(every)})[project.pk]}
    return {pk: [worded[rule.name] for rule in rules] for pk, rules in broken.items()}


def latest_applications(expert: Expert, projects: Iterable[Project]) -> dict[int, Application]:
    """Project key → the expert's last application to it."""
    found = Application.objects.filter(expert=expert, project__in=list(projects)).order_by("project", "-pk")
    return {application.project_id: application for application in found.distinct("project")}


def unanswered_invitations() -> QuerySet[Invitation]:
    """Those that still ask something: being taken on by an application answers them too."""
    return Invitation.objects.filter(status=Invitation.Status.SENT)


def open_invitations(expert: Expert) -> QuerySet[Invitation]:
    """Invitations the expert can still answer, soonest end first."""
    return unanswered_invitations().filter(expert=expert).select_related("project__lab").order_by("expires_at")


def sent_invitations(project: Project) -> QuerySet[Invitation]:
    """Unanswered ones, soonest end first."""
    return unanswered_invitations().filter(project=project).select_related("expert__user").order_by("expires_at")


def experts_wanted(project: Project) -> int:
    """How many people the planned work needs: one for each ten seats, and never fewer than the overlap."""
    tasks = project.pilot_tasks if project.in_pilot else project.planned_tasks
    return max(project.overlap, -(-tasks * project.overlap // TASKS_PER_EXPERT))


def invitations_to_send(project: Project) -> int:
    """How many more to invite: twice the people wanted, less whoever is asked or has asked already."""
    asked = sent_invitations(project).count()
    applied = project.applications.filter(status__in=Application.LIVE).count()
    return max(0, INVITED_PER_PLACE * experts_wanted(project) - asked - applied)


def contacted(project: Project) -> set[int]:
    """Keys of experts who were invited or have applied, with whatever answer: they are not asked again."""
    invited = project.invitations.values_list("expert_id", flat=True)
    return set(invited.union(project.applications.values_list("expert_id", flat=True)))


def shortlist(project: Project) -> list[Shortlisted]:
    """The last run's experts who are not contacted yet, best first."""
    run = MatchRun.objects.filter(project=project).order_by("-pk").first()
    if run is None:
        return []
    listed = run.shortlist.select_related("expert__user").exclude(expert__in=contacted(project))
    return list(listed.order_by("rank"))


def offers(expert: Expert) -> QuerySet[Project]:
    """Open projects as an expert browses them, newest first: not those of their own labs."""
    own = expert.user.memberships.values("lab")
    return Project.objects.on_offer().exclude(lab__in=own).select_related("lab").order_by("-opened_at", "-pk")


def open_to(expert: Expert) -> list[Project]:
    """Open projects whose every requirement the expert meets now, newest first."""
    every = list(offers(expert))
    broken = unmet(expert, every)
    return [project for project in every if not broken[project.pk]]


def waiting_to_open(lab: Lab) -> QuerySet[Project]:
    """Drafts of a lab that open by themselves once paid for."""
    return Project.objects.filter(lab=lab, status=Project.Status.DRAFT, open_when_funded=True)


def team(project: Project) -> QuerySet[User]:
    """The experts who were taken on."""
    accepted = project.applications.filter(status=Application.Status.ACCEPTED)
    return User.objects.filter(expert__applications__in=accepted, is_active=True)


def asks(project: Project) -> list[str]:
    """Who may work, in words: one line for each thing the project asks."""
    lines = [words.degree(project.min_level).removeprefix("a ").capitalize() + " or higher"]
    if project.fields:
        labels = dict(Field.objects.filter(code__in=project.fields).values_list("code", "label"))
        lines[0] += f" in {words.listed((labels.get(code, code) for code in project.fields), 'or')}"
    if project.countries:
        lines.append(f"Living in {words.listed(map(words.country, project.countries), 'or')}")
    if project.languages:
        lines.append(f"Working in {words.listed(map(words.language, project.languages))}")
    return lines
