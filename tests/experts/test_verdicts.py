"""Verdicts: a minute to take them back, two people where it matters, somebody else on appeal, and never a machine."""

from __future__ import annotations

import ast
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.actions import withhold_rights
from accounts.models import Notice, User
from core import events
from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.models import Event
from experts import actions
from experts.jobs import deliver_verdicts
from experts.models import (
    Assertion,
    Credential,
    CredentialAppeal,
    ExpertMatch,
    Look,
    ReasonTemplate,
    Road,
    Strength,
    Verdict,
)
from experts.queries import review_queue, version_of
from experts.queries_desk import clean_cases, reviewer_figures
from tests import people
from tests.rules.house import ROOT, modules, name_of, tree

pytestmark = pytest.mark.django_db
Status = Verdict.Status
DESK = "/admin/experts/credential/desk/"


def waiting(name: str = "Emil", **claim: Any) -> Credential:
    return people.credential(people.expert(name, verified=False), **claim)


def licence(name: str = "Noor") -> Credential:
    return waiting(name, kind="licence", level=0, profession="nurse", jurisdiction="DE", number="1")


def decide(credential: Credential, decision: str = "approve", by: str = "Olu", **given: Any) -> Verdict:
    if decision != "approve":
        given = {"message": "The seal moved.", **given}
    if decision == "refuse":
        given = {"reason": "altered", **given}
    return actions.give_verdict(credential=credential, decision=decision, by=people.ops(by), **given)


def fresh(thing: Any) -> Any:
    return type(thing)._base_manager.get(pk=thing.pk)


# --- The minute -------------------------------------------------------------------------------------------------------


def test_nothing_happens_within_the_minute_and_everything_after_it() -> None:
    emils = waiting()
    verdict = decide(emils)
    assert (verdict.status, str(verdict)) == (Status.HELD, "Approve: PhD in Physics, University of Copenhagen")
    assert not review_queue().exists()
    assert actions.deliver_verdicts() == 0
    assert fresh(emils).status == Credential.Status.EVIDENCED
    assert not ExpertMatch.objects.get(expert=emils.expert).verified
    assert not Event.objects.filter(subject=emils.public_id).exists()
    Verdict.objects.update(due_at=timezone.now())
    deliver_verdicts()
    assert fresh(verdict).status == Status.DELIVERED
    assert (fresh(emils).status, fresh(emils).decided_by) == ("verified", people.ops())
    assert Event.objects.get(name="credential.verified").actor == people.ops()
    assert actions.deliver_verdicts() == 0


def test_olu_takes_a_verdict_back_and_the_case_is_as_it_was() -> None:
    emils = waiting()
    verdict = decide(emils, "refuse")
    with pytest.raises(NotAllowed, match="Only those who decided"):
        actions.undo_verdict(verdict=verdict, by=people.ops("Petra"))
    actions.undo_verdict(verdict=verdict, by=people.ops())
    people.a_minute_passes()
    assert list(review_queue()) == [emils]
    assert fresh(emils).reason == ""
    with pytest.raises(WrongState):
        actions.undo_verdict(verdict=verdict, by=people.ops())
    assert decide(emils).status == Status.HELD


def test_after_the_minute_it_stays() -> None:
    verdict = decide(waiting())
    people.a_minute_passes()
    with pytest.raises(WrongState, match="it cannot become undone"):
        actions.undo_verdict(verdict=verdict, by=people.ops())


def test_a_document_that_comes_within_the_minute_voids_the_verdict() -> None:
    emils = waiting()
    verdict = decide(emils, seen=version_of(emils))
    actions.add_evidence(credential=emils, upload=people.diploma("The back"), by=emils.expert.user)
    people.a_minute_passes()
    assert fresh(verdict).status == Status.VOID
    assert list(review_queue()) == [emils]


def test_a_verdict_that_was_taken_back_while_the_sweep_looked_is_not_delivered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    emils = waiting()
    verdict = decide(emils)
    actions.undo_verdict(verdict=verdict, by=people.ops())
    assert actions.verdicts._deliver(verdict) is None
    assert fresh(emils).status == "evidenced"


def test_a_colleague_cannot_decide_within_the_minute_of_another() -> None:
    emils = waiting()
    decide(emils)
    with pytest.raises(WrongState, match="Olu Adeyemi has decided on this one just now"):
        decide(emils, by="Petra")
    with pytest.raises(WrongState, match="just now"):
        actions.flag_credential(credential=emils, words="Odd.", by=people.ops("Petra"))
    with pytest.raises(IntegrityError, match="one_live_verdict"), transaction.atomic():
        Verdict.objects.create(credential=emils, decision="ask", by=people.ops("Petra"))


