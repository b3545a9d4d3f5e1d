"""Olu has a list of people who agreed to hear of us: what is taken, who gets a letter, and how a no stays a no."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.events import drain
from experts import actions, jobs
from experts.actions import audience as acting
from experts.audience import COLUMNS, MAX_BYTES, MAX_FAULTS, MAX_ROWS, Row, Unfit, address, digest, read
from experts.letters import digest_in, unsubscribe_path
from experts.models import Audience, Prospect, Suppressed
from tests import people

TODAY = date(2026, 11, 25)
HEAD = ",".join(COLUMNS)
NADIA = "Nadia Comte,nadia@people.example,0533,8,consent,2026-03-01,Danish Physical Society"
BO = "Bo Li,bo@people.example,,,request,2026-04-01,Conference in Lund"


def file(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode()


def cell(**changed: str) -> bytes:
    """Nadia's row with some cells changed, quoted as CSV does."""
    cells = dict(zip(COLUMNS, NADIA.split(","), strict=True)) | changed
    return file(",".join('"' + cells[name].replace('"', '""') + '"' for name in COLUMNS))


# --- the file


def test_rows_are_read_as_people_write_them() -> None:
    found = read(file(NADIA, "", BO), TODAY)
    assert found.faults == []
    society = "Danish Physical Society"
    assert found.rows[0] == Row(
        1, "Nadia Comte", "nadia@people.example", "0533", 8, "consent", date(2026, 3, 1), society
    )
    assert (found.rows[1].field, found.rows[1].degree, found.rows[1].number) == ("", 0, 2)
    words = cell(field="organic synthesis", degree="Dr. rer. nat.", consent="CONSENT", name="Zoë Müller-O’Neil")
    (row,) = read(words, TODAY).rows
    assert (row.field, row.degree, row.consent, row.name) == ("0531", 8, "consent", "Zoë Müller-O’Neil")


def test_spreadsheets_write_marks_semicolons_and_other_orders() -> None:
    semicolons = "\ufeff" + "\r\n".join(line.replace(",", ";") for line in (HEAD, NADIA))
    assert len(read(semicolons.encode(), TODAY).rows) == 1
    backwards = file(",".join(reversed(NADIA.split(","))), head=" , ".join(name.upper() for name in reversed(COLUMNS)))
    assert read(backwards, TODAY).rows[0].email == "nadia@people.example"


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"name": ""}, "name", "missing"),
        ({"name": "a" * 121}, "name", "longer than 120"),
        ({"name": "Nadia\r\nBcc: all@people.example"}, "name", "hidden characters"),
        ({"name": "Nadia\u202eaid"}, "name", "hidden characters"),
        ({"name": "Nadia\x00"}, "name", "hidden characters"),
        ({"name": "=HYPERLINK(1)"}, "name", "formula"),
        ({"name": "@SUM(A1)"}, "name", "formula"),
        ({"name": "Win at https://evil.example"}, "name", "no name of a person"),
        ({"name": "<b>Nadia</b>"}, "name", "no name of a person"),
        ({"source": "+1-cmd|calc"}, "source", "formula"),
        ({"source": ""}, "source", "missing"),
        ({"source": "a\u2028b"}, "source", "hidden characters"),
        ({"email": "nadia"}, "email", "no e-mail address"),
        ({"email": "nadia@people.example\nBcc: x@y.example"}, "email", "no e-mail address"),
        ({"email": "=cmd@people.example"}, "email", "no e-mail address"),
        ({"email": "a..b@people.example"}, "email", "no e-mail address"),
        ({"email": "нaдия@people.example"}, "email", "outside A to Z"),
        ({"email": "a@b"}, "email", "no e-mail address"),
        ({"email": "a@" + "b" * 64 + ".example"}, "email", "no e-mail address"),
        ({"email": "a" * 250 + "@b.example"}, "email", "no e-mail address"),
        ({"email": '"a b"@people.example'}, "email", "no e-mail address"),
        ({"field": "alchemy of the stars"}, "field", "no field that we know"),
        ({"degree": "5"}, "degree", "no degree that we know"),
        ({"degree": "Abitur"}, "degree", "no degree that we know"),
        ({"consent": ""}, "consent", "without consent"),
        ({"consent": "legitimate interest"}, "consent", "without consent"),
        ({"consent_date": ""}, "consent_date", "2026-11-25"),
        ({"consent_date": "01/03/2026"}, "consent_date", "2026-11-25"),
        ({"consent_date": "2026-11-26"}, "consent_date", "between 2000 and today"),
        ({"consent_date": "1999-12-31"}, "consent_date", "between 2000 and today"),
    ],
)
def test_each_fault_names_row_column_and_reason(changed: dict[str, str], field: str, words: str) -> None:
    found = read(cell(**changed), TODAY)
    assert found.rows == []
    assert [(fault.row, fault.field) for fault in found.faults] == [(1, field)]
    assert words in found.faults[0].message


