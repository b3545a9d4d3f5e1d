"""Whatever is in the file: each bad row is named, good ones pass, and nothing is read into memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasks import rows
from tasks.rows import Row, Unreadable, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def text_only(row: Mapping[str, str]) -> dict[str, Any]:
    return dict(row)


def jsonl(*lines: bytes) -> list[Row]:
    return list(read(io.BytesIO(b"\n".join(lines)), "jsonl", text_only))


def sheet(text: str | bytes) -> list[Row]:
    return list(read(io.BytesIO(text.encode() if isinstance(text, str) else text), "csv", text_only))


def only_fault(found: list[Row]) -> str:
    [row] = found
    [fault] = row.faults
    assert fault.row == row.number
    return f"{fault.field}: {fault.message}"


def test_rows_carry_ids_and_priorities_beside_their_payload() -> None:
    one, two = jsonl(b'\xef\xbb\xbf{"prompt": "Why?", "external_id": "a-1", "priority": -3}', b'{"external_id": 7}')
    assert (one.number, one.external_id, one.priority, one.payload) == (1, "a-1", -3, {"prompt": "Why?"})
    assert (two.external_id, two.priority, two.payload, two.faults) == ("7", 0, {}, [])


def test_row_numbers_are_the_lines_of_an_editor() -> None:
    found = jsonl(b'{"a": 1}', b"", b"  ", b'{"a": 2}\r')
    assert [row.number for row in found] == [1, 4]


def test_a_text_may_speak_of_nulls() -> None:
    [row] = jsonl(b'{"a": "a \\\\u0000 in C"}')
    assert (row.payload, row.faults) == ({"a": r"a \u0000 in C"}, [])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "Not JSON"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": 1e999}', "1e999 is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "Not JSON"),
        (b"[1]", "Expected a JSON object"),
        (b'"text"', "Expected a JSON object"),
        (b'{"a": "\\u0000"}', "Null characters"),
        (b'{"a": "x\x00y"}', "Not JSON"),
        (b'{"a": "\\ud800"}', "broken Unicode"),
        (b'{"a": "\xff\xfe"}', "Not UTF-8"),
        (b"[" * 100_000, "deeper than"),
        (b'{"a": ' + b"[" * 33 + b"]" * 33 + b"}", "deeper than"),
        (b'{"external_id": ["x"]}', "external_id: Expected text"),
        (b'{"external_id": true}', "external_id: Expected text"),
        (b'{"external_id": "' + b"x" * 121 + b'"}', "external_id: Expected text"),
        (b'{"priority": "high"}', "priority: Expected a whole number"),
        (b'{"priority": true}', "priority: Expected a whole number"),
        (b'{"priority": 2147483648}', "priority: Expected a whole number"),
    ],
)
def test_a_hostile_line_is_one_bad_row_and_no_more(line: bytes, words: str) -> None:
    bad, good = jsonl(line, b'{"prompt": "Why?"}')
    assert words in only_fault([bad])
    assert (good.number, good.faults) == (2, [])


def test_many_brackets_side_by_side_are_not_deep() -> None:
    [row] = jsonl(json.dumps({"a": [[] for _ in range(40)], "b": [[1]]}).encode())
    assert row.faults == []


def test_a_huge_line_is_read_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_LINE", 50)
    long, next_one = jsonl(b'{"a": "' + b"x" * 500 + b'"}', b'{"a": 1}')
    assert "longer than 50 bytes" in only_fault([long])
    assert (next_one.number, next_one.payload) == (2, {"a": 1})
    [only] = jsonl(b"x" * 500)
    assert only.faults


def test_too_many_rows_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_ROWS", 2)
    with pytest.raises(Unreadable, match="may have 2 rows"):
        jsonl(b"{}", b"{}", b"{}")


def test_a_sheet_has_a_header_and_rows() -> None:
    one, two = sheet('\ufeffprompt, external_id,priority\n"Why, and\nhow?",ice-1,2\n\n=1+1,,\n')
    assert (one.number, one.payload, one.external_id, one.priority) == (1, {"prompt": "Why, and\nhow?"}, "ice-1", 2)
    assert (two.number, two.payload, two.external_id, two.priority) == (2, {"prompt": "=1+1"}, "", 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1\n", "has 1 cells, the header has 2"),
        (b"a\n\xff\n", "Not UTF-8"),
        ("a\nx\0y\n", "Null characters"),
        ("a,priority\nx,1.5\n", "priority: Expected a whole number"),
        ("a,priority\nx,--1\n", "priority: Expected a whole number"),
        ("a,priority\nx,9999999999\n", "priority: Expected a whole number"),
    ],
)
def test_a_bad_row_of_a_sheet_is_named(text: str | bytes, words: str) -> None:
    assert words in only_fault(sheet(text))


@pytest.mark.parametrize("depth", [40, 100_000])
def test_json_in_a_cell_is_no_deeper_than_elsewhere(depth: int) -> None:
    deep = "[" * depth + "]" * depth

    def parsed(row: Mapping[str, str]) -> dict[str, Any]:
        return {"steps": json.loads(row["steps"])}

    found = list(read(io.BytesIO(f"steps\n{deep}\n[1]\n".encode()), "csv", parsed))
    assert "deeper than" in only_fault(found[:1])
    assert found[1].payload == {"steps": [1]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The file is empty"),
        ("\n\n", "The file is empty"),
        ("a,a\n1,2\n", "each name may stand once"),
        ("a,\n1,2\n", "Each column needs a name"),
        ('a\n"open\n', "quotation mark"),
        ('a\n"x"y\n', "quotation mark"),
    ],
)
def test_a_sheet_that_cannot_be_split_is_refused_whole(text: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        sheet(text)


@pytest.fixture
def cell_limit() -> Iterator[None]:
    """The csv module has one limit for the whole process: what a test sets must not stay."""
    before = csv.field_size_limit()
    yield
    csv.field_size_limit(before)


@pytest.mark.usefixtures("cell_limit")
def test_a_cell_without_end_is_not_read_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_LINE", 50)
    with pytest.raises(Unreadable, match="longer than 50"):
        sheet("a\n" + "x" * 200)
    with pytest.raises(Unreadable, match="quotation mark"):
        sheet('a\n"' + "x\n" * 100)


@given(st.lists(st.binary(max_size=60), max_size=8))
@example([b'{"a": "\\ud83d\\ude00"}'])
def test_any_bytes_as_lines_give_rows_or_faults_never_a_crash(lines: list[bytes]) -> None:
    for row in jsonl(*lines):
        if not row.faults:
            assert json.loads(rows.canonical(row.payload)) == row.payload
            rows.canonical([row.external_id, row.payload]).encode()


@given(st.binary(max_size=200))
def test_any_bytes_as_a_sheet_give_rows_faults_or_one_refusal(content: bytes) -> None:
    try:
        found = sheet(content)
    except Unreadable:
        return
    assert [row.number for row in found] == list(range(1, len(found) + 1))


@given(
    st.dictionaries(st.text(max_size=8).filter(lambda key: key not in ("external_id", "priority")), JSON, max_size=5)
)
def test_what_is_json_and_storable_comes_through_unchanged(payload: dict[str, Any]) -> None:
    [row] = jsonl(json.dumps(payload).encode())
    if row.faults:
        assert any(sign in json.dumps(payload) for sign in ("\\u0000", "\\ud", "Infinity"))
    else:
        assert row.payload == payload


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
            min_size=2,
            max_size=2,
        )
    )
)
def test_what_a_spreadsheet_writes_we_read(cells: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["a", "b"], *cells])
    assert [list(row.payload.values()) for row in sheet(text.getvalue())] == cells


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_the_digest_knows_no_order(payload: dict[str, Any]) -> None:
    backwards = dict(reversed(payload.items()))
    try:
        digest = rows.sha256_of(payload)
    except ValueError:
        return
    assert digest == rows.sha256_of(backwards)
