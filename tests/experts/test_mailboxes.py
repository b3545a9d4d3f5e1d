"""A code to the institution's mailbox: whoever reads it there belongs there. And everything that must not work."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from core.errors import Invalid, NotAllowed, Refused
from core.events import drain
from experts import jobs
from experts.actions import ask_mailbox, confirm_mailbox, forget_codes
from experts.actions import mailboxes as asking
from experts.mailboxes import A_DAY, TRIES, address_from, code_of, is_code_of, standing, within_limits
from experts.models import Assertion, Credential, Institution, MailboxCode, Road, Strength
from tests import people
from tests.threads import at_once

Status = Credential.Status
ADDRESS = "emil@nbi.ku.dk"


@pytest.fixture
def claimed(db: None) -> Credential:
    """Emil's doctorate of Copenhagen, with no proof yet."""
    return people.credential(people.expert("Emil", verified=False), status=Status.CLAIMED)


def emil() -> User:
    return people.user("Emil")


def ask(credential: Credential, address: str = ADDRESS, by: User | None = None) -> MailboxCode:
    return ask_mailbox(credential=credential, address=address, by=by or credential.expert.user)


def letter() -> str:
    """The words of the newest letter, once the worker has been by."""
    drain()
    return str(mail.outbox[-1].subject) + str(mail.outbox[-1].body)


def later(**span: int) -> None:
    """The codes were asked for so long ago."""
    for sent in MailboxCode.objects.all():
        MailboxCode.objects.filter(pk=sent.pk).update(asked_at=sent.asked_at - timedelta(**span))


def test_emil_reads_the_code_in_his_mailbox_and_the_review_starts(claimed: Credential) -> None:
    sent = ask(claimed, " Emil@NBI.ku.dk ")
    assert str(sent) == ADDRESS
    code = code_of(sent.public_id)
    assert code in letter()
    assert mail.outbox[-1].to == [ADDRESS]
    assert "University of Copenhagen" in letter()
    said = confirm_mailbox(credential=claimed, code=f"{code[:3]} {code[3:]}", by=emil())
    claimed.refresh_from_db()
    assert (claimed.status, claimed.answer_by is None) == (Status.EVIDENCED, False)
    assert (said.road, said.source, said.verdict) == (Road.MAILBOX, "nbi.ku.dk", Assertion.Verdict.HOLDS)
    assert said.strength == Strength.FAIR
    assert said.says == {"institution": claimed.institution.ror_id, "mailbox": ADDRESS}  # type: ignore[union-attr]
    assert said.reasons[-1] == "It shows that they belong there, not the degree itself."


def test_the_code_is_kept_nowhere(claimed: Credential) -> None:
    sent = ask(claimed)
    code = code_of(sent.public_id)
    row = MailboxCode.objects.values().get()
    assert code not in str({name: value for name, value in row.items() if name != "asked_at"})
    assert re.fullmatch(r"\d{6}", code)
    assert is_code_of(sent.public_id, code)
    assert not is_code_of("mbx_other", code)


@pytest.mark.parametrize(
    ("address", "strength"),
    [
        ("e@ku.dk", Strength.FAIR),
        ("e@science.ku.dk", Strength.FAIR),
        ("e@alumni.ku.dk", Strength.HINT),
        ("e@student.nbi.ku.dk", Strength.HINT),
    ],
)
def test_what_an_address_is_worth(address: str, strength: int, db: None) -> None:
    copenhagen = Institution.objects.get(name="University of Copenhagen")
    assert standing(address, copenhagen).strength == strength


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("emil@gmail.com", "Anybody can have an address at gmail.com"),
        ("emil@ku.dk.evil.example", "does not belong to University of Copenhagen"),
        ("emil@notku.dk", "does not belong to"),
        ("emil", "not an e-mail address"),
        ("emil@", "not an e-mail address"),
        ("emil@ku.dk\nbcc: all@ku.dk", "not an e-mail address"),
        (f"emil@{'a' * 70}.ku.dk", "not an e-mail address"),
    ],
)
def test_other_addresses_are_refused_in_words_and_nothing_is_sent(
    claimed: Credential, address: str, words: str
) -> None:
    with pytest.raises(Invalid, match=words) as refusal:
        ask(claimed, address)
    assert [fault.field for fault in refusal.value.faults] == ["address"]
    assert not MailboxCode.objects.exists()


def test_a_domain_in_other_letters_is_compared_in_ascii() -> None:
    assert address_from("a@müller.example") == "a@xn--mller-kva.example"


