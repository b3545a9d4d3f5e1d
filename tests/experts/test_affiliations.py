"""Affiliations as people write them find the institution they mean, or nobody."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from experts import registry
from experts.affiliations import Index, Match, Place
from experts.ror import entry_of
from tests import shared


def place(ror_id: str, name: str, country: str, city: str, *others: str, short: tuple[str, ...] = ()) -> Place:
    names = [("name", name), *(("alias", other) for other in others), *(("acronym", each) for each in short)]
    return Place(ror_id, tuple(names), country, city)


WORLD = [
    place("copenhage", "University of Copenhagen", "DK", "Copenhagen", "Københavns Universitet", short=("UCPH", "KU")),
    place("yorkgb", "University of York", "GB", "York"),
    place("yorkca", "York University", "CA", "Toronto"),
    place("eth", "ETH Zurich", "CH", "Zurich", "Swiss Federal Institute of Technology in Zurich", short=("ETHZ",)),
    place("ucsystem", "University of California System", "US", "Oakland", "University of California"),
    place("davis", "University of California, Davis", "US", "Davis", "UC Davis", short=("UCD",)),
    place("mahatma1", "Mahatma Gandhi University", "IN", "Kottayam"),
    place("mahatma2", "Mahatma Gandhi University", "IN", "Nalgonda"),
    place("hunan", "Hunan Normal University", "CN", "Changsha"),
    place("nanchang", "Nanchang University", "CN", "Nanchang"),
    place("tours", "Centre Hospitalier Universitaire de Tours", "FR", "Tours"),
    place("leipzig", "Universitätsklinikum Leipzig", "DE", "Leipzig"),
    place("uhs", "Sağlık Bilimleri Üniversitesi", "TR", "Istanbul", "University of Health Sciences"),
    place("chuv", "Centre hospitalier universitaire", "CH", "Lausanne"),
    place("yale", "Yale University", "US", "New Haven"),
    place("dartmouth", "Dartmouth College", "US", "Hanover"),
    place("london", "University of London", "GB", "London"),
    place("vicosa", "Universidade Federal de Viçosa", "BR", "Viçosa", short=("UFV",)),
    place("vit", "Vellore Institute of Technology University", "IN", "Vellore", short=("VIT",)),
    place("inserm", "Inserm", "FR", "Paris", short=("INSERM",)),
    place("chile", "University of Chile", "CL", "Santiago"),
    place("usach", "Universidad de Santiago de Chile", "CL", "Santiago"),
    place("naples", "University of Naples Federico II", "IT", "Naples"),
    place("pathology", "Pathologisches Institut", "DE", "Munich", "Institute of Pathology"),
    place("russian", "Russian Academy of Sciences", "RU", "Moscow"),
    place("ministry", "Ministry of Education", "CN", "Beijing"),
    place("health", "Ministry of Public Health", "TH", "Nonthaburi"),
    place("leiden", "Leiden University", "NL", "Leiden"),
    place("lumc", "Leiden University Medical Center", "NL", "Leiden"),
    place("brest1", "Université de Brest", "FR", "Brest"),
    place("brest2", "Université de Brest", "FR", "Brest"),
    place("amazon", "Amazon (Germany)", "DE", "Berlin"),
    place("providence", "Providence", "US", "Providence"),
    place("jawahar", "Jawaharlal Institute of Post Graduate Medical Education and Research", "IN", "Puducherry"),
    place("iisc", "Indian Institute of Science Bangalore", "IN", "Bengaluru"),
    place("chungbuk", "Chungbuk National University", "KR", "Cheongju-si"),
    place("michigan", "University of Michigan", "US", "Ann Arbor"),
    place("nowhere", "Universitas Nullius", "XX", "", "()"),
    place("kinr", "Kyiv Research Office", "UA", "Kyiv", short=("KRO",)),
]
INDEX = Index(WORLD)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Dept. of Physics, Univ. of Copenhagen, Denmark", "copenhage"),
        ("Niels Bohr Institute, Copenhagen University, Copenhagen, Denmark", "copenhage"),
        ("Københavns Universitet", "copenhage"),
        ("Department of Physics, University of Copenhagen, Sweden", None),  # the country says otherwise
        ("Department of Biology, University of York, York, UK", "yorkgb"),
        ("Faculty of Law of the York University, Toronto, Canada", "yorkca"),
        ("University of York, Canada", "yorkca"),
        ("University of York", "yorkgb"),  # as it stands, its words in their order
        ("School of Medicine, University of California, Davis, CA, USA", "davis"),
        ("University of California, Oakland, USA", "ucsystem"),
        ("Department of Physics, University of California, La Jolla, CA, USA", None),  # one of ten, but which
        ("School of Energy, Mahatam Gandhi University, Kottyam, Kerala, India", "mahatma1"),  # two slips
        ("Mahatma Gandhi University, India", None),  # two of this name
        ("Henan Normal University, Xinxiang, China", None),  # no slip: another province
        ("The First Affiliated Hospital of Nanchang University, Nanchang, China", None),
        ("First Hospital of Nanchang University, Nanchang University, Nanchang, China", None),
        ("Nanchang University of Medicine, Nanchang, China", None),
        ("Yale School of Medicine, New Haven, CT, USA", "yale"),
        ("Dartmouth Medical School, Hanover, NH, USA", "dartmouth"),
        ("School of Medicine, USA", None),
        ("London School of Public Health, London, UK", None),
        ("University of London School of Law, London, UK", "london"),
        ("Department of Food, University of Viçosa, Viçosa, Brazil", "vicosa"),
        ("Departamento, UFV, Brazil", "vicosa"),
        ("UFV", None),  # an acronym without a country
        ("VIT University, Vellore, India", "vit"),
        ("VIT Institute of Design, Vellore, India", None),
        ("VIT, Unknown University, India", None),
        ("U1227, University of Brest, INSERM U1228, Brest, France", "inserm"),  # two registered alike: the next
        ("University of Chile, Santiago, Chile", "chile"),
        ("Federico II University, Naples, Italy", "naples"),
        ("Institute of Pathology, Erlangen, Germany", None),  # many could be called so
        ("Institute of Pathology, München, Deutschland", "pathology"),
        ("Institute of Botany of the Russian Academy of Sciences, Perm, Russia", None),
        ("Russian Academy of Sciences, Perm, Russia", "russian"),
        ("Key Laboratory, Ministry of Education, Shanghai, China", None),
        ("Ministry of Public Health, Nonthaburi, Thailand", "health"),
        ("Department of Neurology, Leiden University Medical Centre, Leiden, the Netherlands", "lumc"),
        ("Leiden University Hospital, Leiden, The Netherlands", "lumc"),
        ("Nanchang University Hospital, Nanchang, China", None),
        ("Leiden University and Unknown Hospital, Leiden, The Netherlands", "leiden"),
        ("Unknown Hospital and Leiden University, Leiden, The Netherlands", "leiden"),
        ("Leiden University and NWO, The Netherlands", "leiden"),
        ("CWI Leiden University, The Netherlands", "leiden"),
        ("CWI Leiden University Institute of Law, The Netherlands", None),  # words on both sides
        ("Amazon, Berlin, Germany", "amazon"),
        ("Brown University, Providence, USA", None),
        ("Jawaharlal Institute of Postgraduate Medical Education & Research, Puducherry, India", "jawahar"),
        ("Indian Institute of Science, Bengaluru, India", "iisc"),
        ("Indian Institute of Science, Bangalore, India", "iisc"),
        ("Chemistry, Chungbuk National University Cheongju, Chungbuk, Korea", "chungbuk"),
        ("University of Michigan Kellogg Eye Center, Ann Arbor, USA", "michigan"),
        ("University of Michigan Ann Arbor, Ann Arbor, USA", "michigan"),
        ("Ann Arbor University of Michigan, Ann Arbor, USA", "michigan"),
        ("University of Michigan United States", "michigan"),
        ("University of Michigan Kellogg School, Ann Arbor, USA", "michigan"),
        ("University of Michigan Kellogg Wolverines, Ann Arbor, USA", None),
        ("School of Nursing University of Michigan, USA", "michigan"),
        ("Northern Blue University of Michigan, USA", None),
        ("Universitas Nullius", "nowhere"),
        ("KRO, Lviv, Ukraine", "kinr"),
        ("KRO, Lviv, Poland", None),
        ("Neurology, University Hospital of Tours, Tours, France", "tours"),
        ("Biostatistics, CHU Tours, Tours, France", "tours"),
        ("Ophthalmology, Leipzig University Medical Center, Leipzig, Germany", "leipzig"),
        ("Centre hospitalier universitaire, Lausanne, Switzerland", "chuv"),
        ("Program of Law, University of Michigan College of Medicine, Detroit, USA", "michigan"),
        ("", None),
        (" ,;, ", None),
    ],
)
def test_who_is_meant(text: str, wanted: str | None) -> None:
    found = INDEX.match(text)
    assert found.ror_id == wanted, found
    assert (found.confidence > 0) == (wanted is not None)
    assert found.reason


def test_the_reason_says_what_was_read_and_what_agrees() -> None:
    assert INDEX.match("Dept. of Physics, Univ. of Copenhagen, Denmark") == Match(
        "copenhage", 0.98, "“Univ. of Copenhagen” is University of Copenhagen; city and country agree"
    )
    assert INDEX.match("School of Nursing University of Michigan, USA").reason == (
        "“university of michigan” is University of Michigan; the country agrees"
    )
    assert INDEX.match("ETH Zurich").reason == "“ETH Zurich” is ETH Zurich; the city agrees"
    assert (
        INDEX.match("Universitas Nullius").reason
        == "“Universitas Nullius” is Universitas Nullius; no country is written"
    )
    assert "Several fit alike: Mahatma Gandhi University, Mahatma Gandhi University" in (
        INDEX.match("Mahatma Gandhi University, India").reason
    )
    told = INDEX.match("First Hospital of Nanchang University, Nanchang University, Nanchang, China").reason
    assert told == "A hospital of Nanchang University is named, which the registry lacks"
    assert len(INDEX) == len(WORLD)


def test_a_name_of_common_words_is_enough_where_one_university_of_the_country_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("experts.affiliations._COMMON", 0)  # as in a registry of thousands
    assert INDEX.match("University of Health Sciences, Ankara, Turkey").ror_id == "uhs"
    assert INDEX.match("University of Health Sciences, Ankara").ror_id is None
    assert INDEX.match("Institute of Pathology, Erlangen, Germany").ror_id is None


def told_by_the_command(path: Path, *options: Any) -> tuple[list[dict[str, Any]], str]:
    said, complained = io.StringIO(), io.StringIO()
    call_command("match_institution", path, *options, stdout=said, stderr=complained)
    return [json.loads(line) for line in said.getvalue().splitlines()], complained.getvalue()


@pytest.mark.django_db
def test_the_command_answers_a_line_for_a_line_from_the_database(tmp_path: Path) -> None:
    registry.whole_index.cache_clear()
    path = tmp_path / "affiliations.txt"
    path.write_text("Physics, Univ. of Copenhagen, Denmark\n\nNobody knows this\n")
    lines, complained = told_by_the_command(path)
    assert [line["ror_id"] for line in lines] == ["035b05819", None, None]
    assert list(lines[0]) == ["text", "ror_id", "confidence", "reason"]
    assert lines[0]["text"] == "Physics, Univ. of Copenhagen, Denmark"
    assert (lines[1]["text"], complained) == ("", "")
    registry.whole_index.cache_clear()


def test_the_command_needs_no_database_with_a_registry_of_its_own(tmp_path: Path) -> None:
    flat = {"id": "0zz000001", "name": "Nowhere University", "country_code": "NO", "status": "active"}
    gone = {**flat, "id": "0zz000002", "name": "Gone University", "status": "withdrawn"}
    held = tmp_path / "registry.jsonl"
    held.write_text("\n".join([json.dumps(flat), json.dumps(gone), "{", json.dumps({"id": "x"})]))
    path = tmp_path / "affiliations.txt"
    path.write_text("Nowhere University, Norway\nGone University, Norway")
    lines, complained = told_by_the_command(path, "--registry", held)
    assert [line["ror_id"] for line in lines] == ["0zz000001", None]
    assert [line.split(":")[0] for line in complained.splitlines()] == ["Record 3, record", "Record 4, name"]
    with pytest.raises(CommandError, match="No such file"):
        told_by_the_command(tmp_path / "none")


def test_real_affiliations_are_matched_as_well_as_stated() -> None:
    """Every fourth of 3,000, against the registry that they were collected for."""
    known = [entry_of(row) for row in shared.rows("ror/organizations.jsonl")]
    index = Index(registry.place_of(entry) for entry in known if entry.status != "withdrawn")
    ids = {entry.ror_id for entry in known}
    asked = [row for row in shared.rows("ror/affiliations_springer.jsonl") if row["n"] % 4 == 3]
    right = wrong = none = strangers = matched = 0
    for row in asked:
        found = index.match(row["affiliation"]).ror_id
        if not ids.intersection(row["ror_ids"]):
            strangers += 1
            matched += found is not None
        elif found is None:
            none += 1
        else:
            right += found in row["ror_ids"]
            wrong += found not in row["ror_ids"]
    answerable = right + wrong + none
    assert right / answerable > 0.91
    assert wrong / answerable < 0.02
    assert matched / strangers < 0.07
