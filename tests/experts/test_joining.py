"""Emil hands his link to colleagues, the Danish Physical Society sends its members: they are counted, never named."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from accounts.models import User
from core.errors import NotAllowed, WrongState
from core.events import drain
from core.models import Event
from experts import actions
from experts.joining import mailbox, same_mailbox
from experts.models import Arrival, Expert, Institution, Partner
from experts.queries_growing import Brought, brought
from tasks.actions import accept
from tests import people
from tests.tasks.scene import handed_in
from tests.tasks.scene import project as running

pytestmark = pytest.mark.django_db
SIGN_UP = reverse("account_signup")


def text(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, path
    return response.content.decode()


def signs_up(client: Client, name: str, via: str = "", *, confirms: bool = True, **typed: Any) -> User:
    """A newcomer fills in the form as the page hands it out."""
    page = text(client, f"{SIGN_UP}?via={via}")
    carried = re.search(r'name="via" value="([^"]*)"', page)
    given = {"name": name, "email": f"{name.lower()}@people.example", "password1": people.PASSWORD}
    client.post(SIGN_UP, {**given, "via": carried[1] if carried else "", **typed})
    made = User.objects.get(name=name)
    if confirms:
        EmailAddress.objects.filter(user=made).update(verified=True)
    drain()
    client.logout()
    return made


def society(**more: Any) -> Partner:
    return actions.make_partner(
        **{"name": "Danish Physical Society", "slug": "dfs", "by": people.ops(), "blurb": "We are **glad**.", **more}
    )


def came_through(expert: Expert) -> Brought:
    return brought(Arrival.objects.filter(referrer=expert))


# --- an expert's own link


def test_colleagues_come_through_emils_link_and_he_sees_how_far_they_got(client: Client) -> None:
    emil = people.expert()
    landing = text(client, f"/join/{emil.join_code}/")
    assert f'href="{SIGN_UP}?via={emil.join_code}"' in landing
    signs_up(client, "Nadia", emil.join_code)
    signs_up(client, "Bogus", emil.join_code, confirms=False)
    farah = signs_up(client, "Farah", emil.join_code)
    assert came_through(emil) == Brought(joined=2, verified=0, worked=0)
    people.credential(people.expert("Farah", verified=False), status="verified")
    assert came_through(emil) == Brought(joined=2, verified=1, worked=0)
    work = handed_in(running(1), "Farah")
    accept(submission=work, by=people.user("Mina"))
    assert came_through(emil) == Brought(joined=2, verified=1, worked=1)
    assert Arrival.objects.get(user=farah).referrer == emil
    people.sign_in(client, emil.user)
    page = text(client, reverse("experts:invite"))
    assert f"/join/{emil.join_code}/" in page
    assert "Farah" not in page
    assert page.count('<span class="value">1</span>') == 2


def test_counting_costs_one_statement() -> None:
    emil = people.expert()
    with CaptureQueriesContext(connection) as asked:
        assert came_through(emil) == Brought(0, 0, 0)
    assert len(asked) == 1


def test_a_link_that_nobody_took_yet_says_so(client: Client) -> None:
    people.sign_in(client, people.expert().user)
    assert "Nobody has joined through it yet" in text(client, reverse("experts:invite"))
    people.sign_in(client, people.user("Sam"))
    assert client.get(reverse("experts:invite"))["Location"] == "/expert/"


def test_a_link_says_nothing_of_whose_it_is(client: Client) -> None:
    emil = people.expert()
    assert emil.public_id.removeprefix("exp_") not in emil.join_code
    page = text(client, f"/join/{emil.join_code}/")
    for secret in ("Emil", emil.public_id, emil.user.public_id, emil.user.email):
        assert secret not in page
    assert '<meta name="robots" content="noindex">' in page
    people.sign_in(client, people.user("Sam"))
    assert "You have an account already" in text(client, f"/join/{emil.join_code}/")


@pytest.mark.parametrize(
    "code", ["ref_aaaaaaaaaaaaaaaa", "https:evil.example", "x", "..%2f..", "ref_%0d%0aSet-Cookie:a=b"]
)
def test_what_is_no_link_leads_nowhere(client: Client, code: str) -> None:
    response = client.get(f"/join/{code}/")
    assert response.status_code == 404
    assert "Location" not in response


def test_public_ids_of_people_are_no_links(client: Client) -> None:
    """They stand in exports and pages of labs; a link made of them would tell who is who."""
    emil = people.expert()
    assert client.get(f"/join/{emil.public_id}/").status_code == 404
    signs_up(client, "Nadia", emil.public_id)
    assert not Arrival.objects.exists()


def test_a_sign_up_keeps_its_code_when_the_form_comes_back(client: Client) -> None:
    emil = people.expert()
    back = client.post(SIGN_UP, {"name": "", "via": emil.join_code}).content.decode()
    assert f'name="via" value="{emil.join_code}"' in back


@pytest.mark.parametrize("via", ["<script>", "ref_short", "\x00", "a" * 5_000, "ref_aaaaaaaaaaaaaaaa\nx"])
def test_a_code_that_somebody_made_up_is_forgotten(client: Client, via: str) -> None:
    typed = {"name": "Nadia", "email": "n@people.example", "password1": people.PASSWORD, "via": via}
    client.post(SIGN_UP, typed)
    told = list(Event.objects.filter(name="user.signed_up").values_list("data", flat=True))
    assert told in ([{"via": ""}], [])  # a null character is refused by the form itself
    assert "<script>" not in text(client, f"{SIGN_UP}?via=<script>")


def test_nobody_brings_themselves(client: Client) -> None:
    emil = people.expert()
    signs_up(client, "Twin", emil.join_code, email="emil+again@people.example")
    assert came_through(emil).joined == 0
    assert actions.note_arrival(user=emil.user, code=emil.join_code) is None


def test_one_came_through_one_link_for_good() -> None:
    emil, farah, sam = people.expert(), people.expert("Farah"), people.user("Sam")
    first = actions.note_arrival(user=sam, code=emil.join_code)
    assert actions.note_arrival(user=sam, code=farah.join_code) == first
    assert (came_through(emil).joined, came_through(farah).joined) == (1, 0)
    with pytest.raises(IntegrityError):
        Arrival.objects.create(user=farah.user, referrer=emil, partner=society())


def test_who_was_shut_out_brings_nobody() -> None:
    emil = people.expert()
    people.user("Emil", is_active=False)
    assert actions.note_arrival(user=people.user("Sam"), code=emil.join_code) is None


def test_an_address_that_has_an_account_learns_of_it_by_mail_only(client: Client) -> None:
    emil, sam = people.expert(), people.user("Sam")
    typed = {"name": "Sam", "email": sam.email, "password1": people.PASSWORD, "via": emil.join_code}
    assert client.post(SIGN_UP, typed)["Location"] == "/accounts/confirm-email/"
    drain()
    assert not Arrival.objects.exists()
    assert mail.outbox[-1].to == [sam.email]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("emil@x.example", "Emil+1@X.example", True),
        ("e.mil@gmail.com", "emil+q@googlemail.com", True),
        ("e.mil@x.example", "emil@x.example", False),
        ("emil@x.example", "emil@y.example", False),
    ],
)
def test_mailboxes(one: str, other: str, same: bool) -> None:
    assert same_mailbox(one, other) is same
    assert mailbox(mailbox(one)) == mailbox(one)


# --- partners


def test_a_societys_members_come_through_its_page(client: Client) -> None:
    dfs = society(institution=Institution.objects.first())
    page = text(client, "/partners/dfs/")
    assert "<strong>glad</strong>" in page
    assert str(dfs.institution) in page
    assert f'href="{SIGN_UP}?via={dfs.public_id}"' in page
    assert "/partners/dfs/" in text(client, "/sitemap.xml")
    assert client.get(f"/join/{dfs.public_id}/")["Location"] == "/partners/dfs/"
    signs_up(client, "Nadia", dfs.public_id)
    assert brought(dfs.arrivals.all()).joined == 1
    people.sign_in(client, people.user("Sam"))
    assert "You have an account already" in text(client, "/partners/dfs/")


def test_words_of_a_partner_are_made_harmless(client: Client) -> None:
    society(blurb="<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>")
    page = text(client, "/partners/dfs/")
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<img" not in page


def test_a_closed_partner_has_no_page_and_brings_nobody(client: Client) -> None:
    dfs = society()
    actions.close_partner(partner=dfs, by=people.ops())
    for path in ("/partners/dfs/", "/partners/dfs/logo.png", f"/join/{dfs.public_id}/"):
        assert client.get(path).status_code == 404
    assert "/partners/dfs/" not in text(client, "/sitemap.xml")
    assert actions.note_arrival(user=people.user("Sam"), code=dfs.public_id) is None
    with pytest.raises(WrongState):
        actions.close_partner(partner=dfs, by=people.ops())
    actions.reopen_partner(partner=dfs, by=people.ops())
    assert "glad" in text(client, "/partners/dfs/")


@pytest.mark.parametrize("name", ["Ada", "Emil"])
def test_partners_are_ops_matter(name: str) -> None:
    dfs, by = society(), people.user(name)
    people.lab()
    with pytest.raises(NotAllowed):
        actions.make_partner(name="X", slug="x", by=by)
    with pytest.raises(NotAllowed):
        actions.edit_partner(partner=dfs, name="X", slug="x", institution=None, blurb="", by=by)
    with pytest.raises(NotAllowed):
        actions.close_partner(partner=dfs, by=by)
    with pytest.raises(NotAllowed):
        actions.reopen_partner(partner=dfs, by=by)


def png(size: tuple[int, int] = (2_000, 500), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "navy").save(file, kind)
    return file.getvalue()


def upload(content: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.fixture
def olu(client: Client) -> Client:
    return people.sign_in(client, people.ops())


ADD = "/admin/experts/partner/add/"


def test_ops_add_and_edit_a_partner_in_the_admin(olu: Client) -> None:
    form = {"name": "Danish Physical Society", "slug": "dfs", "institution": "", "blurb": "Hello"}
    assert "Logo" in text(olu, ADD)
    assert olu.post(ADD, {**form, "upload": upload(png(kind="JPEG"), "x.exe")}).status_code == 302
    dfs = Partner.objects.get()
    change = f"/admin/experts/partner/{dfs.pk}/change/"
    picture = olu.get("/partners/dfs/logo.png")
    assert picture["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(picture.content)).size == (480, 120)
    assert olu.post(change, {**form, "name": "Dansk Fysisk Selskab"}).status_code == 302
    dfs.refresh_from_db()
    assert dfs.name == "Dansk Fysisk Selskab"
    assert dfs.logo
    assert [event.name for event in Event.objects.filter(subject=dfs.public_id).order_by("pk")] == [
        "partner.created",
        "partner.edited",
    ]
    assert 'src="/partners/dfs/logo.png"' in text(olu, "/partners/dfs/")
    actions.note_arrival(user=people.user("Sam"), code=dfs.public_id)
    listed = text(olu, "/admin/experts/partner/")
    assert re.search(r'class="field-joined"[^>]*>1<', listed)
    assert re.search(r'class="field-worked"[^>]*>0<', listed)
    assert "Sam Nobody" in text(olu, "/admin/experts/arrival/")
    for button, status in (("close", "closed"), ("reopen", "open")):
        olu.post(f"/admin/experts/partner/{dfs.pk}/do/{button}/")
        dfs.refresh_from_db()
        assert dfs.status == status
    dfs.logo.delete(save=False)
    Partner.objects.update(logo="partners/gone.png")
    assert olu.get("/partners/dfs/logo.png").status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "none of them"),
        (b"%PDF-1.7", "A logo is a PNG or JPEG of at most 2 MB."),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 2 * 1024 * 1024, "A logo is a PNG or JPEG of at most 2 MB."),
        (b"\x89PNG\r\n\x1a\nbroken", "the picture is damaged"),
    ],
)
def test_what_is_no_picture_is_no_logo(olu: Client, content: bytes, words: str) -> None:
    page = olu.post(ADD, {"name": "X", "slug": "x", "institution": "", "blurb": "", "upload": upload(content)})
    assert words in page.content.decode()
    assert not Partner.objects.exists()


def test_ops_without_the_right_only_look(client: Client) -> None:
    society()
    people.user("Olu", withheld=["network_grow"])
    people.sign_in(client, people.ops())
    assert client.get(ADD).status_code == 403
    assert client.get("/admin/experts/partner/").status_code == 200
    page = text(client, f"/admin/experts/partner/{Partner.objects.get().pk}/change/")
    assert 'name="_save"' not in page
    assert str(Arrival(user=people.user("Sam"), partner=Partner.objects.get())) == (
        "Sam Nobody through Danish Physical Society"
    )