def test_one_bad_row_takes_the_good_ones_with_it() -> None:
    found = read(file(NADIA, NADIA.replace("nadia@", "Nadia@"), BO.replace("request", "")), TODAY)
    assert found.rows == []
    assert [(fault.row, fault.field, fault.message[:20]) for fault in found.faults] == [
        (2, "email", "The same address sta"),
        (3, "consent", "Nobody is written to"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Missing: name, email"),
        (file(NADIA, head=HEAD.replace("consent,", "conset,")), "Missing: consent. Unknown: conset."),
        (file(NADIA, head=HEAD + ",name"), "each once"),
        (file(), "no rows"),
        (file(NADIA + ",more"), "more cells"),
        (file('"Nadia'), "unexpected end of data"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"a" * (MAX_BYTES + 1), "at most 2 MB"),
        (file('"' + "a" * 140_000 + '"'), "field larger than field limit"),
        (file(*(NADIA.replace("nadia", f"n{n}") for n in range(MAX_ROWS + 1))), "at most 5,000 rows"),
    ],
)
def test_what_is_no_such_file_is_refused_in_one_sentence(content: bytes, words: str) -> None:
    found = read(content, TODAY)
    assert found.rows == []
    assert words in found.faults[-1].message


def test_faults_are_told_up_to_a_number() -> None:
    assert len(read(file(*["x"] * 4_000), TODAY).faults) <= MAX_FAULTS + len(COLUMNS)


def test_an_address_is_one_however_it_is_written() -> None:
    assert address(" Emil@BÜCHER.example ") == "emil@xn--bcher-kva.example"
    assert address("emil@xn--bcher-kva.example") == address("emil@bücher.example")
    assert address("o'neil+lists@a-b.example") == "o'neil+lists@a-b.example"
    for wrong in ("", "@", "a@", "@b.example", "a@b..example", "a@-b.example", "a@1.2.3.4", "a@[::1]", ".a@b.example"):
        with pytest.raises(Unfit):
            address(wrong)


# --- from file to letter


def take(*rows: str, name: str = "physicists.csv") -> Audience:
    return actions.take_audience(content=file(*(rows or (NADIA, BO))), filename=name, by=people.ops())


def sent(*rows: str) -> Audience:
    made = take(*rows)
    actions.confirm_audience(audience=made, by=people.ops())
    jobs.invite_prospects()
    made.refresh_from_db()
    return made


def states(of: Audience) -> list[str]:
    return list(of.prospects.order_by("row").values_list("status", flat=True))


def token_in(letter: mail.EmailMessage) -> str:
    found = re.search(r"/unsubscribe/(\S+)/", str(letter.body))
    assert found
    return found[1]


pytestmark = pytest.mark.django_db


def test_nothing_goes_out_before_somebody_confirms() -> None:
    made = take()
    assert states(made) == ["waiting", "waiting"]
    assert actions.invite_prospects() == 0
    assert mail.outbox == []
    actions.confirm_audience(audience=made, by=people.ops())
    assert actions.invite_prospects() == 2
    made.refresh_from_db()
    assert (made.status, states(made)) == ("sent", ["invited", "invited"])
    assert actions.invite_prospects() == 0
    with pytest.raises(WrongState):
        actions.confirm_audience(audience=made, by=people.ops())


def test_the_letter_says_why_it_came_and_how_to_stop(settings: Settings) -> None:
    settings.QUORUM_PUBLIC_URL = "https://experts.example.org"
    sent()
    to_nadia, to_bo = mail.outbox
    body = str(to_nadia.body)
    assert to_nadia.to == ["nadia@people.example"]
    assert to_nadia.subject == "Paid expert work on AI data: Physics"
    assert "Hello Nadia Comte," in body
    assert "https://experts.example.org/fields/0533/" in body
    assert "you agreed to it on 1 March 2026 (Danish Physical Society)" in body
    assert "after 90 days" in body
    assert to_bo.subject == "Paid expert work on AI data"
    assert "you asked for it on 1 April 2026" in str(to_bo.body)
    link = f"https://experts.example.org/unsubscribe/{token_in(to_nadia)}/"
    headers = to_nadia.message()
    assert headers["List-Unsubscribe"] == f"<{link}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in body


