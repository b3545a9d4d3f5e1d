"""Fields are found by what people call them."""

from __future__ import annotations

from statistics import quantiles
from time import process_time

import pytest
from django.test import Client

from experts.facts import rows
from experts.fields import field_called, index, labels, named, path, search
from experts.stems import one_off, stem


@pytest.mark.parametrize(
    ("typed", "code", "name"),
    [
        ("orthopaedics", "0912", "orthopaedics"), ("orthopedics", "0912", "orthopaedics"),
        ("Orthopædics", "0912", "orthopaedics"), ("orthopa", "0912", "orthopaedics"),
        ("organic synthesis", "0531", "organic synthesis"), ("synthesis organic", "0531", "organic synthesis"),
        ("GIS", "0532", "gis"), ("machine learning", "0619", "machine learning"), ("ML", "0619", "ml"),
        ("contract law", "0421", "contract law"), ("law of contracts", "0421", "contract law"),
        ("labor law", "0421", "labour law"), ("behavior economics", "0311", "behavioural economics"),
        ("comp sci", "0613", "computer science"), ("mech eng", "0715", "mechanical engineer"),
        ("gynecology", "0912", "gynaecology"), ("Maschinenbau", "0715", "maschinenbau"), ("derecho", "0421", "derecho"),
        ("法学", "0421", "法学"), ("الطب", "0912", "الطب"), ("C++", "0613", "c++"),
        ("physics", "0533", "Physics"), ("law", "0421", "Law"), ("veterinary", "0841", "Veterinary"),
        ("education", "01", "education"), ("0533", "0533", "Physics"),
    ],
)  # fmt: skip
def test_the_first_field_found_is_the_one_that_was_meant(typed: str, code: str, name: str) -> None:
    first = search(typed)[0]
    assert (first.code, first.name) == (code, name)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("physcs", "0533"), ("phsyics", "0533"), ("hpysics", "0533"), ("pysics", "0533"), ("phyzics", "0533"),
        ("pphysics", "0533"), ("clinical psycology", "0313"), ("machine lerning", "0619"), ("pharmacolgy", "0512"),
        ("anesthesai", "0912"), ("jurnalism", "0321"),
    ],
)  # fmt: skip
def test_one_wrong_letter_is_forgiven(typed: str, code: str) -> None:
    assert search(typed)[0].code == code


def test_a_found_field_shows_its_path_and_the_name_that_was_meant() -> None:
    first = search("orthopedic")[0]
    assert (first.label, first.path, first.synonym) == (
        "Medicine", "Health and welfare › Health › Medicine", "orthopaedics",
    )  # fmt: skip
    assert search("medicine")[0].synonym == ""
    assert path("05") == "Natural sciences, mathematics and statistics"


def test_what_one_name_cannot_hold_is_found_by_most_of_its_words() -> None:
    assert "nuclear" in search("nuclear fusion reactors of tomorrow")[0].name
    assert search("studies of Danish")[0].code == "0231"
    for nothing in ("", "   ", "quidditch", "xq", "Xq studies"):
        assert search(nothing) == []
    assert len(search("e", limit=7)) == 7
    assert [found.code for found in search("053")] == ["053", "0530", "0531", "0532", "0533", "0539"]


def test_catch_alls_come_last() -> None:
    names = [found.label for found in search("engineering trades", limit=50)]
    assert names[0] == "Engineering and engineering trades"
    assert names[-1].endswith(("defined", "classified", "construction"))


@pytest.mark.parametrize(
    ("told", "code", "sure"),
    [
        ("Physics", "0533", True), ("Applied Physics", "0533", True), ("Physics of Music", "0533", False),
        ("Mathematics with German", "0541", False), ("Engineering in Computer Vision", "0613", False),
        ("Marine Engineering Physics", "0533", False), ("Science", "05", True), ("organic synthesis", "0531", True),
    ],
)  # fmt: skip
def test_a_description_names_its_leading_subject(told: str, code: str, sure: bool) -> None:
    found = named(told)
    assert found is not None
    assert (found.code, found.score == 1.0) == (code, sure)


def test_what_is_no_field_is_not_named() -> None:
    assert named("Quidditch and broomsticks") is None
    assert named("") is None
    assert (field_called("Organic Synthesis"), field_called("organic"), field_called("")) == ("0531", "", "")


def test_every_name_belongs_to_a_field_and_finds_it() -> None:
    told = [(row["code"], name) for row in rows("field_names.csv") for name in row["names"].split("; ")]
    assert len(told) >= 2_500
    assert {code for code, _ in told} <= set(labels())
    lost = [(code, name) for code, name in told[::37] if code not in [found.code for found in search(name)]]
    assert lost == []
    assert len(index().by_words) >= 2_500


def test_nobody_waits_for_a_search() -> None:
    """The 95th percentile of whole names, begun ones and ones with a letter missing, in processor time."""
    names = [name for row in rows("field_names.csv") for name in row["names"].split("; ")[:2]]
    index()
    spent = []
    for typed in (part for name in names for part in (name, name[:3], name[:2] + name[3:])):
        start = process_time()
        search(typed)
        spent.append(process_time() - start)
    assert quantiles(spent, n=20)[-1] <= 0.005


def test_words_are_compared_in_one_spelling() -> None:
    pairs = [
        ("paediatrics", "pediatric"), ("colour", "color"), ("organisation", "organization"), ("theatre", "theater"),
        ("counselling", "counseling"), ("studies", "study"), ("dialogue", "dialog"), ("defence", "defense"),
        ("programme", "program"), ("sulphur", "sulfur"), ("analysis", "analysis"), ("mathematics", "mathematic"),
    ]  # fmt: skip
    for one, other in pairs:
        assert stem(one) == stem(other)
    assert [one_off("cat", other) for other in ("cat", "bat", "at", "cart", "act", "dog", "carts", "tac")] == [
        True, True, True, True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.django_db
def test_pickers_ask_as_one_types(client: Client) -> None:
    page = client.get("/fields/search/", {"field_search": "orthopedic"}).content.decode()
    assert "“orthopaedics”" in page
    assert "0912, Health and welfare › Health › Medicine" in page
    assert client.get("/fields/search.json", {"q": "orthopedic"}).json() == [
        {"value": "0912", "note": "orthopaedics · Health and welfare › Health › Medicine"}
    ]
    assert client.get("/fields/search.json").json() == []
