"""The record that an expert owns: made, taken away, verified by anybody, withdrawn; keys that rotate."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Notice
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.events import drain, history
from experts import records
from experts.actions import issue_record, revoke_credential, rotate_issuer_key, withdraw_record
from experts.diplomas.making import PLACES
from experts.diplomas.verdicts import Outcome, Reason, Verdict
from experts.models import Credential, Expert, IssuerKey, Record
from tasks.actions import accept
from tests.experts.diplomas.makers import diploma, proved
from tests.people import credential, expert, ops, sign_in, user
from tests.tasks.scene import handed_in, project

pytestmark = pytest.mark.django_db


def made(name: str = "Emil") -> Record:
    return issue_record(expert=expert(name), by=user(name))


def judged(record: Record, later: timedelta = timedelta()) -> Verdict:
    return records.judge(json.dumps(record.document).encode(), timezone.now() + later)


def test_a_record_says_what_is_verified_and_holds() -> None:
    record = made()
    verdict = judged(record)
    assert (verdict.outcome, verdict.findings, verdict.status) == (Outcome.VERIFIED, (), "good")
    assert (verdict.subject.name, verdict.issuer.id) == ("Emil Sørensen", records.site().did)
    (degree,) = record.document["evidence"]
    assert degree["name"] == "PhD in Physics"
    assert degree["description"] == "Doctorate or equivalent, Physics, University of Copenhagen, 2015"
    assert "result" not in record.document["credentialSubject"]  # no work yet, so no figures
    assert judged(record, timedelta(days=366)).reasons == (Reason.EXPIRED,)
    assert str(record) == record.public_id
    assert [event.name for event in history(record.public_id)] == ["record.issued"]


def test_accepted_work_stands_in_it() -> None:
    work = accept(submission=handed_in(project()), by=user("Rosa"))
    record = issue_record(expert=work.expert, by=work.expert.user)
    subject = record.document["credentialSubject"]
    named = [each["name"] for each in subject["achievement"]["resultDescription"]]
    told = dict(zip(named, (each["value"] for each in subject["result"]), strict=True))
    assert told["Accepted answers"] == "1"
    assert told["Accepted of all that were decided"] == "100 %"
    assert judged(record).outcome == Outcome.VERIFIED


def test_a_licence_and_an_institution_we_do_not_know_stand_in_it_too() -> None:
    owner = expert("Juan")
    licence = {"kind": "licence", "level": 0, "profession": "attorney", "jurisdiction": "US-NY", "title": "Attorney"}
    credential(owner, status=Credential.Status.VERIFIED, institution=None, institution_name="The bar", **licence)
    document = issue_record(expert=owner, by=owner.user).document
    (_, bar) = document["evidence"]
    assert (bar["genre"], bar["description"]) == ("Licence", "Law, The bar, 2015")


def test_whoever_changes_a_record_breaks_it() -> None:
    record = made()
    record.document["evidence"][0]["name"] = "MD"
    assert judged(record).reasons == (Reason.TAMPERED,)


def test_without_a_verified_degree_or_a_key_of_the_operator_nothing_is_signed(settings: Any) -> None:
    with pytest.raises(Refused) as refusal:
        issue_record(expert=expert("Emil", verified=False), by=user("Emil"))
    assert refusal.value.code == "nothing_verified"
    settings.QUORUM_RECORD_KEYS = []
    with pytest.raises(Refused, match="signs no records"):
        made("Farah")
    with pytest.raises(CommandError, match="signs no records"):
        call_command("rotate_issuer_key")
    with pytest.raises(NotAllowed):
        issue_record(expert=expert("Farah"), by=user("Emil"))


def test_a_newer_record_takes_the_place_of_the_one_before() -> None:
    first, second = made(), made()
    first.refresh_from_db()
    assert first.why == "A newer record was made."
    assert judged(first).reasons == (Reason.REVOKED,)
    assert judged(second).outcome == Outcome.VERIFIED


def test_the_expert_and_ops_withdraw_a_record_and_nobody_else() -> None:
    own, theirs = made(), made("Farah")
    for stranger in (user("Farah"), user("Ada")):
        with pytest.raises(NotAllowed):
            withdraw_record(record=own, why="x", by=stranger)
    assert withdraw_record(record=own, why="I moved on.", by=user("Emil")).withdrawn_by == user("Emil")
    with pytest.raises(WrongState):
        withdraw_record(record=own, why="Again.", by=user("Emil"))
    with pytest.raises(Invalid):
        withdraw_record(record=theirs, why=" ", by=ops())
    withdraw_record(record=theirs, why="A mistake of ours.", by=ops())
    assert judged(own).reasons == judged(theirs).reasons == (Reason.REVOKED,)


def test_what_is_no_longer_verified_does_not_stay_signed() -> None:
    record = made()
    degree = Credential.objects.get(expert=record.expert)
    revoke_credential(credential=degree, message="The university told us.", by=ops())
    drain()
    record.refresh_from_db()
    assert record.why == "What was verified changed since."
    assert judged(record).reasons == (Reason.REVOKED,)
    other = credential(record.expert, status=Credential.Status.VERIFIED)
    revoke_credential(credential=other, message="And this one.", by=ops())
    drain()  # no record holds: nobody is told of one
    titles = list(Notice.objects.filter(user=record.expert.user).values_list("title", flat=True))
    assert titles.count("Your record no longer holds") == 1


def test_keys_rotate_and_what_older_ones_signed_still_verifies(settings: Any) -> None:
    before = made()
    out = StringIO()
    call_command("rotate_issuer_key", stdout=out)
    after = made("Farah")
    assert before.key != after.key
    assert after.key.multikey in out.getvalue()
    assert judged(before).outcome == judged(after).outcome == Outcome.VERIFIED
    settings.QUORUM_RECORD_KEYS = [Fernet.generate_key().decode(), *settings.QUORUM_RECORD_KEYS]
    assert judged(before).outcome == Outcome.VERIFIED
    published = records.did_document()
    assert published is not None
    assert [each.split("#")[1] for each in published["assertionMethod"]] == [str(after.key), str(before.key)]
    assert "z6Mk" not in after.key.sealed


def test_the_database_keeps_one_signing_key_and_one_record_that_holds() -> None:
    record = made()
    with pytest.raises(IntegrityError), transaction.atomic():
        IssuerKey.objects.create(multikey="z6Mk", sealed="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Record.objects.create(expert=record.expert, key=record.key)
    rotate_issuer_key()
    assert IssuerKey.objects.filter(retired_at=None).count() == 1


def test_a_record_in_the_second_list_is_found_there() -> None:
    owner: Expert = expert("Emil")
    key = rotate_issuer_key()
    Record.objects.create(pk=PLACES + 7, expert=owner, key=key, withdrawn_at=timezone.now(), why="x")
    now = timezone.now()
    assert records.status_list(0, now) is None
    found = records.status_list(1, now)
    assert found is not None
    assert found["id"].endswith("/records/status/1/")


# --- pages


def test_an_expert_makes_takes_and_withdraws_their_record(client: Client) -> None:
    assert client.get("/.well-known/did.json").status_code == 404  # nothing was ever signed
    sign_in(client, user("Emil"))
    expert("Emil", verified=False)
    assert "It needs a verified credential" in client.get("/expert/record/").content.decode()
    client.post("/expert/record/withdraw/")
    credential(expert("Emil"), status=Credential.Status.VERIFIED)
    assert "Make my record" in client.get("/expert/record/").content.decode()
    page = client.post("/expert/record/make/", follow=True).content.decode()
    assert "Your record is signed." in page
    assert "PhD in Physics" in page
    record = Record.objects.get()
    file = client.get(f"/records/{record.public_id}/record.json")
    assert json.loads(file.content) == record.document
    assert record.public_id in file["Content-Disposition"]
    assert client.get(f"/records/{record.public_id}/qr.svg")["Content-Type"] == "image/svg+xml"
    withdrawn = client.post("/expert/record/withdraw/", follow=True).content.decode()
    assert "reads so" in withdrawn
    public = Client().get(f"/records/{record.public_id}/")
    assert "The issuer has withdrawn it." in public.content.decode()
    assert "PhD in Physics" not in public.content.decode()
    assert client.get(f"/records/{record.public_id}/record.json").status_code == 404


def test_anybody_verifies_by_the_link_the_file_or_its_text(client: Client) -> None:
    work = accept(submission=handed_in(project()), by=user("Rosa"))
    record = issue_record(expert=work.expert, by=work.expert.user)
    page = client.get(f"/records/{record.public_id}/")
    assert "It holds." in page.content.decode()
    assert "Accepted answers" in page.content.decode()
    assert page["X-Robots-Tag"] == "noindex"
    verify = "/records/verify/"
    assert client.get(verify).status_code == 200
    told = client.post(verify, {"text": json.dumps(record.document)}).content.decode()
    assert "It holds." in told
    assert f"/records/{record.public_id}/" in told
    assert client.post(verify, {}).status_code == 422
    changed = json.dumps(record.document).replace("Verified expert", "Genius")
    assert "It was changed after it was signed." in client.post(verify, {"text": changed}).content.decode()
    foreign = json.dumps(proved(diploma("did:web:uni.example"), verificationMethod="did:web:uni.example#1"))
    told = client.post(verify, {"text": foreign}).content.decode()
    assert "We cannot tell." in told
    assert "Not by this site" in told


def test_who_asks_too_often_in_a_minute_waits(client: Client, settings: Any) -> None:
    settings.QUORUM_API_PER_MINUTE_ANONYMOUS = 2
    answers = [client.post("/records/verify/", {"text": "{}"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Try again in the next" in answers[-1].content.decode()
    assert client.get("/records/verify/").status_code == 200


def test_keys_and_lists_are_there_for_every_site(client: Client) -> None:
    made()
    for url in ("/.well-known/did.json", "/records/status/0/"):
        answer = client.get(url)
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert json.loads(answer.content)["@context"]
    assert client.get("/records/status/1/").status_code == 404
    assert client.get("/records/status/99999999/").status_code == 404


def test_ops_withdraw_on_their_page_and_never_see_a_private_key(client: Client) -> None:
    record = made()
    sign_in(client, ops())
    client.post(f"/admin/experts/record/{record.pk}/do/withdraw/", {"words": "A mistake."})
    record.refresh_from_db()
    assert record.why == "A mistake."
    page = client.get(f"/admin/experts/issuerkey/{record.key.pk}/change/").content.decode()
    assert record.key.multikey in page
    assert record.key.sealed not in page