def test_a_file_with_a_fault_leaves_nothing_behind() -> None:
    with pytest.raises(Invalid) as refused:
        take(NADIA, BO.replace("request", ""))
    assert [fault.row for fault in refused.value.faults] == [2]
    assert not Audience.objects.exists()
    assert not Prospect.objects.exists()


def test_a_discarded_file_is_forgotten() -> None:
    made = take()
    actions.discard_audience(audience=made, by=people.ops())
    assert not made.prospects.exists()
    assert actions.invite_prospects() == 0


def test_only_ops_with_the_right_invite_by_mail() -> None:
    made = take()
    people.lab()
    people.user("Petra", withheld=["network_grow"])
    for name in ("Ada", "Emil", "Petra"):
        by = people.user(name)
        with pytest.raises(NotAllowed):
            actions.take_audience(content=file(NADIA), filename="x", by=by)
        with pytest.raises(NotAllowed):
            actions.confirm_audience(audience=made, by=by)
        with pytest.raises(NotAllowed):
            actions.discard_audience(audience=made, by=by)
        with pytest.raises(NotAllowed):
            actions.suppress(email="a@b.example", by=by)


def test_members_and_people_of_earlier_files_are_left_out_without_a_trace() -> None:
    people.user("Nadia")
    EmailAddress.objects.create(user=people.user("Sam"), email="bo@people.example", verified=False)
    made = take(NADIA, BO, BO.replace("bo@", "li@"))
    assert list(made.prospects.order_by("row").values_list("status", "skip", "email", "name", "digest")) == [
        ("skipped", "member", "", "", ""),
        ("skipped", "member", "", "", ""),
        ("waiting", "", "li@people.example", "Bo Li", digest("li@people.example")),
    ]
    again = take(BO.replace("bo@", "LI@"))
    assert again.prospects.get().skip == "written"


def test_two_files_at_once_write_nobody_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    take(NADIA)
    monkeypatch.setattr(acting, "_skips", lambda emails: {})  # as if the other had not been there yet
    with pytest.raises(Refused, match="Upload yours again"):
        take(NADIA)
    assert Audience.objects.count() == 1


def test_who_joined_between_file_and_letter_is_not_written_to() -> None:
    made = take()
    people.user("Nadia")
    actions.confirm_audience(audience=made, by=people.ops())
    Suppressed.objects.create(digest=digest("bo@people.example"))
    assert actions.invite_prospects() == 0
    assert states(made) == ["skipped", "skipped"]
    assert set(made.prospects.values_list("skip", "email")) == {("member", ""), ("suppressed", "")}


def test_an_address_that_the_server_refuses_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    send = EmailBackend.send_messages

    def refuse_nadia(self: EmailBackend, messages: list[mail.EmailMessage]) -> int:
        if "nadia@people.example" in messages[0].to:
            raise SMTPRecipientsRefused({})
        return int(send(self, messages))

    monkeypatch.setattr(EmailBackend, "send_messages", refuse_nadia)
    made = sent()
    assert states(made) == ["refused", "invited"]
    assert made.prospects.get(row=1).email == ""
    assert made.status == "sent"


def test_a_server_that_is_away_loses_no_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: EmailBackend, messages: list[mail.EmailMessage]) -> int:
        raise SMTPServerDisconnected

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", away)
        made = sent()
    assert (made.status, states(made)) == ("sending", ["waiting", "waiting"])
    assert actions.invite_prospects(limit=1) == 1
    assert actions.invite_prospects() == 1


def test_a_letter_that_another_worker_has_in_hand_is_left_to_it() -> None:
    made = sent()
    assert acting._invite_one(made.prospects.get(row=1).pk, EmailBackend(), SYSTEM) == 0


# --- a no


