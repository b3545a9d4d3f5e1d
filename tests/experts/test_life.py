"""Life after verification: ends, warnings, fresh proofs, withdrawals foretold, and narrowing with consent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Notice
from core import events
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.models import Event
from core.questions import Question
from experts import actions
from experts.jobs import keep_clocks
from experts.models import Credential, ExpertMatch, Narrowing
from experts.queries import today
from experts.questions import UNDER_WAY
from tasks.actions import submit
from tasks.models import Seat, Submission
from tests import people
from tests.tasks.scene import answer, claimed, fresh, project

pytestmark = pytest.mark.django_db
Status = Credential.Status
DESK = "/admin/experts/credential/desk/"


def licence(days: int | None, *, status: str = Status.VERIFIED) -> Credential:
    """Noor's licence, whose last day is so many days from now."""
    noor = people.expert("Noor", verified=False)
    ends = None if days is None else today() + timedelta(days=days)
    made = people.credential(noor, kind="licence", level=0, profession="physician", jurisdiction="US-CA",
                             number="A 1", field=people.field("0912"), expires_on=ends, status=status)  # fmt: skip
    actions.refresh_match(noor)
    return made


def titles(credential: Credential) -> list[str]:
    events.drain()
    return list(Notice.objects.filter(user=credential.expert.user).order_by("pk").values_list("title", flat=True))


def days_pass(credential: Credential, days: int) -> None:
    Credential.objects.filter(pk=credential.pk).update(expires_on=today() + timedelta(days=days))


# --- The end ----------------------------------------------------------------------------------------------------------


def test_noor_hears_three_times_and_then_her_licence_runs_out() -> None:
    noors = licence(31)
    for left in (31, 30, 29, 8, 7, 6, 2, 1, 0):
        days_pass(noors, left)
        keep_clocks()
        keep_clocks()
    assert [event.data["days"] for event in Event.objects.filter(name="credential.ending")] == [30, 7, 1]
    assert ExpertMatch.objects.get(expert=noors.expert).licences
    days_pass(noors, -1)
    keep_clocks()
    noors.refresh_from_db()
    assert (noors.status, noors.message) == (Status.EXPIRED, "It ran out.")
    assert ExpertMatch.objects.get(expert=noors.expert).licences == []
    told = [f"{noors.title} ends in {days} days" for days in (30, 7)]
    assert titles(noors) == [*told, f"{noors.title} ends in 1 day", f"{noors.title} has expired"]


def test_a_worker_that_slept_for_a_month_says_it_once_and_says_how_long_is_left() -> None:
    noors = licence(0)
    keep_clocks()
    assert titles(noors) == [f"{noors.title} ends today"]


def test_a_credential_that_never_ends_is_left_alone() -> None:
    noors = licence(None)
    keep_clocks()
    noors.refresh_from_db()
    assert (noors.status, noors.ends_on) == (Status.VERIFIED, None)


