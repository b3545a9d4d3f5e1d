"""Files of records are read one record at a time, and what is broken is told."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from experts import dumps
from experts.dumps import BrokenFile, Read, opened, records

RECORDS = [{"id": number, "name": 'Universität \u2028 {[,]} \\" ' * number} for number in range(1, 6)]


def read(text: str) -> list[Read]:
    return list(records(io.BytesIO(text.encode())))


@pytest.mark.parametrize("piece", [1, 7, 2**18])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_and_lines_give_the_same_however_they_are_cut(
    monkeypatch: pytest.MonkeyPatch, piece: int, indent: int | None
) -> None:
    monkeypatch.setattr(dumps, "PIECE", piece)
    wanted = [Read(number, record) for number, record in enumerate(RECORDS, 1)]
    assert read(json.dumps(RECORDS, indent=indent, ensure_ascii=False)) == wanted
    assert read("\ufeff \n" + "\n\n".join(map(json.dumps, RECORDS)) + "\n") == wanted
    assert read(" [ ] ") == read("  \n") == read("") == []


def test_a_broken_line_is_one_bad_record() -> None:
    good, bad, after = read('{"id": 1}\n{"id": \n[2]')
    assert (good, after) == (Read(1, {"id": 1}), Read(3, [2]))
    assert (bad.number, bad.value) == (2, None)
    assert bad.fault.startswith("This line is no JSON")
    assert "no JSON" in read("{}\n" + "[" * 100_000)[1].fault


@pytest.mark.parametrize(
    ("text", "before", "words"),
    [
        ('[{"id": 1}, {"id": 2', 1, "Record 2 and what follows cannot be read"),
        ('[{"id": 1}, {"id" 2}, {"id": 3}]', 1, "Record 2"),
        ("[" * 100_000, 0, "Record 1"),
        ('[{"id": 1}, ]', 1, "Record 2"),
        ('[{"id": 1},', 1, "Record 2 and what follows cannot be read: the file ends here"),
        ('[{"id": 1}', 1, "After record 1 neither a comma nor the end"),
        ('[{"id": 1} {"id": 2}]', 1, "After record 1 neither a comma nor the end"),
        ('[{"id": 1}] {"id": 2}', 1, "more after the end"),
    ],
)
def test_an_array_is_read_up_to_its_first_fault(text: str, before: int, words: str) -> None:
    reading = records(io.BytesIO(text.encode()))
    assert [next(reading).number for _ in range(before)] == list(range(1, before + 1))
    with pytest.raises(BrokenFile, match=words):
        next(reading)


def test_one_object_over_several_lines_is_one_record() -> None:
    assert read('{\n "a": [1,\n 2]\n}\n') == [Read(1, {"a": [1, 2]})]
    with pytest.raises(BrokenFile, match="cannot be read"):
        read('{\n "a": [1,\n')
    with pytest.raises(BrokenFile, match="more after the end of the object"):
        read('{\n "a": 1}\n{"a": 2}')


def test_no_record_is_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dumps, "PIECE", 10)
    monkeypatch.setattr(dumps, "LONGEST", 50)
    with pytest.raises(BrokenFile, match="Record 1"):
        read('["' + "x" * 100 + '"]')
    assert all(each.fault for each in read("{}" + "x" * 100))


def test_what_is_no_text_is_told() -> None:
    with pytest.raises(BrokenFile, match="not UTF-8"):
        list(records(io.BytesIO(b'[{"name": "\xff"}]')))


def test_the_archive_of_ror_is_opened_at_its_second_schema(tmp_path: Path) -> None:
    path = tmp_path / "v1.60-2025-03-01-ror-data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("v1.60-ror-data.json", "[1]")
        archive.writestr("v1.60-ror-data_schema_v2.json", json.dumps(RECORDS))
        archive.writestr("v1.60-ror-data_schema_v2.csv", "id")
    with opened(path) as file:
        assert [each.value for each in records(file)] == RECORDS
    whole = path.read_bytes()
    at = whole.index(b"schema_v2.json") + 20
    path.write_bytes(whole[:at] + bytes(255 - byte for byte in whole[at : at + 9]) + whole[at + 9 :])
    with opened(path) as file, pytest.raises(BrokenFile, match="archive is damaged"):
        list(records(file))


def test_an_archive_without_records_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "")
    with pytest.raises(BrokenFile, match=r"no \.json file"), opened(path):
        pass
    plain = tmp_path / "x.json"
    plain.write_text("[7]")
    with opened(plain) as file:
        assert list(records(file)) == [Read(1, 7)]