def test_without_a_minute_it_goes_out_at_once(client: Client, settings: Settings) -> None:
    settings.QUORUM_UNDO_SECONDS = 0
    emils, noors = waiting(), licence()
    people.sign_in(client, people.ops())
    for credential in (emils, noors):
        client.post(f"{DESK}{credential.public_id}/", {"decision": "approve", "seen": version_of(credential)})
    assert (fresh(emils).status, fresh(noors).status) == ("verified", "evidenced")


# --- A second pair of eyes --------------------------------------------------------------------------------------------


def test_a_licence_takes_two_people() -> None:
    noors = licence()
    verdict = decide(noors)
    assert verdict.status == Status.WAITING
    people.a_minute_passes()
    assert fresh(noors).status == "evidenced"
    with pytest.raises(NotAllowed, match="somebody else confirms"):
        decide(noors)
    confirmed = decide(noors, by="Petra")
    assert (confirmed.pk, confirmed.status, confirmed.confirmed_by) == (verdict.pk, Status.HELD, people.ops("Petra"))
    people.a_minute_passes()
    assert (fresh(noors).status, fresh(noors).decided_by) == ("verified", people.ops())


def test_nobody_decides_a_licence_at_once() -> None:
    with pytest.raises(Refused, match="A second person"):
        actions.verify_credential(credential=licence(), by=people.ops())
    assert not Verdict.objects.exists()


def test_asking_for_more_needs_one_person() -> None:
    assert decide(licence(), "ask").status == Status.HELD


def test_petra_sees_it_otherwise_and_then_olu_is_persuaded() -> None:
    noors = licence()
    first = decide(noors, "approve")
    second = decide(noors, "refuse", by="Petra")
    assert (fresh(first).status, second.status) == (Status.OVERTURNED, Status.WAITING)
    confirmed = decide(noors, "refuse", message="The seal is another board's.")
    assert (confirmed.pk, confirmed.message) == (second.pk, "The seal is another board's.")
    people.a_minute_passes()
    assert (fresh(noors).status, fresh(noors).decided_by) == ("refused", people.ops("Petra"))


def test_another_reason_is_another_verdict() -> None:
    noors = licence()
    first = decide(noors, "refuse")
    assert decide(noors, "refuse", by="Petra", reason="illegible").pk != first.pk


def test_petra_takes_back_her_confirmation_and_olus_verdict_waits_again() -> None:
    noors = licence()
    verdict = decide(noors)
    decide(noors, by="Petra")
    actions.undo_verdict(verdict=verdict, by=people.ops("Petra"))
    assert (fresh(verdict).status, fresh(verdict).confirmed_by) == (Status.WAITING, None)
    actions.undo_verdict(verdict=verdict, by=people.ops())
    assert fresh(verdict).status == Status.UNDONE


def test_a_first_verdict_on_what_has_changed_counts_no_more() -> None:
    noors = licence()
    first = decide(noors, seen=version_of(noors))
    actions.add_evidence(credential=noors, upload=people.diploma(), by=noors.expert.user)
    second = decide(noors, by="Petra", seen=version_of(noors))
    assert (fresh(first).status, second.status) == (Status.VOID, Status.WAITING)


def test_postgresql_wants_two_different_people() -> None:
    noors = licence()
    verdict = decide(noors)
    with pytest.raises(IntegrityError, match="verdict_by_two_people"), transaction.atomic():
        Verdict.objects.filter(pk=verdict.pk).update(confirmed_by=people.ops())
    with pytest.raises(IntegrityError, match="verdict_waits_for_its_second"), transaction.atomic():
        Verdict.objects.filter(pk=verdict.pk).update(status="held", due_at=timezone.now())
    with pytest.raises(IntegrityError, match="held_verdict_has_clock"), transaction.atomic():
        Verdict.objects.filter(pk=verdict.pk).update(status="held", confirmed_by=people.ops("Petra"))


