"""The worker's door: page images, what experts hear, and the nightly look at every match row."""

from __future__ import annotations

from datetime import date

from celery import shared_task
from django.utils import timezone

from accounts.actions import notify
from accounts.mailing import letter
from accounts.models import User
from accounts.queries import staff
from core.models import Event
from experts import actions
from experts.actions.inquiries import ASK
from experts.mailboxes import code_of, is_live
from experts.models import Credential, CredentialAppeal, Evidence, Inquiry, MailboxCode, Narrowing, Record


@shared_task(name="experts.rebuild_matches", ignore_result=True)
def rebuild_matches() -> None:
    actions.rebuild_matches()


@shared_task(name="experts.keep_clocks", ignore_result=True)
def keep_clocks() -> None:
    """What runs out, is warned of, or was not answered in time."""
    actions.expire_credentials()
    actions.warn_of_ends()
    actions.lapse_narrowings()


@shared_task(name=ASK, ignore_result=True)
def ask_remotes() -> None:
    actions.ask_remotes()


def on_inquiry_closed(event: Event) -> None:
    """Tell the expert what came of it."""
    inquiry = Inquiry.objects.select_related("expert__user", "credential").get(public_id=event.subject)
    about = inquiry.credential.title if inquiry.credential else "Your ORCID record"
    title = f"{about}: we could not find out" if inquiry.problem else f"{about}: {inquiry.get_road_display()} answered"
    body = f"We asked in vain: {inquiry.problem}. You can ask again." if inquiry.problem else ""
    url = f"/expert/credentials/{inquiry.credential.public_id}/" if inquiry.credential else "/expert/orcid/"
    notify(user=inquiry.expert.user, title=title, body=body, url=url, event=event)


@shared_task(name="experts.forget_codes", ignore_result=True)
def forget_codes() -> None:
    actions.forget_codes()


def on_mailbox_asked(event: Event) -> None:
    sent = MailboxCode.objects.select_related("credential__institution").get(public_id=event.subject)
    if is_live(sent, timezone.now()):
        context = {"code": code_of(sent.public_id), "institution": sent.credential.institution}
        letter("experts/mail/mailbox_code", sent.address, context).send()


@shared_task(name="experts.invite_prospects", ignore_result=True)
def invite_prospects() -> None:
    actions.invite_prospects()


@shared_task(name="experts.forget_prospects", ignore_result=True)
def forget_prospects() -> None:
    actions.forget_prospects()


def on_address_confirmed(event: Event) -> None:
    """Whoever was invited by mail has joined."""
    actions.note_joined(user=User.objects.get(public_id=event.subject))


def note_verified(event: Event) -> None:
    """Whoever joined after a letter is verified."""
    actions.note_verified(user=User.objects.get(expert__credentials__public_id=event.subject))


def on_user_signed_up(event: Event) -> None:
    """Who came through somebody's link is remembered with it."""
    if event.data["via"]:
        actions.note_arrival(user=User.objects.get(public_id=event.subject), code=event.data["via"])


@shared_task(name="experts.delete_old_documents", ignore_result=True)
def delete_old_documents() -> None:
    actions.delete_old_documents()


@shared_task(name="experts.deliver_verdicts", ignore_result=True)
def deliver_verdicts() -> None:
    actions.deliver_verdicts()


def on_evidence_added(event: Event) -> None:
    actions.render_evidence(evidence=Evidence.objects.get(public_id=event.subject))


def on_credential_verified(event: Event) -> None:
    _tell(event, "{credential} is verified", event.note or "Projects that ask for it are open to you now.")


def on_credential_needs_more(event: Event) -> None:
    _tell(event, "We need more for {credential}", event.note)


def on_credential_refused(event: Event) -> None:
    reason = Credential.RefusalReason(event.data["reason"]).label
    appeal = "If you think we are wrong, appeal on its page: somebody else then decides."
    _tell(event, "We could not verify {credential}", f"{reason}. {event.note} {appeal}")


def on_credential_appeal_open(event: Event) -> None:
    """Ops hear it, all but those who refused."""
    appeal = CredentialAppeal.objects.select_related("credential__expert__user").get(public_id=event.subject)
    credential = appeal.credential
    for person in staff().exclude(pk__in=[pk for pk in (appeal.refused_by_id, appeal.seconded_by_id) if pk]):
        notify(
            user=person,
            title=f"{credential.expert.user.name} appeals: {credential.title}",
            body=appeal.words,
            url=f"/admin/experts/credential/desk/{credential.public_id}/",
            event=event,
        )


def on_credential_revoked(event: Event) -> None:
    _tell(event, "{credential} is no longer verified", event.note)


def on_credential_expired(event: Event) -> None:
    renew = "Projects that ask for it take no new claims from you; what you have begun is paid as ever. "
    _tell(event, "{credential} has expired", f"{event.note} {renew}Hand in a fresh proof to have it verified again.")


def on_credential_ending(event: Event) -> None:
    days, last_day = event.data["days"], date.fromisoformat(event.data["last_day"])
    when = f"in {days} day{'' if days == 1 else 's'}" if days else "today"
    body = f"Its last day is {last_day:%d %B %Y}. You can hand in the renewed one now, as a credential of its own."
    _tell(event, f"{{credential}} ends {when}", body)


def on_record_outdated(event: Event) -> None:
    """What is no longer verified must not stay signed: the expert may have the record made anew."""
    credential = Credential.objects.select_related("expert__user").get(public_id=event.subject)
    actions.withdraw_outdated(expert=credential.expert)


def on_record_withdrawn(event: Event) -> None:
    """Its owner hears of it, unless they did it themselves."""
    record = Record.objects.select_related("expert__user").get(public_id=event.subject)
    owner = record.expert.user
    if event.actor_id != owner.pk:
        body = f"{event.note} You can have it made anew whenever a credential of yours is verified."
        notify(user=owner, title="Your record no longer holds", body=body, url="/expert/record/", event=event)


def on_narrowing_proposed(event: Event) -> None:
    narrowing = Narrowing.objects.select_related("credential__expert__user", "field").get(public_id=event.subject)
    credential = narrowing.credential
    notify(
        user=credential.expert.user,
        title=f"May we narrow {credential.title} to {narrowing.field}?",
        body=f"{narrowing.words} Nothing changes unless you agree.",
        url=f"/expert/credentials/{credential.public_id}/",
        event=event,
    )


def on_narrowing_answered(event: Event) -> None:
    """Who proposed it hears the answer, or that there was none."""
    narrowing = Narrowing.objects.select_related("credential__expert__user").get(public_id=event.subject)
    name = narrowing.credential.expert.user.name
    said = {"accepted": f"{name} agreed", "declined": f"{name} declined", "lapsed": f"{name} did not answer"}
    notify(
        user=narrowing.proposed_by,
        title=f"{said[event.after]}: {narrowing.credential.title}",
        url=f"/admin/experts/credential/desk/{narrowing.credential.public_id}/",
        event=event,
    )


def _tell(event: Event, title: str, body: str) -> None:
    credential = Credential.objects.select_related("expert__user").get(public_id=event.subject)
    notify(
        user=credential.expert.user,
        title=title.replace("{credential}", credential.title),
        body=body,
        url=f"/expert/credentials/{credential.public_id}/",
        event=event,
    )
