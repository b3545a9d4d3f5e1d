"""From a claim to a verified degree, and every way off the path."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from accounts.models import Notice
from core import events
from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.models import Delivery, Event
from experts import actions
from experts.models import Credential, Expert, ExpertMatch
from tests import people

Status = Credential.Status
APPEAL = "If you think we are wrong, appeal on its page: somebody else then decides."


def claim(expert: Expert, **changes: Any) -> Credential:
    given: dict[str, Any] = {
        "title": "PhD in Physics",
        "level": 8,
        "field": people.field("0533"),
        "institution_name": "University of Copenhagen",
        "country": "DK",
        "year": 2015,
        "name_on_document": expert.user.name,
        "by": expert.user,
        **changes,
    }
    return actions.claim_credential(expert=expert, **given)


def statuses(credential: Credential) -> list[str]:
    return [event.name for event in events.history(credential.public_id)]


@pytest.mark.django_db
def test_emil_claims_his_degree_hands_in_the_diploma_and_olu_verifies_it() -> None:
    emil = people.expert("Emil", verified=False)
    credential = claim(emil)
    assert credential.status == Status.CLAIMED
    assert not ExpertMatch.objects.get(expert=emil).verified

    actions.add_evidence(credential=credential, upload=people.diploma(), by=emil.user)
    credential.refresh_from_db()
    assert credential.status == Status.EVIDENCED
    assert credential.answer_by is not None
    assert credential.evidenced_at is not None
    assert credential.answer_by - credential.evidenced_at == timedelta(hours=24)

    credential = actions.verify_credential(credential=credential, message="Congratulations", by=people.ops())
    match = ExpertMatch.objects.get(expert=emil)
    assert (credential.status, credential.decided_by) == (Status.VERIFIED, people.ops())
    assert (match.verified, match.level, match.fields) == (True, 8, ["05", "053", "0533"])
    assert set(match.degrees) == {f"{level}:{code}" for level in (6, 7, 8) for code in ("05", "053", "0533")}
    assert statuses(credential) == ["credential.claimed", "credential.evidenced", "credential.verified"]


@pytest.mark.django_db
def test_level_and_field_of_a_match_come_from_one_degree() -> None:
    emil = people.expert("Emil")  # a doctorate in physics
    people.credential(emil, status=Status.VERIFIED, title="LLB", level=6, field=people.field("0421"))
    match = ExpertMatch.objects.get(expert=emil)
    assert "6:0421" in match.degrees
    assert "8:0421" not in match.degrees
    assert "0421" in match.fields


@pytest.mark.django_db
def test_olu_asks_for_more_farah_answers_and_the_clock_starts_again() -> None:
    farah = people.expert("Farah", verified=False)
    credential = people.credential(farah, answer_by=timezone.now() - timedelta(hours=1))
    credential = actions.ask_for_more(credential=credential, message=" The back page too, please. ", by=people.ops())
    assert (credential.status, credential.message) == (Status.NEEDS_MORE, "The back page too, please.")
    actions.edit_claim(credential=credential, by=farah.user, year=2014, name_on_document="Farah A. Siddiqui")
    actions.add_evidence(credential=credential, upload=people.diploma("back page"), by=farah.user)
    credential.refresh_from_db()
    assert credential.status == Status.EVIDENCED
    assert (credential.year, credential.name_on_document) == (2014, "Farah A. Siddiqui")
    assert credential.answer_by is not None
    assert credential.answer_by > timezone.now() + timedelta(hours=23)


@pytest.mark.django_db
def test_a_refusal_names_a_reason_and_says_something_and_may_be_answered() -> None:
    juan = people.expert("Juan", verified=False)
    credential = people.credential(juan)
    with pytest.raises(Invalid, match="Choose a reason"):
        actions.refuse_credential(credential=credential, reason="mood", message="No.", by=people.ops())
    with pytest.raises(Invalid, match="Write what the expert"):
        actions.refuse_credential(credential=credential, reason="altered", message="  ", by=people.ops())
    credential = actions.refuse_credential(
        credential=credential, reason="illegible", message="Too dark.", by=people.ops()
    )
    assert (credential.status, credential.reason) == (Status.REFUSED, "illegible")
    actions.add_evidence(credential=credential, upload=people.diploma(), by=juan.user)
    credential.refresh_from_db()
    assert credential.status == Status.EVIDENCED


@pytest.mark.django_db
def test_a_revoked_degree_stops_matching() -> None:
    emil = people.expert("Emil")
    credential = emil.credentials.get()
    with pytest.raises(WrongState):
        actions.add_evidence(credential=credential, upload=people.diploma(), by=emil.user)
    actions.revoke_credential(credential=credential, message="The register says otherwise.", by=people.ops())
    match = ExpertMatch.objects.get(expert=emil)
    assert (match.verified, match.level, match.fields, match.degrees) == (False, 0, [], [])


@pytest.mark.django_db
def test_nobody_decides_on_their_own_degree_and_no_machine_does() -> None:
    olu = people.expert("Olu", verified=False)
    mine = people.credential(olu)
    with pytest.raises(NotAllowed, match="your own"):
        actions.verify_credential(credential=mine, by=people.ops("Olu"))
    with pytest.raises(NotAllowed, match="A person decides"):
        actions.verify_credential(credential=mine, by=SYSTEM)
    assert actions.verify_credential(credential=mine, by=people.ops("Petra")).status == Status.VERIFIED


@pytest.mark.django_db
@pytest.mark.parametrize("stranger", ["Sam", "Farah", "Ada"])
def test_others_touch_nothing(stranger: str) -> None:
    emil = people.expert("Emil", verified=False)
    credential = people.credential(emil)
    by = people.user(stranger)
    with pytest.raises(NotAllowed):
        actions.verify_credential(credential=credential, by=by)
    with pytest.raises(NotAllowed):
        actions.add_evidence(credential=credential, upload=people.diploma(), by=by)
    with pytest.raises(NotAllowed):
        actions.edit_claim(credential=credential, year=1999, by=by)
    with pytest.raises(NotAllowed):
        actions.edit_profile(expert=emil, headline="Mine", by=by)
    with pytest.raises(NotAllowed):
        claim(emil, by=by)


@pytest.mark.django_db
def test_a_claim_stands_still_while_ops_look_at_it() -> None:
    emil = people.expert("Emil", verified=False)
    credential = people.credential(emil)
    with pytest.raises(WrongState):
        actions.edit_claim(credential=credential, year=2011, by=emil.user)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"institution_name": ""}, "institution_name"),
        ({"name_on_document": ""}, "name_on_document"),
        ({"level": 5}, "level"),
        ({"year": 1900}, "year"),
        ({"year": timezone.now().year + 1}, "year"),
        ({"country": "XX"}, "country"),
    ],
)
def test_a_claim_that_cannot_be_names_the_place(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        claim(people.expert("Emil", verified=False), **changes)
    assert [fault.field for fault in refusal.value.faults] == [field]


@pytest.mark.django_db
def test_a_correction_is_checked_too() -> None:
    emil = people.expert("Emil", verified=False)
    credential = claim(emil)
    with pytest.raises(Invalid):
        actions.edit_claim(credential=credential, country="XX", by=emil.user)
    with pytest.raises(TypeError, match="status"):
        actions.edit_claim(credential=credential, status="verified", by=emil.user)
    edited = actions.edit_claim(credential=credential, country="SE", by=emil.user)
    assert edited.country == "SE"
    assert Event.objects.get(name="credential.edited").data == {"before": {"country": "DK"}}


@pytest.mark.django_db
def test_documents_are_told_by_their_content() -> None:
    emil = people.expert("Emil", verified=False)
    credential = claim(emil)

    def hand_in(name: str, content: bytes) -> str:
        with pytest.raises(Refused) as refusal:
            actions.add_evidence(credential=credential, upload=SimpleUploadedFile(name, content), by=emil.user)
        return refusal.value.code

    assert hand_in("diploma.pdf", b"<svg onload=alert(1)>") == "not_a_document"
    assert hand_in("diploma.png", b"MZ\x90\x00") == "not_a_document"
    assert hand_in("diploma.pdf", b"") == "size"
    assert hand_in("diploma.pdf", b"%PDF-" + b"0" * (10 * 1024 * 1024)) == "size"
    evidence = actions.add_evidence(
        credential=credential, upload=SimpleUploadedFile("../../etc/x.exe", people.diploma().read()), by=emil.user
    )
    assert (evidence.content_type, evidence.filename) == ("image/png", "x.exe")
    assert hand_in("again.png", people.diploma().read()) == "same_document"


@pytest.mark.django_db
def test_a_credential_takes_five_documents() -> None:
    emil = people.expert("Emil", verified=False)
    credential = claim(emil)
    for number in range(5):
        actions.add_evidence(credential=credential, upload=people.diploma(str(number)), by=emil.user)
    with pytest.raises(Invalid, match="at most 5"):
        actions.add_evidence(credential=credential, upload=people.diploma("sixth"), by=emil.user)
    assert statuses(credential).count("credential.evidenced") == 1


@pytest.mark.django_db
def test_the_expert_hears_of_every_decision_once() -> None:
    emil = people.expert("Emil", verified=False)
    credential = people.credential(emil)
    credential = actions.ask_for_more(credential=credential, message="The back page too.", by=people.ops())
    actions.add_evidence(credential=credential, upload=people.diploma(), by=emil.user)
    credential = actions.refuse_credential(
        credential=credential, reason="illegible", message="Still too dark.", by=people.ops()
    )
    actions.add_evidence(credential=credential, upload=people.diploma("brighter"), by=emil.user)
    credential = actions.verify_credential(credential=credential, by=people.ops())
    actions.revoke_credential(credential=credential, message="The register says otherwise.", by=people.ops())
    events.drain()
    assert not Delivery.objects.exclude(last_error="").exists()
    Delivery.objects.update(done_at=None)  # a worker that died before it could say it was done
    events.drain()
    told = list(Notice.objects.filter(user=emil.user).order_by("pk").values_list("title", "body", "url"))
    url = f"/expert/credentials/{credential.public_id}/"
    assert told == [
        ("We need more for PhD in Physics", "The back page too.", url),
        ("We could not verify PhD in Physics", f"The document cannot be read. Still too dark. {APPEAL}", url),
        ("PhD in Physics is verified", "Projects that ask for it are open to you now.", url),
        ("PhD in Physics is no longer verified", "The register says otherwise.", url),
    ]


def _decide_at_once(credential: Credential, decide: Any) -> list[str]:
    """Olu and Petra decide in the same moment; returns what each got."""
    gate = threading.Barrier(2, timeout=10)
    said: list[str] = []

    def decider(name: str) -> None:
        try:
            by = people.ops(name)
            gate.wait()
            decide(credential, by)
            said.append("decided")
        except WrongState:
            said.append("too late")
        finally:
            connection.close()
            close_old_connections()

    threads = [threading.Thread(target=decider, args=(name,)) for name in ("Olu", "Petra")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(said)


@pytest.mark.django_db(transaction=True)
def test_two_ops_decide_at_once_and_one_decision_stands() -> None:
    people.ops("Olu"), people.ops("Petra")
    credential = people.credential(people.expert("Emil", verified=False))
    said = _decide_at_once(credential, lambda it, by: actions.verify_credential(credential=it, by=by))
    assert said == ["decided", "too late"]
    assert Event.objects.filter(subject=credential.public_id, name="credential.verified").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_decisions_would_stand() -> None:
    """The negative control: the race is real, so the test above shows something."""
    people.ops("Olu"), people.ops("Petra")
    credential = people.credential(people.expert("Emil", verified=False))
    read = threading.Barrier(2, timeout=10)

    def careless(it: Credential, by: Any) -> None:
        with transaction.atomic():
            status = Credential.objects.values_list("status", flat=True).get(pk=it.pk)
            read.wait()
            if status != Status.EVIDENCED:
                raise WrongState("decided already")
            Credential.objects.filter(pk=it.pk).update(status=Status.VERIFIED, decided_by=by)

    assert _decide_at_once(credential, careless) == ["decided", "decided"]
