"""Ada makes a lab, ops confirm it, people come and go."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from accounts import actions
from accounts.models import ApiToken, Lab, MemberInvite, Membership, Notice, Role
from accounts.roles import Permission, may, role_in
from core import events
from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.models import Event
from tests import people

HERS = {"name": "Borealis", "website": "https://borealis.example", "country": "NO", "time_zone": "Europe/Oslo"}


@pytest.mark.django_db
def test_whoever_makes_a_lab_owns_it_and_waits_for_ops() -> None:
    sam = people.user("Sam")
    lab = actions.create_lab(by=sam, **HERS)
    assert (lab.status, role_in(sam, lab)) == ("pending", "owner")
    assert actions.confirm_lab(lab=lab, by=people.ops(), note="Called the registry").status == "confirmed"
    events.drain()
    notice = Notice.objects.get(user=sam)
    assert (notice.title, notice.url) == ("Borealis is confirmed", f"/labs/{lab.public_id}/")
    with pytest.raises(WrongState):
        actions.confirm_lab(lab=lab, by=people.ops())


@pytest.mark.django_db
def test_a_lab_is_no_way_to_write_to_everybody() -> None:
    lab, ada = people.lab(), people.user("Ada")
    for number in range(50):  # taking one back does not make room
        invite = actions.invite_member(lab=lab, email=f"{number}@people.example", role="reviewer", by=ada)
        actions.revoke_member_invite(invite=invite, by=ada)
    with pytest.raises(Refused, match="50 invitations a day"):
        actions.invite_member(lab=lab, email="sam@people.example", role="reviewer", by=ada)
    MemberInvite.objects.update(expires_at=timezone.now() + timedelta(days=12))
    assert actions.invite_member(lab=lab, email="sam@people.example", role="reviewer", by=ada).status == "sent"


@pytest.mark.django_db
def test_a_refused_lab_reads_why_and_may_be_confirmed_later() -> None:
    lab = actions.create_lab(by=people.user("Sam"), **HERS)
    with pytest.raises(Invalid, match="Say why"):
        actions.refuse_lab(lab=lab, note=" ", by=people.ops())
    actions.refuse_lab(lab=lab, note="The website is empty.", by=people.ops())
    events.drain()
    assert Notice.objects.get(user=people.user("Sam")).body == "The website is empty."
    assert actions.confirm_lab(lab=lab, by=people.ops()).status == "confirmed"


@pytest.mark.django_db
def test_ops_do_not_confirm_a_lab_of_their_own_and_others_confirm_none() -> None:
    lab = actions.create_lab(by=people.ops(), **HERS)
    with pytest.raises(NotAllowed, match="You belong to this lab"):
        actions.confirm_lab(lab=lab, by=people.ops())
    with pytest.raises(NotAllowed, match="You belong to this lab"):
        actions.refuse_lab(lab=lab, note="No.", by=people.ops())
    for name in ("Sam", "Ada"):
        with pytest.raises(NotAllowed):
            actions.confirm_lab(lab=lab, by=people.user(name))
    assert actions.confirm_lab(lab=lab, by=people.ops("Petra")).status == "confirmed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [({"name": "  "}, "name"), ({"country": "XX"}, "country"), ({"country": "no"}, "country"),
     ({"country": ""}, "country"), ({"time_zone": "Mars/Olympus"}, "time_zone"), ({"time_zone": ""}, "time_zone")],
)  # fmt: skip
def test_a_lab_that_cannot_be_names_the_place(changes: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.create_lab(by=people.user("Sam"), **{**HERS, **changes})
    assert [fault.field for fault in refusal.value.faults] == [field]
    with pytest.raises(Invalid):
        actions.edit_lab(lab=people.lab(), by=people.user("Ada"), **{**HERS, **changes})


@pytest.mark.django_db
def test_only_an_owner_edits_the_lab_and_the_log_keeps_what_stood_there() -> None:
    lab = people.lab()
    with pytest.raises(NotAllowed):
        actions.edit_lab(lab=lab, by=people.user("Mina"), **HERS)
    actions.edit_lab(lab=lab, by=people.user("Ada"), **HERS)
    assert lab.name == "Borealis"
    assert Event.objects.get(name="lab.edited").data["before"]["name"] == "Meridian AI"


@pytest.mark.django_db
def test_ada_invites_sam_who_gets_a_letter_and_joins() -> None:
    lab, ada, sam = people.lab(), people.user("Ada"), people.user("Sam")
    invite = actions.invite_member(lab=lab, email=" Sam@People.example ", role="reviewer", by=ada)
    events.drain()
    (letter,) = mail.outbox
    assert letter.to == ["sam@people.example"]
    assert letter.subject == "Ada Okafor invites you to Meridian AI"
    assert f"/invites/{invite.public_id}/" in letter.body
    assert "reviewer" in letter.body

    membership = actions.accept_member_invite(invite=invite, by=sam)
    assert membership.role == "reviewer"
    events.drain()
    assert Notice.objects.get(user=ada).title == "Sam Nobody joined Meridian AI as reviewer"
    with pytest.raises(WrongState):
        actions.accept_member_invite(invite=invite, by=sam)
    with pytest.raises(Refused) as refusal:
        actions.invite_member(lab=lab, email="SAM@people.example", role="manager", by=ada)
    assert refusal.value.code == "already_member"


@pytest.mark.django_db
def test_an_invitation_withdrawn_before_the_letter_leaves_sends_none() -> None:
    invite = actions.invite_member(lab=people.lab(), email="sam@people.example", role="owner", by=people.user("Ada"))
    actions.revoke_member_invite(invite=invite, by=people.user("Ada"))
    events.drain()
    assert mail.outbox == []
    with pytest.raises(WrongState):
        actions.accept_member_invite(invite=invite, by=people.user("Sam"))


@pytest.mark.django_db
def test_an_invitation_is_for_one_address_and_for_two_weeks() -> None:
    lab, ada, sam = people.lab(), people.user("Ada"), people.user("Sam")
    invite = actions.invite_member(lab=lab, email="sam@people.example", role="manager", by=ada)
    with pytest.raises(NotAllowed, match="sam@people"):
        actions.accept_member_invite(invite=invite, by=people.user("Emil"))
    with pytest.raises(Refused, match="open invitation already"):
        actions.invite_member(lab=lab, email="sam@people.example", role="owner", by=ada)
    MemberInvite.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    invite.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        actions.accept_member_invite(invite=invite, by=sam)
    assert refusal.value.code == "invite_expired"
    again = actions.invite_member(lab=lab, email="sam@people.example", role="owner", by=ada)
    invite.refresh_from_db()
    assert (invite.status, again.status) == ("expired", "sent")


@pytest.mark.django_db
def test_the_sweep_expires_what_nobody_took_and_nothing_else() -> None:
    lab, ada = people.lab(), people.user("Ada")
    late = actions.invite_member(lab=lab, email="late@people.example", role="manager", by=ada)
    actions.invite_member(lab=lab, email="fresh@people.example", role="manager", by=ada)
    MemberInvite.objects.filter(pk=late.pk).update(expires_at=timezone.now())
    assert actions.expire_member_invites() == 1
    assert actions.expire_member_invites() == 0
    late.refresh_from_db()
    assert late.status == "expired"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Mina", "Rosa", "Sam", "Olu"])
def test_only_an_owner_manages_members(name: str) -> None:
    lab, by = people.lab(), people.user(name)
    rosa = lab.memberships.get(user=people.user("Rosa"))
    invite = actions.invite_member(lab=lab, email="x@people.example", role="owner", by=people.user("Ada"))
    with pytest.raises(NotAllowed):
        actions.invite_member(lab=lab, email="y@people.example", role="owner", by=by)
    with pytest.raises(NotAllowed):
        actions.revoke_member_invite(invite=invite, by=by)
    with pytest.raises(NotAllowed):
        actions.change_role(membership=rosa, role="owner", by=by)
    if name != "Rosa":
        with pytest.raises(NotAllowed):
            actions.remove_member(membership=rosa, by=by)


@pytest.mark.django_db
def test_roles_change_and_the_last_owner_stays() -> None:
    lab, ada, mina = people.lab(), people.user("Ada"), people.user("Mina")
    owner, manager = lab.memberships.get(user=ada), lab.memberships.get(user=mina)
    with pytest.raises(Refused) as refusal:
        actions.change_role(membership=owner, role="reviewer", by=ada)
    assert refusal.value.code == "last_owner"
    with pytest.raises(Refused):
        actions.remove_member(membership=owner, by=ada)
    with pytest.raises(Invalid):
        actions.change_role(membership=manager, role="king", by=ada)
    with pytest.raises(Invalid):
        actions.invite_member(lab=lab, email="x@people.example", role="king", by=ada)
    assert actions.change_role(membership=manager, role="manager", by=ada).role == "manager"
    assert not Event.objects.filter(name="member.role_changed").exists()  # nothing changed, nothing said
    actions.change_role(membership=manager, role="owner", by=ada)
    assert Event.objects.get(name="member.role_changed").before == "manager"
    actions.remove_member(membership=owner, by=ada)  # Ada leaves; Mina is owner now
    assert role_in(ada, lab) == ""
    assert not may(ada, Permission.SUBMISSION_REVIEW, lab=lab)


@pytest.mark.django_db
def test_a_member_may_leave_and_their_keys_for_the_lab_stop() -> None:
    lab, mina = people.lab(), people.user("Mina")
    people.lab("Another lab")
    Membership.objects.filter(lab=lab, user=mina).update(role=Role.OWNER)
    of_lab, _ = actions.create_token(name="import", lab=lab, by=mina)
    own, _ = actions.create_token(name="mine", by=mina)
    actions.remove_member(membership=lab.memberships.get(user=mina), by=mina)
    assert ApiToken.objects.get(pk=of_lab.pk).revoked_at is not None
    assert ApiToken.objects.get(pk=own.pk).revoked_at is None


def _at_once(*acts: Any) -> list[str]:
    """Each act in a thread of its own, all in the same moment; returns what came of them."""
    gate = threading.Barrier(len(acts), timeout=10)
    said: list[str] = []

    def actor(act: Any) -> None:
        try:
            gate.wait()
            act()
            said.append("done")
        except Refused as refusal:
            said.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=actor, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(said)


def _two_owners() -> tuple[Lab, Membership, Membership]:
    lab = people.lab()
    lab.memberships.filter(user=people.user("Mina")).update(role=Role.OWNER)
    one, other = lab.memberships.filter(role=Role.OWNER).select_related("user", "lab").order_by("pk")
    return lab, one, other


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_in_the_same_moment_leave_one() -> None:
    lab, one, other = _two_owners()
    said = _at_once(
        lambda: actions.remove_member(membership=one, by=one.user),
        lambda: actions.remove_member(membership=other, by=other.user),
    )
    assert said == ["done", "last_owner"]
    assert lab.memberships.filter(role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_leave() -> None:
    """The negative control."""
    lab, one, other = _two_owners()
    looked = threading.Barrier(2, timeout=10)

    def careless(membership: Membership) -> None:
        with transaction.atomic():
            others = Membership.objects.filter(lab=lab, role=Role.OWNER).exclude(pk=membership.pk)
            alone = not others.exists()
            looked.wait()
            if alone:
                raise Refused("last owner", code="last_owner")
            membership.delete()

    assert _at_once(lambda: careless(one), lambda: careless(other)) == ["done", "done"]
    assert lab.memberships.filter(role=Role.OWNER).count() == 0


@pytest.mark.django_db
def test_the_product_itself_may_do_everything_and_a_stranger_nothing() -> None:
    lab = people.lab()
    actions.edit_lab(lab=lab, by=SYSTEM, **HERS)
    sam = people.user("Sam", is_active=False)
    assert not may(sam, Permission.LAB_CREATE, owner=sam)
    assert not may(SYSTEM, Permission.LAB_CREATE)  # `may` is for pages; only `authorise` knows the product
