"""The registry of institutions is loaded from dumps of ROR, again and again, and nothing is lost."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from experts.actions import Loaded, institutions, load_institutions
from experts.actions.institutions import BusyLoading
from experts.dumps import Read
from experts.models import Institution, InstitutionName
from tests import people, shared
from tests.experts.test_ror import COPENHAGEN, FLAT
from tests.threads import at_once


def record(number: int, **change: Any) -> dict[str, Any]:
    return {**FLAT, "id": f"0zz{number:06}", "name": f"University of Nowhere {number}", **change}


def loaded(path: Path) -> tuple[str, str]:
    """What the command says, and what it complains of."""
    said, complained = io.StringIO(), io.StringIO()
    call_command("load_institutions", path, stdout=said, stderr=complained)
    return said.getvalue(), complained.getvalue()


def written(tmp_path: Path, *records: Any) -> Path:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(records))
    return path


@pytest.mark.django_db
def test_a_dump_is_loaded_with_names_domains_and_relations(tmp_path: Path) -> None:
    said, _ = loaded(written(tmp_path, COPENHAGEN, record(1)))
    assert "2 records: 1 new, 1 changed, 0 as before, 0 skipped." in said
    held = Institution.objects.get(ror_id="035b05819")
    assert (held.name, held.country, held.city, held.countries) == (
        "University of Copenhagen",
        "DK",
        "Copenhagen",
        ["DK", "GL"],
    )
    assert (held.types, held.status, held.established, held.closed) == (["education", "funder"], "active", 1479, None)
    assert (held.domains, held.website, held.children) == (["ku.dk"], "ku.dk", ["040r8fr65"])
    assert (held.parents, held.predecessors, held.successors) == ([], ["00000dk01"], [])
    names = held.names.order_by("pk")
    assert [(name.kind, str(name), name.folded) for name in names] == [
        ("name", "University of Copenhagen", "university of copenhagen"),
        ("acronym", "UCPH", "ucph"),
        ("label", "Københavns Universitet", "kobenhavns universitet"),
        ("alias", "Copenhagen University", "copenhagen university"),
    ]
    assert Institution.objects.get(ror_id="0zz000001").closed == 2004


@pytest.mark.django_db
def test_a_second_run_changes_nothing_and_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, *(record(number) for number in range(7)))
    assert "7 new" in loaded(path)[0]
    before = list(Institution.objects.order_by("pk").values()), list(InstitutionName.objects.order_by("pk").values())
    assert "Nothing changed: 7 of 7 records were known already." in loaded(path)[0]
    assert before == (
        list(Institution.objects.order_by("pk").values()),
        list(InstitutionName.objects.order_by("pk").values()),
    )


@pytest.mark.django_db
def test_changed_records_are_written_over_and_withdrawn_ones_marked_never_deleted(tmp_path: Path) -> None:
    loaded(written(tmp_path, *(record(number) for number in range(3))))
    emil = people.expert("Emil", verified=False)
    claimed = people.credential(emil, institution=Institution.objects.get(ror_id="0zz000001"))
    change = {"name": 'The "New" \\ Place\t{x}', "other_names": [], "domains": ["new.example"]}
    said, _ = loaded(written(tmp_path, record(0, **change), record(1, status="withdrawn")))
    assert "2 records: 0 new, 2 changed, 0 as before, 0 skipped." in said
    renamed = Institution.objects.get(ror_id="0zz000000")
    assert (renamed.name, renamed.domains) == ('The "New" \\ Place {x}', ["new.example"])
    assert sorted(renamed.names.values_list("folded", flat=True)) == ["the new place x", "ucph"]
    claimed.refresh_from_db()
    assert claimed.institution is not None
    assert claimed.institution.status == Institution.Status.WITHDRAWN
    assert Institution.objects.filter(ror_id="0zz000002", status="inactive").exists()  # not in the second dump: kept


@pytest.mark.django_db
def test_bad_records_are_told_with_number_field_and_reason_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "dump.jsonl"
    lines = [record(0), record(1, country_code="x"), record(0, name="Twice"), 7]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n{\n" + json.dumps(record(2)))
    said, complained = loaded(path)
    assert "6 records: 2 new, 0 changed, 0 as before, 4 skipped." in said
    told = complained.splitlines()
    assert told[0] == "Record 2, country_code: 'x' is no country code of two letters. Skipped."
    assert told[1] == "Record 3, id: 0zz000000 was record 1 already. Skipped."
    assert told[2] == "Record 4, record: is no object. Skipped."
    assert told[3].startswith("Record 5, record: This line is no JSON")
    assert len(told) == 4


@pytest.mark.django_db
def test_each_batch_stands_or_falls_alone_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(institutions, "BATCH", 2)
    path = written(tmp_path, *(record(number) for number in range(5)))
    path.write_text(path.read_text()[:-40])  # cut off inside the fifth
    said, complained = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError, match="Record 5 and what follows cannot be read"):
        call_command("load_institutions", path, stdout=said, stderr=complained)
    assert [line.split(":")[0] for line in said.getvalue().splitlines()] == ["2 records", "4 records"]
    assert Institution.objects.filter(ror_id__startswith="0zz").count() == 4
    whole, _ = loaded(written(tmp_path, *(record(number) for number in range(5))))
    assert "5 records: 1 new, 0 changed, 4 as before, 0 skipped." in whole


@pytest.mark.django_db
def test_the_archive_is_read_as_it_comes_and_a_missing_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "v1.60-ror-data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("v1.60-ror-data_schema_v2.json", json.dumps([record(3)]))
    assert "1 new" in loaded(path)[0]
    with pytest.raises(CommandError, match="No such file"):
        loaded(tmp_path / "none.json")


@pytest.mark.django_db(transaction=True)
def test_two_loads_at_once_are_one_load_and_one_refusal(tmp_path: Path) -> None:
    """The second meets the first in its middle."""
    inside, go_on = threading.Event(), threading.Event()

    def slowly() -> Any:
        yield Read(1, record(1))
        inside.set()
        assert go_on.wait(10)
        yield Read(2, record(2))

    def load(number: int) -> Loaded:
        if number == 0:
            return load_institutions(reads=slowly())
        assert inside.wait(10)
        try:
            return load_institutions(reads=[Read(1, record(1))])
        finally:
            go_on.set()

    first, second = at_once(2, load)
    assert isinstance(first, Loaded)
    assert first.new == 2
    assert isinstance(second, BusyLoading)
    assert "Nothing changed" in loaded(written(tmp_path, record(1)))[0]  # the lock is free again


@pytest.mark.django_db(transaction=True)
def test_a_load_that_fails_lets_go_of_the_lock() -> None:
    def broken() -> Any:
        yield Read(1, record(1))
        raise OSError("The disk is gone.")

    with pytest.raises(OSError, match="disk"):
        load_institutions(reads=broken())
    assert load_institutions(reads=[Read(1, record(1))]).new == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above, and the words of the command where the lock is held."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [institutions._LOCK])

        def load(number: int) -> Any:
            return loaded(written(tmp_path, record(1)))

        [refused] = at_once(1, load)
        assert isinstance(refused, CommandError)
        assert "by somebody else right now" in str(refused)
        monkeypatch.setattr(institutions, "_LOCK", institutions._LOCK + 1)
        [(said, _)] = at_once(1, load)  # type: ignore[misc]  # no error this time
        assert "1 new" in said
        cursor.execute("SELECT pg_advisory_unlock_all()")


@pytest.mark.django_db
def test_real_records_are_loaded_and_loaded_again() -> None:
    """The forty whole records of ROR, and a slice of the flat ones."""
    said, complained = loaded(shared.path("ror/records_v2_full_sample.jsonl"))
    assert "40 records: " in said
    assert complained == ""
    assert "Nothing changed: 40 of 40" in loaded(shared.path("ror/records_v2_full_sample.jsonl"))[0]


@pytest.mark.django_db
def test_the_set_that_ships_spans_the_world() -> None:
    assert Institution.objects.count() > 500
    assert len(set(Institution.objects.values_list("country", flat=True))) > 100
    assert Institution.objects.exclude(domains=[]).count() > 500
    merged = Institution.objects.get(name="Tampere University of Technology")
    assert (merged.status, merged.closed) == ("inactive", 2018)
    assert str(merged) == merged.name
    assert Institution.objects.get(ror_id=merged.successors[0]).predecessors == [merged.ror_id]
