"""What the expert's pages ask: what to do next, what is due, what was said of the work, what it pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Consent, Notice, User
from core.models import Event
from experts.diplomas.making import Figure
from experts.models import Credential, Expert
from projects.models import Application, Invitation, Project
from projects.pricing import hourly
from projects.queries import unanswered_invitations
from tasks.models import Seat, Submission

_S = Submission.Status
WORKING = (_S.RETURNED, _S.DRAFT)


def expert_of(user: User) -> Expert | None:
    """The user's expert side with what explains an empty queue, in one statement: `credential_status`,
    `credential_by`, `invitations_open`, `applications_open`, `applications_by`."""
    credential = Credential.objects.filter(expert=OuterRef("pk")).order_by("-claimed_at")
    asked = Application.objects.filter(expert=OuterRef("pk"), status__in=Application.OPEN)
    sent = unanswered_invitations().filter(expert=OuterRef("pk"))
    return (
        Expert.objects.filter(user=user)
        .select_related("match")
        .annotate(
            verified=Exists(credential.filter(status=Credential.Status.VERIFIED)),
            credential_status=Coalesce(Subquery(credential.values("status")[:1]), Value("")),
            credential_by=Subquery(credential.values("answer_by")[:1]),
            invitations_open=_number(sent),
            applications_open=_number(asked),
            applications_by=Subquery(asked.order_by("answer_by").values("answer_by")[:1]),
        )
        .first()
    )


def _number(rows: QuerySet[Application] | QuerySet[Invitation]) -> Coalesce:
    counted = rows.order_by().values("expert").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), Value(0))


def on_the_desk(expert: Expert) -> list[Submission]:
    """What the expert holds: returned work first, then the shortest lease. One statement, over the live seats."""
    live = {"seat__expert": expert, "seat__status": Seat.Status.CLAIMED, "seat__lease_until__isnull": False}
    held = Submission.objects.filter(**live, status__in=WORKING).select_related("seat", "project__lab", "task")
    rows = list(held.defer("response", "draft", "task__payload", "project__brief").order_by("seat__lease_until", "pk"))
    return sorted(rows, key=lambda submission: submission.status != _S.RETURNED)


def under_way(expert: Expert) -> list[str]:
    """Begun or handed in and not settled, a line a project: "Why ice floats (prj_…): 1 to finish, 2 to review"."""
    unsettled = Submission.objects.filter(expert=expert, seat__status=Seat.Status.CLAIMED, seat__expert=expert)
    counted = unsettled.values("project__title", "project__public_id").annotate(
        begun=Count("pk", filter=Q(status__in=WORKING)),
        waits=Count("pk", filter=~Q(status__in=(*WORKING, _S.RELEASED))),
    )
    lines = []
    for row in counted.filter(Q(begun__gt=0) | Q(waits__gt=0)).order_by("project__public_id"):
        counts = ((row["begun"], "to finish"), (row["waits"], "to review"))
        parts = [f"{count} {words}" for count, words in counts if count]
        lines.append(f"{row['project__title']} ({row['project__public_id']}): {', '.join(parts)}")
    return lines


@dataclass(frozen=True)
class Queue:
    """One project this expert may work on."""

    project: Project
    application: Application
    free: int  # funded seats on tasks that this expert holds no seat of
    next_lease_ends: datetime | None  # when somebody's seat may come back at the latest
    holding: int  # under a lease; returned work has none
    to_sign: bool  # an agreement of the project is not accepted yet

    @property
    def hourly(self) -> int:
        return hourly(self.project.pay, self.project.minutes)

    @property
    def agreed(self) -> bool:
        return not self.to_sign

    @property
    def full_hands(self) -> bool:
        return self.holding >= self.project.claims_per_expert

    @property
    def ready(self) -> bool:
        return self.project.status == Project.Status.OPEN and self.free > 0 and self.agreed and not self.full_hands


def _queue(row: Any, holding: int) -> Queue:
    """`row`: an application with the annotations of `queues`."""
    return Queue(row.project, row, row.free, row.lease_ends, holding, row.to_sign)


def queues(expert: Expert, desk: list[Submission]) -> list[Queue]:
    """The projects whose application was accepted, best paid by the hour first. One statement."""
    own = Seat.objects.filter(task=OuterRef("task"), expert=expert)
    open_seats = Seat.objects.filter(project=OuterRef("project"), status=Seat.Status.FUNDED).exclude(Exists(own))
    leased = Seat.objects.filter(project=OuterRef("project"), status=Seat.Status.CLAIMED, lease_until__isnull=False)
    wanted = Project.agreements.through.objects.filter(project=OuterRef("project"))
    given = Consent.agreements.through.objects.filter(consent=OuterRef(OuterRef("consent")))
    accepted = Application.objects.filter(
        expert=expert,
        status=Application.Status.ACCEPTED,
        project__status__in=[Project.Status.OPEN, Project.Status.PAUSED],
    ).select_related("project__lab")
    rows = accepted.annotate(
        free=Coalesce(Subquery(open_seats.order_by().values("project").annotate(n=Count("pk")).values("n")), Value(0)),
        to_sign=Exists(wanted.exclude(agreement__in=given.values("agreement"))),
        lease_ends=Subquery(leased.order_by().values("project").annotate(at=Min("lease_until")).values("at")),
    )
    held = [submission.project_id for submission in desk if submission.seat.lease_until]
    found = [_queue(row, held.count(row.project_id)) for row in rows]
    return sorted(found, key=lambda queue: (not queue.ready, -queue.hourly, queue.project.pk))


@dataclass(frozen=True)
class InReview:
    pay: int
    answers: int
    next_decision: datetime | None


def waiting(user: User) -> QuerySet[Submission]:
    """This person's answers that wait for a decision, with project and seat, soonest decision first."""
    mine = Submission.objects.filter(expert__user=user, status=_S.SUBMITTED)
    return mine.select_related("project", "seat").defer("response", "draft").order_by("decide_by", "pk")


