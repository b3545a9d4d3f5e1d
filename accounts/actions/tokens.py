"""Keys for the API. The secret is shown once; only its digest is kept."""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone

from accounts.models import ApiToken, Lab, User
from accounts.roles import Permission, authorise
from core.actors import Actor
from core.errors import NotAllowed
from core.events import record

PREFIX = "qk_"


def digest(secret: str) -> str:
    """SHA-256, hex. The secret has 256 random bits, so a slow hash would protect nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create_token(*, name: str, by: User, lab: Lab | None = None) -> tuple[ApiToken, str]:
    """A key for one lab, or without `lab` for the person's own expert work. Returns it and its secret, once."""
    if by.token is not None:
        raise NotAllowed("A key cannot make keys. Sign in.")
    if lab is None:
        authorise(by, Permission.TOKEN_MANAGE, owner=by)
    else:
        authorise(by, Permission.TOKEN_MANAGE, lab=lab)
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(user=by, lab=lab, name=name.strip() or "Key", digest=digest(secret))
    record("token.created", token.public_id, by=by, data={"lab": lab.public_id if lab else None})
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, by: Actor) -> ApiToken:
    """By whoever made it, or by the lab's owners. Doing it twice changes nothing."""
    if isinstance(by, User) and by.pk == token.user_id and by.token is None:
        authorise(by, Permission.TOKEN_MANAGE, owner=token.user)
    else:
        authorise(by, Permission.TOKEN_MANAGE, lab=token.lab)
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        record("token.revoked", token.public_id, by=by)
    token.refresh_from_db(fields=["revoked_at"])
    return token