def test_what_is_flagged_takes_two_people_and_the_expert_does_not_read_why(client: Client) -> None:
    emils = waiting()
    with pytest.raises(Invalid, match="Say what is odd"):
        actions.flag_credential(credential=emils, words=" ", by=people.ops())
    actions.flag_credential(credential=emils, words="The fonts differ.", by=people.ops())
    assert decide(emils).status == Status.WAITING
    decide(emils, by="Petra")
    people.a_minute_passes()
    assert (fresh(emils).status, fresh(emils).flag) == ("verified", "")
    with pytest.raises(WrongState):
        actions.flag_credential(credential=emils, words="Late.", by=people.ops())
    people.sign_in(client, people.ops())
    assert "The fonts differ." in client.get(f"{DESK}{emils.public_id}/").text
    people.sign_in(client, emils.expert.user)
    assert "The fonts differ." not in client.get(f"/expert/credentials/{emils.public_id}/").text


@pytest.mark.parametrize("odd", ["a refused assertion", "somebody else's document"])
def test_what_does_not_add_up_takes_two_people(odd: str) -> None:
    emils = waiting()
    if odd == "a refused assertion":
        asserted(emils, verdict=Assertion.Verdict.REFUSED)
    else:
        for credential in (emils, waiting("Farah")):
            actions.add_evidence(credential=credential, upload=people.diploma(), by=credential.expert.user)
    assert decide(emils).status == Status.WAITING


# --- One case, one person ---------------------------------------------------------------------------------------------


def test_two_people_do_not_work_on_one_case_at_once(client: Client) -> None:
    emils, farahs = waiting(), waiting("Farah")
    petra = people.sign_in(Client(), people.ops("Petra"))
    people.sign_in(client, people.ops())
    assert client.get(DESK).context["credential"] == emils
    assert petra.get(DESK).context["credential"] == farahs
    page = petra.get(f"{DESK}{emils.public_id}/")
    assert "Olu Adeyemi has this one open" in page.text
    assert 'data-key="a"' not in page.text
    refused = petra.post(f"{DESK}{emils.public_id}/", {"decision": "approve", "seen": version_of(emils)})
    assert "Olu Adeyemi has this one open now." in refused.text
    Look.objects.update(until=timezone.now())
    assert 'data-key="a"' in petra.get(f"{DESK}{emils.public_id}/").text
    assert list(Look.objects.values_list("by__name", "credential")) == [("Petra Novak", emils.pk)]  # she left Farah's


def test_the_time_of_a_verdict_counts_from_the_first_look(client: Client) -> None:
    emils = waiting()
    people.sign_in(client, people.ops())
    client.get(DESK)
    Look.objects.update(since=timezone.now() - timedelta(minutes=4))
    client.post(f"{DESK}{emils.public_id}/", {"decision": "approve", "seen": version_of(emils)})
    (olu,) = reviewer_figures()
    assert olu.minutes is not None
    assert 4 <= olu.minutes < 5
    assert not Look.objects.exists()
    look = actions.look_at(credential=waiting("Juan"), by=people.ops())
    assert str(look) == "Olu Adeyemi at JD, Georgetown University"


@pytest.mark.django_db(transaction=True)
def test_two_people_open_one_case_in_the_same_moment() -> None:
    emils = waiting()
    staff = [people.ops("Olu"), people.ops("Petra")]
    gate, found = threading.Barrier(2, timeout=10), []

    def open_it(by: User) -> None:
        try:
            gate.wait()
            found.append(actions.look_at(credential=emils, by=by).by_id)
        finally:
            connection.close()
            close_old_connections()

    threads = [threading.Thread(target=open_it, args=(by,)) for by in staff]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == 1  # both were told the same one


# --- Appeals ----------------------------------------------------------------------------------------------------------


def refused(name: str = "Emil") -> Credential:
    credential = waiting(name)
    decide(credential, "refuse")
    people.a_minute_passes()
    return credential


def appealed(credential: Credential, words: str = "The seal was restored in 2019.") -> CredentialAppeal:
    return actions.appeal_refusal(credential=credential, words=words, by=credential.expert.user)


def test_somebody_else_looks_at_an_appeal_and_overturns_it() -> None:
    people.ops("Petra")
    emils = refused()
    appeal = appealed(emils)
    assert fresh(emils).answer_by > timezone.now() + timedelta(hours=23)
    events.drain()
    told = Notice.objects.filter(title="Emil Sørensen appeals: PhD in Physics").values_list("user__name", flat=True)
    assert list(told) == ["Petra Novak"]
    with pytest.raises(NotAllowed, match="somebody else must decide"):
        decide(emils)
    decide(emils, by="Petra")
    people.a_minute_passes()
    assert (fresh(emils).status, fresh(appeal).status) == ("verified", "overturned")
    assert fresh(appeal).decided_by == people.ops("Petra")
    figures = {row.person.name: row for row in reviewer_figures()}
    assert (figures["Olu Adeyemi"].overturned, figures["Olu Adeyemi"].overturned_share) == (1, 100)
    assert figures["Petra Novak"].overturned == 0
    assert str(appeal) == "Appeal: PhD in Physics, University of Copenhagen"