def in_review(expert: Expert) -> InReview:
    """What was handed in and waits for a decision."""
    waiting = Submission.objects.filter(expert=expert, status=_S.SUBMITTED)
    return InReview(
        **waiting.aggregate(pay=Coalesce(Sum("seat__pay"), 0), answers=Count("pk"), next_decision=Min("decide_by"))
    )


def latest_notice(user: User) -> Notice | None:
    """The one message of the home page: the newest that was not read."""
    return Notice.objects.filter(user=user, read_at=None).order_by("-pk").first()


@dataclass(frozen=True)
class Empty:
    """Why there is nothing to do, when that is likely to change, and the one useful thing to do meanwhile."""

    why: str
    when: datetime | None
    before: str  # words in front of the date
    action: str
    url_name: str


def why_empty(expert: Expert, found: list[Queue]) -> Empty:
    """Says why no task can be claimed now. `expert` comes from `expert_of`, `found` from `queues`."""
    facts = expert.__dict__
    if not facts["verified"]:
        return _without_credential(facts)
    if facts["invitations_open"]:
        many = facts["invitations_open"]
        words = "An invitation waits" if many == 1 else f"{many} invitations wait"
        return Empty(f"{words} for your answer.", None, "", "Answer invitations", "projects:mine")
    if not found:
        return _without_project(facts)
    return _with_projects(found)


def _without_credential(facts: dict[str, object]) -> Empty:
    status = facts["credential_status"]
    action = ("Open your credentials", "experts:profile")
    if status == Credential.Status.EVIDENCED:
        by = facts["credential_by"]
        when = by if isinstance(by, datetime) else None
        return Empty(
            "Your credential is being checked. Work opens once it is verified.", when, "You have an answer by", *action
        )
    if status == Credential.Status.NEEDS_MORE:
        return Empty("The reviewer of your credential asked for more.", None, "", *action)
    if status == Credential.Status.REFUSED:
        return Empty("Your credential was refused. The reason and what would help stand beside it.", None, "", *action)
    return Empty(
        "Projects need a verified degree, and you have not shown one yet.", None, "", "Add a credential", action[1]
    )