def test_five_wrong_codes_and_the_right_one_is_too_late(claimed: Credential) -> None:
    sent = ask(claimed)
    wrong = f"{(int(code_of(sent.public_id)) + 1) % 1_000_000:06}"
    for left in range(TRIES - 1, -1, -1):
        with pytest.raises(Invalid, match=f"{left} tries left" if left else "Ask for a new one"):
            confirm_mailbox(credential=claimed, code=wrong, by=emil())
    with pytest.raises(Refused, match="No code is waiting"):
        confirm_mailbox(credential=claimed, code=code_of(sent.public_id), by=emil())
    assert not Assertion.objects.exists()


def test_a_code_holds_for_fifteen_minutes_once_and_only_the_newest(claimed: Credential) -> None:
    first = ask(claimed)
    later(minutes=16)
    with pytest.raises(Refused, match="No code is waiting"):
        confirm_mailbox(credential=claimed, code=code_of(first.public_id), by=emil())
    second = ask(claimed)
    with pytest.raises(Invalid):
        confirm_mailbox(credential=claimed, code=code_of(first.public_id), by=emil())
    confirm_mailbox(credential=claimed, code=code_of(second.public_id), by=emil())
    with pytest.raises(Refused, match="No code is waiting"):
        confirm_mailbox(credential=claimed, code=code_of(second.public_id), by=emil())


def test_a_letter_that_comes_too_late_is_not_sent(claimed: Credential) -> None:
    ask(claimed)
    later(minutes=16)
    drain()
    assert mail.outbox == []


def test_one_code_a_minute_and_five_a_day(claimed: Credential) -> None:
    for _ in range(A_DAY):
        ask(claimed)
        with pytest.raises(Refused, match="a moment ago"):
            ask(claimed)
        later(minutes=2)
    with pytest.raises(Refused, match="No more codes today"):
        ask(claimed, "other@ku.dk")
    later(days=1)
    ask(claimed)


def test_nobody_floods_a_mailbox_through_several_accounts(claimed: Credential) -> None:
    copenhagen: dict[str, Any] = {"institution": claimed.institution, "status": Status.CLAIMED}
    for name in ("Emil", "Farah", "Juan", "Noor", "Kofi"):
        ask(people.credential(people.expert(name, verified=False), **copenhagen))
        later(minutes=2)
    with pytest.raises(Refused, match="No more codes today"):
        ask(people.credential(people.expert("Lena", verified=False), **copenhagen))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("one_at_a_time", "letters"), [(True, 1), (False, 2)])
def test_two_accounts_that_ask_at_once_send_one_letter(
    monkeypatch: pytest.MonkeyPatch, one_at_a_time: bool, letters: int
) -> None:
    known = Institution.objects.get(name="University of Copenhagen")
    for name in ("Emil", "Farah"):
        people.credential(people.expert(name, verified=False), status=Status.CLAIMED, institution=known)
    claims = list(Credential.objects.select_related("expert__user").order_by("pk"))
    met = threading.Barrier(2, timeout=0.5)

    def together(sent: list[Any], now: Any) -> None:
        """Count, then wait for the other to have counted too, before the letter goes out."""
        within_limits(sent, now)
        with suppress(threading.BrokenBarrierError):
            met.wait()

    monkeypatch.setattr(asking, "within_limits", together)
    if not one_at_a_time:
        monkeypatch.setattr(asking, "_one_at_a_time", lambda address: None)
    at_once(2, lambda number: ask(claims[number]))
    assert MailboxCode.objects.count() == letters


def test_a_mailbox_that_two_accounts_confirm_is_a_hint_to_ops(claimed: Credential) -> None:
    confirm_mailbox(credential=claimed, code=code_of(ask(claimed).public_id), by=emil())
    later(minutes=2)
    farahs = people.credential(people.expert("Farah", verified=False), status=Status.CLAIMED)
    Credential.objects.filter(pk=farahs.pk).update(institution=claimed.institution)
    farahs.refresh_from_db()
    said = confirm_mailbox(credential=farahs, code=code_of(ask(farahs).public_id), by=farahs.expert.user)
    assert (said.strength, said.reasons[-1]) == (Strength.HINT, "Another account has confirmed the same mailbox.")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"institution": None}, "do not know the mail domains"),
        ({"status": Status.REVOKED, "decided_by": "ops"}, "takes no more proof"),
        (
            {"kind": "licence", "level": 0, "profession": "physician", "jurisdiction": "DK"},
            "nothing about a licence",
        ),
    ],
)
def test_where_the_road_is_closed_the_page_says_why(
    claimed: Credential, client: Client, change: dict[str, Any], words: str
) -> None:
    given = {name: people.ops() if value == "ops" else value for name, value in change.items()}
    Credential.objects.filter(pk=claimed.pk).update(**given)
    claimed.refresh_from_db()
    with pytest.raises(Refused, match=words):
        ask(claimed)
    people.sign_in(client, emil())
    page = client.get(f"/expert/credentials/{claimed.public_id}/").content.decode()
    assert (words in page) == (claimed.kind == Credential.Kind.DEGREE)  # a licence is not offered this road
    assert "Send a code" not in page