def test_an_appeal_is_upheld_once_and_not_opened_again() -> None:
    emils = refused()
    appeal = appealed(emils)
    decide(emils, "ask", by="Petra")
    people.a_minute_passes()
    assert fresh(appeal).status == "open"
    actions.add_evidence(credential=emils, upload=people.diploma(), by=emils.expert.user)
    decide(emils, "refuse", by="Petra")
    people.a_minute_passes()
    assert fresh(appeal).status == "upheld"
    second = appealed(emils)  # against Petra's own refusal, with the new document
    assert second.refused_by == people.ops("Petra")


def test_there_is_one_appeal_for_each_refusal() -> None:
    emils = refused()
    appealed(emils)
    Credential.objects.filter(pk=emils.pk).update(status="refused")
    with pytest.raises(Refused, match="already"):
        appealed(emils)


def test_who_confirmed_a_refusal_does_not_decide_on_the_appeal() -> None:
    noors = licence()
    decide(noors, "refuse")
    decide(noors, "refuse", by="Petra")
    people.a_minute_passes()
    appeal = appealed(noors)
    with pytest.raises(NotAllowed, match="appealed against your refusal"):
        decide(noors, by="Petra")
    for person in (people.ops("Olu"), people.ops("Petra")):
        with pytest.raises(IntegrityError, match="appeal_decided_by_somebody_else"), transaction.atomic():
            CredentialAppeal.objects.filter(pk=appeal.pk).update(decided_by=person)
    with pytest.raises(IntegrityError, match="appeal_decided_by_a_person"), transaction.atomic():
        CredentialAppeal.objects.filter(pk=appeal.pk).update(status="upheld")


def test_only_a_refusal_is_appealed_by_its_expert_and_with_words() -> None:
    emils = refused()
    with pytest.raises(Invalid, match="Write what the expert"):
        appealed(emils, " ")
    with pytest.raises(NotAllowed):
        actions.appeal_refusal(credential=emils, words="Mine.", by=people.user("Sam"))
    old = waiting("Farah", status="refused")  # from before verdicts were kept
    with pytest.raises(WrongState):
        appealed(old)
    with pytest.raises(WrongState):
        appealed(waiting("Juan"))


def test_emil_appeals_on_the_page(client: Client) -> None:
    emils = refused()
    people.sign_in(client, emils.expert.user)
    url = f"/expert/credentials/{emils.public_id}/"
    assert "Appeal against this refusal" in client.get(url).text
    client.post(f"{url}appeal/", {"words": "It was restored."})
    assert "Somebody else looks at your appeal" in client.get(url).text
    people.sign_in(client, people.ops())
    assert client.get(DESK).context["credential"] is None  # Olu's own refusal is not Olu's to look at again
    assert "Appeal against you" in client.get(DESK).text
    petra = people.sign_in(Client(), people.ops("Petra"))
    assert "It was restored." in petra.get(DESK).text
    decide(emils, "refuse", by="Petra")
    people.a_minute_passes()
    people.sign_in(client, emils.expert.user)
    assert "Appeal against this refusal" in client.get(url).text  # of Petra's verdict, by a third person


def test_ops_say_whom_free_text_means_and_a_chosen_institution_stays(client: Client) -> None:
    emils = waiting(institution=None, institution_name="Univ. of Copenhagen")
    people.sign_in(client, people.ops())
    page = client.get(f"{DESK}{emils.public_id}/")
    assert "It is University of Copenhagen" in page.text
    (ror_id,) = {row.meant.ror_id for row in page.context["rows"] if row.meant}
    told = client.post(f"{DESK}{emils.public_id}/institution/", {"ror_id": ror_id}, follow=True)
    assert "Named: University of Copenhagen." in told.text
    assert "The institution was found" in told.text
    assert "It is University of Copenhagen" not in told.text
    named = fresh(emils)
    assert (str(named.institution), named.institution_name) == ("University of Copenhagen", "Univ. of Copenhagen")
    assert named.checks.exists()
    with pytest.raises(WrongState):
        actions.name_institution(credential=named, institution=named.institution, by=people.ops())


