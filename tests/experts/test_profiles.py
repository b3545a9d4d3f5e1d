"""Profiles, and the narrow rows that matching reads."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from core.errors import Invalid, NotAllowed, Refused
from experts import jobs
from experts.actions import become_expert, edit_profile, refresh_match, verify_credential
from experts.loading import load_fields, load_institutions
from experts.models import Credential, Evidence, Expert, ExpertMatch, Field, Institution
from tests import people


@pytest.mark.django_db
def test_one_becomes_an_expert_once_and_for_oneself() -> None:
    sam = people.user("Sam")
    expert = become_expert(user=sam, country="US", languages=["en"], min_rate=3_000, by=sam)
    assert str(expert) == "Sam Nobody"
    assert str(expert.match) == "Sam Nobody"
    assert (expert.match.verified, expert.match.country, expert.match.min_rate) == (False, "US", 3_000)
    with pytest.raises(Refused) as refusal:
        become_expert(user=sam, country="US", by=sam)
    assert refusal.value.code == "already_expert"
    with pytest.raises(NotAllowed):
        become_expert(user=people.user("Emil"), country="DK", by=sam)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("profile", "field"),
    [
        ({"languages": ["en", "klingon"]}, "languages"),
        ({"min_rate": -1}, "min_rate"),
        ({"min_rate": 1_000_001}, "min_rate"),
        ({"weekly_hours": 0}, "weekly_hours"),
        ({"weekly_hours": 81}, "weekly_hours"),
        ({"country": "XX"}, "country"),
    ],
)
def test_a_profile_that_cannot_be_names_the_place(profile: dict[str, Any], field: str) -> None:
    sam = people.user("Sam")
    with pytest.raises(Invalid) as refusal:
        become_expert(user=sam, by=sam, **{"country": "US", **profile})
    assert [fault.field for fault in refusal.value.faults] == [field]
    expert = become_expert(user=sam, country="US", by=sam)
    with pytest.raises(Invalid):
        edit_profile(expert=expert, by=sam, **profile)


@pytest.mark.django_db
def test_matching_sees_an_edit_at_once_and_a_misspelt_field_is_a_bug() -> None:
    emil = people.expert("Emil")
    edit_profile(expert=emil, by=emil.user, available=False, country="SE", languages=["sv"], weekly_hours=3)
    match = ExpertMatch.objects.get(expert=emil)
    assert (match.available, match.country, match.languages, match.weekly_hours) == (False, "SE", ["sv"], 3)
    with pytest.raises(TypeError, match="verified"):
        edit_profile(expert=emil, by=emil.user, verified=True)


@pytest.mark.django_db
def test_the_nightly_job_and_the_command_mend_every_row() -> None:
    people.expert("Emil"), people.expert("Farah")
    ExpertMatch.objects.update(verified=False, level=0, fields=[], degrees=[])
    jobs.rebuild_matches()
    assert ExpertMatch.objects.filter(verified=True, level=8).count() == 2
    ExpertMatch.objects.all().delete()
    told = io.StringIO()
    call_command("rebuild_matches", stdout=told)
    assert told.getvalue() == "2 experts\n"
    assert ExpertMatch.objects.filter(verified=True).count() == 2


@pytest.mark.django_db
def test_shipped_facts_can_be_loaded_again() -> None:
    before = (Field.objects.count(), Institution.objects.count())
    assert (load_fields(Field), load_institutions()) == before
    assert (Field.objects.count(), Institution.objects.count()) == before
    assert not Field.objects.exclude(code__regex=r"^\d\d$").filter(parent=None).exists()


@pytest.mark.django_db
def test_who_sees_which_experts_and_credentials() -> None:
    emil, farah = people.expert("Emil"), people.expert("Farah")
    assert list(Expert.objects.visible_to(emil.user)) == [emil]
    assert list(Credential.objects.visible_to(farah.user)) == [farah.credentials.get()]
    assert Expert.objects.visible_to(people.ops()).count() == 2
    assert Credential.objects.visible_to(people.ops()).count() == 2
    assert not Expert.objects.visible_to(people.user("Ada")).exists()
    assert str(emil.credentials.get()) == "PhD in Physics, University of Copenhagen"
    assert str(Evidence(filename="x.pdf")) == "x.pdf"


@pytest.mark.django_db(transaction=True)
def test_two_degrees_verified_in_the_same_moment_both_stand_in_the_row() -> None:
    """Each refresh reads under the expert's lock, so the later one sees what the earlier one committed."""
    people.ops("Olu"), people.ops("Petra")
    emil = people.expert("Emil", verified=False)
    physics = people.credential(emil)
    law = people.credential(emil, title="LLB", level=6, field=people.field("0421"))
    gate = threading.Barrier(2, timeout=10)

    def decide(credential: Credential, by: str) -> None:
        gate.wait()
        verify_credential(credential=credential, by=people.ops(by))
        connection.close()

    threads = [threading.Thread(target=decide, args=pair) for pair in ((physics, "Olu"), (law, "Petra"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    match = ExpertMatch.objects.get(expert=emil)
    assert {"0533", "0421"} <= set(match.fields)
    assert refresh_match(emil).degrees == match.degrees
