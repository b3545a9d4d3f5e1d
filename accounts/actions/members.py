"""Who belongs to a lab, and as what."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import ApiToken, Lab, MemberInvite, Membership, Role, User
from accounts.policies import keep_an_owner
from accounts.roles import Permission, authorise
from core.actors import SYSTEM, Actor, System
from core.errors import Fault, Invalid, NotAllowed, Refused
from core.events import record
from core.transitions import lock, move

INVITE_LASTS = timedelta(days=14)
INVITES_A_DAY = 50
"""Anybody can make a lab, and an invitation is a letter to any address with words of theirs."""


@transaction.atomic
def invite_member(*, lab: Lab, email: str, role: str, by: User) -> MemberInvite:
    """An e-mail with a link follows.

    Raises Invalid, or Refused `already_member`, `already_invited`, `too_many_invites`.
    """
    authorise(by, Permission.MEMBER_MANAGE, lab=lab)
    email = email.strip().lower()
    role = _known(role)
    lock(lab)
    if Membership.objects.filter(lab=lab, user__email__iexact=email).exists():
        raise Refused(f"{email} is a member already.", code="already_member")
    waiting = MemberInvite.objects.filter(lab=lab, email__iexact=email, status=MemberInvite.Status.SENT).first()
    if waiting and waiting.expires_at > timezone.now():
        raise Refused(f"{email} has an open invitation already.", code="already_invited")
    day_ago = timezone.now() + INVITE_LASTS - timedelta(days=1)
    if MemberInvite.objects.filter(lab=lab, expires_at__gt=day_ago).count() >= INVITES_A_DAY:
        raise Refused(f"A lab sends {INVITES_A_DAY} invitations a day at most.", code="too_many_invites")
    if waiting:
        move(waiting, MemberInvite.Status.EXPIRED, by=SYSTEM)
    invite = MemberInvite.objects.create(
        lab=lab, email=email, role=role, invited_by=by, expires_at=timezone.now() + INVITE_LASTS
    )
    record("member_invite.sent", invite.public_id, by=by, data={"lab": lab.public_id, "role": role})
    return invite


@transaction.atomic
def accept_member_invite(*, invite: MemberInvite, by: User) -> Membership:
    """Only the person at the invited address may. Raises Refused `invite_expired`, NotAllowed, WrongState."""
    authorise(by, Permission.LAB_JOIN, owner=by)
    if by.email.lower() != invite.email.lower():
        raise NotAllowed(f"This invitation is for {invite.email}. Sign in with that address.")
    if invite.expires_at <= timezone.now():
        raise Refused("This invitation has expired. Ask for a new one.", code="invite_expired")
    move(invite, MemberInvite.Status.ACCEPTED, by=by, data={"lab": invite.lab.public_id}, accepted_by=by)
    membership, _ = Membership.objects.get_or_create(lab=invite.lab, user=by, defaults={"role": invite.role})
    record("member.added", invite.lab.public_id, by=by, data={"user": by.public_id, "role": membership.role})
    return membership


@transaction.atomic
def revoke_member_invite(*, invite: MemberInvite, by: Actor) -> MemberInvite:
    authorise(by, Permission.MEMBER_MANAGE, lab=invite.lab)
    return move(invite, MemberInvite.Status.REVOKED, by=by)


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: Actor) -> Membership:
    """Raises Refused `last_owner`."""
    authorise(by, Permission.MEMBER_MANAGE, lab=membership.lab)
    role = _known(role)
    lock(membership.lab)
    membership.refresh_from_db(fields=["role"])
    if role == membership.role:
        return membership
    keep_an_owner(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    record(
        "member.role_changed",
        membership.lab.public_id,
        by=by,
        before=before,
        after=role,
        data={"user": membership.user.public_id},
    )
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, by: Actor) -> None:
    """By an owner, or by the member who leaves. Their keys for the lab stop at once. Raises Refused `last_owner`."""
    lab, user = membership.lab, membership.user
    leaving = isinstance(by, User) and by.pk == user.pk
    if leaving:
        authorise(by, Permission.LAB_JOIN, owner=user)
    else:
        authorise(by, Permission.MEMBER_MANAGE, lab=lab)
    lock(lab)
    membership.refresh_from_db(fields=["role"])
    keep_an_owner(membership)
    ApiToken.objects.filter(lab=lab, user=user, revoked_at=None).update(revoked_at=timezone.now())
    membership.delete()
    record("member.removed", lab.public_id, by=by, before=membership.role, data={"user": user.public_id})


@transaction.atomic
def expire_member_invites(*, by: System = SYSTEM) -> int:
    """The sweep: invitations that nobody took. Returns how many."""
    due = MemberInvite.objects.filter(status=MemberInvite.Status.SENT, expires_at__lte=timezone.now())
    late = list(due.select_for_update(skip_locked=True, no_key=True))
    for invite in late:
        move(invite, MemberInvite.Status.EXPIRED, by=by)
    return len(late)


def _known(role: str) -> str:
    if role not in Role.values:
        message = f"A member is one of: {', '.join(Role.values)}."
        raise Invalid(message, faults=(Fault(message, "role"),))
    return role