def test_one_press_says_no_for_ever(client: Client) -> None:
    made = sent()
    link = f"/unsubscribe/{token_in(mail.outbox[0])}/"
    asked = client.get(link)
    assert "No more invitations?" in asked.text
    assert not Suppressed.objects.exists()  # a scanner of links has said nothing
    program = Client(enforce_csrf_checks=True)
    done = program.post(link, {"List-Unsubscribe": "One-Click"})
    assert (done.status_code, "You are off the list" in done.text) == (200, True)
    assert "You are off the list" in client.get(link).text
    assert program.post(link).status_code == 200
    nadia = made.prospects.get(row=1)
    assert (nadia.status, nadia.name, nadia.email, nadia.digest) == ("unsubscribed", "", "", "")
    assert "nadia" not in str(Suppressed.objects.values().get())
    again = take(NADIA.replace("nadia@", "NADIA@"))
    assert again.prospects.get().skip == "suppressed"
    actions.confirm_audience(audience=again, by=people.ops())
    assert actions.invite_prospects() == 0


def test_the_link_works_after_the_person_was_forgotten_and_the_key_was_changed(
    client: Client, settings: Settings
) -> None:
    sent(NADIA)
    link = f"/unsubscribe/{token_in(mail.outbox[0])}/"
    Prospect.objects.all().delete()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [settings.SECRET_KEY]
    assert client.post(link).status_code == 200
    assert take(NADIA).prospects.get().skip == "suppressed"


@pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: "0" * 64 + t[64:], lambda t: "x", lambda t: t + "%0a"])
def test_nobody_says_no_for_another(client: Client, spoil: Callable[[str], str]) -> None:
    sent(NADIA)
    token = token_in(mail.outbox[0])
    assert digest_in(token) == digest("nadia@people.example")
    assert client.post(f"/unsubscribe/{spoil(token)}/").status_code == 404
    assert not Suppressed.objects.exists()


def test_the_page_says_nothing_of_accounts(client: Client) -> None:
    people.user("Nadia")
    pages = [client.get(unsubscribe_path(digest(f"{name}@people.example"))).text for name in ("nadia", "nobody")]
    assert re.sub(r"csrf\S+|X-CSRFToken\S+ \S+", "", pages[0]) == re.sub(r"csrf\S+|X-CSRFToken\S+ \S+", "", pages[1])


def test_ops_write_down_a_no_that_came_another_way() -> None:
    made = take()
    actions.suppress(email=" NADIA@people.example", by=people.ops())
    assert states(made) == ["unsubscribed", "waiting"]
    assert Suppressed.objects.get().by == people.ops()
    with pytest.raises(Invalid, match="no e-mail address"):
        actions.suppress(email="nadia", by=people.ops())


# --- an answer, and none


def joins(client: Client, email: str) -> User:
    """Signs up and opens the link in the letter."""
    typed = {"name": "Nadia", "email": email, "password1": people.PASSWORD}
    client.post(reverse("account_signup"), typed)
    link = re.search(r"https?://[^/\s]+(/accounts/confirm-email/\S+)", str(mail.outbox[-1].body))
    assert link
    client.post(link[1])
    drain()
    return User.objects.get(email=email)


def test_who_confirms_the_invited_address_has_joined(client: Client) -> None:
    made = sent()
    user = joins(client, "nadia@people.example")
    assert states(made) == ["joined", "invited"]
    assert set(made.prospects.filter(row=1).values_list("name", "email")) == {("", "")}
    people.expert("Nadia", verified=False)
    credential = people.credential(user.expert)
    actions.verify_credential(credential=credential, by=people.ops())
    drain()
    assert states(made) == ["verified", "invited"]
    drain()


def test_signing_up_without_confirming_is_not_joining(client: Client) -> None:
    made = sent()
    client.post(reverse("account_signup"), {"name": "N", "email": "nadia@people.example", "password1": people.PASSWORD})
    drain()
    assert states(made) == ["invited", "invited"]


def test_an_address_that_somebody_else_proved_is_not_confirmed_twice(client: Client) -> None:
    made = sent()
    EmailAddress.objects.create(user=people.user("Sam"), email="nadia@people.example", verified=True)
    late = EmailAddress.objects.create(user=people.user("Farah"), email="nadia@people.example")
    client.post(reverse("account_confirm_email", args=[EmailConfirmationHMAC(late).key]))
    drain()
    late.refresh_from_db()
    assert not late.verified
    assert states(made) == ["invited", "invited"]


def test_an_address_that_no_file_could_hold_is_no_matter() -> None:
    odd = people.user("Sam")
    EmailAddress.objects.filter(user=odd).update(email='"s am"@people.example')
    assert actions.note_joined(user=odd) == 0