def _without_project(facts: dict[str, object]) -> Empty:
    if facts["applications_open"]:
        by = facts["applications_by"]
        when = by if isinstance(by, datetime) else None
        return Empty(
            "The labs have not answered your applications yet.",
            when,
            "You have an answer by",
            "Browse projects",
            "tasks:browse",
        )
    return Empty("You have not joined a project yet.", None, "", "Browse projects", "tasks:browse")


def _with_projects(found: list[Queue]) -> Empty:
    leases = [queue.next_lease_ends for queue in found if queue.next_lease_ends]
    when = min(leases, default=None)
    browse = ("Browse projects", "tasks:browse")
    if all(queue.project.status == Project.Status.PAUSED for queue in found):
        return Empty("Your projects are paused by their labs. What you hold can still be handed in.", None, "", *browse)
    if any(queue.full_hands and queue.free for queue in found):
        return Empty("You hold as many tasks as the project allows at once. Hand one in first.", None, "", *browse)
    if when:
        return Empty(
            "Every funded task of your projects is claimed by somebody.", when, "The next may come back by", *browse
        )
    return Empty("Every funded task of your projects is done or claimed by somebody.", None, "", *browse)


# --- What became of it ------------------------------------------------------------------------------------------------


def handed_in(expert: Expert, *, status: str = "", project: str = "") -> QuerySet[Submission]:
    """The expert's own submissions, newest first; `project` is a public id."""
    rows = Submission.objects.filter(expert=expert).exclude(status=_S.RELEASED)
    rows = rows.select_related("project", "seat", "task", "appeal")
    rows = rows.defer("response", "draft", "task__payload", "project__brief")
    rows = rows.filter(status=status) if status else rows
    rows = rows.filter(project__public_id=project) if project else rows
    return rows.order_by("-pk")


def decided_lately(expert: Expert) -> list[Submission]:
    """The five newest answers that somebody decided on; in the order of an index, however many there are."""
    return list(handed_in(expert).filter(decided_at__isnull=False)[:5])


def worked_on(expert: Expert) -> QuerySet[Project]:
    return Project.objects.filter(applications__expert=expert).distinct().only("public_id", "title").order_by("title")


def may_appeal(submission: Submission) -> bool:
    """For the page that shows the form; `actions.appeal` checks again."""
    rejected = submission.status == _S.REJECTED and submission.appeal_by is not None
    return rejected and submission.appeal_by > timezone.now() and not hasattr(submission, "appeal")  # type: ignore[operator]


def is_first(submission: Submission) -> bool:
    """Whether the expert has never handed anything in on this project."""
    earlier = Submission.objects.filter(expert=submission.expert_id, project=submission.project_id)
    return not earlier.filter(submitted_at__isnull=False).exists()


def why_released(submission: Submission) -> str:
    """Why a task went back, in words; empty while it did not."""
    if submission.status != _S.RELEASED:
        return ""
    event = Event.objects.filter(subject=submission.public_id, name="submission.released").order_by("-pk").first()
    return event.note if event else ""


def queue_of(expert: Expert, project_id: int) -> Queue | None:
    """The queue of one project, for "next task"."""
    found = queues(expert, on_the_desk(expert))
    return next((queue for queue in found if queue.project.pk == project_id), None)


def work_done(expert: Expert) -> list[Figure]:
    """How many answers labs accepted, of how many they decided, in how many projects. Nothing where there is none."""
    found = Submission.objects.filter(expert=expert, status__in=(_S.ACCEPTED, _S.REJECTED)).aggregate(
        decided=Count("pk"),
        accepted=Count("pk", filter=Q(status=_S.ACCEPTED)),
        projects=Count("project", distinct=True, filter=Q(status=_S.ACCEPTED)),
        seconds=Sum("active_seconds", filter=Q(status=_S.ACCEPTED), default=0),
    )
    if not found["accepted"]:
        return []
    share = round(100 * found["accepted"] / found["decided"])
    return [
        Figure("Accepted answers", str(found["accepted"])),
        Figure("Accepted of all that were decided", f"{share} %"),
        Figure("Projects", str(found["projects"])),
        Figure("Measured hours", str(round(found["seconds"] / 3600))),
    ]
