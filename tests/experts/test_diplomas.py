"""Signed diplomas in the product: experts hand them in, ops keep the list of issuers, a command verifies a file."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.events import history
from experts import trust
from experts.actions import add_diploma, distrust_issuer, seal_documents, trust_issuer, verify_diploma_again
from experts.diplomas.https import Sparing
from experts.diplomas.issuers import Unreachable
from experts.models import Assertion, Credential, Diploma, Institution, Road, Strength, TrustedIssuer
from tests.experts.diplomas.makers import KEY, LIST, OTHER, did, diploma, listed, multikey, proved, serving, status_list
from tests.people import credential, expert, ops, sign_in, user

pytestmark = pytest.mark.django_db

Status = Credential.Status
Said = Assertion.Verdict
SCHOOL = "https://uni.example/issuer"
NOBODY = serving({})


def raw(**changes: Any) -> bytes:
    return json.dumps(proved(diploma(**changes), suite="eddsa-jcs-2022")).encode()


def copenhagen() -> Institution:
    return Institution.objects.get(name="University of Copenhagen")


def listed_issuer(issuer: str = "", **more: Any) -> TrustedIssuer:
    given = {"institution": copenhagen(), "why": "Its registrar wrote to us.", "by": ops(), **more}
    return trust_issuer(issuer=issuer or did(KEY), **given)


def emils(status: str = Status.CLAIMED, **claim: Any) -> Credential:
    return credential(expert("Emil", verified=False), status=status, **claim)


def hand_in(mine: Credential, what: bytes | None = None, fetch: Any = NOBODY) -> Assertion:
    return add_diploma(credential=mine, raw=what or raw(), filename="phd.json", by=user("Emil"), fetch=fetch)


# --- an expert hands one in


def test_a_diploma_of_an_issuer_on_the_list_is_the_strongest_proof() -> None:
    listed_issuer()
    mine = emils()
    said = hand_in(mine)
    assert (said.verdict, said.strength, said.road) == (Said.HOLDS, Strength.PROOF, Road.DIPLOMA)
    assert said.source == did(KEY)
    assert said.reasons == []
    assert said.says == {
        "name": "Emil Sørensen",
        "title": "PhD in Physics",
        "level": 8,
        "field": "0533",
        "year": 2015,
        "institution": copenhagen().ror_id,
    }
    mine.refresh_from_db()
    assert mine.status == Status.EVIDENCED  # our clock runs; a person decides
    kept = Diploma.objects.get()
    assert kept.file.read() == raw()
    assert kept.file.name == f"diplomas/{kept.public_id}/original"
    assert (str(kept), kept.size) == ("phd.json", len(raw()))


def test_an_issuer_that_nobody_knows_is_for_ops_to_decide() -> None:
    said = hand_in(emils())
    assert (said.verdict, said.strength) == (Said.UNVERIFIABLE, Strength.HINT)
    assert said.reasons == ["We do not know this issuer yet."]
    assert trust.unknown_issuers() == [(did(KEY), 1)]
    listed_issuer()
    assert trust.unknown_issuers() == []
    again = verify_diploma_again(diploma=Diploma.objects.get(), by=ops(), fetch=NOBODY)
    assert again.verdict == Said.HOLDS
    assert Diploma.objects.get().assertion == again
    assert Assertion.objects.count() == 2  # what was said before stays


def test_a_diploma_that_does_not_hold_is_kept_and_starts_no_clock() -> None:
    listed_issuer()
    mine = emils()
    said = hand_in(mine, raw(validUntil="2020-01-01T00:00:00Z"))
    assert (said.verdict, said.reasons) == (Said.REFUSED, ["It is no longer valid."])
    mine.refresh_from_db()
    assert mine.status == Status.CLAIMED


def test_a_diploma_of_another_institution_than_claimed_is_refused() -> None:
    listed_issuer(institution=Institution.objects.get(name="University of Edinburgh"))
    said = hand_in(emils())
    assert (said.verdict, said.reasons) == (
        Said.REFUSED,
        ["Another institution signed it than the one that is claimed."],
    )
    named = hand_in(emils(institution=None, institution_name="Edinburgh"))
    assert named.verdict == Said.HOLDS


def test_a_reviewer_sees_whose_name_stands_on_it() -> None:
    listed_issuer()
    person = {"id": "did:example:a", "type": ["AchievementSubject"]}
    other = hand_in(emils(), raw(credentialSubject={**person, "name": "Farah Siddiqui"}))
    assert other.reasons == ["It names Farah Siddiqui; the claim says Emil Sørensen."]
    assert other.says["name"] == "Farah Siddiqui"
    turned = hand_in(emils(), raw(credentialSubject={**person, "name": "SORENSEN, Emil"}))
    assert turned.reasons == []
    nobody = hand_in(emils(), raw(credentialSubject={"id": "did:example:a", "type": ["AchievementSubject"]}))
    assert nobody.reasons == ["It names nobody: the person who holds it may be another."]
    assert "title" not in nobody.says


def test_what_a_diploma_leaves_out_is_not_made_up() -> None:
    subject = {
        "id": "did:example:a",
        "type": ["AchievementSubject"],
        "name": "Emil Sørensen",
        "achievement": {"id": "urn:a", "type": ["Achievement"], "name": "Teamwork"},
    }
    said = hand_in(emils(), raw(credentialSubject=subject, awardedDate=None, validFrom=None))
    assert said.says == {"name": "Emil Sørensen", "title": "Teamwork"}


def test_the_same_one_twice_too_many_or_too_late_is_refused(settings: Any) -> None:
    mine = emils()
    hand_in(mine)
    with pytest.raises(Invalid, match="this very diploma"):
        hand_in(mine)
    for size in (b"", b"x" * 5_242_881):
        with pytest.raises(Invalid) as refusal:
            add_diploma(credential=mine, raw=size, filename="", by=user("Emil"), fetch=NOBODY)
        assert refusal.value.code == "size"
    for turn in range(4):
        hand_in(mine, raw(id=f"urn:x:{turn}"))
    with pytest.raises(Invalid, match="at most 5"):
        hand_in(mine, raw(id="urn:x:9"))
    with pytest.raises(WrongState):
        hand_in(emils(Status.VERIFIED))
    with pytest.raises(NotAllowed):
        add_diploma(credential=mine, raw=raw(), filename="x", by=user("Farah"), fetch=NOBODY)


def test_diplomas_come_under_the_key_with_the_other_documents(settings: Any) -> None:
    from cryptography.fernet import Fernet

    hand_in(emils())
    settings.QUORUM_FILE_KEYS = [Fernet.generate_key().decode()]
    assert seal_documents() == (1, 0)
    kept = Diploma.objects.get()
    assert kept.file.read() == raw()
    with kept.file.storage.inner.open(kept.file.name) as there:  # type: ignore[attr-defined]
        assert b"Emil" not in there.read()


def test_a_withdrawn_diploma_is_found_out_when_ops_look_again() -> None:
    listed_issuer()
    made = raw(**listed(3))
    assert hand_in(emils(), made, serving({LIST: status_list(bits={})})).verdict == Said.HOLDS
    revoked = serving({LIST: status_list(bits={3: True})})
    assert verify_diploma_again(diploma=Diploma.objects.get(), by=ops(), fetch=revoked).verdict == Said.REFUSED
    with pytest.raises(NotAllowed):
        verify_diploma_again(diploma=Diploma.objects.get(), by=user("Emil"), fetch=revoked)


def test_one_credential_asks_few_addresses_and_each_once() -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        if url == "b":
            raise Unreachable("no answer")
        return url.encode()

    sparing = Sparing(fetch, calls=2)
    assert sparing("a") == sparing("a") == b"a"
    for _ in range(2):
        with pytest.raises(Unreachable, match="no answer"):
            sparing("b")
    with pytest.raises(Unreachable, match="more addresses"):
        sparing("c")
    assert asked == ["a", "b"]
    assert isinstance(trust.network(), Sparing)


# --- its page


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "network", lambda: NOBODY)


def test_the_page_takes_a_file_or_its_text_and_says_what_came_of_it(client: Client, offline: None) -> None:
    listed_issuer()
    mine = emils()
    sign_in(client, user("Emil"))
    page = f"/expert/credentials/{mine.public_id}/diploma/"
    assert page in client.get(f"/expert/credentials/{mine.public_id}/").content.decode()
    assert "Verify it" in client.get(page).content.decode()
    file = SimpleUploadedFile("phd.json", raw())
    answer = client.post(page, {"upload": file}, follow=True)
    assert "The signature is the institution" in answer.content.decode()
    assert "PhD in Physics" in answer.content.decode()
    answer = client.post(page, {"text": raw(id="urn:2", issuer=did(OTHER)).decode()}, follow=True)
    assert "The key that signed it is not the issuer" in answer.content.decode()
    assert Diploma.objects.filter(filename="pasted").exists()
    again = client.post(page, {"text": raw().decode()})
    assert again.status_code == 422
    assert "this very diploma" in again.content.decode()
    assert client.post(page, {}).status_code == 422
    assert "Choose a file, or paste" in client.post(page, {}).content.decode()


def test_what_somebody_wrote_into_a_diploma_is_text_on_the_page(client: Client, offline: None) -> None:
    mine = emils()
    person = {"id": "did:example:a", "type": ["AchievementSubject"], "name": "<script>alert(1)</script>"}
    hand_in(mine, raw(credentialSubject=person))
    sign_in(client, user("Emil"))
    page = client.get(f"/expert/credentials/{mine.public_id}/diploma/").content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_a_decided_credential_takes_none(client: Client) -> None:
    sign_in(client, user("Emil"))
    page = client.get(f"/expert/credentials/{emils(Status.VERIFIED).public_id}/diploma/").content.decode()
    assert "it takes no more proof" in page


# --- the list that ops keep


def test_who_vouches_for_an_issuer_and_why_is_on_record() -> None:
    listed = listed_issuer()
    assert str(listed) == f"{did(KEY)} is University of Copenhagen"
    (event,) = history(listed.public_id)
    assert (event.name, event.actor, event.note) == ("issuer.trusted", ops(), "Its registrar wrote to us.")
    with pytest.raises(Refused, match="on the list"):
        listed_issuer()
    ended = distrust_issuer(listed=listed, why="Its key was stolen.", by=ops("Petra"))
    assert ended.until is not None
    assert hand_in(emils()).verdict == Said.UNVERIFIABLE
    with pytest.raises(WrongState):
        distrust_issuer(listed=listed, why="Once more.", by=ops())
    listed_issuer(keys=[multikey(KEY)])  # a new entry, from now on
    assert hand_in(emils()).verdict == Said.HOLDS


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"issuer": "ftp://uni.example"}, "issuer"),
        ({"issuer": "urn:uuid:1"}, "issuer"),
        ({"issuer": "did:key:z6Mkbroken"}, "issuer"),
        ({"issuer": SCHOOL, "keys": ["z6Mkbroken"]}, "keys"),
        ({"issuer": "https://" + "a" * 300}, "issuer"),
        ({"issuer": SCHOOL, "why": " "}, "why"),
    ],
)
def test_an_entry_that_could_verify_nothing_is_refused(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        listed_issuer(**given)
    assert field in [fault.field for fault in refusal.value.faults]


def test_only_ops_vouch_and_only_people() -> None:
    for nobody in (user("Emil"), SYSTEM):
        with pytest.raises(NotAllowed):
            listed_issuer(by=nobody)
    listed = listed_issuer("urn:uuid:1", keys=[multikey(KEY)])
    with pytest.raises(NotAllowed):
        distrust_issuer(listed=listed, why="x", by=user("Ada"))
    with pytest.raises(Invalid):
        distrust_issuer(listed=listed, why=" ", by=ops())


def test_ops_put_an_issuer_on_the_list_and_take_it_off(client: Client, offline: None) -> None:
    hand_in(emils())
    sign_in(client, ops())
    desk = "/admin/experts/trustedissuer/"
    assert did(KEY) in client.get(desk).content.decode()
    form = client.get(f"{desk}trust/?issuer={did(KEY)}").content.decode()
    assert did(KEY) in form
    given = {"issuer": did(KEY), "ror_id": f"https://ror.org/{copenhagen().ror_id}", "keys": "", "why": "A letter."}
    assert client.post(f"{desk}trust/", {**given, "ror_id": "nowhere"}).status_code == 422
    assert client.post(f"{desk}trust/", {**given, "issuer": "x"}).status_code == 422
    assert client.post(f"{desk}trust/", given).status_code == 302
    assert "No diploma waits" in client.get(desk).content.decode()
    kept = Diploma.objects.get()
    assert "Could not be checked" in client.get("/admin/experts/diploma/").content.decode()
    client.post(f"/admin/experts/diploma/{kept.pk}/do/again/")
    kept.refresh_from_db()
    assert kept.assertion.verdict == Said.HOLDS
    listed = TrustedIssuer.objects.get()
    client.post(f"{desk}{listed.pk}/do/distrust/", {"words": "The key was stolen."})
    listed.refresh_from_db()
    assert listed.until is not None


# --- manage.py verify_credential


def run(file: Path, *more: str) -> tuple[int, dict[str, Any]]:
    out, code = StringIO(), 0
    try:
        call_command("verify_credential", str(file), *more, stdout=out)
    except SystemExit as left:
        code = int(left.code or 0)
    return code, json.loads(out.getvalue())


def test_the_command_prints_its_verdict_and_exits_with_0_only_for_verified(tmp_path: Path, offline: None) -> None:
    file = tmp_path / "phd.json"
    file.write_bytes(raw())
    code, said = run(file)
    assert (code, said["verdict"], said["reasons"]) == (0, "verified", [])
    assert (said["degree"]["title"], said["field"], said["status"]) == ("PhD in Physics", "Physics", "none")
    assert said["issuer"] == {"id": did(KEY), "name": "University of Copenhagen"}
    assert said["proof"][0]["signature"] == "holds"
    assert (said["institution"], said["issuer_checked"]) == (None, False)
    file.write_bytes(raw().replace(b"Physics", b"Surgery"))
    code, said = run(file)
    assert (code, said["verdict"], said["reasons"][0]["code"]) == (1, "refused", "tampered")


def test_with_an_institution_its_issuer_must_be_on_the_list(tmp_path: Path, offline: None) -> None:
    file = tmp_path / "phd.json"
    file.write_bytes(raw())
    ror = copenhagen().ror_id
    code, said = run(file, "--institution", ror)
    assert (code, said["verdict"], said["reasons"][0]["code"]) == (2, "unverifiable", "issuer_unknown")
    listed_issuer()
    code, said = run(file, "--institution", f"https://ror.org/{ror}")
    assert (code, said["institution"]) == (0, {"ror_id": ror, "name": "University of Copenhagen"})
    edinburgh = Institution.objects.get(name="University of Edinburgh").ror_id
    code, said = run(file, "--institution", edinburgh)
    assert (code, said["reasons"][0]["code"]) == (1, "wrong_institution")


def test_the_command_says_what_it_cannot_do(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("verify_credential", str(tmp_path / "nothing"))
    (tmp_path / "x").write_bytes(b"{}")
    with pytest.raises(CommandError, match="No institution here"):
        call_command("verify_credential", str(tmp_path / "x"), "--institution", "03yrm5c26")
