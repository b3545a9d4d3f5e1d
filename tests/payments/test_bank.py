"""Bank details and the files for the bank: what fits, and what is said of what does not."""

from __future__ import annotations

from datetime import date

import pytest

from core.errors import Invalid
from payments import bank

GOOD = {"holder": " Juan  Castillo ", "account": "0321 8000-0118.35971 9", "code": "bcmrmxmm", "bank": "Banorte"}
HEAD = "line,result,reference,date,reason"


def faults(caught: pytest.ExceptionInfo[Invalid]) -> list[tuple[int | None, str]]:
    return [(fault.row, fault.field) for fault in caught.value.faults]


def test_details_are_kept_tidy() -> None:
    kept = bank.tidy(GOOD)
    assert kept == {"holder": "Juan Castillo", "account": "032180000118359719", "code": "BCMRMXMM", "bank": "Banorte"}
    assert bank.tidy({**GOOD, "account": "GB82 west 1234 5698 7654 32"})["account"] == "GB82WEST12345698765432"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"holder": " "}, "holder"),
        ({"holder": "x" * 141}, "holder"),
        ({"account": "12"}, "account"),
        ({"account": "GB82WEST12345698765433"}, "account"),
        ({"account": "=1+2 "}, "account"),
        ({"code": "?"}, "code"),
        ({"bank": ""}, "bank"),
        ({"bank": "x" * 141}, "bank"),
    ],
)
def test_details_that_cannot_be_are_turned_down_by_name(wrong: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        bank.tidy({**GOOD, **wrong})
    assert faults(caught) == [(None, field)]


def test_what_is_missing_altogether_is_four_faults() -> None:
    with pytest.raises(Invalid) as caught:
        bank.tidy({})
    assert [field for _, field in faults(caught)] == ["holder", "account", "code", "bank"]


def test_the_file_out_filled_in_is_the_file_in() -> None:
    out = "".join(bank.written([{"line": "lin_a", "amount": "40.00", "holder": 'Zoë, "Z"'}, {"line": "lin_b"}]))
    assert out.startswith(",".join(bank.HEAD) + "\r\n")
    assert bank.read(out.encode()) == []  # nothing said yet
    filled = out.replace(",,,,\r\n", ",paid,TT-1,2026-11-30,\r\n", 1)
    assert bank.read(filled.encode()) == [bank.Told(1, "lin_a", "paid", "TT-1", date(2026, 11, 30), "", "40.00")]


def test_a_name_is_no_formula() -> None:
    rows = list(bank.written([{"line": "lin_a", "holder": "=cmd|calc"}]))
    assert "'=cmd|calc" in rows[1]


def test_a_spreadsheet_may_have_written_semicolons_and_a_mark() -> None:
    told = bank.read(("﻿" + HEAD.replace(",", ";") + "\r\nlin_a;FAILED;;;Closed\r\n\r\n").encode())
    assert told == [bank.Told(1, "lin_a", "failed", "", None, "Closed", "")]


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ("lin_a,maybe,x,2026-11-30,", [(1, "result")]),
        ("lin_a,,x,,", [(1, "result")]),
        ("lin_a,paid,,,", [(1, "reference"), (1, "date")]),
        ("lin_a,paid,x,30.11.2026,", [(1, "date")]),
        ("lin_b,paid,x,2026-11-30,\nlin_a,failed,,,", [(2, "reason")]),
        ("lin_a,failed,,,no\nlin_a,failed,,,no", [(2, "line")]),
        (f"lin_a,paid,{'x' * 141},2026-11-30,", [(1, "reference")]),
        (f"lin_a,failed,,,{'x' * 301}", [(1, "reason")]),
    ],
)
def test_every_row_and_field_that_is_wrong_is_named(rows: str, named: list[tuple[int, str]]) -> None:
    with pytest.raises(Invalid, match="nothing was booked") as caught:
        bank.read(f"{HEAD}\n{rows}\n".encode())
    assert faults(caught) == named


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"x" * (bank.MOST_BYTES + 1), "file"),
        (b"\xff\xfe", "file"),
        (f"{HEAD}\nlin_a,{'x' * 200_000}\n".encode(), "file"),
        (f"{HEAD}\nlin_\0,paid,x,2026-11-30,\n".encode(), "file"),
        (b"", "line"),
        (b"line,result,reference,date\n", "reason"),
    ],
)
def test_a_file_that_is_none_says_so(content: bytes, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        bank.read(content)
    assert faults(caught)[0] == (None, field)