# --- Clean cases ------------------------------------------------------------------------------------------------------


def asserted(credential: Credential, **changes: Any) -> Assertion:
    says = {
        "name": credential.name_on_document,
        "level": credential.level,
        "field": credential.field.code,
        "institution": credential.institution.ror_id if credential.institution else "",
        "year": credential.year,
    }
    given: dict[str, Any] = {
        "road": Road.ORCID,
        "source": "University of Copenhagen",
        "verdict": Assertion.Verdict.HOLDS,
        "strength": Strength.STRONG,
        "says": {**says, **changes.pop("says", {})},
        "reasons": ["The university wrote this entry."],
        **changes,
    }
    return actions.take_down(credential=credential, **given)


def test_what_an_institution_asserts_is_approved_together_and_shown_first(client: Client) -> None:
    emils, lenas = waiting(), waiting("Lena")
    waiting("Farah")
    for credential in (emils, lenas):
        asserted(credential)
    people.sign_in(client, people.ops())
    assert 'data-key="b"' in client.get(DESK).text
    page = client.get(f"{DESK}bulk/")
    assert "Emil Sørensen" in page.text
    assert "Farah Siddiqui" not in page.text
    cases = [f"{case.credential.public_id}:{case.seen}" for case in page.context["cases"]]
    actions.add_evidence(credential=lenas, upload=people.diploma(), by=lenas.expert.user)
    told = client.post(f"{DESK}bulk/", {"case": cases}, follow=True).text
    assert "1 approved; they go out in a minute. 1 changed meanwhile and stayed in the queue." in told
    assert told.count("Undo") == 1
    people.a_minute_passes()
    assert (fresh(emils).status, fresh(emils).method, fresh(lenas).status) == ("verified", "orcid", "evidenced")
    assert reviewer_figures()[0].in_bulk == 1
    Credential.objects.filter(pk=lenas.pk).update(flag="Odd.")
    assert "No clean case waits" in client.get(f"{DESK}bulk/").text


@pytest.mark.parametrize(
    "change",
    [
        {"says": {"year": 2011}},
        {"says": {"level": 7}},
        {"says": {"field": "0912"}},
        {"says": {"institution": "0000000"}},
        {"says": {"name": "Farah Siddiqui"}},
        {"says": {"level": None}},
        {"says": {"level": None, "title": "MSc in Physics"}},
        {"says": {"institution": None}},
        {"verdict": Assertion.Verdict.UNVERIFIABLE},
        {"strength": Strength.HINT},
    ],
)
def test_a_case_in_which_something_differs_is_not_clean(change: dict[str, Any]) -> None:
    asserted(waiting(), **change)
    assert clean_cases(people.ops()) == []


@pytest.mark.parametrize("level", [{}, {"level": None, "title": "PhD in Physics"}])
def test_silence_about_the_rest_agrees(level: dict[str, Any]) -> None:
    asserted(waiting(), says={"year": None, "name": "", "field": None, **level})
    assert len(clean_cases(people.ops())) == 1


@pytest.mark.parametrize("why", ["flagged", "own", "decided", "elsewhere", "appealed", "level"])
def test_some_cases_are_never_approved_in_bulk(why: str) -> None:
    emils = waiting("Olu" if why == "own" else "Emil", **({"level": 7} if why == "level" else {}))
    asserted(emils)
    if why == "flagged":
        actions.flag_credential(credential=emils, words="Odd.", by=people.ops())
    elif why == "decided":
        Verdict.objects.create(credential=emils, decision="approve", by=people.ops("Petra"))
    elif why == "elsewhere":
        actions.look_at(credential=emils, by=people.ops("Petra"))
    elif why == "appealed":
        decide(emils, "refuse", by="Petra")
        people.a_minute_passes()
        appealed(emils)
    assert clean_cases(people.ops()) == []


def test_what_is_refused_in_bulk_is_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    emils = waiting()
    asserted(emils)
    (case,) = clean_cases(people.ops())

    def no(**given: Any) -> None:
        raise Refused("Somebody was faster.")

    monkeypatch.setattr(actions, "give_verdict", no)
    people.sign_in(client, people.ops())
    told = client.post(f"{DESK}bulk/", {"case": [f"{emils.public_id}:{case.seen}"]}, follow=True).text
    assert "Somebody was faster." in told


# --- The desk's other pages -------------------------------------------------------------------------------------------


