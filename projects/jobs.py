"""The worker's door: matching, clocks, and what people who wait are told."""

from __future__ import annotations

from celery import shared_task
from django.urls import reverse

from accounts.actions import notify
from accounts.models import Lab
from accounts.queries import staff
from core.actors import SYSTEM
from core.errors import Refused
from core.models import Event
from experts.models import Credential
from payments import queries as money
from payments.models import Refund
from payments.money import show
from payments.words import dispute_reason
from projects import actions, queries
from projects.models import Application, Invitation, Project
from projects.pricing import hourly

# --- Matching and clocks ----------------------------------------------------------------------------------------------


@shared_task(name="projects.match_all", ignore_result=True)
def match_all() -> None:
    """Nightly: each open project looks again, in a transaction of its own."""
    for project in Project.objects.on_offer().select_related("lab").order_by("pk"):
        actions.invite_best(project=project)


@shared_task(name="projects.expire_invitations", ignore_result=True)
def expire_invitations() -> None:
    actions.expire_invitations()


@shared_task(name="projects.lapse_applications", ignore_result=True)
def lapse_applications() -> None:
    actions.lapse_applications()


def on_project_open(event: Event) -> None:
    actions.invite_best(project=_project(event.subject))


def on_credential_verified(event: Event) -> None:
    credential = Credential.objects.select_related("expert__user").get(public_id=event.subject)
    actions.match_expert(expert=credential.expert)


# --- Opening by itself ------------------------------------------------------------------------------------------------


def on_funding_paid(event: Event) -> None:
    project = Project.objects.select_related("lab").filter(public_id=event.data["ref"]).first()
    if project is not None:
        _open(project, event)


def on_lab_confirmed(event: Event) -> None:
    for project in queries.waiting_to_open(Lab.objects.get(public_id=event.subject)):
        _open(project, event)


def _open(project: Project, event: Event) -> None:
    """What keeps a paid project from opening is told to those who can mend it."""
    try:
        actions.open_if_funded(project=project)
    except Refused as refusal:
        _tell_lab(project, event, f"{project} is paid for but cannot open yet", refusal.message)


# --- Payments that a bank contests ------------------------------------------------------------------------------------


def on_dispute_opened(event: Event) -> None:
    """The project freezes, unless the dispute was settled for us meanwhile; its lab and ops are told."""
    ref = str(event.data["ref"])
    if not any(dispute.public_id == event.subject for dispute in money.standing_disputes(ref)):
        return
    project = Project.objects.select_related("lab").filter(public_id=ref).first()
    if project is None:
        return
    amount = show(event.data["amount"], event.data["currency"])
    actions.freeze_project(project=project, by=SYSTEM, note=f"A payment of {amount} is disputed.")
    body = (
        f"The bank says: {dispute_reason(event.data['reason'])} Until it is settled nobody can claim new work and no"
        " funds go back. Work that experts hold goes on, and is paid."
    )
    _tell_lab(project, event, f"{project} is frozen: a payment of {amount} is disputed", body)
    for person in staff():
        url = reverse("admin:payments_dispute_changelist")
        title = f"{project.lab} disputes {amount} of {project}"
        notify(user=person, title=title, body="Hand in evidence at Stripe before it is due.", url=url, event=event)


def on_due_owed(event: Event) -> None:
    """The free funds do not reach what the project owes: whoever can add funds hears of it."""
    project = Project.objects.select_related("lab").filter(public_id=event.data["ref"]).first()
    if project is None or not money.owed_first(project.public_id, project.currency):
        return
    amount = show(event.data["amount"], event.data["currency"])
    body = f"{event.data['memo']}. Add funds: this is paid first. Until then no new seat opens and no funds go back."
    _tell_lab(project, event, f"{project} owes an expert {amount}", body, page="tasks:spend")


def on_dispute_settled(event: Event) -> None:
    """Settled for us: the project goes on as before, once nothing else stands against it."""
    ref = str(event.data["ref"])
    project = Project.objects.filter(public_id=ref, status=Project.Status.FROZEN).first()
    if project is not None and not money.standing_disputes(ref):
        actions.unfreeze_project(project=project, by=SYSTEM, note="The dispute was settled.")


def on_refund_settled(event: Event) -> None:
    """The lab hears that its money has gone back."""
    _tell_of_refund(event, "{amount} has gone back to you", "Your bank shows it within ten days: {refund}.")


def on_refund_failed(event: Event) -> None:
    """The lab hears that a refund was refused, or was sent back by its bank: the money is the project's again."""
    refused = event.before == Refund.Status.PENDING
    title = "A refund of {amount} was not possible" if refused else "A refund of {amount} came back"
    _tell_of_refund(event, title, "{failure} The money is the project's again, and can be refunded or used: {refund}.")


