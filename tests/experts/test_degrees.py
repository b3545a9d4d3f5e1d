"""What titles of degrees say of level and field, measured on titles from many countries."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from experts.degrees import Degree, match, short_forms, titles
from experts.fields import labels
from tests import shared

TITLES = Path(__file__).parent / "data" / "degree_titles.csv"


def collected() -> list[dict[str, str]]:
    with TITLES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shares(judged: Sequence[tuple[Degree, int | None]]) -> tuple[float, float]:
    """Right and wrong. To say nothing of a title that has a level is neither."""
    right = sum(degree.level == level for degree, level in judged)
    wrong = sum(degree.level not in (level, None) for degree, level in judged)
    return right / len(judged), wrong / len(judged)


@pytest.mark.parametrize("part", [0, 1], ids=["tuned on", "kept apart"])
def test_titles_of_many_countries_are_read_rightly(part: int) -> None:
    """Every second title was kept apart while the tables were made."""
    told = collected()
    assert len({row["country"] for row in told}) >= 40
    rows = told[part::2]
    right, wrong = shares([(match(row["title"]), int(row["level"]) if row["level"] else None) for row in rows])
    assert right >= 0.95
    assert wrong <= 0.02
    fields = [(match(row["title"]).field, row["field"]) for row in rows if row["field"]]
    near = sum(bool(found) and (found.startswith(code) or code.startswith(found)) for found, code in fields)
    other = sum(bool(found) and not found.startswith(code) and not code.startswith(found) for found, code in fields)
    assert near / len(fields) >= 0.9
    assert other / len(fields) <= 0.03


def test_british_names_abbreviations_and_synonyms_are_read_rightly() -> None:
    judged = [
        (match(text), int(row["level"]))
        for row in shared.rows("degrees/uk_degree_types.jsonl")
        for text in [row["name"], row.get("abbreviation"), *row["match_synonyms"], *row["suggestion_synonyms"]]
        if text
    ]
    right, wrong = shares(judged)
    assert right >= 0.98
    assert wrong <= 0.01


def test_short_forms_of_three_countries_have_a_level() -> None:
    """Of 1,500 short forms; the first letters tell what they ought to be."""
    lists = json.loads(shared.path("degrees/persontitles_degrees.json").read_text(encoding="utf-8"))
    said = {text: match(text).level for name in ("D", "UK", "US") for text in lists[name]}
    assert sum(level is not None for level in said.values()) / len(said) >= 0.97
    assert {said[text] for text in said if text.startswith("Dipl") and "(FH)" in text} == {6}
    assert {said[text] for text in said if text.startswith("Dr. ") and "h." not in text} == {8}
    assert {level for text, level in said.items() if text.startswith("M.S.")} == {7}


@pytest.mark.parametrize(
    ("text", "level", "title", "field"),
    [
        ("Dr. rer. nat.", 8, "Doctor rerum naturalium", "05"), ("JD", 7, "Juris Doctor", "0421"),
        ("Bachelor of Laws (Honours)", 6, "Bachelor of Laws", "0421"),
        ("BSc(Hons)", 6, "Bachelor of Science", ""), ("PhD Physics", 8, "Doctor of Philosophy", "0533"),
        ("Doctor of Philosophy in Organic Chemistry", 8, "Doctor of Philosophy", "0531"),
        ("master of science in data science", 7, "Master of Science", "0688"),
        ("Masters in physics", 7, "Master", "0533"),
        ("Master of", 7, "Master", ""), ("Bachelor of Business Law in Leeds", 6, "Bachelor of Business Law", "0421"),
        ("Dipl.-Geophys.", 7, "Diplom", "0532"), ("Dipl.-Ing. (FH)", 6, "Diplom-Ingenieur (FH)", "07"),
        ("Dipl.-Volksw. (FH)", 6, "Diplom (FH)", "0311"), ("MGeophys", 7, "Master", "0532"),
        ("M.S.M.E.", 7, "Master of Science", "0715"), ("B.Med.Sci.", 6, "Bachelor", "0912"),
        ("PolD", 8, "Doctor", "0312"), ("A.E.T.", 5, "Associate degree", ""), ("MHMM in Leeds", 7, "Master", ""),
        ("BaSocSc", 6, "Bachelor", "0314"), ("Bachlor of Arts", 6, "Bachelor of Arts", ""),
        ("Diplomingenieur", 7, "Diplom-Ingenieur", "07"), ("filosofiemagisterexamen", 7, "Magisterexamen", ""),
        ("博士(工学)", 8, "博士", "07"), ("経済学修士", 7, "修士", "0311"),
        ("دكتوراه في الفيزياء", 8, "دكتوراه", "0533"),
        ("Кандидат технических наук", 8, "Kandidat nauk", "07"), ("Abitur", 3, "Abitur", ""),
        ("Diplôme d’ingénieur", 7, "Diplôme d'ingénieur", "07"), ("bs physics", 6, "Bachelor of Science", "0533"),
        ("Honorary Doctor of Laws", None, "Honorary degree", "0421"),
        ("MBBS", None, "Bachelor of Medicine, Bachelor of Surgery", "0912"),
        ("Diploma", None, "Diploma", ""), ("the best of my degrees", None, "", ""), ("Physics", None, "", "0533"),
        ("xx ba yy", None, "", ""), ("Bachlr of nothing", None, "", ""), ("MIT gave me one", None, "", ""),
        ("", None, "", ""),
        ("Licenciaturo quidditch", 6, "Licenciatura", ""),
    ],
)  # fmt: skip
def test_titles(text: str, level: int | None, title: str, field: str) -> None:
    found = match(text)
    assert (found.level, found.title, found.field) == (level, title, field)


@pytest.mark.parametrize(
    ("text", "country", "level", "why"),
    [
        ("Dr. rer. nat.", "", 8, "Doctor rerum naturalium is a doctorate in Germany, Austria and Switzerland."),
        ("Dr. rer. nat.", "DE", 8, "Doctor rerum naturalium is a doctorate in Germany."),
        ("MD", "US", 7, "Doctor of Medicine is a degree at master’s level in the United States."),
        ("MD", "", 8, "Doctor of Medicine is a doctorate; in other countries it can be a degree at master’s level."),
        ("Licenciatura", "ES", 7, "Licenciatura is a degree at master’s level in Spain."),
        ("Licenciatura", "MX", 6, "Licenciatura is a degree at bachelor’s level in Mexico."),
        ("Licenciado em Letras", "", 6, "Licenciatura is a degree at bachelor’s level in Portugal, Brazil and Angola; "
            "in other countries it can be a degree at master’s level."),
        ("Baccalauréat", "CA", 6, "Baccalauréat is a degree at bachelor’s level in Canada."),
        ("Baccalauréat", "", 3, "Baccalauréat is a school-leaving certificate in France; "
            "in other countries it can be a degree at bachelor’s level."),
        ("MBBS", "", None, "Bachelor of Medicine, Bachelor of Surgery means different levels in different countries."),
        ("MBBS", "GB", 7, "Bachelor of Medicine, Bachelor of Surgery is a degree at master’s level "
            "in the United Kingdom."),
        ("Diploma", "", None, "Diploma alone does not say the level."),
        ("kandidat nauk", "RU", 8, "Kandidat nauk is a doctorate in Russia."),
        ("Diplomë bachelor", "XK", 6, "Bachelor (sq) is a degree at bachelor’s level in XK."),
        ("HND", "", 5, "Higher National Diploma is below a bachelor’s degree in the United Kingdom."),
        ("Dr. h. c.", "", None, "Honorary degree is not a degree that one studies for."),
        ("Physics", "", None, "We do not know this title."),
    ],
)  # fmt: skip
def test_a_reading_says_why_and_heeds_the_country(text: str, country: str, level: int | None, why: str) -> None:
    found = match(text, country)
    assert (found.level, found.why) == (level, why)
    assert found.too_low == (level is not None and level < 6)


def test_what_differs_by_country_is_less_certain() -> None:
    assert match("Licenciatura").confidence < match("Licenciatura", "ES").confidence < match("PhD").confidence
    assert match("BCL").confidence > match("MHMM").confidence
    assert match("Bachlor of Arts").confidence < match("Bachelor of Arts").confidence


def test_the_tables_hold_only_fields_and_levels_that_there_are() -> None:
    assert {title.field for known in titles().values() for title in known} - {""} <= set(labels())
    assert set(short_forms().values()) <= set(labels())
    assert {title.level for known in titles().values() for title in known} <= {0, 3, 4, 5, 6, 7, 8}
    assert len({country for known in titles().values() for title in known for country in title.countries}) >= 40


def test_the_command_prints_a_line_of_json_for_each_title(tmp_path: Path) -> None:
    file = tmp_path / "titles.txt"
    file.write_text("PhD Physics\nMD\nQuidditch cup\n", encoding="utf-8")
    out = StringIO()
    call_command("match_degree", str(file), "--country", "us", stdout=out)
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"text": "PhD Physics", "level": 8, "title": "Doctor of Philosophy", "field": "0533", "confidence": 0.95},
        {"text": "MD", "level": 7, "title": "Doctor of Medicine", "field": "0912", "confidence": 0.9},
        {"text": "Quidditch cup", "level": None, "title": None, "field": None, "confidence": 0},
    ]