def test_what_moved_on_since_the_sweep_found_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep looks again under the lock."""
    noors = licence(-1)
    Credential.objects.filter(pk=noors.pk).update(status=Status.REVOKED)
    found = Credential.objects.filter(pk=noors.pk)
    monkeypatch.setattr("experts.actions.life.ending", lambda until: found)
    assert (actions.expire_credentials(), actions.warn_of_ends()) == (0, 0)


def test_a_fresh_proof_with_its_new_last_day_is_reviewed_again() -> None:
    noors = licence(-1)
    keep_clocks()
    with pytest.raises(Invalid, match="Say until when it holds now") as refusal:
        actions.add_evidence(credential=noors, upload=people.diploma(), by=noors.expert.user)
    assert refusal.value.faults[0].field == "expires_on"
    until = today() + timedelta(days=700)
    actions.renew_credential(credential=noors, upload=people.diploma(), expires_on=until, by=noors.expert.user)
    noors.refresh_from_db()
    assert (noors.status, noors.expires_on) == (Status.EVIDENCED, until)
    for name in ("Olu", "Petra"):
        actions.give_verdict(credential=noors, decision="approve", by=people.ops(name))
    people.a_minute_passes()
    verified = fresh(noors)
    assert (verified.warned_days, verified.ends_on) == (0, until)


def test_what_ran_out_while_it_waited_is_not_verified() -> None:
    noors = licence(-1, status=Status.EVIDENCED)
    with pytest.raises(WrongState, match="ran out on"):
        actions.verify_credential(credential=noors, by=people.ops())


def test_ops_plan_another_look_at_a_degree() -> None:
    emils = people.expert("Emil").credentials.get()
    actions.plan_recheck(credential=emils, on=today() + timedelta(days=5), by=people.ops())
    keep_clocks()
    assert titles(emils) == ["PhD in Physics ends in 5 days"]
    Credential.objects.filter(pk=emils.pk).update(recheck_on=today() - timedelta(days=1))
    keep_clocks()
    emils.refresh_from_db()
    assert (emils.status, emils.message) == (Status.EXPIRED, "It is time for a fresh proof.")
    actions.add_evidence(credential=emils, upload=people.diploma(), by=emils.expert.user)
    again = actions.verify_credential(credential=emils, by=people.ops())
    assert (again.status, again.ends_on) == (Status.VERIFIED, None)


def test_a_look_is_planned_ahead_for_what_is_verified_and_by_ops_only() -> None:
    emils = people.expert("Emil").credentials.get()
    with pytest.raises(Invalid, match="lies ahead"):
        actions.plan_recheck(credential=emils, on=today(), by=people.ops())
    with pytest.raises(NotAllowed):
        actions.plan_recheck(credential=emils, on=None, by=emils.expert.user)
    waiting = people.credential(emils.expert)
    with pytest.raises(WrongState):
        actions.plan_recheck(credential=waiting, on=None, by=people.ops())


# --- Withdrawing ------------------------------------------------------------------------------------------------------


def test_a_withdrawal_says_what_it_does_and_does_what_it_said(client: Client) -> None:
    work = claimed(project(2, min_level=8), "Emil")
    emils = work.expert.credentials.get()
    people.sign_in(client, people.ops())
    url = f"/admin/experts/credential/{emils.pk}/"
    assert "do/revoke/" in client.get(f"{url}change/").text
    asked = client.get(f"{url}do/revoke/").text
    assert f"New claims stop in Why ice floats (Meridian AI, {work.project.public_id})." in asked
    assert f"Why ice floats ({work.project.public_id}): 1 to finish. It may be finished, is reviewed and paid." in asked
    emils.refresh_from_db()
    assert emils.status == Status.VERIFIED  # nobody pressed
    assert not Event.objects.filter(name="credential.revoked").exists()

    client.post(f"{url}do/revoke/", {"words": "The register says otherwise."})
    submit(submission=work, response=answer(), by=work.expert.user)
    assert (fresh(work).status, fresh(work.seat).status) == (Submission.Status.SUBMITTED, Seat.Status.CLAIMED)
    with pytest.raises(Refused, match="verified"):
        claimed(work.project, "Emil")
    assert f"Why ice floats ({work.project.public_id}): 1 to review" in " ".join(UNDER_WAY.ask(work.expert))


def test_a_second_degree_keeps_projects_open() -> None:
    work = claimed(project(2, min_level=6), "Emil")
    people.credential(work.expert, status=Status.VERIFIED, title="MSc in Physics", level=7)
    first = work.expert.credentials.order_by("pk").first()
    assert first is not None
    assert actions.foretell_revocation(credential=first, by=people.ops()).stops == []
    with pytest.raises(NotAllowed):
        actions.foretell_revocation(credential=first, by=people.user("Sam"))


def test_a_question_is_answered_by_all_who_were_named() -> None:
    question: Question[int, str] = Question()
    assert question.ask(3) == []
    question.answered_by(lambda number: [str(number)], lambda number: "ab")
    assert question.ask(3) == ["3", "a", "b"]


# --- Narrowing --------------------------------------------------------------------------------------------------------


@pytest.fixture
def broad() -> Credential:
    """Emil's doctorate, verified in the whole of the physical sciences."""
    return people.credential(people.expert("Emil", verified=False), status=Status.VERIFIED, field=people.field("053"))


