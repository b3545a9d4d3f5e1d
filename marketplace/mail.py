"""Every mail the demo sent, on one page. Only in a demo: elsewhere mail leaves by SMTP and is nobody's to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

SHOWN = 200
RULE = re.compile(rb"^-{79}\n", re.MULTILINE)  # what Django's file backend writes after each message


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    sent: datetime
    body: str  # plain text


def _mails(path: Path) -> Iterator[Mail]:
    for raw in RULE.split(path.read_bytes()):
        if not raw.strip():
            continue
        message = message_from_bytes(raw, _class=EmailMessage, policy=modern)
        text = message.get_body(("plain",))
        yield Mail(
            to=str(message["To"]),
            subject=str(message["Subject"]),
            sent=parsedate_to_datetime(str(message["Date"])),
            body=str(text.get_content()) if text else "",
        )


def sent_mails(folder: Path, *, to: str = "") -> list[Mail]:
    """The newest mails first, at most 200; `to` keeps those whose recipient contains it."""
    found: list[Mail] = []
    for path in sorted(folder.glob("*.log"), reverse=True):  # names start with the time of writing
        found += (mail for mail in _mails(path) if to.lower() in mail.to.lower())
        if len(found) >= SHOWN:
            break
    return sorted(found, key=lambda mail: mail.sent, reverse=True)[:SHOWN]


@never_cache
@require_GET
def demo_mail(request: HttpRequest) -> HttpResponse:
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    if not settings.QUORUM_DEMO or not folder:
        raise Http404
    to = request.GET.get("to", "")
    return render(request, "marketplace/mail.html", {"mails": sent_mails(Path(folder), to=to), "to": to})
