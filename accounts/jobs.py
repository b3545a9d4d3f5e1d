"""The worker's door: letters, and what people hear about their labs."""

from __future__ import annotations

from celery import shared_task

from accounts import actions
from accounts.mailing import SEND_NOTICES, invite_mail
from accounts.models import Lab, MemberInvite, Role, User
from core.models import Event


@shared_task(name=SEND_NOTICES, ignore_result=True)
def send_notices() -> None:
    actions.mail_notices()


@shared_task(name="accounts.expire_invites", ignore_result=True)
def expire_invites() -> None:
    actions.expire_member_invites()


@shared_task(name="accounts.forget_replies", ignore_result=True)
def forget_replies() -> None:
    actions.forget_replies()


def on_member_invite_sent(event: Event) -> None:
    invite = MemberInvite.objects.select_related("lab", "invited_by").get(public_id=event.subject)
    if invite.status == MemberInvite.Status.SENT:
        invite_mail(invite).send()


def on_member_invite_accepted(event: Event) -> None:
    invite = MemberInvite.objects.select_related("lab", "invited_by", "accepted_by").get(public_id=event.subject)
    title = f"{invite.accepted_by} joined {invite.lab} as {invite.role}"
    actions.notify(user=invite.invited_by, title=title, url=f"/labs/{invite.lab.public_id}/", event=event)


def on_lab_confirmed(event: Event) -> None:
    _tell_owners(event, "{lab} is confirmed", "You can open projects now.")


def on_lab_refused(event: Event) -> None:
    _tell_owners(event, "We could not confirm {lab}", event.note)


def _tell_owners(event: Event, title: str, body: str) -> None:
    lab = Lab.objects.get(public_id=event.subject)
    for owner in User.objects.filter(memberships__lab=lab, memberships__role=Role.OWNER):
        actions.notify(
            user=owner, title=title.replace("{lab}", lab.name), body=body, url=f"/labs/{lab.public_id}/", event=event
        )