def proposed(credential: Credential, **changes: Any) -> Narrowing:
    given = {"field": people.field("0533"), "level": 8, "words": "The thesis is in physics.", **changes}
    return actions.propose_narrowing(credential=credential, by=people.ops(), **given)


def test_emil_agrees_and_his_match_follows(broad: Credential) -> None:
    narrowing = proposed(broad)
    assert titles(broad) == [f"May we narrow {broad.title} to Physics?"]
    actions.answer_narrowing(narrowing=narrowing, agrees=True, by=broad.expert.user)
    broad.refresh_from_db()
    assert (broad.field.code, broad.status) == ("0533", Status.VERIFIED)
    assert ExpertMatch.objects.get(expert=broad.expert).fields == ["05", "053", "0533"]
    assert Event.objects.get(name="credential.narrowed").data == {"before": {"field": "053", "level": 8}}
    events.drain()
    assert Notice.objects.get(user=people.ops()).title == f"Emil Sørensen agreed: {broad.title}"
    with pytest.raises(WrongState):
        actions.answer_narrowing(narrowing=narrowing, agrees=False, by=broad.expert.user)


def test_a_proposal_that_was_answered_while_the_sweep_looked_is_left_alone(
    broad: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrowing = proposed(broad)
    Narrowing.objects.update(answer_by=timezone.now() - timedelta(seconds=1))

    def first_he_agrees(thing: Narrowing) -> Narrowing:
        Narrowing.objects.filter(pk=thing.pk).update(status="accepted")
        return fresh(thing)  # type: ignore[no-any-return]

    monkeypatch.setattr("experts.actions.narrowing.lock", first_he_agrees)
    assert actions.lapse_narrowings() == 0
    narrowing.refresh_from_db()
    assert narrowing.status == "accepted"


@pytest.mark.parametrize("happen", ["declines", "says nothing", "expires"])
def test_without_his_word_nothing_changes(broad: Credential, happen: str) -> None:
    narrowing = proposed(broad, level=7)
    if happen == "declines":
        actions.answer_narrowing(narrowing=narrowing, agrees=False, by=broad.expert.user)
    elif happen == "says nothing":
        keep_clocks()
        assert Narrowing.objects.get().status == "proposed"
        Narrowing.objects.update(answer_by=timezone.now() - timedelta(seconds=1))
        keep_clocks()
    else:
        Credential.objects.update(recheck_on=date(2020, 1, 1))
        keep_clocks()
    narrowing.refresh_from_db()
    broad.refresh_from_db()
    assert narrowing.status == ("declined" if happen == "declines" else "lapsed")
    assert (broad.field.code, broad.level) == ("053", 8)


def test_only_the_expert_agrees(broad: Credential) -> None:
    narrowing = proposed(broad)
    for stranger in (people.ops(), people.user("Sam")):
        with pytest.raises(NotAllowed):
            actions.answer_narrowing(narrowing=narrowing, agrees=True, by=stranger)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"field": "0912"}, "does not lie within"),
        ({"field": "053"}, "what is claimed already"),
        ({"field": "05"}, "does not lie within"),
        ({"level": 9}, "only become lower"),
        ({"level": 5}, "only become lower"),
        ({"words": " "}, "Write what the expert"),
    ],
)
def test_a_proposal_narrows_and_says_why(broad: Credential, changes: dict[str, Any], words: str) -> None:
    if "field" in changes:
        changes = {**changes, "field": people.field(changes["field"])}
    with pytest.raises(Invalid, match=words):
        proposed(broad, **changes)


