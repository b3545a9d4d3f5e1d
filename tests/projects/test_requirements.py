"""Who may work: the same condition filters and explains, for any project and any expert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Membership, Role
from experts.models import Expert, ExpertMatch
from projects.matching import requirements
from projects.matching.requirements import REQUIREMENTS, Unmet, matching, qualified, unmet
from projects.models import Project
from projects.policies import eligibility
from projects.queries import asks, match_count
from tests.people import expert, lab, user
from tests.projects.scene import draft

pytestmark = pytest.mark.django_db

FIELDS = ["0533", "0531", "053", "05", "0421"]
LEVELS = [6, 7, 8]


@dataclass(frozen=True)
class Sample:
    """One expert as the plain rules see them."""

    degrees: tuple[tuple[int, str], ...]
    country: str
    languages: tuple[str, ...]
    min_rate: int
    available: bool
    member: bool


samples = st.builds(
    Sample,
    degrees=st.lists(st.tuples(st.sampled_from(LEVELS), st.sampled_from(["0533", "0531", "0421"])), max_size=2).map(
        tuple
    ),
    country=st.sampled_from(["DK", "DE"]),
    languages=st.sets(st.sampled_from(["en", "de"])).map(lambda found: tuple(sorted(found))),
    min_rate=st.sampled_from([0, 5_999, 6_000, 6_001]),
    available=st.booleans(),
    member=st.booleans(),
)
needs = st.fixed_dictionaries(
    {
        "min_level": st.sampled_from(LEVELS),
        "fields": st.lists(st.sampled_from(FIELDS), max_size=2, unique=True),
        "countries": st.lists(st.sampled_from(["DK", "DE"]), max_size=2, unique=True),
        "languages": st.lists(st.sampled_from(["en", "de"]), max_size=2, unique=True),
    }
)


def plainly(sample: Sample, need: dict[str, Any]) -> set[str]:
    """The rules that fail, written a second time in the plainest way, to judge the first by."""
    broken = set()
    if not sample.degrees:
        broken.add("verified")
    if not any(level >= need["min_level"] for level, _ in sample.degrees):
        broken.add("level")
    wide_enough = [code for level, code in sample.degrees if level >= need["min_level"]]
    if need["fields"] and not any(code.startswith(asked) for code in wide_enough for asked in need["fields"]):
        broken.add("fields")
    if need["countries"] and sample.country not in need["countries"]:
        broken.add("countries")
    if not set(need["languages"]) <= set(sample.languages):
        broken.add("languages")
    if sample.member:
        broken.add("own_lab")
    return broken


def as_row(sample: Sample) -> dict[str, Any]:
    below = {6: [6], 7: [6, 7], 8: [6, 7, 8]}
    codes = {code[:length] for _, code in sample.degrees for length in (2, 3, 4)}
    return {
        "verified": bool(sample.degrees),
        "available": sample.available,
        "level": max((level for level, _ in sample.degrees), default=0),
        "fields": sorted(codes),
        "degrees": sorted(
            {f"{held}:{code[:n]}" for level, code in sample.degrees for held in below[level] for n in (2, 3, 4)}
        ),
        "country": sample.country,
        "languages": list(sample.languages),
        "min_rate": sample.min_rate,
    }


@pytest.fixture
def house() -> tuple[Project, Expert]:
    """One project that pays $60.00 an hour, and one expert; the property rewrites both."""
    return draft(pay=1_000, minutes=10), expert("Sam", verified=False)


@given(sample=samples, need=needs)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_words_and_the_filter_are_of_one_mind(
    house: tuple[Project, Expert], sample: Sample, need: dict[str, Any]
) -> None:
    project, sam = house
    for name, value in need.items():
        setattr(project, name, value)
    ExpertMatch.objects.filter(expert=sam).update(**as_row(sample))
    Membership.objects.filter(user=sam.user).delete()
    if sample.member:
        Membership.objects.create(lab=project.lab, user=sam.user, role=Role.REVIEWER)

    broken = {rule.rule for rule in eligibility(project, sam)}
    assert broken == plainly(sample, need)
    assert qualified(project).filter(expert=sam).exists() == (not broken)
    wanted = sample.available and sample.min_rate <= 6_000
    assert matching(project).filter(expert=sam).exists() == (not broken and wanted)


def test_each_rule_names_what_is_asked_and_what_would_meet_it() -> None:
    project = draft(min_level=8, fields=["0533", "0421"], countries=["DE", "FR"], languages=["de", "en"])
    sam = expert("Sam", verified=False, country="US", languages=[])
    Membership.objects.create(lab=project.lab, user=sam.user, role=Role.REVIEWER)
    found = {rule.rule: rule for rule in eligibility(project, sam)}
    assert list(found) == [rule.name for rule in REQUIREMENTS]
    assert found["fields"].message == "Asks for a doctorate or higher in Physics or Law."
    assert found["countries"].message == "Open to people who live in Germany or France."
    assert found["languages"].message == "Asks for German and English."
    assert all(rule.message and rule.remedy for rule in found.values())


def test_the_experts_own_wishes_have_words_too() -> None:
    project = draft(pay=1_000, minutes=10)
    for rule in requirements.WISHES:
        assert rule.message(project, {}).endswith(".")
        assert rule.remedy(project, {}).endswith(".")
    assert "$60.00" in requirements.WISHES[1].message(project, {})


def test_a_doctorate_in_another_field_does_not_lend_its_level() -> None:
    sam = expert("Sam", verified=False)
    sample = Sample(((8, "0421"), (6, "0533")), "DK", ("en",), 0, True, False)
    ExpertMatch.objects.filter(expert=sam).update(**as_row(sample))
    project = draft(min_level=8, fields=["0533"])
    assert [rule.rule for rule in eligibility(project, sam)] == ["fields"]


def test_one_statement_judges_an_expert_for_many_projects(django_assert_max_num_queries: Any) -> None:
    emil = expert("Emil")
    projects = [draft(fields=["0533"] if number % 2 else ["0421"]) for number in range(6)]
    with django_assert_max_num_queries(2):  # the second fetches the fields' names
        found = unmet(emil, projects)
    assert [bool(found[project.pk]) for project in projects] == [True, False] * 3


def test_many_projects_are_judged_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "PER_STATEMENT", 2)
    emil = expert("Emil")
    projects = [draft(fields=["0421"]) for _ in range(5)]
    found = unmet(emil, projects)
    assert [[rule.rule for rule in found[project.pk]] for project in projects] == [["fields"]] * 5
    assert unmet(emil, []) == {}


def test_an_expert_without_a_row_to_match_by_is_unverified() -> None:
    emil = expert("Emil")
    ExpertMatch.objects.filter(expert=emil).delete()
    [rule] = eligibility(draft(), emil)
    assert isinstance(rule, Unmet)
    assert rule.rule == "verified"


def test_a_project_not_yet_saved_can_be_counted() -> None:
    expert("Emil")
    expert("Juan")
    sketch = Project(lab=lab(), min_level=8, fields=["05"], pay=2_000, minutes=10)
    assert match_count(sketch) == 1
    sketch.fields = ["0423x"]
    assert match_count(sketch) == 0


def test_before_there_is_a_price_nobody_is_left_out_for_their_rate() -> None:
    expert("Emil", min_rate=6_000)
    sketch = Project(lab=lab(), min_level=8, fields=["05"])
    assert match_count(sketch) == 1
    sketch.pay, sketch.minutes = 500, 10  # $30.00 an hour
    assert match_count(sketch) == 0


def test_what_is_asked_in_words() -> None:
    assert asks(draft()) == ["Bachelor's or higher"]
    full = draft(min_level=7, fields=["0533", "0421"], countries=["DE"], languages=["de", "en"])
    assert asks(full) == [
        "Master's or higher in Physics or Law",
        "Living in Germany",
        "Working in German and English",
    ]


def test_members_of_other_labs_may_work() -> None:
    emil = expert("Emil")
    Membership.objects.create(lab=lab("Another"), user=emil.user, role=Role.OWNER)
    assert eligibility(draft(), emil) == []
    assert user("Ada") != emil.user
