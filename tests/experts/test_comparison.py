"""What the desk says of a claim, word by word."""

from __future__ import annotations

import pytest

from experts.comparison import compare, compare_names
from experts.models import Institution
from experts.queries import field_from_text, fields_matching
from experts.registry import institution_named, institutions_matching
from tests import people


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("Emil Sørensen", "Emil Sorensen", "same"),
        ("SØRENSEN, Emil", "Emil Sørensen", "same"),
        ("Łukasz Żak", "Lukasz Zak", "same"),
        ("Jürgen Groß", "Jurgen Gross", "same"),
        ("Mira A. Okafor", "Mira Okafor", "close"),
        ("M. Okafor", "Mira Okafor", "close"),
        ("Mira Okafor-Berg", "Mira Okafor", "close"),
        ("Mira Berg", "Mira Okafor", "differs"),
        ("", "Mira Okafor", "differs"),
        ("王小明", "Xiaoming Wang", "same"),
        ("Mira Okafor", "Mira Adeyemi", "differs"),
    ],
)
def test_names(one: str, other: str, verdict: str) -> None:
    assert compare_names(one, other) == verdict
    assert compare_names(other, one) == verdict


@pytest.mark.django_db
def test_the_desk_compares_five_things() -> None:
    emil = people.expert("Emil", verified=False)
    emil.user.email = "emil@nbi.ku.dk"
    rows = {row.label: row for row in compare(people.credential(emil))}
    assert {label: row.verdict for label, row in rows.items()} == {
        "Name": "same", "Level": "same", "Institution": "same", "Country": "same", "E-mail domain": "same",
    }  # fmt: skip
    assert rows["E-mail domain"].known == "ku.dk"


@pytest.mark.django_db
def test_what_does_not_fit_differs_and_what_we_do_not_know_is_not_judged() -> None:
    farah = people.expert("Farah", verified=False)
    wrong = people.credential(
        farah, title="MSc", level=8, country="FR", institution_name="Edinburgh", name_on_document="F. Siddiqui"
    )
    assert {row.label: row.verdict for row in compare(wrong)} == {
        "Name": "close", "Level": "differs", "Institution": "close", "Country": "differs", "E-mail domain": "unknown",
    }  # fmt: skip
    unknown = people.credential(farah, title="Diploma", institution=None, institution_name="A school nobody lists")
    assert [row.verdict for row in compare(unknown)] == ["same", "unknown", "unknown", "unknown", "unknown"]


@pytest.mark.django_db
def test_fields_are_found_by_name_and_by_code() -> None:
    assert fields_matching("physics")[0].code == "0533"
    assert fields_matching("law")[0].code == "0421"
    assert [field.code for field in fields_matching("0533")] == ["0533"]
    assert len(fields_matching("e", limit=7)) == 7
    assert fields_matching("   ") == []
    physics = field_from_text(" physics ")
    assert physics is not None
    assert (physics.code, physics.ancestry, str(physics)) == ("0533", ["0533", "053", "05"], "Physics")
    education = field_from_text("Education")
    assert education is not None
    assert education.code == "011"  # the narrower of two fields of one name
    synthesis = field_from_text("organic synthesis")
    assert synthesis is not None
    assert synthesis.code == "0531"
    assert field_from_text("quidditch") is None


@pytest.mark.django_db
def test_institutions_are_found_by_words_of_the_name_and_by_domain() -> None:
    assert institutions_matching("toronto university")[0].name == "University of Toronto"
    assert institutions_matching("EPFL.ch")[0].ror_id == "02s376052"
    assert institutions_matching("") == []
    known = institution_named(" university of toronto ")
    assert known is not None
    assert str(known) == "University of Toronto"
    assert institution_named("University") is None
    assert Institution.objects.count() > 70
