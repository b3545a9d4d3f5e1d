"""Professional licences, and what others than a document say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import Invalid
from core.models import Event
from experts.actions import claim_credential, edit_claim, give_verdict, refresh_match, take_down
from experts.models import Assertion, Credential, Road, Strength
from experts.queries import strongest, version_of
from tests.people import a_minute_passes, credential, expert, field, ops

pytestmark = pytest.mark.django_db

Status = Credential.Status
LICENCE: dict[str, Any] = {
    "kind": Credential.Kind.LICENCE,
    "title": "Physician and Surgeon",
    "field": "0912",
    "institution_name": "Medical Board of California",
    "country": "US",
    "year": 2012,
    "name_on_document": "Noor Haddad",
    "profession": "physician",
    "jurisdiction": "US-CA",
    "number": "A 123456",
}


def licence(**changes: Any) -> Credential:
    noor = expert("Noor", verified=False)
    return claim_credential(expert=noor, by=noor.user, **{**LICENCE, "field": field("0912"), **changes})


def test_a_licence_is_claimed_with_profession_and_jurisdiction() -> None:
    noors = licence(expires_on=timezone.now().date())
    assert (noors.level, noors.status, noors.jurisdiction) == (0, Status.CLAIMED, "US-CA")
    edit_claim(credential=noors, jurisdiction="DE", by=noors.expert.user)
    assert Credential.objects.get(pk=noors.pk).jurisdiction == "DE"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"profession": "wizard"}, "profession"),
        ({"jurisdiction": "XX-YY"}, "jurisdiction"),
        ({"number": " "}, "number"),
        ({"expires_on": timezone.now().date() - timedelta(days=2)}, "expires_on"),
    ],
)
def test_a_licence_that_cannot_be_is_refused_beside_its_field(change: dict[str, Any], name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        licence(**change)
    assert [fault.field for fault in refusal.value.faults] == [name]
    assert not Credential.objects.exists()


@pytest.mark.parametrize("change", [{"level": 8}, {"profession": ""}, {"kind": "degree"}])
def test_postgresql_keeps_degrees_and_licences_apart(change: dict[str, Any]) -> None:
    noors = licence()
    with pytest.raises(IntegrityError, match="credential_degree_has_level"), transaction.atomic():
        Credential.objects.filter(pk=noors.pk).update(**change)


def test_a_verified_licence_counts_where_it_was_given_until_it_runs_out() -> None:
    noors = licence(expires_on=timezone.now().date() + timedelta(days=1))
    Credential.objects.filter(pk=noors.pk).update(status=Status.VERIFIED, decided_by=ops())
    row = refresh_match(noors.expert)
    assert (row.licences, row.degrees, row.level) == (["physician:US", "physician:US-CA"], [], 0)
    Credential.objects.filter(pk=noors.pk).update(expires_on=timezone.now().date() - timedelta(days=1))
    assert refresh_match(noors.expert).licences == []


def told(noors: Credential, **changes: Any) -> Assertion:
    facts: dict[str, Any] = {
        "road": Road.REGISTER,
        "source": "NPPES",
        "verdict": Assertion.Verdict.HOLDS,
        "strength": Strength.STRONG,
        "says": {"number": "A 123456"},
        "reasons": ["The register has this number under this name."],
    }
    return take_down(credential=noors, **{**facts, **changes})


def test_what_a_register_confirms_starts_our_clock_and_is_the_method_once_verified() -> None:
    noors = licence()
    before = version_of(noors)
    said = told(noors)
    noors.refresh_from_db()
    assert noors.status == Status.EVIDENCED
    assert noors.answer_by is not None
    assert version_of(noors) != before
    assert str(said) == "Licence register: NPPES"
    assert Event.objects.get(name="assertion.made").data["verdict"] == "holds"
    give_verdict(credential=noors, decision="approve", by=ops("Olu"))
    give_verdict(credential=noors, decision="approve", by=ops("Petra"))
    a_minute_passes()
    verified = Credential.objects.get(pk=noors.pk)
    assert (verified.method, verified.strength) == (Road.REGISTER, Strength.STRONG)


def test_what_does_not_hold_is_kept_and_starts_nothing() -> None:
    noors = licence()
    told(noors, verdict=Assertion.Verdict.REFUSED)
    noors.refresh_from_db()
    assert noors.status == Status.CLAIMED
    assert noors.assertions.count() == 1


def test_a_hint_beside_a_document_does_not_become_the_method() -> None:
    emils = credential(expert("Emil"))
    told(emils, road=Road.MAILBOX, strength=Strength.HINT)
    assert strongest(emils) == (Road.DOCUMENT, Strength.FAIR)