def test_whoever_is_silent_is_forgotten(settings: Settings) -> None:
    settings.QUORUM_AUDIENCE_DAYS = 30
    made, lying = sent(NADIA), take(BO)
    assert actions.forget_prospects() == 0
    month_ago = timezone.now() - timedelta(days=31)
    Prospect.objects.filter(audience=made).update(invited_at=month_ago)
    Audience.objects.filter(pk=lying.pk).update(created_at=month_ago)
    jobs.forget_prospects()
    silent = made.prospects.get()
    assert (silent.status, silent.name, silent.email, silent.digest) == ("invited", "", "", "")
    assert silent.consent_on == date(2026, 3, 1)
    lying.refresh_from_db()
    assert (lying.status, lying.prospects.count()) == ("discarded", 0)
    assert actions.forget_prospects() == 0


# --- the desk


@pytest.fixture
def olu(client: Client) -> Client:
    return people.sign_in(client, people.ops())


TAKE = "/admin/experts/audience/take/"


def upload(content: bytes) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile("physicists.csv", content)}


def test_olu_checks_confirms_and_follows_a_file(olu: Client) -> None:
    people.user("Bo")
    assert "consent_date" in olu.get(TAKE).text
    assert "Upload a file" in olu.get("/admin/experts/audience/").text
    change = olu.post(TAKE, upload(file(NADIA, BO)))["Location"]
    made = Audience.objects.get()
    page = olu.get(change).text
    assert "1 not written to yet, 1 left out" in page
    assert "1: has an account" in page
    assert "0 of 1" in page
    confirm = f"/admin/experts/audience/{made.pk}/do/confirm/"
    assert "A letter cannot be called back." in olu.get(confirm).text
    olu.post(confirm)
    actions.invite_prospects()
    page = olu.get(change).text
    assert "1 of 1" in page
    assert "do/discard/" not in page
    rows = olu.get(f"/admin/experts/prospect/?audience__id__exact={made.pk}").text
    assert "nadia@people.example" in rows
    assert "bo@people.example" not in rows
    one = made.prospects.get(row=1)
    assert olu.get(f"/admin/experts/prospect/{one.pk}/change/").status_code == 200
    assert str(one) == "Row 1 of physicists.csv"


def test_faults_are_a_table(olu: Client) -> None:
    answer = olu.post(TAKE, upload(cell(name="=1+1", consent="")))
    assert answer.status_code == 422
    assert "Nothing was taken: 2 to correct" in answer.text
    assert "<td>1</td><td>consent</td>" in answer.text
    assert olu.post(TAKE).status_code == 422
    assert not Audience.objects.exists()


def test_a_refusal_without_faults_is_told_too(olu: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    take(NADIA)
    monkeypatch.setattr(acting, "_skips", lambda emails: {})
    assert "Upload yours again" in olu.post(TAKE, upload(file(NADIA))).text


def test_a_file_that_was_taken_by_mistake_is_discarded(olu: Client) -> None:
    made = take()
    olu.post(f"/admin/experts/audience/{made.pk}/do/discard/")
    page = olu.get(f"/admin/experts/audience/{made.pk}/change/").text
    assert "Discarded" in page
    assert "Nobody" in page


def test_the_list_of_noes_grows_and_never_shrinks(olu: Client) -> None:
    add = "/admin/experts/suppressed/add/"
    assert "Only a fingerprint of it is kept" in olu.get(add).text
    assert "no e-mail address" in olu.post(add, {"email": "nadia"}).text
    for _ in range(2):
        assert olu.post(add, {"email": "Nadia@people.example"}).status_code == 302
    kept = Suppressed.objects.get()
    listed = olu.get("/admin/experts/suppressed/").text
    assert str(kept) in listed
    assert olu.get(f"/admin/experts/suppressed/{kept.pk}/change/").status_code == 200
    assert olu.post(f"/admin/experts/suppressed/{kept.pk}/delete/", {"post": "yes"}).status_code == 403


def test_ops_without_the_right_do_not_see_people_who_are_not_here(client: Client) -> None:
    take()
    people.user("Olu", withheld=["network_grow"])
    people.sign_in(client, people.ops())
    for path in ("audience/", "audience/take/", "prospect/", "suppressed/", "suppressed/add/"):
        assert client.get(f"/admin/experts/{path}").status_code == 403, path
