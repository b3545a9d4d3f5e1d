"""Who sent a webhook, and what it is about."""

from __future__ import annotations

import json

import stripe
from django.conf import settings

from payments.facts import BadWebhook, Hint
from payments.gateway.client import client, is_live

SECRETS = {
    "platform": "STRIPE_WEBHOOK_SECRET",
    "connect": "STRIPE_CONNECT_WEBHOOK_SECRET",
    "thin": "STRIPE_THIN_WEBHOOK_SECRET",
}


def verify(endpoint: str, body: bytes, signature: str) -> Hint:
    """Check who sent the raw body, and that it belongs to this endpoint and to this mode. Raises BadWebhook."""
    secret = getattr(settings, SECRETS[endpoint])
    if not secret:  # anybody can sign with an empty one
        raise BadWebhook("This endpoint is not set up.")
    try:
        if endpoint == "thin":
            note = client().parse_event_notification(body, signature, secret)
            related = getattr(note, "related_object", None)
            hint = Hint(note.id, str(note.type), _context(body), related.id if related else "", note.livemode)
        else:
            event = client().construct_event(body, signature, secret)
            hint = Hint(event.id, str(event.type), *_about(body), event.livemode)
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadWebhook("This is not an event of this endpoint.") from error
    if hint.livemode != is_live():
        raise BadWebhook("This event is of the other mode (live or test).")
    return hint


def _about(body: bytes) -> tuple[str, str]:
    """The connected account of an event (absent on the platform's own) and the id of its object."""
    facts = json.loads(body)
    return str(facts.get("account") or ""), str(facts["data"]["object"].get("id", ""))


def _context(body: bytes) -> str:
    return str(json.loads(body).get("context") or "")
