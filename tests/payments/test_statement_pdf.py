"""The statement as PDF, read back: whose it is, each line with its words, what it comes to, what it cannot print."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pypdfium2
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.actors import SYSTEM
from payments import actions, statement_pdf, statements
from payments.models import Earning, Payee
from tests import people
from tests.payments.stories import PROJECT, earned, funded, owed_a_minimum
from tests.payments.test_doors import emil, read
from tests.sandbox import LocalStripe

__all__ = ["emil"]
pytestmark = pytest.mark.django_db


def text_of(content: bytes) -> list[str]:
    """The words of each page."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]
    finally:
        document.close()


def pdf(client: Client, query: str = "") -> bytes:
    answer: Any = client.get(reverse("payments:earnings_pdf") + query)
    assert answer.headers["Content-Type"] == "application/pdf"
    return b"".join(answer.streaming_content)


def test_every_line_its_state_its_references_and_the_sums(emil: Payee, client: Client) -> None:
    text = " ".join(text_of(pdf(client)))
    for words in (
        "Emil Sørensen",
        "emil@people.example",
        emil.user.public_id,
        "Denmark",
        "Since the beginning",
        "Days of UTC",
    ):
        assert words in text
    for line in Earning.objects.all():
        assert line.public_id in text
        assert line.source in text
    for state in ("Approved", "Sent", "In your bank", "Came back"):
        assert state in text
    payout = Earning.objects.get(source="sub_paid").allocations.get().payout
    assert f"{payout.transfer_id}" in text.replace(" ", "")
    assert "Total $160.00" in text
    assert "Accepted work $160.00" in text
    assert "Quorum files no tax forms" in text
    assert "Page 1" in text


def test_the_same_lines_are_the_same_bytes(emil: Payee, client: Client) -> None:
    assert pdf(client) == pdf(client)


def test_a_year_has_its_months_and_a_selection_says_that_it_is_one(emil: Payee, client: Client) -> None:
    Earning.objects.filter(source="sub_paid").update(booked_at=datetime(2024, 2, 29, 12, tzinfo=UTC))
    Earning.objects.filter(source="sub_sent").update(booked_at=datetime(2024, 1, 5, tzinfo=UTC))
    year = " ".join(text_of(pdf(client, "?since=2024-01-01&until=2024-12-31")))
    assert "By month 2024-01 $40.00 2024-02 $40.00" in year
    assert "Total $80.00" in year
    assert "A selection" not in year
    assert "A selection only, by state" in " ".join(text_of(pdf(client, "?state=sent")))
    assert "Total $0.00" in " ".join(text_of(pdf(client, "?q=sub_none")))


@pytest.mark.parametrize(
    ("name", "printed", "missing"),
    [
        ("Zoë Łukasiewicz", "Zoë Łukasiewicz", ""),
        ("Ελένη Παππά", "Ελένη Παππά", ""),
        ("Жанна Дёмина", "Жанна Дёмина", ""),
        ("Zoe\u0308 Nguyễn", "Zoë Nguyễn", ""),
        ("田中 Yuki", "□□ Yuki", "U+4E2D, U+7530"),
        ("نور Noor", "□□□ Noor", "U+0631"),
    ],
)
def test_names_print_or_the_file_says_which_letters_it_lacks(
    client: Client, name: str, printed: str, missing: str
) -> None:
    zoe = people.user("Zoe")
    User.objects.filter(pk=zoe.pk).update(name=name)
    client.force_login(zoe)
    text = " ".join(text_of(pdf(client)))
    assert printed in text
    assert ("This file has no letters for" in text) is bool(missing)
    assert missing in text


def test_each_kind_of_line_has_its_own_words_on_the_page_in_csv_and_pdf(stripe: LocalStripe, client: Client) -> None:
    funded(stripe)
    farah = people.user("Farah")
    line: dict[str, Any] = {"ref": PROJECT, "payee": farah, "currency": "usd", "memo": "Preference pairs", "by": SYSTEM}
    for kind in Earning.Kind.values:
        if kind in Earning.DUES:
            owed_a_minimum(farah, 100)
        elif kind in ("qualification", "onboarding"):
            actions.earn_from_funds(source=f"sub_{kind}", kind=kind, pay=100, fee=20, **line)
        elif kind == "top_up":
            actions.top_up(source="sub_top_up", amount=100, **line)
        else:
            actions.reserve(ref=PROJECT, key=kind, amount=120, currency="usd", by=SYSTEM)
            actions.earn(source=f"sub_{kind}", kind=kind, pay=100, fee=20, **line)
    client.force_login(farah)
    page, printed = read(client, reverse("payments:earnings")), " ".join(text_of(pdf(client)))
    answer: Any = client.get(reverse("payments:earnings_csv"))
    rows = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
    assert {(row["kind"], row["what"]) for row in rows} == set(Earning.Kind.choices)
    for label in Earning.Kind.labels:
        assert f'<p class="muted">{label} · ' in page
        assert f"{label} · ern_" in printed
        assert f"{label} $1.00" in printed


def test_a_long_statement_runs_over_pages(stripe: LocalStripe, client: Client) -> None:
    funded(stripe)
    farah = people.user("Farah")
    for number in range(30):
        earned(farah, pay=100, fee=20, source=f"sub_{number}")
    target = io.BytesIO()
    head = statement_pdf.Head(farah.name, farah.email, farah.public_id, "Denmark", "2026", "UTC")
    statement_pdf.write(target, head, statements.earnings_of(farah))
    pages = text_of(target.getvalue())
    assert len(pages) > 1
    assert all(f"Page {number}" in page for number, page in enumerate(pages, 1))
    assert sum(page.count("ern_") for page in pages) == 30
    assert "Total $30.00" in pages[-1]


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (date(2026, 11, 1), date(2026, 11, 30), "November 2026"),
        (date(2026, 1, 1), date(2026, 12, 31), "2026"),
        (date(2026, 11, 3), date(2026, 11, 9), "03 Nov 2026 to 09 Nov 2026"),
        (date(2026, 10, 1), date(2026, 11, 30), "01 Oct 2026 to 30 Nov 2026"),
        (date(2026, 11, 3), None, "Since 03 Nov 2026"),
        (None, date(2026, 11, 3), "Until 03 Nov 2026"),
        (None, None, "Since the beginning"),
    ],
)
def test_days_have_the_name_that_people_give_them(since: date | None, until: date | None, said: str) -> None:
    assert statements.period(since, until) == said