def test_undo_is_one_key_at_the_desk(client: Client) -> None:
    emils = waiting()
    people.sign_in(client, people.ops())
    client.post(f"{DESK}{emils.public_id}/", {"decision": "approve", "seen": version_of(emils)})
    page = client.get(DESK).text
    assert 'data-key="z"' in page
    assert "Olu Adeyemi decided: <b>Approve</b>" in client.get(f"{DESK}{emils.public_id}/").text
    client.post(f"{DESK}undo/{Verdict.objects.get().public_id}/")
    assert Verdict.objects.get().status == Status.UNDONE
    assert 'data-key="z"' not in client.get(DESK).text


def test_the_second_person_sees_who_decided_what_and_confirms_with_the_same_key(client: Client) -> None:
    noors = licence()
    decide(noors, "refuse")
    petra = people.sign_in(Client(), people.ops("Petra"))
    page = petra.get(DESK).text
    assert "Olu Adeyemi decided first: Refuse." in page
    assert "The seal moved." in page
    people.sign_in(client, people.ops())
    assert "Waits for a second person" in client.get(DESK).text
    mine = client.get(f"{DESK}{noors.public_id}/").text
    assert "Now another person of ops confirms it" in mine
    assert 'data-key="a"' not in mine


def test_a_flag_and_figures_by_page(client: Client) -> None:
    emils = waiting()
    people.sign_in(client, people.ops())
    assert "No verdict yet" in client.get(f"{DESK}people/").text
    client.post(f"{DESK}{emils.public_id}/flag/", {"words": "The fonts differ."})
    assert "The fonts differ." in client.get(f"{DESK}{emils.public_id}/").text
    decide(emils)
    decide(emils, by="Petra")
    people.a_minute_passes()
    page = client.get(f"{DESK}people/").text
    assert "Olu Adeyemi" in page
    assert "Petra Novak" in page  # she confirmed
    decide(waiting("Farah"), "ask", in_bulk=True)


def test_ops_keep_the_templates(client: Client) -> None:
    people.sign_in(client, people.ops())
    url = "/admin/experts/reasontemplate/"
    assert "Sharper scan" in client.get(url).text
    client.post(f"{url}add/", {"decision": "ask", "label": "Stamp", "text": "The stamp is missing.", "in_use": "on"})
    emils = waiting()
    page = client.get(f"{DESK}{emils.public_id}/").text
    assert "The stamp is missing." in page
    stamp = ReasonTemplate.objects.get(label="Stamp")
    client.post(f"{url}{stamp.pk}/change/", {"decision": "ask", "label": "Stamp", "text": "No stamp."})
    assert "No stamp." not in client.get(f"{DESK}{emils.public_id}/").text  # switched off
    assert [event.note for event in Event.objects.filter(name="reason_template.saved")] == [
        "The stamp is missing.",
        "No stamp.",
    ]
    withhold_rights(user=people.ops(), rights=["credential_review"], by=people.ops("Petra"))
    assert client.get(f"{url}add/").status_code == 403


@pytest.mark.parametrize("page", ["bulk/", "people/"])
def test_the_other_pages_are_for_ops_with_the_right(client: Client, page: str) -> None:
    withhold_rights(user=people.ops(), rights=["credential_review"], by=people.ops("Petra"))
    people.sign_in(client, people.ops())
    assert client.get(f"{DESK}{page}").status_code == 403


# --- Only people ------------------------------------------------------------------------------------------------------


def test_no_machine_gives_a_verdict() -> None:
    emils = waiting()
    for decision in ("approve", "refuse"):
        with pytest.raises(NotAllowed, match="A person decides"):
            actions.give_verdict(credential=emils, decision=decision, by=SYSTEM, message="By rule.", reason="altered")
    with pytest.raises(IntegrityError, match="by_id"), transaction.atomic():
        Verdict.objects.create(credential=emils, decision="approve", by=None)  # type: ignore[misc]


def test_one_place_in_the_product_verifies_and_refuses() -> None:
    """What a status becomes is named in `TO` alone, and only the delivery of a person's verdict reads it."""
    named = {
        name_of(path)
        for path in modules()
        if path.is_relative_to(ROOT / "experts" / "actions") and "Credential.Status" in path.read_text()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("step", "move")
        and len(node.args) > 1
        and ast.unparse(node.args[1]).split(".")[-1] in ("VERIFIED", "REFUSED")
    }
    assert named == set()
    source = Path(actions.verdicts.__file__).read_text()
    assert source.count("step(credential, TO[") == 1
