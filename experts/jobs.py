"""The worker's door: page images, what experts hear, and the nightly look at every match row."""

from __future__ import annotations

from celery import shared_task

from accounts.actions import notify
from core.models import Event
from experts import actions
from experts.models import Credential, Evidence


@shared_task(name="experts.rebuild_matches", ignore_result=True)
def rebuild_matches() -> None:
    actions.rebuild_matches()


def on_evidence_added(event: Event) -> None:
    actions.render_evidence(evidence=Evidence.objects.get(public_id=event.subject))


def on_credential_verified(event: Event) -> None:
    _tell(event, "{credential} is verified", event.note or "Projects that ask for it are open to you now.")


def on_credential_needs_more(event: Event) -> None:
    _tell(event, "We need more for {credential}", event.note)


def on_credential_refused(event: Event) -> None:
    reason = Credential.RefusalReason(event.data["reason"]).label
    _tell(event, "We could not verify {credential}", f"{reason}. {event.note}")


def on_credential_revoked(event: Event) -> None:
    _tell(event, "{credential} is no longer verified", event.note)


def _tell(event: Event, title: str, body: str) -> None:
    credential = Credential.objects.select_related("expert__user").get(public_id=event.subject)
    notify(
        user=credential.expert.user,
        title=title.replace("{credential}", credential.title),
        body=body,
        url=f"/expert/credentials/{credential.public_id}/",
        event=event,
    )