def test_one_proposal_at_a_time_and_only_where_there_is_something_to_narrow(broad: Credential) -> None:
    narrowing = proposed(broad)
    assert str(narrowing) == f"{broad}, narrowed to Physics"
    with pytest.raises(Refused, match="proposed already"):
        proposed(broad)
    with pytest.raises(IntegrityError, match="one_open_narrowing"), transaction.atomic():
        Narrowing.objects.create(credential=broad, field=broad.field, level=7, proposed_by=people.ops())
    refused = people.credential(broad.expert, status=Status.REFUSED)
    with pytest.raises(WrongState, match="nothing to narrow"):
        proposed(refused)


# --- The pages --------------------------------------------------------------------------------------------------------


def test_ops_narrow_and_plan_at_the_desk_and_the_expert_answers_on_the_page(client: Client, broad: Credential) -> None:
    url = f"{DESK}{broad.public_id}/"
    people.sign_in(client, people.ops())
    assert "Narrow the field or the level" in client.get(url).text
    client.post(f"{url}narrow/", {"field": "0533", "level": "8", "words": "The thesis is in physics."})
    assert "Proposed: <b>Physics</b>" in client.get(url).text
    assert "Choose a day that lies ahead" in client.post(f"{url}recheck/", {"recheck_on": today()}, follow=True).text
    client.post(f"{url}recheck/", {"recheck_on": today() + timedelta(days=90)})
    assert "Counts until" in client.get(url).text
    assert "Enter a valid date" in client.post(f"{url}recheck/", {"recheck_on": "soon"}, follow=True).text

    people.sign_in(client, broad.expert.user)
    page = client.get(f"/expert/credentials/{broad.public_id}/").text
    assert "May we narrow this credential?" in page
    assert "It counts until" in page
    answer = f"/expert/narrowings/{broad.narrowings.get().public_id}/"
    client.post(answer, {"answer": "decline"})
    assert broad.narrowings.get().status == "declined"
    assert "it cannot become accepted" in client.post(answer, {"answer": "agree"}, follow=True).text
    assert "Counts until" in client.get("/expert/").text


def test_noor_renews_on_the_page(client: Client) -> None:
    noors = licence(-1)
    keep_clocks()
    people.sign_in(client, noors.expert.user)
    url = f"/expert/credentials/{noors.public_id}/"
    assert "Hand in a fresh proof" in client.get(url).text
    assert "Hand in a fresh proof" in client.get("/expert/").text
    told = client.post(f"{url}evidence/", {"upload": people.diploma()})
    assert told.status_code == 422
    assert "Say until when it holds now" in told.text
    until = today() + timedelta(days=365)
    assert client.post(f"{url}evidence/", {"upload": people.diploma(), "expires_on": until}).status_code == 302
    noors.refresh_from_db()
    assert (noors.status, noors.expires_on) == (Status.EVIDENCED, until)


def test_a_degree_is_renewed_without_a_day(client: Client) -> None:
    emils = people.expert("Emil").credentials.get()
    Credential.objects.update(recheck_on=today() - timedelta(days=1))
    keep_clocks()
    people.sign_in(client, emils.expert.user)
    url = f"/expert/credentials/{emils.public_id}/"
    assert "expires_on" not in client.get(url).text
    client.post(f"{url}evidence/", {"upload": people.diploma()})
    emils.refresh_from_db()
    assert emils.status == Status.EVIDENCED


def _rewrite(event: Event) -> None:
    Event.objects.filter(pk=event.pk).update(note="Never happened.")


def _forget(event: Event) -> None:
    Event.objects.filter(pk=event.pk)._raw_delete(event._state.db)  # past Django's own objection


@pytest.mark.parametrize("meddle", [_rewrite, _forget])
def test_nobody_rewrites_the_history_of_a_credential(meddle: Callable[[Event], None]) -> None:
    emils = people.credential(people.expert("Emil"))
    actions.verify_credential(credential=emils, by=people.ops())
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        meddle(Event.objects.get(name="credential.verified"))