def test_others_ask_and_confirm_nothing(claimed: Credential) -> None:
    farah = people.expert("Farah").user
    with pytest.raises(NotAllowed):
        ask(claimed, by=farah)
    with pytest.raises(NotAllowed):
        confirm_mailbox(credential=claimed, code="000000", by=farah)


def test_unused_codes_go_with_their_addresses(claimed: Credential) -> None:
    ask(claimed)
    jobs.forget_codes()
    assert MailboxCode.objects.count() == 1
    later(days=2)
    assert forget_codes() == 1
    confirm_mailbox(credential=claimed, code=code_of(ask(claimed).public_id), by=emil())
    later(days=2)
    assert forget_codes() == 0


def test_in_the_browser_from_address_to_review(claimed: Credential, client: Client) -> None:
    people.sign_in(client, emil())
    url = f"/expert/credentials/{claimed.public_id}/"
    page = client.get(url).content.decode()
    assert "Your mailbox at University of Copenhagen" in page
    assert "Type the code" not in page
    wrong = client.post(f"{url}mailbox/", {"address": "emil@gmail.com"})
    assert (wrong.status_code, "Anybody can have" in wrong.content.decode()) == (422, True)
    assert client.post(f"{url}mailbox/", {"address": ""}).status_code == 422
    assert client.post(f"{url}mailbox/", {"address": ADDRESS})["Location"] == url
    page = client.get(url).content.decode()
    assert "Type the code" in page
    assert ADDRESS in page
    code = code_of(MailboxCode.objects.get().public_id)
    assert code not in page
    assert client.post(f"{url}mailbox/code/", {"code": ""}).status_code == 422
    wrong = client.post(f"{url}mailbox/code/", {"code": "1"})
    assert (wrong.status_code, "4 tries left" in wrong.content.decode()) == (422, True)
    assert client.post(f"{url}mailbox/code/", {"code": code})["Location"] == url
    page = client.get(url).content.decode()
    assert "We answer by" in page
    assert "They read a code that we sent to" in page


def test_through_the_api(claimed: Credential) -> None:
    api = people.api_client_for(emil())
    url = f"/api/v1/credentials/{claimed.public_id}/"
    roads = {way["road"]: way["closed"] for way in api.get(f"{url}roads/").json()}
    assert roads["mailbox"] == ""
    refused = api.post(f"{url}mailbox/", {"address": "a@gmail.com"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "address")
    assert api.post(f"{url}mailbox/", {"address": ADDRESS}).status_code == 202
    code = code_of(MailboxCode.objects.get().public_id)
    said = api.post(f"{url}mailbox/code/", {"code": code})
    assert (said.status_code, said.json()["road"], said.json()["strength"]) == (201, "mailbox", 2)
    assert people.api_client_for(people.expert("Farah").user).get(f"{url}roads/").status_code == 404


@pytest.mark.django_db
def test_a_claim_needs_no_document_any_more(client: Client) -> None:
    owner = people.expert("Emil", verified=False)
    people.sign_in(client, owner.user)
    claim = {
        "title": "PhD in Physics",
        "level": "8",
        "field": "0533",
        "institution_name": "University of Copenhagen",
        "country": "DK",
        "year": "2015",
        "name_on_document": "Emil Sørensen",
    }
    url = client.post("/expert/credentials/new/", claim)["Location"]
    assert Credential.objects.get().status == Status.CLAIMED
    page = client.get(url).content.decode()
    assert "A proof is missing" in page
    five = [people.diploma(str(number)) for number in range(5)]
    for document in five:
        client.post(f"{url}evidence/", {"upload": document})
    assert "You have handed in 5" in client.get(url).content.decode()