def _tell_of_refund(event: Event, title: str, body: str) -> None:
    project = Project.objects.select_related("lab").filter(public_id=event.data["ref"]).first()
    if project is None:
        return
    failure = Refund.objects.get(public_id=event.subject).failure.rstrip(".").capitalize()
    known = {
        "amount": show(event.data["amount"], event.data["currency"]),
        "refund": event.subject,
        "failure": f"{failure}." if failure else "",
    }
    _tell_lab(project, event, title.format(**known), body.format(**known), page="tasks:refunds")


# --- Notices ----------------------------------------------------------------------------------------------------------


def tell_project_open(event: Event) -> None:
    project = _project(event.subject)
    if event.before in (Project.Status.PAUSED, Project.Status.FROZEN):
        _tell_team(project, event, f"{project} goes on", "You can claim work again.")
    else:
        _tell_lab(project, event, f"{project} is open", "Experts see it now, and the best are being invited.")


def tell_project_paused(event: Event) -> None:
    project = _project(event.subject)
    _tell_team(project, event, f"{project} is paused", "Finish what you hold; new work waits until it goes on.")


def tell_project_frozen(event: Event) -> None:
    project = _project(event.subject)
    words = "Finish what you hold: it is reviewed and paid as always. New work waits until a payment is settled."
    _tell_team(project, event, f"{project} is on hold", words)


def tell_project_closed(event: Event) -> None:
    project = _project(event.subject)
    _tell_team(project, event, f"{project} is closed", "What you have handed in is still decided and paid.")


def tell_application_submitted(event: Event) -> None:
    application = _application(event)
    title = f"{application.expert} applied to {application.project}"
    _tell_lab(application.project, event, title, application.message, page="projects:applicants")


def tell_application_withdrawn(event: Event) -> None:
    application = _application(event)
    title = f"{application.expert} withdrew from {application.project}"
    _tell_lab(application.project, event, title, event.note, page="projects:applicants")


def tell_application_shortlisted(event: Event) -> None:
    _tell_applicant(event, "You are on the shortlist of {project}", "The lab answers by the date on your page.")


def tell_application_accepted(event: Event) -> None:
    words = f"{event.note}\n\nAccept the agreements, then you can start." if event.note else ""
    _tell_applicant(event, "You are taken on for {project}", words or "Accept the agreements, then you can start.")


def tell_application_declined(event: Event) -> None:
    _tell_applicant(event, "{project} declined your application", event.note)


def tell_application_lapsed(event: Event) -> None:
    _tell_applicant(event, "{project} did not answer in time", "Your application has ended. You may apply again.")


def tell_invitation_sent(event: Event) -> None:
    invitation = _invitation(event)
    project = invitation.project
    rate = show(hourly(project.pay, project.minutes), project.currency)
    notify(
        user=invitation.expert.user,
        title=f"You are invited to {project}",
        body=f"{show(project.pay, project.currency)} a task, about {rate} an hour, reviewed by {project.lab}.",
        url=reverse("projects:invitation", args=[invitation.public_id]),
        event=event,
    )


def tell_invitation_accepted(event: Event) -> None:
    invitation = _invitation(event)
    if event.actor_id != invitation.expert.user_id:
        return  # the lab took them on by their application, and knows
    title = f"{invitation.expert} joins {invitation.project}"
    _tell_lab(invitation.project, event, title, "They accepted your invitation.", page="projects:applicants")


def _project(public_id: str) -> Project:
    return Project.objects.select_related("lab").get(public_id=public_id)


def _application(event: Event) -> Application:
    return Application.objects.select_related("expert__user", "project__lab").get(public_id=event.subject)


def _invitation(event: Event) -> Invitation:
    return Invitation.objects.select_related("expert__user", "project__lab").get(public_id=event.subject)


def _tell_applicant(event: Event, title: str, body: str) -> None:
    """Nobody is told of what they did themselves."""
    application = _application(event)
    if event.actor_id == application.expert.user_id:
        return
    notify(
        user=application.expert.user,
        title=title.replace("{project}", application.project.title),
        body=body,
        url=reverse("projects:mine"),
        event=event,
    )


def _tell_lab(project: Project, event: Event, title: str, body: str, page: str = "tasks:project") -> None:
    for manager in queries.managers(project):
        notify(user=manager, title=title, body=body, url=reverse(page, args=[project.public_id]), event=event)


def _tell_team(project: Project, event: Event, title: str, body: str) -> None:
    for user in queries.team(project):
        notify(user=user, title=title, body=body, url=reverse("tasks:offer", args=[project.public_id]), event=event)
