"""What people see and press on their own pages, their labs' and in operations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import actions
from accounts.models import Agreement, ApiToken, Lab, MemberInvite, Notice, User
from tests import people

LAB = {"name": "Borealis", "website": "borealis.example", "country": "NO", "time_zone": "Europe/Oslo"}


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


@pytest.mark.django_db
def test_zoe_signs_up_with_her_name_and_verifies_her_address(client: Client) -> None:
    form = {"name": "Zoe Lind", "email": "Zoe@people.example", "password1": people.PASSWORD, "time_zone": "Europe/Oslo"}
    client.post("/accounts/signup/", form)
    zoe = User.objects.get(email="zoe@people.example")
    assert (zoe.name, zoe.time_zone) == ("Zoe Lind", "Europe/Oslo")
    assert not EmailAddress.objects.get(user=zoe).verified
    assert mail.outbox[0].to == ["zoe@people.example"]
    client.post("/accounts/signup/", {**form, "email": "yan@people.example", "time_zone": "Mars"})
    assert not User.objects.filter(email="yan@people.example").exclude(time_zone="UTC").exists()


@pytest.mark.django_db
def test_sam_edits_the_settings(client: Client) -> None:
    people.sign_in(client, people.user("Sam"))
    assert "sam@people.example" in text(client, "/me/")
    assert client.post("/me/", {"name": "Sam S", "time_zone": "Asia/Tokyo"})["Location"] == "/me/"
    sam = User.objects.get(pk=people.user("Sam").pk)
    assert (sam.name, sam.time_zone, sam.shortcuts) == ("Sam S", "Asia/Tokyo", False)
    assert client.post("/me/", {"name": "", "time_zone": "Mars"}).status_code == 422
    assert client.post("/me/", {"name": "   ", "time_zone": "UTC"}).status_code == 422


@pytest.mark.django_db
def test_a_key_is_shown_once(client: Client) -> None:
    people.sign_in(client, people.user("Sam"))
    response = client.post("/me/keys/", {"name": "laptop"})
    token = ApiToken.objects.get()
    assert "qk_" in response.content.decode().replace("Bearer qk_", "")
    assert response["Cache-Control"] == "no-store"
    later = text(client, "/me/keys/").replace("Bearer qk_", "")
    assert "laptop" in later
    assert "qk_" not in later
    assert client.post("/me/keys/", {"name": ""}).status_code == 422
    assert client.post(f"/keys/{token.public_id}/revoke/")["Location"] == "/me/keys/"
    assert "No keys yet" in text(client, "/me/keys/")
    people.sign_in(client, people.user("Emil"))
    assert client.post(f"/keys/{token.public_id}/revoke/").status_code == 404


@pytest.mark.django_db
def test_notices_are_read_and_marked(client: Client) -> None:
    sam = people.user("Sam")
    people.sign_in(client, sam)
    assert "Nothing yet" in text(client, "/notices/")
    actions.notify(user=sam, title="Your lab is confirmed", body="You can start.", url="/labs/")
    assert "You can start." in text(client, "/notices/")
    assert Notice.objects.get().read_at is None  # looking changes nothing
    client.post("/notices/read/")
    assert Notice.objects.get().read_at is not None


@pytest.mark.django_db
def test_an_agreement_can_be_read_by_anybody(client: Client) -> None:
    nda = Agreement.objects.get(kind="nda")
    page = text(client, f"/agreements/{nda.public_id}/")
    assert "Non-disclosure agreement" in page
    assert "Version 1" in page


@pytest.mark.django_db
def test_sam_makes_a_lab_and_reads_that_it_waits(client: Client) -> None:
    people.sign_in(client, people.user("Sam"))
    assert "You belong to no lab" in text(client, "/labs/")
    assert 'name="website"' in text(client, "/labs/new/")
    assert client.post("/labs/new/", {**LAB, "website": "not a site"}).status_code == 422
    assert client.post("/labs/new/", {**LAB, "name": "  "}).status_code == 422
    url = client.post("/labs/new/", LAB)["Location"]
    lab = Lab.objects.get()
    assert (url, lab.website) == (f"/labs/{lab.public_id}/", "https://borealis.example")
    assert client.get("/labs/")["Location"] == url
    assert "We are checking who you are" in text(client, url)
    actions.refuse_lab(lab=lab, note="The website is empty.", by=people.ops())
    assert "The website is empty." in text(client, url)
    assert client.post(f"{url}edit/", {**LAB, "website": "https://borealis.ai"})["Location"] == url
    assert client.post(f"{url}edit/", {**LAB, "name": " "}).status_code == 422
    assert "borealis.ai" in text(client, url)
    people.lab().memberships.create(user=people.user("Sam"), role="reviewer")
    assert "Meridian AI" in text(client, "/labs/")


@pytest.mark.django_db
def test_ada_invites_changes_and_removes(client: Client) -> None:
    lab, ada, sam = people.lab(), people.user("Ada"), people.user("Sam")
    url = f"/labs/{lab.public_id}/"
    people.sign_in(client, ada)
    assert "Invite somebody" in text(client, url)
    client.post(f"{url}invites/", {"email": "sam@people.example", "role": "reviewer"})
    invite = MemberInvite.objects.get()
    assert "sam@people.example" in text(client, url)
    again = client.post(f"{url}invites/", {"email": "sam@people.example", "role": "reviewer"})
    assert again.status_code == 422
    assert "open invitation already" in again.content.decode()
    assert client.post(f"{url}invites/", {"email": "nonsense", "role": "reviewer"}).status_code == 422

    link = f"/invites/{invite.public_id}/"
    assert "another address" in text(client, link)  # Ada opens it herself
    assert client.post(link).status_code == 403
    client.logout()
    assert "Sign up" in text(client, link)
    assert client.post(link)["Location"] == f"/accounts/login/?next={link}"
    people.sign_in(client, sam)
    assert "Accept the invitation" in text(client, link)
    assert client.post(link)["Location"] == url
    assert "This invitation is accepted" in text(client, link)
    assert "Invite somebody" not in text(client, url)

    people.sign_in(client, ada)
    member = f"{url}members/{sam.public_id}/"
    client.post(f"{member}role/", {"role": "manager"})
    assert lab.memberships.get(user=sam).role == "manager"
    client.post(f"{member}role/", {"role": "king"})
    assert lab.memberships.get(user=sam).role == "manager"
    assert client.post(f"{member}remove/")["Location"] == url
    assert not lab.memberships.filter(user=sam).exists()
    client.post(f"{url}members/{ada.public_id}/remove/")  # the last owner stays, and is told why
    assert "needs at least one owner" in text(client, url)


@pytest.mark.django_db
def test_an_expired_invitation_says_so(client: Client) -> None:
    lab, sam = people.lab(), people.user("Sam")
    invite = actions.invite_member(lab=lab, email=sam.email, role="manager", by=people.user("Ada"))
    MemberInvite.objects.update(expires_at=timezone.now() - timedelta(days=1))
    people.sign_in(client, sam)
    link = f"/invites/{invite.public_id}/"
    assert client.post(link)["Location"] == link
    assert "has expired" in text(client, link)


@pytest.mark.django_db
def test_an_open_invitation_is_withdrawn(client: Client) -> None:
    lab = people.lab()
    invite = actions.invite_member(lab=lab, email="x@people.example", role="manager", by=people.user("Ada"))
    people.sign_in(client, people.user("Sam"))
    assert client.post(f"/invites/{invite.public_id}/revoke/").status_code == 404
    people.sign_in(client, people.user("Mina"))
    assert client.post(f"/invites/{invite.public_id}/revoke/").status_code == 403
    people.sign_in(client, people.user("Ada"))
    client.post(f"/invites/{invite.public_id}/revoke/")
    invite.refresh_from_db()
    assert invite.status == "revoked"


@pytest.mark.django_db
def test_rosa_leaves_and_sees_no_more_of_the_lab(client: Client) -> None:
    lab, rosa = people.lab(), people.user("Rosa")
    url = f"/labs/{lab.public_id}/"
    people.sign_in(client, rosa)
    assert client.get(f"{url}edit/").status_code == 403
    assert client.get(f"{url}keys/").status_code == 403
    assert client.post(f"{url}invites/", {"email": "x@people.example", "role": "owner"}).status_code == 403
    assert client.post(f"{url}members/{rosa.public_id}/remove/")["Location"] == "/labs/"
    assert client.get(url).status_code == 404
    assert client.post(f"{url}members/{rosa.public_id}/remove/").status_code == 404


@pytest.mark.django_db
def test_a_labs_keys_are_the_owners_business(client: Client) -> None:
    lab = people.lab()
    url = f"/labs/{lab.public_id}/keys/"
    people.sign_in(client, people.user("Ada"))
    client.post(url, {"name": "nightly import"})
    token = ApiToken.objects.get()
    assert token.lab == lab
    page = text(client, url)
    assert "nightly import" in page
    assert "Ada Okafor" in page
    assert client.post(f"/keys/{token.public_id}/revoke/")["Location"] == url


# --- operations


@pytest.mark.django_db
def test_olu_confirms_and_refuses_labs_with_buttons(client: Client) -> None:
    one, other = people.lab("One", confirmed=False), people.lab("Other", confirmed=False)
    people.sign_in(client, people.ops())
    page = text(client, f"/admin/accounts/lab/{one.pk}/change/")
    assert "Confirm this lab" in page
    assert "Mina Park" in page  # its members stand below
    client.post(f"/admin/accounts/lab/{one.pk}/do/confirm/")
    client.post(f"/admin/accounts/lab/{other.pk}/do/refuse/", {"words": "The website is empty."})
    assert dict(Lab.objects.values_list("name", "status")) == {"One": "confirmed", "Other": "refused"}
    assert "do/refuse/" not in text(client, f"/admin/accounts/lab/{one.pk}/change/")
    assert "Other" in text(client, "/admin/accounts/lab/?status__exact=refused")
    own = actions.create_lab(name="Own", website="https://own.example", country="US", by=people.ops())
    assert client.post(f"/admin/accounts/lab/{own.pk}/do/confirm/").status_code == 403


@pytest.mark.django_db
def test_olu_publishes_a_new_version_and_cannot_touch_an_old_one(client: Client) -> None:
    people.sign_in(client, people.ops())
    new = {"kind": "nda", "title": "Non-disclosure agreement", "text": "Shorter words."}
    assert client.post("/admin/accounts/agreement/add/", new).status_code == 302
    assert Agreement.objects.get(kind="nda", version=2).text == "Shorter words."
    old = Agreement.objects.get(kind="nda", version=1)
    url = f"/admin/accounts/agreement/{old.pk}/"
    assert 'name="_save"' not in text(client, f"{url}change/")
    assert client.post(f"{url}change/", {**new, "text": "Changed."}).status_code == 403
    assert client.post(f"{url}delete/", {"post": "yes"}).status_code == 403


@pytest.mark.django_db
def test_every_list_and_page_of_operations_opens_and_shows_no_secret(client: Client) -> None:
    lab, ada = people.lab(), people.user("Ada")
    invite = actions.invite_member(lab=lab, email="x@people.example", role="manager", by=ada)
    token, _ = actions.create_token(name="import", lab=lab, by=ada)
    consent = actions.accept_agreements(user=ada, scope="prj_x", agreements=people.agreements(), by=ada)
    actions.notify(user=ada, title="News")
    people.sign_in(client, people.ops())
    assert "Quorum operations" in text(client, "/admin/")
    # Pages of other packages on which second factors could be read, or groups made, are closed.
    assert client.get("/admin/mfa/authenticator/").status_code == 404
    assert client.get("/admin/auth/group/").status_code == 404
    assert client.get("/admin/account/emailaddress/add/").status_code == 403
    assert "ada@people.example" in text(client, "/admin/account/emailaddress/?q=ada")
    things = {
        "user": ada.pk,
        "lab": lab.pk,
        "membership": lab.memberships.first().pk,  # type: ignore[union-attr]
        "memberinvite": invite.pk,
        "apitoken": token.pk,
        "agreement": people.agreements()[0].pk,
        "consent": consent.pk,
        "notice": Notice.objects.get().pk,
    }
    for model, pk in things.items():
        for url in (f"/admin/accounts/{model}/?q=x", f"/admin/accounts/{model}/{pk}/change/"):
            page = text(client, url)
            assert ada.password not in page, url
            assert token.digest not in page, url


@pytest.mark.django_db
def test_operations_are_for_staff(client: Client) -> None:
    people.lab()
    people.sign_in(client, people.user("Ada"))
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert client.post(f"/admin/accounts/lab/{Lab.objects.get().pk}/do/confirm/").status_code == 302
