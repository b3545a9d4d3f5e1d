"""The letters of the experts' storey that are no notices, and the links with which one says no to more of them."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from accounts.mailing import letter
from experts.models import Prospect


def _signer() -> Signer:
    return Signer(salt="experts.unsubscribe", sep=".")


def unsubscribe_path(digest: str) -> str:
    """Works for ever, also after the address is forgotten, and for nobody else's address."""
    return reverse("experts:unsubscribe", args=[_signer().sign(digest)])


def digest_in(token: str) -> str | None:
    """The digest of the address that such a link was made for."""
    try:
        return str(_signer().unsign(token))
    except BadSignature:
        return None


def invitation(prospect: Prospect, connection: BaseEmailBackend | None = None) -> EmailMessage:
    """With the two headers by which mail programs show a button of their own (RFC 8058)."""
    link = settings.QUORUM_PUBLIC_URL + unsubscribe_path(prospect.digest)
    context = {"prospect": prospect, "unsubscribe": link, "days": settings.QUORUM_AUDIENCE_DAYS}
    message = letter("experts/mail/audience", prospect.email, context, connection)
    message.extra_headers = {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return message
